#!/usr/bin/env bash
# The checks of this repository, stage by stage, each timed:
#
#     tools/isolated.sh tools/test.sh            all of them, as `make test` does
#     tools/isolated.sh tools/test.sh clippy doc only these
#
# It stops at the first stage that fails. What could not be run is no failure; the last lines of the run name it.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

all_stages=(format scripts clippy clippy-minimal build-minimal models test doc licences benches)

room=$(mktemp -d)
trap 'rm -rf -- "$room"' EXIT
# The tests add lines of their own (tests/it/support/not_run.rs).
export KUBECTL_COPILOT_NOT_RUN=$room/not-run
: >"$KUBECTL_COPILOT_NOT_RUN"
# A snapshot that differs fails the run and leaves no file behind; `cargo test` by hand behaves as insta does.
export INSTA_UPDATE=${INSTA_UPDATE:-no}

not_run() {
    printf '%s\n' "$*" >>"$KUBECTL_COPILOT_NOT_RUN"
}

# --- the stages: stage_NAME, with - as _ ----------------------------------------------------------------------------

stage_format() {
    cargo fmt --check
}

stage_scripts() {
    if command -v shellcheck >/dev/null 2>&1; then
        shellcheck .ci/run tools/*.sh
    else
        not_run "shellcheck of the scripts (not installed)"
    fi
}

stage_clippy() {
    cargo clippy --locked --all-targets -- -D warnings
}

stage_clippy_minimal() {
    cargo clippy --locked --no-default-features --lib --bins -- -D warnings
}

# The build without llama.cpp must need neither cmake nor libclang. Two proofs: none of the crates that call them is
# in the dependency tree (a finished build of another feature set could hide a call), and the build passes where
# both are broken.
stage_build_minimal() {
    local tree culprits
    tree=$(cargo tree --locked --no-default-features --edges normal,build --target all --prefix none)
    if culprits=$(grep -E '^(cmake|bindgen|clang-sys|llama-cpp[a-z0-9-]*) ' <<<"$tree" | sort -u); then
        printf 'the build without default features depends on crates that need cmake or libclang:\n%s\n' "$culprits" >&2
        return 1
    fi
    local broken=$room/broken-tools tool
    mkdir -p "$broken"
    for tool in cmake clang llvm-config; do
        printf '#!/bin/sh\necho "%s was called by a build that must not need it" >&2\nexit 1\n' "$tool" >"$broken/$tool"
        chmod +x "$broken/$tool"
    done
    env PATH="$broken:$PATH" CMAKE="$broken/cmake" LIBCLANG_PATH=/nonexistent \
        cargo build --locked --no-default-features --bin kubectl-copilot
}

stage_models() {
    tools/fetch-models.sh || not_run "tests with a real model (it could not be fetched; see above)"
}

# Its closing lines (`test result: ok. N passed`) are the last thing that cargo prints here.
stage_test() {
    # Built by `make test` before the isolation: here it is only named.
    KUBECTL_COPILOT_CONTROLPLANE=$(tools/controlplane.sh build)
    export KUBECTL_COPILOT_CONTROLPLANE
    cargo test --locked --doc
    cargo test --locked --no-fail-fast --lib --test it | tee "$room/test-output"
}

# Not one of all stages: `make test-llama-server` builds the server first.
stage_llama_server() {
    KUBECTL_COPILOT_LLAMA_SERVER=$(tools/llama-server.sh path) || true
    export KUBECTL_COPILOT_LLAMA_SERVER
    cargo test --locked --no-fail-fast --test it -- llama_server:: | tee "$room/test-output"
}

stage_doc() {
    RUSTDOCFLAGS='-D warnings' cargo doc --locked --no-deps
}

# Advisories need a database from the network, so they are not part of this run.
stage_licences() {
    if cargo deny --version >/dev/null 2>&1; then
        cargo deny --locked --offline check licenses bans sources
    else
        not_run "licences, bans and sources of the dependencies (cargo-deny is not installed)"
    fi
}

stage_benches() {
    tools/bench.sh --quick
}

# --- the run ---------------------------------------------------------------------------------------------------------

stages=("$@")
[[ ${#stages[@]} -gt 0 ]] || stages=("${all_stages[@]}")
for stage in "${stages[@]}"; do
    if ! declare -F "stage_${stage//-/_}" >/dev/null; then
        echo "unknown stage '$stage'; known are: ${all_stages[*]}" >&2
        exit 2
    fi
done

minutes() {
    printf '%d:%02d' $(($1 / 60)) $(($1 % 60))
}

table=""
failed=""
begun=$SECONDS
for stage in "${stages[@]}"; do
    printf '\n==> %s\n' "$stage"
    stage_begun=$SECONDS
    # A subshell with its own `set -e`: inside `if` or before `||` bash would go on after a failing command.
    set +e
    (
        set -e
        "stage_${stage//-/_}"
    )
    status=$?
    set -e
    verdict=ok
    [[ $status -eq 0 ]] || verdict="FAILED (exit code $status)"
    table+=$(printf '  %-16s %8s  %s' "$stage" "$(minutes $((SECONDS - stage_begun)))" "$verdict")$'\n'
    if [[ $status -ne 0 ]]; then
        failed=$stage
        break
    fi
done

printf '\n%s  %-16s %8s  (minutes:seconds)\n' "$table" total "$(minutes $((SECONDS - begun)))"
if [[ -s $room/test-output ]]; then
    awk '/^test result:/ {
        for (i = 2; i <= NF; i++) {
            if ($i ~ /^passed/) passed += $(i - 1)
            if ($i ~ /^failed/) failed += $(i - 1)
        }
    }
    END { printf "\n%d passed, %d failed\n", passed, failed }' "$room/test-output"
fi
sort -u "$KUBECTL_COPILOT_NOT_RUN" | sed 's/^/not run: /'
if [[ -n $failed ]]; then
    echo "FAILED: $failed"
    exit 1
fi
