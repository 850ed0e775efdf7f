#!/bin/sh
# Builds the worker into build/ at the root of the repository, and does nothing when the compiled code is unchanged.
#
#   CARGO_TARGET_DIR  cargo's target directory (default: the one of the Makefile)
#   EDGEWATCH_TOOLS   where `make setup` put worker-build and wasm-bindgen (default: tools/ in the target directory)
set -eu

here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
root=$(dirname -- "$(dirname -- "$here")")
export CARGO_TARGET_DIR="${CARGO_TARGET_DIR:-${XDG_CACHE_HOME:-$HOME/.cache}/edgewatch/target}"
tools="${EDGEWATCH_TOOLS:-$CARGO_TARGET_DIR/tools}/bin"
node_tools="$root/node_modules/.bin"

# worker-build takes its tools from these variables; without them it would download its own.
export WASM_BINDGEN_BIN="${WASM_BINDGEN_BIN:-$tools/wasm-bindgen}"
export WASM_OPT_BIN="${WASM_OPT_BIN:-$node_tools/wasm-opt}"
export ESBUILD_BIN="${ESBUILD_BIN:-$node_tools/esbuild}"
for tool in "$tools/worker-build" "$WASM_BINDGEN_BIN" "$WASM_OPT_BIN" "$ESBUILD_BIN"; do
  [ -x "$tool" ] || { echo "error: $tool is missing: run \`make setup\`" >&2; exit 2; }
done

cd "$here"
cargo build --locked --lib --target wasm32-unknown-unknown --profile wasm

built="$CARGO_TARGET_DIR/wasm32-unknown-unknown/wasm/edgewatch_cloudflare.wasm"
stamp="$root/build/.built-from"
source=$(cat "$built" Cargo.toml build.sh | cksum)
if [ -s "$root/build/index.js" ] && [ -s "$root/build/index_bg.wasm" ] && [ "$(cat "$stamp" 2>/dev/null)" = "$source" ]; then
  echo "worker: build/ is up to date"
  exit 0
fi

echo "worker: making JavaScript bindings, then optimising for size"
rm -f "$stamp"
log="$CARGO_TARGET_DIR/worker-build.log"
if ! "$tools/worker-build" --profile wasm --out-dir ../../build -- --locked >"$log" 2>&1; then
  cat "$log" >&2
  echo "error: worker-build failed; its output stands above" >&2
  exit 1
fi
printf '%s' "$source" >"$stamp"
node size.mjs
