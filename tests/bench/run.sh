#!/usr/bin/env bash
# Measures what the product costs, with optimised builds, and prints plain tables. Figures that depend on the machine are
# set beside a yardstick of the same run; no figure makes this fail. Arguments name the parts to measure (all without):
# bundle, ingest, detection, assignments, check, agent, reading, rollups, report, evidence, status_page, dashboard, browser.
set -euo pipefail
cd "$(dirname "$0")/../.."
export SQLX_OFFLINE=true

step() { printf '\033[1m==> Benches: %s\033[0m\n' "$1"; }

# A report's bundle and its verification: of no other part, and its crate is small.
if [[ $# -eq 0 || " $* " == *' bundle '* ]]; then
  step 'a bundle of a month of one monitor in three regions, and its verification'
  cargo test --locked --release --quiet -p edgewatch-proof a_month_of_three_regions -- --ignored --nocapture
  if [[ $# -gt 0 ]]; then
    rest=()
    for part in "$@"; do [[ $part == bundle ]] || rest+=("$part"); done
    [[ ${#rest[@]} -gt 0 ]] || exit 0
    set -- "${rest[@]}"
  fi
fi

# What a browser has of it is measured by a script, after the others.
parts=()
browser=$(($# == 0))
for part; do if [[ $part == browser ]]; then browser=1; else parts+=("$part"); fi; done

step 'optimised aggregator and benches (the first time takes some minutes)'
# Both at once: chosen apart, their dependencies would be compiled twice for different features.
figures=$(cargo build --locked --release -p edgewatch-aggregator -p edgewatch-agent -p edgewatch-spin-host -p edgewatch-tests \
  --bin edgewatch --bin edgewatch-agent --bin spin-host --bin target --bench figures \
  --message-format=json-render-diagnostics | sed -n 's/.*"executable":"\([^"]*figures-[^"]*\)".*/\1/p' | tail -n 1)
# The agent is measured beside this exporter, taken out of Debian's package without installing it.
exporter=prometheus-blackbox-exporter
if ! command -v "$exporter" >/dev/null; then
  place=${CARGO_TARGET_DIR:-target}/tools/$exporter
  if [[ ! -x $place/usr/bin/$exporter ]] && command -v apt-get >/dev/null; then
    mkdir -p "$place"
    (cd "$place" && apt-get -qq download "$exporter" && dpkg-deb -x ./*.deb .) ||
      echo "$exporter cannot be had: the agent is measured alone" >&2
  fi
  export EDGEWATCH_BENCH_EXPORTER=$place/usr/bin/$exporter
fi
step 'measuring (about three minutes; let the machine do nothing else meanwhile)'
if (($# == 0 || ${#parts[@]} > 0)); then "$figures" "${parts[@]}"; fi
if ((browser)); then
  dev/prerequisites.sh browser
  EDGEWATCH_BINARIES=${CARGO_TARGET_DIR:-target}/release node tests/browser/figures.mjs
fi
