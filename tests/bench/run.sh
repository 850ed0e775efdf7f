#!/usr/bin/env bash
# Measures what the product costs, with optimised builds, and prints plain tables. Figures that depend on the machine are
# set beside a yardstick of the same run; no figure makes this fail. Arguments name the parts to measure (all without):
# ingest, check, reading, dashboard.
set -euo pipefail
cd "$(dirname "$0")/../.."
export SQLX_OFFLINE=true

step() { printf '\033[1m==> Benches: %s\033[0m\n' "$1"; }

step 'optimised aggregator and benches (the first time takes some minutes)'
# Both at once: chosen apart, their dependencies would be compiled twice for different features.
figures=$(cargo build --locked --release -p edgewatch-aggregator -p edgewatch-tests --bin edgewatch --bench figures \
  --message-format=json-render-diagnostics | sed -n 's/.*"executable":"\([^"]*figures-[^"]*\)".*/\1/p' | tail -n 1)
step 'measuring (about three minutes; let the machine do nothing else meanwhile)'
exec "$figures" "$@"
