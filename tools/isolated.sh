#!/usr/bin/env bash
# Runs a command that cannot see the caller's home folder, configuration or clusters:
#
#     tools/isolated.sh COMMAND [ARGUMENT]…
#
# HOME, the XDG folders, KUBECONFIG and TMPDIR lie in a fresh folder that is removed at the end. What a build needs
# (cargo, rustup, the target folder, the models) is handed on by explicit path. The exit code is the command's.
set -euo pipefail

if [[ $# -eq 0 ]]; then
    echo "usage: tools/isolated.sh COMMAND [ARGUMENT]…" >&2
    exit 2
fi

caller_home=${HOME:-/nonexistent}
cache=${KUBECTL_COPILOT_CACHE:-${XDG_CACHE_HOME:-$caller_home/.cache}/kubectl-copilot}
export CARGO_HOME=${CARGO_HOME:-$caller_home/.cargo}
export RUSTUP_HOME=${RUSTUP_HOME:-$caller_home/.rustup}
export CARGO_TARGET_DIR=${CARGO_TARGET_DIR:-$cache/target}

# Settings of the product that the caller may have exported, and every way to a cluster.
while read -r name; do
    unset "$name"
done < <(compgen -e | grep -E '^(COPILOT_|KUBECTL_|KUBERNETES_SERVICE_|KUBERC$)' || true)
export KUBECTL_COPILOT_CACHE=$cache

room=$(mktemp -d "${TMPDIR:-/tmp}/kubectl-copilot.XXXXXXXX")
trap 'rm -rf -- "$room"' EXIT
# A signal to the whole group ends the command first; the trap above then cleans up.
trap 'exit 130' INT
trap 'exit 143' TERM HUP

mkdir -p "$room"/{home,config,cache,data,state,runtime,tmp}
chmod 700 "$room"/*
export HOME=$room/home
export XDG_CONFIG_HOME=$room/config
export XDG_CACHE_HOME=$room/cache
export XDG_DATA_HOME=$room/data
export XDG_STATE_HOME=$room/state
export XDG_RUNTIME_DIR=$room/runtime
export XDG_CONFIG_DIRS=$room/config
export XDG_DATA_DIRS=/usr/local/share:/usr/share
export KUBECONFIG=$room/home/.kube/config
export TMPDIR=$room/tmp

status=0
"$@" || status=$?
exit "$status"
