#!/usr/bin/env bash
# Runs every `[[bench]]` of Cargo.toml.
#
#     tools/bench.sh           in full, with the bench profile: figures to quote
#     tools/bench.sh --quick   short, with the profile of the tests: shows that the benches run
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

mapfile -t names < <(awk -F '"' '
    /^\[/ { inside = ($0 == "[[bench]]") }
    inside && /^name *=/ { print $2 }' Cargo.toml)
if [[ ${#names[@]} -eq 0 ]]; then
    echo "Cargo.toml has no [[bench]]"
    exit 0
fi

# The benches on a cluster start the test control plane; without Go they say that they were not run.
if [[ -z ${KUBECTL_COPILOT_CONTROLPLANE:-} ]] && tools/controlplane.sh check; then
    KUBECTL_COPILOT_CONTROLPLANE=$(tools/controlplane.sh build)
    export KUBECTL_COPILOT_CONTROLPLANE
fi

targets=()
for name in "${names[@]}"; do
    targets+=(--bench "$name")
done
case ${1:-} in
--quick) cargo bench --locked --profile dev "${targets[@]}" -- --quick ;;
"") cargo bench --locked "${targets[@]}" ;;
*)
    echo "usage: tools/bench.sh [--quick]" >&2
    exit 2
    ;;
esac
