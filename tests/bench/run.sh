#!/usr/bin/env bash
# Measures what the product costs, with optimised builds, and prints plain tables. Figures that depend on the machine are
# set beside a yardstick of the same run; no figure makes this fail.
set -euo pipefail
cd "$(dirname "$0")/../.."
export SQLX_OFFLINE=true

step() { printf '\033[1m==> Benches: %s\033[0m\n' "$1"; }

step 'optimised aggregator and benches (the first time takes some minutes)'
cargo build --quiet --locked --release -p edgewatch-aggregator
cargo bench --quiet --locked -p edgewatch-tests --bench figures --no-run
step 'measuring (about two minutes; let the machine do nothing else meanwhile)'
exec cargo bench --quiet --locked -p edgewatch-tests --bench figures -- "$@"
