#!/usr/bin/env bash
# Makes sure that this machine has what a build and a run need. What a package manager at hand can install is installed;
# what is missing otherwise is named in one line that says how to get it. Quick when nothing is missing.
set -euo pipefail
cd "$(dirname "$0")/.."
: "${EDGEWATCH_TOOLS:?run this through make}"

step() { printf '\033[1m==> Set-up: %s\033[0m\n' "$1"; }
fail() { printf 'error: %s\n' "$1" >&2; exit 2; }
have() { command -v "$1" >/dev/null 2>&1; }

# Installs Debian packages where that needs no question; answers false where it can't.
apt_install() {
  have apt-get || return 1
  local as_root=()
  if [ "$(id -u)" != 0 ]; then
    have sudo && sudo -n true 2>/dev/null || return 1
    as_root=(sudo -n)
  fi
  step "installing $* (apt-get)"
  "${as_root[@]}" apt-get update -qq || true
  DEBIAN_FRONTEND=noninteractive "${as_root[@]}" apt-get install -y -qq --no-install-recommends "$@" >/dev/null
}

# Rust, with the WASM targets of the probe and the dashboard.
have cargo || fail 'Rust is missing: install it with rustup (https://rustup.rs), then run this again'
have cc || apt_install build-essential || fail 'a C compiler is missing: install your system'"'"'s build tools (Debian: apt-get install build-essential)'
sysroot=$(rustc --print sysroot) || fail 'the Rust of rust-toolchain.toml is missing: run `rustup toolchain install` in this directory'
for target in wasm32-unknown-unknown wasm32-wasip2; do
  [ -d "$sysroot/lib/rustlib/$target" ] && continue
  step "adding the $target target"
  have rustup || fail "the target $target is missing: install Rust with rustup (https://rustup.rs)"
  rustup -q target add "$target" ||
    fail "rustup could not add the target $target, its message stands above: run this again when its server can be reached"
done

# Node and the packages that build and test.
have node && have npm || apt_install nodejs npm || fail 'Node.js 20 or newer with npm is missing: see https://nodejs.org'
node -e 'process.exit(parseInt(process.versions.node) >= 20 ? 0 : 1)' || fail "Node.js $(node --version) is too old: 20 or newer is needed"
if ! cmp -s package-lock.json node_modules/.edgewatch-lock; then
  step 'npm packages (workerd, wasm-opt, esbuild, playwright-core)'
  npm ci --no-fund --no-audit --loglevel=error || fail 'npm could not install the packages of package-lock.json; its message stands above'
  cp package-lock.json node_modules/.edgewatch-lock
fi

# wasm-bindgen must be of the very version in Cargo.lock; worker-build of the worker crate's.
locked_version() { awk -v name="$1" '$0 == "name = \"" name "\"" { getline; gsub(/[^0-9.]/, ""); print; exit }' Cargo.lock; }
cargo_tool() { # crate, binary, version, flags
  if [ "$("$EDGEWATCH_TOOLS/bin/$2" --version 2>/dev/null | awk '{print $NF}')" != "$3" ]; then
    step "$1 $3 (built once, about two minutes)"
    cargo install --quiet --root "$EDGEWATCH_TOOLS" --target-dir "$EDGEWATCH_TOOLS/build" --version "$3" "${@:4}" "$1" ||
      fail "cargo could not install $1 $3; its message stands above"
  fi
}
cargo_tool wasm-bindgen-cli wasm-bindgen "$(locked_version wasm-bindgen)"
# worker-build's own downloads are linked against OpenSSL, though nothing is downloaded here.
if ! [ -x "$EDGEWATCH_TOOLS/bin/worker-build" ] && ! { have pkg-config && pkg-config --exists openssl; }; then
  apt_install pkg-config libssl-dev || fail 'OpenSSL'"'"'s headers and pkg-config are missing: install them (Debian: apt-get install pkg-config libssl-dev)'
fi
cargo_tool worker-build worker-build "$(locked_version worker)"

# For `make lint` alone; a build does without.
if [ "${1:-}" = lint ]; then
  for component in rustfmt clippy; do
    [ -x "$sysroot/bin/cargo-${component/rustfmt/fmt}" ] || rustup -q component add "$component" ||
      fail "$component is missing: run \`rustup component add $component\`"
  done
  cargo_tool cargo-deny cargo-deny 0.20.2 --no-default-features
fi

# A PostgreSQL server for the embedded database and the tests, unless a database is given.
if [ -z "${DATABASE_URL:-}" ] && ! have postgres && ! compgen -G '/usr/lib/postgresql/*/bin/postgres' >/dev/null; then
  apt_install postgresql || fail 'a PostgreSQL server (15 or newer) is missing: install it (Debian: apt-get install postgresql; macOS: brew install postgresql@17) or set DATABASE_URL'
fi

# For the browser tests; without one they say that they are skipped.
if [ "${1:-}" = browser ] && ! have chromium && ! have chromium-browser && ! have google-chrome && [ -z "${CHROMIUM:-}" ]; then
  apt_install chromium fonts-noto-core || true
fi
