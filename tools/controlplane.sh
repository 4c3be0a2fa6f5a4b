#!/usr/bin/env bash
# Builds the test control plane (tests/controlplane) and KWOK into the cache, once for each version of their sources.
#
#     tools/controlplane.sh build     prints the folder that holds controlplane, kubectl and kwok
#     tools/controlplane.sh check     only says whether Go is there and new enough
#
# Exit codes: 0, 1 the build failed, 2 no Go, or one that is too old: nothing was built.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

kwok_version=v0.7.0
kubernetes_version=v1.36.3
source_folder=tests/controlplane
cache="${KUBECTL_COPILOT_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/kubectl-copilot}"

check() {
    local needed found
    needed=$(awk '$1 == "go" { print $2; exit }' "$source_folder/go.mod")
    if ! command -v go >/dev/null 2>&1; then
        echo "controlplane: Go $needed or newer is needed to build the test control plane, and there is no Go." \
            "Get it from https://go.dev/dl/ (or your distribution) and put its bin folder into PATH." >&2
        exit 2
    fi
    # Its own version: GOTOOLCHAIN=local keeps it from fetching another.
    found=$(GOTOOLCHAIN=local go env GOVERSION)
    found=${found#go}
    if [[ $(printf '%s\n%s\n' "$needed" "$found" | sort -V | head -n 1) != "$needed" ]]; then
        echo "controlplane: Go $needed or newer is needed to build the test control plane; $(command -v go) is Go" \
            "$found. Get a newer one from https://go.dev/dl/." >&2
        exit 2
    fi
}

build() {
    local key folder
    key=$(cat "$source_folder"/*.go "$source_folder"/go.mod "$source_folder"/go.sum <(echo "$kwok_version") | sha256sum | cut -c 1-16)
    folder=$cache/controlplane/$key
    if [[ ! -x $folder/controlplane || ! -x $folder/kwok ]]; then
        mkdir -p "$cache/controlplane"
        local room
        room=$(mktemp -d "$cache/controlplane/.build.XXXXXX")
        # shellcheck disable=SC2064 # the folder as it is now
        trap "rm -rf -- '$room'" EXIT
        echo "controlplane: building Kubernetes $kubernetes_version and KWOK $kwok_version; about 10 minutes the first time" >&2
        export GOCACHE=$cache/go-build GOMODCACHE=${GOMODCACHE:-$(go env GOMODCACHE)} CGO_ENABLED=0
        local minor=${kubernetes_version#v1.} version=k8s.io/component-base/version
        minor=${minor%%.*}
        local flags="-s -w -X $version.gitVersion=$kubernetes_version -X $version.gitMajor=1 -X $version.gitMinor=$minor"
        (cd "$source_folder" && go build -trimpath -buildvcs=false -ldflags "$flags" -o "$room/controlplane" .)
        GOBIN=$room go install -trimpath -buildvcs=false -ldflags '-s -w' "sigs.k8s.io/kwok/cmd/kwok@$kwok_version"
        ln -s controlplane "$room/kubectl"
        rm -rf -- "$folder"
        mv -- "$room" "$folder"
        trap - EXIT
    fi
    echo "$folder"
}

case "${1:-}" in
check) check ;;
build) check && build ;;
*)
    echo "usage: tools/controlplane.sh build|check" >&2
    exit 2
    ;;
esac
