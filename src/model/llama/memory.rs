//! What a model will take of the machine's memory, before it is loaded, and what there is.
//!
//! Weights are mapped from their file and are needed as a whole for every token: a machine that cannot hold them reads
//! them from disk again and again, and answers in hours. The keys and values of the context are reserved in full. What
//! llama.cpp works with is estimated; for Qwen2.5-Coder-0.5B with 4,096 tokens all three come to 0.70 GB, and 0.72 GB were
//! resident (measured).

use std::fs;
use std::path::Path;

use super::gguf::Header;

/// Bytes of a number in the context's keys and values (f16).
const ENTRY: u64 = 2;

/// Bytes that a loaded model takes whatever its size.
const BASE: u64 = 16 << 20;

/// The shortest context that is worth a suggestion, in tokens.
const SHORTEST: u64 = 512;

/// Bytes that a model takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Need {
    /// All tensors, of all parts and the adapter.
    pub weights: u64,
    /// Tokens of the context.
    pub context: u64,
    /// Keys and values of one token.
    pub per_token: u64,
    /// What is worked with for each token of the context, while a batch is evaluated.
    pub scores: u64,
    /// What is worked with whatever the context.
    pub rows: u64,
    /// Layers with their output layer, as llama.cpp counts them.
    pub layers: u64,
}

impl Need {
    /// What the model of this header takes with a context of `context` tokens, evaluated `batch` at a time; `weights` is
    /// the size of its tensors in bytes.
    pub fn of(header: &Header, weights: u64, context: u32, batch: u32) -> Self {
        let width = |key: &str| header.of_architecture(key);
        let (context, batch) = (u64::from(context), u64::from(batch));
        let heads = header.of_layers("attention.head_count").unwrap_or_default();
        let most_heads = heads.iter().copied().max().unwrap_or(0);
        let of_head = width("embedding_length").unwrap_or(0) / most_heads.max(1);
        let keys = width("attention.key_length").unwrap_or(of_head);
        let values = width("attention.value_length").unwrap_or(of_head);
        // Without heads there are no keys and values: recurrent layers keep a state of fixed size.
        let kept = header.of_layers("attention.head_count_kv").unwrap_or(heads);
        let per_token = kept
            .iter()
            .map(|heads| heads.saturating_mul(keys.saturating_add(values)).saturating_mul(ENTRY))
            .fold(0, u64::saturating_add);
        let vocabulary = header.entries("tokenizer.ggml.tokens").unwrap_or(0);
        let inner =
            header.of_layers("feed_forward_length").unwrap_or_default().into_iter().max().unwrap_or(0);
        // For each token of a batch: the scores of all heads (twice); a row of probabilities, the inner layer (four times).
        let scores = most_heads.saturating_mul(2).saturating_mul(batch).saturating_mul(4);
        let row = vocabulary.saturating_add(inner.saturating_mul(4)).saturating_mul(4);
        let rows = row.saturating_mul(batch).saturating_add(BASE);
        let layers = width("block_count").unwrap_or(0).saturating_add(1);
        Self { weights, context, per_token, scores, rows, layers }
    }

    /// Bytes of the context's keys and values.
    pub fn cache(&self) -> u64 {
        self.context.saturating_mul(self.per_token)
    }

    /// What is worked with.
    pub fn work(&self) -> u64 {
        self.context.saturating_mul(self.scores).saturating_add(self.rows)
    }

    /// All of it.
    pub fn total(&self) -> u64 {
        self.weights.saturating_add(self.cache()).saturating_add(self.work())
    }

    /// Whether it fits into `available` bytes.
    ///
    /// # Errors
    /// What is needed, what there is, and what would fit.
    pub fn check(&self, available: u64) -> Result<(), String> {
        if self.total() <= available {
            return Ok(());
        }
        let for_context = available.saturating_sub(self.weights).saturating_sub(self.rows);
        let tokens = for_context / self.per_token.saturating_add(self.scores).max(1) / 256 * 256;
        let for_weights = available.saturating_sub(self.cache()).saturating_sub(self.work());
        let hint = if tokens >= SHORTEST && tokens < self.context {
            format!("a context of {tokens} tokens would fit (--context-tokens {tokens})")
        } else if for_weights >= 32 << 20 {
            format!(
                "a file of at most {} would fit: choose a smaller model, or the same one quantised to fewer bits (Q4_K_M)",
                bytes(for_weights)
            )
        } else {
            "free some memory, or name a model server (--model URL)".to_owned()
        };
        Err(format!(
            "it needs {} of memory ({} of weights, {} for a context of {} tokens, {} to work with) and {} are \
             available; {hint}",
            bytes(self.total()),
            bytes(self.weights),
            bytes(self.cache()),
            self.context,
            bytes(self.work()),
            bytes(available)
        ))
    }
}

