#!/usr/bin/env bash
# Answers every request of tests/requests with the embedded model and with each model that `make models` fetched, and
# prints how many were right: `make eval-models`.
#
#     tools/eval-models.sh PATH/TO/kubectl-copilot [MODEL.gguf]…
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

binary=$(realpath "${1:?the path of the built kubectl-copilot}")
shift
if [[ $# -gt 0 ]]; then
    models=("$@")
else
    mapfile -t models < <(compgen -G "${KUBECTL_COPILOT_CACHE:?}/models/*.gguf" | sort)
    models=(embedded ${models[@]+"${models[@]}"})
fi

work=$(mktemp -d)
trap 'rm -rf -- "$work"' EXIT
mkdir "$work/answers"
cat tests/requests/*.jsonl >"$work/tasks.jsonl"

for model in "${models[@]}"; do
    name=$(basename "$model" .gguf)
    flags=()
    [[ $model == embedded ]] || flags=(--model "$model")
    begun=$SECONDS
    "$binary" eval ${flags[@]+"${flags[@]}"} \
        --tasks "$work/tasks.jsonl" --answers "$work/answers/$name.jsonl" </dev/null
    printf '%s: %d requests in %d s\n' "$name" "$(wc -l <"$work/tasks.jsonl")" "$((SECONDS - begun))"
done

KUBECTL_COPILOT_ANSWERS=$work/answers cargo test --locked --quiet --test it -- --ignored --nocapture answers_of_models
