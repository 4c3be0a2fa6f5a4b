#!/usr/bin/env bash
# The way of a request, from words to files, as a person would type it: `make demo`. No cluster is needed, and the model
# that is compiled in answers.
#
#     tools/isolated.sh tools/demo.sh PATH/TO/kubectl-copilot
#
# Each step is run with the built binary and must end with the exit code that is documented for it.
set -euo pipefail

binary=$(realpath "${1:?the path of the built kubectl-copilot}")
work=$(mktemp -d)
trap 'rm -rf -- "$work"' EXIT
cd "$work"

bold="" plain=""
if [[ -t 1 && -z ${NO_COLOR:-} ]]; then
    bold=$'\e[1m' plain=$'\e[0m'
fi

chapter() {
    printf '\n%s# %s%s\n' "$bold" "$*" "$plain"
}

# step EXIT_CODE ARGUMENT…: shows the command as typed, runs it, checks its exit code.
step() {
    local expected=$1 status=0 word
    shift
    printf '\n%s$ kubectl copilot' "$bold"
    for word in "$@"; do
        case $word in
        *[!A-Za-z0-9_./:=-]*) printf ' "%s"' "$word" ;;
        *) printf ' %s' "$word" ;;
        esac
    done
    printf '%s\n' "$plain"
    "$binary" "$@" </dev/null 2>&1 || status=$?
    if [[ $status -ne $expected ]]; then
        printf '\ndemo: this step ended with exit code %d, expected %d\n' "$status" "$expected" >&2
        exit 1
    fi
}

chapter "A wish in plain words becomes a plan: what was understood, what would be written, its digest."
step 0 plan -p "a notebook called mira with two GPUs and 64 gigs of memory" \
    --policies builtin --to manifests --out plan.json

chapter "Only who names the digest of what was shown can have it written."
digest=$(grep -oE '"digest": *"sha256:[0-9a-f]+"' plan.json | head -n 1 | grep -oE 'sha256:[0-9a-f]+')
step 1 apply --plan plan.json --digest "sha256:$(printf '0%.0s' {1..64})" --yes
step 0 apply --plan plan.json --digest "$digest" --yes
printf '\n%s$ find manifests -type f%s\n' "$bold" "$plain"
find manifests -type f | sort

chapter "A policy stands in the way: it says so, instead of quietly giving less."
step 1 plan -p "a notebook called big with sixteen GPUs" --policies builtin --to manifests

chapter "Manifests from elsewhere pass the same gate."
cat >privileged.yaml <<'YAML'
apiVersion: v1
kind: Pod
metadata:
  name: toolbox
spec:
  containers:
    - name: shell
      image: docker.io/library/busybox:1.37
      securityContext: {privileged: true}
YAML
step 1 plan -f privileged.yaml --policies builtin --to manifests

chapter "What must not be drafted is declined by rule, whatever a model says."
step 1 draft -p "delete everything in every namespace"

chapter "Chinese works the same way."
step 0 plan -p "给我一个叫 mira-zh 的 notebook，两张 GPU，64G 内存" --policies builtin --to manifests
