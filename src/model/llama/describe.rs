//! What a loaded GGUF says of itself.

use super::load::Weights;
use crate::model::inspect::Description;

/// A template longer than this is cut: it is for people, and comes from the file.
const TEMPLATE: usize = 64 << 10;

/// `general.file_type` of llama.cpp (`llama_ftype`), by number; numbers that are not here are no longer written.
const FILE_TYPES: &[(u32, &str)] = &[
    (0, "F32"),
    (1, "F16"),
    (2, "Q4_0"),
    (3, "Q4_1"),
    (7, "Q8_0"),
    (8, "Q5_0"),
    (9, "Q5_1"),
    (10, "Q2_K"),
    (11, "Q3_K_S"),
    (12, "Q3_K_M"),
    (13, "Q3_K_L"),
    (14, "Q4_K_S"),
    (15, "Q4_K_M"),
    (16, "Q5_K_S"),
    (17, "Q5_K_M"),
    (18, "Q6_K"),
    (19, "IQ2_XXS"),
    (20, "IQ2_XS"),
    (21, "Q2_K_S"),
    (22, "IQ3_XS"),
    (23, "IQ3_XXS"),
    (24, "IQ1_S"),
    (25, "IQ4_NL"),
    (26, "IQ3_S"),
    (27, "IQ3_M"),
    (28, "IQ2_S"),
    (29, "IQ2_M"),
    (30, "IQ4_XS"),
    (31, "IQ1_M"),
    (32, "BF16"),
];

impl Weights {
    /// What the file says of itself, and what this process holds.
    pub(crate) fn describe(&self) -> Description {
        let model = &self.model;
        let meta = |key: &str| model.meta_val_str(key).ok().filter(|value| !value.trim().is_empty());
        let architecture = meta("general.architecture").unwrap_or_else(|| "unknown".to_owned());
        let number = |key: &str| meta(&format!("{architecture}.{key}")).and_then(|text| text.parse().ok());
        let width = u64::try_from(model.n_embd()).unwrap_or(0);
        let even = width.checked_div(u64::from(model.n_head())).unwrap_or(0);
        let file_type = meta("general.file_type").and_then(|text| text.parse::<u32>().ok());
        let quantisation = file_type.map(|number| {
            let known = FILE_TYPES.iter().find(|(known, _)| *known == number);
            known.map_or_else(|| format!("type {number}"), |(_, name)| (*name).to_owned())
        });
        Description {
            quantisation,
            bytes: model.size(),
            layers: model.n_layer().into(),
            key_value_heads: model.n_head_kv().into(),
            head_size: number("attention.key_length").unwrap_or(even),
            vocabulary_type: meta("tokenizer.ggml.model").unwrap_or_else(|| "none".to_owned()),
            vocabulary: u64::try_from(model.n_vocab()).unwrap_or(0),
            trained_context: model.n_ctx_train(),
            template: meta("tokenizer.chat_template").map(|text| text.chars().take(TEMPLATE).collect()),
            licence: meta("general.license"),
            architecture,
            resident: resident(),
        }
    }
}

/// The most that this process ever held in memory.
fn resident() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok().map(|kib| kib * 1024)
}
