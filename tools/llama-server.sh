#!/usr/bin/env bash
# Builds llama.cpp's own server into the cache, once, for the tests and benches that hold it against this program.
#
#     tools/llama-server.sh build     builds what is missing; prints the path of llama-server
#     tools/llama-server.sh path      prints the path where it is built already; else says so
#     tools/llama-server.sh python    prints the folder for PYTHONPATH with the package llama_cpp on the same libraries
#
# The sources are the source archive of the Python package llama-cpp-python, which holds llama.cpp with tools/server. It
# is pinned by SHA-256, which pip checks before it opens the archive. The CPU flags are those with which the crate
# llama-cpp-sys-2 builds llama.cpp (AVX2, FMA, F16C, BMI2, no AVX-512, OpenMP), so that times can be compared.
#
# Exit codes: 0, 1 the build failed, 2 wrong use, 3 something is missing (named) or the sources cannot be had.
set -euo pipefail

package=llama-cpp-python version=0.3.36
sha256=832db0699007f1be95a7e41ef12e88926b02ba836461e36a36372db2760c1a2e
cache="${KUBECTL_COPILOT_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/kubectl-copilot}/llama-server"
folder=$cache/$version
python="${PYTHON:-python3}"
jobs="${KUBECTL_COPILOT_BUILD_JOBS:-2}"

flags=(
    -DCMAKE_BUILD_TYPE=Release -DBUILD_SHARED_LIBS=ON
    -DCMAKE_BUILD_WITH_INSTALL_RPATH=ON "-DCMAKE_INSTALL_RPATH=\$ORIGIN;\$ORIGIN/../lib"
    -DGGML_NATIVE=OFF -DGGML_OPENMP=ON
    -DLLAMA_OPENSSL=OFF -DLLAMA_BUILD_UI=OFF -DLLAMA_USE_PREBUILT_UI=OFF
    -DLLAMA_BUILD_SERVER=ON -DLLAMA_BUILD_APP=OFF -DLLAMA_BUILD_EXAMPLES=OFF -DLLAMA_BUILD_TESTS=OFF
)
if [[ $(uname -m) == x86_64 ]]; then
    flags+=(-DGGML_SSE42=ON -DGGML_AVX=ON -DGGML_AVX2=ON -DGGML_BMI2=ON -DGGML_FMA=ON -DGGML_F16C=ON -DGGML_AVX512=OFF)
fi
recipe=$(printf '%s\n' "$sha256" "${flags[@]}" | sha256sum | cut -c 1-16)

missing() {
    printf 'llama-server: %s\n' "$@" >&2
    exit 3
}

is_built() {
    [[ -x $folder/bin/llama-server && $(cat "$folder/recipe" 2>/dev/null) == "$recipe" ]]
}

fetch() {
    local into=$1 requirements=$1/requirements.txt
    printf '%s==%s --hash=sha256:%s\n' "$package" "$version" "$sha256" >"$requirements"
    if ! "$python" -m pip download --quiet --disable-pip-version-check --no-deps --no-binary "$package" \
        --require-hashes --dest "$into" --requirement "$requirements" >&2; then
        missing "the source archive of $package==$version cannot be had from the package index of pip." \
            "Whatever needs llama-server is skipped without it; nothing else does."
    fi
    tar -xzf "$into/llama_cpp_python-$version.tar.gz" -C "$into" \
        "llama_cpp_python-$version/vendor/llama.cpp" "llama_cpp_python-$version/llama_cpp"
}

build() {
    is_built && return
    local tool
    for tool in cmake c++ "$python"; do
        command -v "$tool" >/dev/null 2>&1 ||
            missing "there is no $tool, which is needed to build it. On Debian or Ubuntu, as root:" \
                "apt-get install cmake g++ make python3 python3-pip"
    done
    "$python" -m pip --version >/dev/null 2>&1 ||
        missing "$python has no pip, which fetches the sources; install it (python3-pip)."
    mkdir -p "$cache"
    room=$(mktemp -d "$cache/.build.XXXXXX")
    trap 'rm -rf -- "$room"' EXIT
    fetch "$room"
    echo "llama-server: building llama.cpp of $package $version with $jobs jobs; 10 to 30 minutes, once" >&2
    local source=$room/llama_cpp_python-$version generator=()
    ! command -v ninja >/dev/null 2>&1 || generator=(-G Ninja)
    if ! {
        nice cmake -S "$source/vendor/llama.cpp" -B "$room/build" ${generator[@]+"${generator[@]}"} "${flags[@]}" &&
            nice cmake --build "$room/build" --target llama-server -j "$jobs"
    } >"$cache/build.log" 2>&1; then
        tail -n 20 "$cache/build.log" >&2
        echo "llama-server: the build failed; all of its output: $cache/build.log" >&2
        exit 1
    fi
    local made=$room/made
    mkdir -p "$made"/{bin,lib,python}
    cp "$room/build/bin/llama-server" "$made/bin/"
    find "$room/build" -name 'lib*.so*' -exec cp -P {} "$made/lib/" \;
    cp -r "$source/llama_cpp" "$made/python/"
    rm -rf "$made/python/llama_cpp/lib"
    # Where the package looks for libllama and libggml.
    ln -s ../../lib "$made/python/llama_cpp/lib"
    cp "$source/vendor/llama.cpp/LICENSE" "$made/"
    "$made/bin/llama-server" --version >/dev/null 2>&1 || {
        echo "llama-server: it was built and does not start: $("$made/bin/llama-server" --version 2>&1 | head -n 3)" >&2
        exit 1
    }
    echo "$recipe" >"$made/recipe"
    rm -rf -- "$folder"
    mv -- "$made" "$folder"
}

case "${1:-}" in
build)
    build
    echo "$folder/bin/llama-server"
    ;;
path)
    is_built || missing "it is not built; 'make llama-server' builds it"
    echo "$folder/bin/llama-server"
    ;;
python)
    is_built || missing "it is not built; 'make llama-server' builds it"
    echo "$folder/python"
    ;;
*)
    echo "usage: tools/llama-server.sh build|path|python" >&2
    exit 2
    ;;
esac