/// `491 MB`, `4.7 GB`.
pub(crate) fn bytes(count: u64) -> String {
    match count {
        0..1_000_000_000 => format!("{} MB", count.div_ceil(1_000_000)),
        _ => format!("{}.{} GB", count / 1_000_000_000, count / 100_000_000 % 10),
    }
}

/// Bytes that this process can still take: what the system has left, what its control groups and its own limit (`ulimit
/// -v`) allow. `None` where the system does not say.
pub(crate) fn available() -> Option<u64> {
    let limits = [free_of_system(), free_of_groups(), free_of_process()];
    limits.into_iter().flatten().min()
}

fn free_of_system() -> Option<u64> {
    let text = fs::read_to_string("/proc/meminfo").ok()?;
    field(&text, "MemAvailable:")?.checked_mul(1024)
}

/// The tightest control group of this process, of version 2.
fn free_of_groups() -> Option<u64> {
    let text = fs::read_to_string("/proc/self/cgroup").ok()?;
    let own = text.lines().find_map(|line| line.strip_prefix("0::/"))?;
    let root = Path::new("/sys/fs/cgroup");
    root.join(own).ancestors().take_while(|group| group.starts_with(root)).filter_map(free_of_group).min()
}

fn free_of_group(group: &Path) -> Option<u64> {
    let read = |name: &str| fs::read_to_string(group.join(name)).ok();
    let most: u64 = read("memory.max")?.trim().parse().ok()?;
    let used: u64 = read("memory.current")?.trim().parse().ok()?;
    let stat = read("memory.stat").unwrap_or_default();
    // Pages of files go when somebody needs the room.
    let files = ["active_file", "inactive_file"].iter().filter_map(|name| field(&stat, name)).sum();
    Some(most.saturating_sub(used.saturating_sub(files)))
}

#[cfg(unix)]
fn free_of_process() -> Option<u64> {
    use rustix::process::{Resource, getrlimit};

    let most = getrlimit(Resource::As).current?;
    let pages = fs::read_to_string("/proc/self/statm").ok()?;
    let used: u64 = pages.split_whitespace().next()?.parse().ok()?;
    let page = u64::try_from(rustix::param::page_size()).ok()?;
    Some(most.saturating_sub(used.saturating_mul(page)))
}

#[cfg(not(unix))]
fn free_of_process() -> Option<u64> {
    None
}

/// The number behind a name at the start of a line.
fn field(text: &str, name: &str) -> Option<u64> {
    let mut lines = text.lines().map(str::split_whitespace);
    lines.find_map(|mut words| (words.next()? == name).then(|| words.next()?.parse().ok())?)
}

#[cfg(test)]
mod tests {
    use super::*;

    const MB: u64 = 1_000_000;

    fn need(context: u64) -> Need {
        Need { weights: 491 * MB, context, per_token: 12_288, scores: 14_336, rows: 104 * MB, layers: 25 }
    }

    #[test]
    fn what_fits_is_let_through_and_what_does_not_is_told_what_would() {
        assert_eq!(need(4096).check(705 * MB), Ok(()));
        let reason = need(32_768).check(705 * MB).unwrap_err();
        assert!(reason.contains("1.4 GB of memory") && reason.contains("705 MB are available"), "{reason}");
        assert!(reason.ends_with("a context of 4096 tokens would fit (--context-tokens 4096)"), "{reason}");
        let reason = need(4096).check(400 * MB).unwrap_err();
        assert!(reason.contains("a file of at most 187 MB would fit"), "{reason}");
        let reason = need(4096).check(100 * MB).unwrap_err();
        assert!(reason.contains("model server"), "{reason}");
        let reason = need(u64::MAX).check(u64::MAX - 1).unwrap_err();
        assert!(reason.contains("would fit"), "{reason}");
    }

    #[test]
    fn the_shape_of_a_model_says_what_its_context_takes() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("models/fixtures/tiny-spm.gguf");
        let header = Header::read(&path).expect("reads");
        let need = Need::of(&header, header.data, 512, 128);
        // Two layers, 32 numbers of keys and of values each, two bytes a number.
        assert_eq!((need.per_token, need.layers), (2 * 2 * 32 * 2, 3));
        assert!(need.weights > 100_000 && need.weights < 127_000, "{need:?}");
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn the_system_says_what_is_left() {
        assert!(available().is_some_and(|bytes| bytes > 1 << 20));
    }

    #[test]
    fn fields_are_found_by_their_whole_name() {
        let text = "MemTotal:  1 kB\nMemAvailable:   20 kB\nactive_file_x 7\nactive_file 9\n";
        assert_eq!(field(text, "MemAvailable:"), Some(20));
        assert_eq!(field(text, "active_file"), Some(9));
        assert_eq!(field(text, "absent"), None);
    }
}
