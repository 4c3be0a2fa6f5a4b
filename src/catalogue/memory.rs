//! What a model needs, and what this machine has.
//!
//! needed = weights + key-value cache + one batch of logits + the rest
//!
//! - weights: the file's size. It is mapped, so its pages can be given back; but a CPU with AVX2 or better rearranges
//!   4-bit layers into memory of its own, and the mapped ones are no longer read then. So more is resident at first than
//!   is needed. Measured at 4,096 tokens: Qwen2.5-Coder-1.5B 1.9 GB resident, 0.8 GB of it its own and 1.1 GB mapped; 0.5B
//!   661 MB, 165 MB and 496 MB.
//! - key-value cache: keys and values (2) × layers × key-value heads × head size × context × 2 bytes (F16).
//! - logits: vocabulary × 128 tokens (the batch of `model/llama/engine.rs`) × 4 bytes.
//! - the rest: the program, its schemas and patterns, compute buffers.

use std::path::Path;

use super::entry::Shape;
use crate::source;

/// Tokens that are evaluated at once.
const BATCH: u64 = 128;
/// The program itself and llama.cpp's buffers for one batch: 65 MB resident with the embedded model of 3 MB, and as much
/// again for the buffers of a model with wide layers.
const REST: u64 = 128 << 20;

/// Bytes of the key-value cache of a context of `tokens`.
pub fn cache_bytes(shape: Shape, tokens: u64) -> u64 {
    2 * shape.layers * shape.key_value_heads * shape.head_size * tokens * 2
}

/// Bytes that a model of this file size and shape needs with a context of `tokens`.
pub fn needed(file: u64, shape: Shape, tokens: u64) -> u64 {
    file + cache_bytes(shape, tokens) + shape.vocabulary * BATCH * 4 + REST
}

/// Bytes of main memory that a new process can have: what the system calls available, or what is left of this process's
/// control group where that is less. `None` where the system does not say.
pub fn available() -> Option<u64> {
    let read = |path: &str| source::read_text(Path::new(path)).ok();
    let machine = parse_meminfo(&read("/proc/meminfo")?)?;
    let group = "/sys/fs/cgroup";
    let limit = read(&format!("{group}/memory.max")).and_then(|text| parse_cgroup(&text));
    let used = read(&format!("{group}/memory.current")).and_then(|text| parse_cgroup(&text));
    Some(match (limit, used) {
        (Some(limit), Some(used)) => machine.min(limit.saturating_sub(used)),
        _ => machine,
    })
}

/// `MemAvailable` of `/proc/meminfo`, in bytes.
pub fn parse_meminfo(text: &str) -> Option<u64> {
    let line = text.lines().find_map(|line| line.strip_prefix("MemAvailable:"))?;
    line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok().map(|kib| kib * 1024)
}

/// A number of a control group's file; `None` for `max`.
pub fn parse_cgroup(text: &str) -> Option<u64> {
    text.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalogue::Catalogue;

    #[test]
    fn the_cache_grows_with_the_context() {
        let half = Shape { layers: 24, key_value_heads: 2, head_size: 64, vocabulary: 151_936 };
        assert_eq!(cache_bytes(half, 4096), 50_331_648, "48 MiB, as llama.cpp prints it for Qwen2.5-0.5B");
        assert_eq!(cache_bytes(half, 8192), 2 * 50_331_648);
    }

    #[test]
    fn a_larger_model_of_a_family_needs_more() {
        let models = &Catalogue::builtin().models;
        for pair in models.windows(2).filter(|pair| pair[0].family == pair[1].family) {
            let bytes = |index: usize| needed(pair[index].bytes, pair[index].shape, 4096);
            assert!(bytes(0) < bytes(1), "{} and {}", pair[0].id, pair[1].id);
        }
    }

    #[test]
    fn the_systems_files_are_read() {
        let text = "MemTotal:       24000000 kB\nMemFree:  1 kB\nMemAvailable:    2048 kB\n";
        assert_eq!(parse_meminfo(text), Some(2 << 20));
        assert_eq!(parse_meminfo("MemTotal: 1 kB\n"), None);
        assert_eq!((parse_cgroup("1048576\n"), parse_cgroup("max\n")), (Some(1 << 20), None));
    }
}
