#!/usr/bin/env bash
# docs/tui.svg: the full screen as tmux shows it, after a request and one changed field. Needs tmux and a built binary:
#     tools/tui-picture.sh path/to/kubectl-copilot docs/tui.svg
set -euo pipefail
binary=$(realpath "$1") out=$(realpath -m "$2") here=$(cd "$(dirname "$0")" && pwd)
room=$(mktemp -d)
session="picture-$$"
trap 'tmux kill-session -t "$session" 2>/dev/null || true; rm -rf "$room"' EXIT
mkdir "$room/home" "$room/gitops"

shows() { # waits until the screen shows a text
  for _ in $(seq 150); do
    tmux capture-pane -p -t "$session" | grep -qF -- "$1" && return
    sleep 0.2
  done
  echo "tui-picture: '$1' never came" >&2
  tmux capture-pane -p -t "$session" >&2
  exit 1
}
keys() { tmux send-keys -t "$session" "$@"; }

tmux new-session -d -s "$session" -x 100 -y 32 -c "$room/gitops" \
  env -u NO_COLOR HOME="$room/home" USER=mira TERM=screen-256color "$binary" --policies builtin
shows "embedded"
keys -l "a notebook called lab with two GPUs and 64 gigs of memory for two weeks"
keys Enter
shows "a writes 4 files"
keys Down Down Enter
keys C-u
keys -l "4"
keys Enter
shows "4 × GPU"
shows "a writes 4 files"
keys a
shows "[y/N]"
tmux capture-pane -p -e -N -t "$session" >"$room/screen"
# The folder of this run means nothing to a reader; the bar stays as wide as it is.
shorter=$(printf '%*s' $((${#room} - 10)) '')
sed -i "s|$room/gitops\(.*\[y/N\]\)|/home/mira/gitops\1$shorter|" "$room/screen"
"$here/terminal-picture.py" --captured "$room/screen" --columns 100 --shown "kubectl copilot, the full screen" --out "$out"
