#!/usr/bin/env bash
# Builds the feature `vulkan` in a target folder of its own and runs the tests of tests/it/gpu.rs, on Mesa's software device
# (llvmpipe): no GPU is needed, and the whole path is real. With DEVICES=all it runs on the GPUs of this machine instead.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

VULKAN_SDK=$(tools/vulkan-headers.sh)
export VULKAN_SDK
export CPATH=$VULKAN_SDK/include${CPATH:+:$CPATH}
export CMAKE_PREFIX_PATH=$VULKAN_SDK${CMAKE_PREFIX_PATH:+:$CMAKE_PREFIX_PATH}
if [[ ${DEVICES:-software} != all ]]; then
    driver=$(compgen -G '/usr/share/vulkan/icd.d/lvp_icd*.json' | head -n 1) || driver=""
    [[ -n $driver ]] || {
        echo "test-gpu: Mesa's software driver is missing; on Debian or Ubuntu, as root: apt-get install mesa-vulkan-drivers" >&2
        exit 1
    }
    # llama.cpp passes over devices of the type CPU unless they are named.
    export VK_DRIVER_FILES=$driver VK_ICD_FILENAMES=$driver GGML_VK_VISIBLE_DEVICES=0
fi
cargo test --locked --features vulkan --test it -- gpu:: --nocapture
