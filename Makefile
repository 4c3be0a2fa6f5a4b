# The commands of this repository. `make help` lists them.
#
# `demo`, `test` and the quick benches share one profile (dev), one feature set (the default one) and one target
# folder, so that llama.cpp and the dependencies are compiled once. The target folder and the models lie in the
# user's cache, outside the clone: a second clone starts warm.

SHELL := bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help

KUBECTL_COPILOT_CACHE ?= $(or $(XDG_CACHE_HOME),$(HOME)/.cache)/kubectl-copilot
CARGO_TARGET_DIR ?= $(KUBECTL_COPILOT_CACHE)/target
PREFIX ?= $(HOME)/.local
# Not every shell expands the ~ of `make install PREFIX=~/somewhere`.
destination = $(patsubst ~/%,$(HOME)/%,$(PREFIX))

# tools/isolated.sh hands these on by explicit path, since it hides the caller's HOME.
export KUBECTL_COPILOT_CACHE CARGO_TARGET_DIR

.PHONY: help
help: ## list these commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-17s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))
	@printf '\n  target folder  %s\n  models         %s\n' '$(CARGO_TARGET_DIR)' '$(KUBECTL_COPILOT_CACHE)/models'

.PHONY: demo
demo: build ## a request from words to files, without a cluster
	@tools/isolated.sh tools/demo.sh '$(CARGO_TARGET_DIR)/debug/kubectl-copilot'

.PHONY: test
test: ## everything that CI checks: format, lints, builds, tests, docs, licences, quick benches
	@tools/prerequisites.sh test models controlplane
	@tools/controlplane.sh build >/dev/null
	@tools/isolated.sh tools/test.sh

.PHONY: llama-server
llama-server: ## build llama.cpp's own server into the cache, for the tests and benches against it
	@tools/llama-server.sh build

.PHONY: test-llama-server
test-llama-server: ## --model URL against llama.cpp's own server: same answers, many people, failures
	@tools/prerequisites.sh test models
	@tools/fetch-models.sh 0.5b || true
	@tools/llama-server.sh build || true
	@tools/isolated.sh tools/test.sh llama-server

.PHONY: test-gpu
test-gpu: ## the feature vulkan, proven on a software device (DEVICES=all: on the GPUs of this machine)
	@tools/prerequisites.sh test gpu
	@CARGO_TARGET_DIR='$(KUBECTL_COPILOT_CACHE)/target-vulkan' tools/isolated.sh tools/test-gpu.sh

.PHONY: build
build: ## the development binary
	@tools/prerequisites.sh build
	cargo build --locked --bin kubectl-copilot

.PHONY: install
install: ## the release binary at PREFIX/bin/kubectl-copilot (default: ~/.local)
	@tools/prerequisites.sh build
	cargo install --locked --path . --root '$(destination)' --bin kubectl-copilot --force --no-track
	@printf '\ninstalled %s\n' '$(destination)/bin/kubectl-copilot'

.PHONY: models
models: ## fetch the models that tests and evaluations use
	@tools/prerequisites.sh models
	tools/fetch-models.sh 0.5b 1.5b

.PHONY: eval-models
eval-models: models build ## how many requests the embedded and the fetched models answer right
	@tools/isolated.sh tools/eval-models.sh '$(CARGO_TARGET_DIR)/debug/kubectl-copilot'

.PHONY: playground
playground: build ## a cluster on this machine: real control plane, simulated GPU nodes, a shell inside
	@tools/prerequisites.sh controlplane
	@tools/playground.sh '$(CARGO_TARGET_DIR)/debug/kubectl-copilot'

.PHONY: controlplane
controlplane: ## build the test control plane into the cache
	@tools/prerequisites.sh controlplane
	@tools/controlplane.sh build

.PHONY: bench
bench: ## all benches, in full, with the release profile
	@tools/prerequisites.sh build
	@tools/bench.sh

.PHONY: bench-server
bench-server: build ## sixteen people at one llama-server: seconds a draft, right answers, queue, Ctrl-C
	@tools/prerequisites.sh models
	tools/fetch-models.sh 0.5b
	@server=$$(tools/llama-server.sh build) && tools/bench-server.py \
	  --binary '$(CARGO_TARGET_DIR)/debug/kubectl-copilot' --server "$$server" \
	  --model '$(KUBECTL_COPILOT_CACHE)/models/qwen2.5-coder-0.5b-instruct-q4_k_m.gguf'

.PHONY: bench-llm
bench-llm: ## our drafts beside llama-server and llguidance on the same model: time, tokens, right answers
	@tools/prerequisites.sh build models
	tools/fetch-models.sh 0.5b
	cargo build --locked --release --bin kubectl-copilot --example one_by_one
	@server=$$(tools/llama-server.sh build) && tools/baselines.sh forms \
	  --model '$(KUBECTL_COPILOT_CACHE)/models/qwen2.5-coder-0.5b-instruct-q4_k_m.gguf' --server "$$server" \
	  --ours '$(CARGO_TARGET_DIR)/release/examples/one_by_one' --binary '$(CARGO_TARGET_DIR)/release/kubectl-copilot'

.PHONY: bench-policies
bench-policies: ## many objects under many policies beside gator and conftest (built with Go): time, memory
	@tools/prerequisites.sh build controlplane
	cargo build --locked --release --bin kubectl-copilot
	@tools=$$(tools/go-tools.sh build) && tools/bench-policies.py \
	  --binary '$(CARGO_TARGET_DIR)/release/kubectl-copilot' --gator "$$tools/gator" --conftest "$$tools/conftest"

.PHONY: fmt
fmt: ## format the sources
	cargo fmt

.PHONY: lint
lint: ## format check, clippy with every warning an error, shellcheck where it is installed
	@tools/prerequisites.sh test
	@tools/isolated.sh tools/test.sh format scripts clippy clippy-minimal

.PHONY: doc
doc: ## the documentation of the crate
	@tools/prerequisites.sh build
	RUSTDOCFLAGS='-D warnings' cargo doc --locked --no-deps
	@printf '\n%s\n' '$(CARGO_TARGET_DIR)/doc/kubectl_copilot/index.html'
