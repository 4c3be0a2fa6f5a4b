#!/usr/bin/env bash
# What a user would build without this program, for comparison, in Python with llama.cpp and llguidance:
#
#     tools/baselines.sh free …     plain models on the requests of tests/requests/free (tools/baselines/free.py)
#     tools/baselines.sh forms …    our drafts beside llama-server and llguidance (tools/baselines/forms.py)
#
# The Python packages (tools/baselines/requirements.txt, pinned) go into a virtual environment in the cache. llama.cpp is
# the one of tools/llama-server.sh, which has to be built before. Exit codes: the script's own, 2 wrong use, 3 something is missing.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)

case ${1:-} in
free | forms) ;;
*)
    echo "usage: tools/baselines.sh free|forms [ARGUMENT]…" >&2
    exit 2
    ;;
esac
script=$here/baselines/$1.py
shift

libraries=$("$here/llama-server.sh" python)
cache="${KUBECTL_COPILOT_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/kubectl-copilot}"
wanted=$here/baselines/requirements.txt
environment=$cache/baselines-$(sha256sum "$wanted" | cut -c 1-12)
if [[ ! -f $environment/complete ]]; then
    if ! { "${PYTHON:-python3}" -m venv "$environment" &&
        "$environment/bin/pip" install --quiet --disable-pip-version-check --requirement "$wanted"; } >&2; then
        echo "baselines: the packages of $wanted cannot be had (python3 with venv and pip is needed)" >&2
        exit 3
    fi
    touch "$environment/complete"
fi
PYTHONDONTWRITEBYTECODE=1 PYTHONPATH=$libraries exec "$environment/bin/python" "$script" "$@"
