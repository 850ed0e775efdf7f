# Edgewatch: everything that a developer or a machine runs. `make` alone lists it.
#
# What cargo builds goes to one directory outside the clone, so that clones share the dependencies they compile.
# Set CARGO_TARGET_DIR to have it elsewhere.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

CACHE := $(or $(XDG_CACHE_HOME),$(HOME)/.cache)/edgewatch
export CARGO_TARGET_DIR ?= $(CACHE)/target
export EDGEWATCH_TOOLS := $(CARGO_TARGET_DIR)/tools
# Queries are checked against the committed `.sqlx`; `make prepare` renews it from a real database.
export SQLX_OFFLINE := true

# Always the whole workspace: another selection would have cargo build shared dependencies with other features again.
NATIVE := --locked --workspace
STEP = @printf '\033[1m==> %s\033[0m\n'

.PHONY: help
help: ## List what can be made
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  make %-18s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

# ---- Run ----

.PHONY: run
run: build ## Run the whole system with three local edge regions on http://127.0.0.1:8080
	@exec node dev/run.mjs

.PHONY: demo
demo: build ## The same, watching a scripted target that is healthy, slow, flapping, failing and about to expire
	@exec node dev/run.mjs --demo

.PHONY: dev
# Not optimised for size: a change of the dashboard is seen in seconds.
dev: export EDGEWATCH_UI_PROFILE := dev
dev: build ## Like `run`; builds and restarts what a change touches
	@exec node dev/run.mjs --watch

# ---- Build ----

.PHONY: setup
setup: ## Install what a build needs and this machine lacks
	@dev/prerequisites.sh

.PHONY: build
build: setup build-ui build-worker build-spin build-native ## Build everything that `make run` starts

.PHONY: build-ui
build-ui:
	$(STEP) 'Dashboard: WASM, styles and scripts into ui/dist (the first time takes some minutes)'
	@node ui/build.mjs

.PHONY: build-worker
build-worker:
	$(STEP) 'Probe: the Cloudflare Worker into build/ (the first time takes some minutes)'
	@edge/cloudflare/build.sh

.PHONY: build-spin
build-spin:
	$(STEP) 'Probe: the Spin component into build/ (the first time takes some minutes)'
	@edge/spin/build.sh

.PHONY: build-native
build-native:
	$(STEP) 'Aggregator and test targets: native binaries (the first time takes some minutes)'
	@cargo build $(NATIVE) --bins

.PHONY: release
release: setup build-ui ## Build the optimised `edgewatch` binary, dashboard included
	$(STEP) 'Aggregator: optimised binary'
	@cargo build --locked --release -p edgewatch-aggregator
	@echo "built $(CARGO_TARGET_DIR)/release/edgewatch"

.PHONY: size
size: build-worker build-spin ## Print the sizes of the probe's bundles against their limits
	@node edge/cloudflare/size.mjs
	@node edge/spin/size.mjs

# ---- Check ----

.PHONY: test
test: build lint test-rust test-browser ## Everything: lints, unit, property, database, end-to-end and browser tests
	$(STEP) 'All tests passed'

.PHONY: test-rust
test-rust: build
	@[ -n "$${TEST_TIMESCALE_URL:-}" ] || printf '\033[1;33mSKIPPED: rollups on TimescaleDB are not tested; TEST_TIMESCALE_URL names a server (2.28 or newer, licence timescale) to do so\033[0m\n'
	$(STEP) 'Tests: unit, property, database (private PostgreSQL), end to end (the built worker on workerd, the built component on wasmtime)'
	@cargo test $(NATIVE) --no-run
	@"$(CARGO_TARGET_DIR)/debug/with-postgres" cargo test $(NATIVE) --no-fail-fast

.PHONY: test-browser
test-browser: build
	@dev/prerequisites.sh browser
	$(STEP) 'Tests: a real browser on the running system'
	@node tests/browser/run.mjs

.PHONY: test-outage
# Alone, and not in CI: it takes as long as the aggregator is away.
OUTAGE_S ?= 3600
test-outage: build ## An hour without the aggregator while an agent and a worker go on; then all arrives, in order, once
	$(STEP) 'Test: the aggregator away for $(OUTAGE_S) s'
	@OUTAGE_S=$(OUTAGE_S) cargo test $(NATIVE) --test store_and_forward -- --ignored --nocapture

.PHONY: lint
lint: ## Formatting, clippy, licences
	@dev/prerequisites.sh lint
	$(STEP) 'Lint: formatting, clippy, licences'
	@cargo fmt --all --check
	@cargo clippy -q $(NATIVE) --all-targets -- -D warnings
	@"$(EDGEWATCH_TOOLS)/bin/cargo-deny" --log-level error check licenses bans sources

.PHONY: fmt
fmt: ## Format all Rust code
	@cargo fmt --all

.PHONY: prepare
prepare: setup ## Renew .sqlx after a change of a query or a migration
	@aggregator/prepare-queries.sh

.PHONY: bench
bench: setup build-ui build-worker build-spin ## Measure bundles, ingest, detection, assignments, checks, agent, API, dashboard and browser (one: `make bench PARTS=agent`); figures are ratios within the run
	$(STEP) 'Benches'
	@tests/bench/run.sh $(PARTS)

# ---- Deploy ----

.PHONY: deploy-cloudflare
deploy-cloudflare: setup build-worker ## Deploy the regional probes with wrangler (see docs/deploy-cloudflare.md)
	@npx --yes wrangler@4 deploy

.PHONY: deploy-spin
# SPIN_DEPLOY is the command of the platform, such as `spin aka deploy -f deploy/spin/http-only.toml`.
SPIN_DEPLOY ?= spin up
deploy-spin: setup build-spin ## Run the probe of one region on Spin, or deploy it by SPIN_DEPLOY='…' (see docs/deploy-spin.md)
	@command -v spin >/dev/null || { echo "error: Spin is missing: see https://spinframework.dev/install" >&2; exit 2; }
	@exec $(SPIN_DEPLOY)
