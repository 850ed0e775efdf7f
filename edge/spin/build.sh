#!/bin/sh
# Builds the component into build/edgewatch-spin.wasm at the root of the repository, and does nothing when the compiled
# code is unchanged.
#
#   CARGO_TARGET_DIR  cargo's target directory (default: the one of the Makefile)
#   WASM_OPT_BIN      wasm-opt (default: the one of npm's packages)
set -eu

here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
root=$(dirname -- "$(dirname -- "$here")")
export CARGO_TARGET_DIR="${CARGO_TARGET_DIR:-${XDG_CACHE_HOME:-$HOME/.cache}/edgewatch/target}"
export WASM_OPT_BIN="${WASM_OPT_BIN:-$root/node_modules/.bin/wasm-opt}"
[ -x "$WASM_OPT_BIN" ] || { echo "error: $WASM_OPT_BIN is missing: run \`make setup\`" >&2; exit 2; }

# The paths of this machine's sources have no place in what is shipped, nor in its size.
sources="${CARGO_HOME:-$HOME/.cargo}/registry/src/"
export CARGO_TARGET_WASM32_WASIP2_RUSTFLAGS="--remap-path-prefix=$sources="

cd "$here"
cargo build --locked --lib --target wasm32-wasip2 --profile wasm

built="$CARGO_TARGET_DIR/wasm32-wasip2/wasm/edgewatch_spin.wasm"
component="$root/build/edgewatch-spin.wasm"
stamp="$root/build/.spin-built-from"
source=$(cat "$built" build.sh optimise.mjs | cksum)
if [ -s "$component" ] && [ "$(cat "$stamp" 2>/dev/null)" = "$source" ]; then
  echo "spin: build/edgewatch-spin.wasm is up to date"
  exit 0
fi

echo "spin: optimising for size"
mkdir -p "$root/build"
rm -f "$stamp"
node optimise.mjs "$built" "$component"
printf '%s' "$source" >"$stamp"
node size.mjs
