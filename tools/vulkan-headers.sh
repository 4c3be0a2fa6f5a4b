#!/usr/bin/env bash
# Prints the folder to build llama.cpp's Vulkan backend with, as VULKAN_SDK: headers of Vulkan and SPIR-V, and the loader to
# link against. Where the system's own headers are too old (Debian 12), those of Debian 13 are fetched through apt, whose
# signatures it checks, and unpacked into the cache; nothing of the system is changed.
set -euo pipefail

cache="${KUBECTL_COPILOT_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/kubectl-copilot}"
sdk=$cache/vulkan-sdk
release=trixie
# The oldest headers that the pinned llama.cpp was seen to build with.
needed=1.4.309

fail() {
    printf 'vulkan-headers: %s\n' "$@" >&2
    exit 1
}

# Version of the headers below a folder, e.g. 1.4.309; nothing where there are none.
version_of() {
    local core=$1/include/vulkan/vulkan_core.h
    [[ -f $core && -f $1/include/vulkan/vulkan.hpp ]] || return 0
    awk '/^#define VK_HEADER_VERSION [0-9]/ { patch = $3 }
         /^#define VK_HEADER_VERSION_COMPLETE/ { split($0, part, /[(,)] */); minor = part[3] "." part[4] }
         END { if (minor != "") print minor "." patch }' "$core"
}

is_enough() {
    local found
    found=$(version_of "$1")
    [[ -n $found && $(printf '%s\n%s\n' "$needed" "$found" | sort -V | head -n 1) == "$needed" ]] &&
        compgen -G "$1/share/cmake/SPIRV-Headers/*.cmake" >/dev/null
}

loader=$(ldconfig -p 2>/dev/null | awk '/libvulkan\.so\.1 / && !found { found = $NF } END { print found }')
[[ -n $loader ]] || fail "there is no Vulkan loader; on Debian or Ubuntu, as root: apt-get install libvulkan1"

if is_enough /usr; then
    folder=/usr
elif is_enough "$sdk/usr"; then
    folder=$sdk/usr
else
    command -v apt-get >/dev/null || fail "the headers of Vulkan $needed or newer and of SPIR-V are missing; install them"
    keyring=/usr/share/keyrings/debian-archive-keyring.gpg
    [[ -f $keyring ]] || fail "$keyring is missing (package debian-archive-keyring), so nothing fetched could be trusted"
    room=$(mktemp -d)
    trap 'rm -rf -- "$room"' EXIT
    mkdir -p "$room"/lists/partial "$room"/cache/archives/partial "$room"/deb
    echo "deb [signed-by=$keyring] https://deb.debian.org/debian $release main" >"$room/sources.list"
    apt=(apt-get -qq -o "Dir::Etc::sourcelist=$room/sources.list" -o Dir::Etc::sourceparts=-
        -o "Dir::State::lists=$room/lists" -o "Dir::Cache=$room/cache" -o APT::Sandbox::User=)
    echo "vulkan-headers: fetching the headers of Debian $release" >&2
    "${apt[@]}" update >&2 || fail "the package lists of Debian $release could not be fetched"
    (cd "$room/deb" && "${apt[@]}" download libvulkan-dev spirv-headers >&2) ||
        fail "libvulkan-dev and spirv-headers of Debian $release could not be fetched"
    rm -rf -- "$sdk"
    mkdir -p "$sdk"
    for package in "$room"/deb/*.deb; do
        dpkg-deb -x "$package" "$sdk"
    done
    folder=$sdk/usr
    is_enough "$folder" || fail "what was fetched is older than $needed"
fi
if [[ $folder != /usr ]]; then
    mkdir -p "$folder/lib"
    ln -sfn "$loader" "$folder/lib/libvulkan.so"
fi
echo "$folder"
