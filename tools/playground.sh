#!/usr/bin/env bash
# A cluster to play with, on this machine alone: `make playground`. The real Kubernetes control plane, and simulated
# nodes with GPUs (tests/controlplane/nodes.yaml): what is admitted and where it is scheduled is real, the containers
# are not run.
#
#     tools/playground.sh PATH/TO/kubectl-copilot [COMMAND…]
#
# Starts a shell (or the command) in which kubectl, kubectl-copilot and KUBECONFIG point at it; everything is gone when
# that ends. You are alice, who has nothing but a RoleBinding to `edit` in the namespace team-a; `--context admin` is
# the administrator.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)

binary=$(realpath "${1:?the path of the built kubectl-copilot}")
shift
folder=$("$root/tools/controlplane.sh" build)

room=$(mktemp -d)
mkfifo "$room/commands"
"$folder/controlplane" up --nodes "$root/tests/controlplane/nodes.yaml" --stages "$root/tests/controlplane/stages.yaml" \
    --kwok "$folder/kwok" <"$room/commands" >"$room/ready" &
plane=$!
# The control plane lives for as long as this end of the pipe is open.
exec 9>"$room/commands"
trap 'exec 9>&-; wait "$plane" 2>/dev/null || true; rm -rf -- "$room"' EXIT
until [[ -s $room/ready ]]; do
    kill -0 "$plane" 2>/dev/null || { echo "playground: the control plane did not start; see above" >&2; exit 1; }
    sleep 0.1
done
mkdir "$room/bin"
# A copy: a build in another clone replaces the binary in the shared target folder.
cp "$binary" "$room/bin/kubectl-copilot"
ln -s "$folder/kubectl" "$room/bin/kubectl"
export PATH=$room/bin:$PATH
# A copy of its own: `kubectl config use-context` changes this and nothing else.
KUBECONFIG=$room/kubeconfig
export KUBECONFIG
cp "$(sed -n 's/.*"kubeconfig":"\([^"]*\)".*/\1/p' "$room/ready")" "$KUBECONFIG"
kubectl config use-context alice >/dev/null

if [[ $# -gt 0 ]]; then
    "$@" 9>&-
    exit
fi
cat <<'TEXT'
A Kubernetes control plane runs on this machine, with 3 simulated nodes of 8 GPUs each and one without. Try:

    kubectl copilot "give me a notebook with two GPUs"
    kubectl copilot                                       the same in the terminal UI
    kubectl copilot capacity --context admin
    kubectl get pods

You are alice: she may edit the namespace team-a, and nothing else. `exit` ends the cluster.

TEXT
shell=${SHELL:-/bin/sh}
[[ -t 0 ]] || shell=/bin/sh
PS1='playground$ ' "$shell" 9>&- || true
