#!/usr/bin/env bash
# The agent beside blackbox_exporter against the same target: a short way to `tests/bench/run.sh agent`.
set -euo pipefail
exec "$(dirname "$0")/run.sh" agent "$@"
