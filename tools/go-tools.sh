#!/usr/bin/env bash
# Builds the Go programs that `make bench-policies` compares with, pinned, into the cache, and prints their folder.
#
#     tools/go-tools.sh build
set -euo pipefail

gator=github.com/open-policy-agent/gatekeeper/v3/cmd/gator@v3.23.1
conftest=github.com/open-policy-agent/conftest@v0.71.1
cache="${KUBECTL_COPILOT_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/kubectl-copilot}"

case ${1:-} in
build) ;;
*)
    echo "usage: tools/go-tools.sh build" >&2
    exit 2
    ;;
esac
room=$cache/go-tools-$(printf '%s' "$gator $conftest" | sha256sum | cut -c 1-12)
if [[ ! -f $room/complete ]]; then
    echo "go-tools: building gator and conftest; 5 to 10 minutes, once" >&2
    mkdir -p "$room"
    for program in "$gator" "$conftest"; do
        GOBIN=$room GOCACHE=$cache/go-build go install -trimpath -buildvcs=false -ldflags '-s -w' "$program" >&2
    done
    touch "$room/complete"
fi
echo "$room"
