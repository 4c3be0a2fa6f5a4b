//! What `model` shows: the list, what a file says of itself, the trial, the bench.

use std::fmt::Write as _;

use serde_json::{Value, json};

use super::capacity::table;
use crate::catalogue::{Catalogue, Entry, Installed, Scores, Shape, needed};
use crate::config::Style;
use crate::manifest::visible::{visible_line, visible_short};
use crate::model::inspect::{Description, Throughput};
use crate::model::{DEFAULT_CONTEXT, ModelInfo, PromptProfile};

/// Lines of a chat template that are shown.
const TEMPLATE_LINES: usize = 6;

/// Everything that `model list` shows.
#[derive(Debug)]
pub struct ModelList {
    /// Where models are.
    pub folder: String,
    /// The models that are here.
    pub installed: Vec<Installed>,
    /// Name of the default: an installed model's, `embedded`, or whatever the configuration says.
    pub default: String,
    /// Bytes of main memory that are free, where the system says so.
    pub memory: Option<u64>,
}

/// A line of the list: of the catalogue, of the folder, or of both.
struct Row<'a> {
    name: &'a str,
    entry: Option<&'a Entry>,
    installed: Option<&'a Installed>,
    scores: Option<&'a Scores>,
}

impl Row<'_> {
    fn bytes(&self) -> Option<u64> {
        self.installed.map(|model| model.bytes).or(self.entry.map(|entry| entry.bytes))
    }

    fn needed(&self) -> Option<u64> {
        let entry = self.entry?;
        Some(needed(entry.bytes, entry.shape, DEFAULT_CONTEXT.into()))
    }
}

fn rows(list: &ModelList) -> Vec<Row<'_>> {
    let catalogue = Catalogue::builtin();
    let here = |id: &str| list.installed.iter().find(|model| model.name == id);
    let embedded = Row {
        name: crate::catalogue::EMBEDDED,
        entry: None,
        installed: None,
        scores: Some(&catalogue.embedded.scores),
    };
    let known = catalogue.models.iter().map(|entry| Row {
        name: &entry.id,
        entry: Some(entry),
        installed: here(&entry.id),
        scores: entry.scores.as_ref(),
    });
    let others = list.installed.iter().filter(|model| catalogue.get(&model.name).is_none());
    let others =
        others.map(|model| Row { name: &model.name, entry: None, installed: Some(model), scores: None });
    std::iter::once(embedded).chain(known).chain(others).collect()
}

/// `model list -o json`.
pub fn model_list_document(list: &ModelList) -> Value {
    let models: Vec<Value> = rows(list).iter().map(|row| row_document(row, list)).collect();
    json!({
        "version": 1,
        "folder": list.folder,
        "default": list.default,
        "memoryAvailable": list.memory,
        "context": DEFAULT_CONTEXT,
        "models": models,
    })
}

fn row_document(row: &Row<'_>, list: &ModelList) -> Value {
    let memory = row.needed();
    let fits = memory.zip(list.memory).map(|(needed, free)| needed <= free);
    let mut document = json!({
        "name": row.name,
        "default": row.name == list.default,
        "inCatalogue": row.entry.is_some(),
        "run": row.entry.map_or(row.scores.is_some(), |entry| entry.run),
        "scores": row.scores,
        "bytes": row.bytes(),
        "memory": memory,
        "fits": fits,
        "installed": row.installed.map(|model| json!({
            "path": model.path,
            "bytes": model.bytes,
            "sha256": model.record.as_ref().map(|record| &record.sha256),
            "from": model.record.as_ref().map(|record| &record.from),
            "verified": model.record.as_ref().map(|record| record.verified),
        })),
    });
    if let Some(entry) = row.entry {
        let more = json!({
            "title": entry.title,
            "family": entry.family,
            "parameters": entry.parameters,
            "quantisation": entry.quantisation,
            "licence": entry.licence,
            "upstream": entry.upstream,
            "url": entry.url(None),
            "sha256": entry.sha256,
            "sha256Seen": entry.hash,
        });
        if let (Some(document), Value::Object(more)) = (document.as_object_mut(), more) {
            document.extend(more);
        }
    }
    document
}

/// `model list`: a table, and what its columns mean.
pub fn model_list_text(list: &ModelList, style: Style) -> String {
    let mut table_rows =
        vec![["", "NAME", "SIZE", "MEMORY", "FITS", "LICENCE", "DRAFTS RIGHT", "STATE"].map(str::to_owned)];
    let mut notes = Vec::new();
    for row in rows(list) {
        let memory = row.needed();
        let fits = match memory.zip(list.memory) {
            None if row.entry.is_none() && row.installed.is_none() => "yes",
            None => "?",
            Some((needed, free)) if needed <= free => "yes",
            Some(_) => "no",
        };
        let score = match (row.scores, row.entry) {
            (Some(scores), _) => format!("{} of {}", scores.drafts_right[0], scores.drafts_right[1]),
            (None, Some(_)) => "not run here".to_owned(),
            (None, None) => "-".to_owned(),
        };
        let state = match (row.installed, row.entry) {
            (Some(model), _) if model.record.as_ref().is_some_and(|record| !record.verified) => {
                "installed, unverified"
            }
            (Some(_), _) => "installed",
            (None, Some(entry)) if entry.upstream.gated => "asks for a token",
            (None, Some(_)) => "",
            (None, None) => "inside the program",
        };
        let licence = row.entry.map_or("-", |entry| entry.licence.name.as_str());
        let marked = if row.entry.is_some_and(|entry| entry.licence.note.is_some()) { "*" } else { "" };
        if let Some(note) = row.entry.and_then(|entry| entry.licence.note.as_ref()) {
            let note = format!("* {licence}: {note}");
            if !notes.contains(&note) {
                notes.push(note);
            }
        }
        table_rows.push([
            if row.name == list.default { ">".to_owned() } else { String::new() },
            visible_line(row.name).into_owned(),
            row.bytes().map_or_else(|| "-".to_owned(), size),
            memory.map_or_else(|| "-".to_owned(), size),
            fits.to_owned(),
            format!("{licence}{marked}"),
            score,
            state.to_owned(),
        ]);
    }
    let mut text = String::new();
    table(&mut text, &table_rows, style);
    let free = list.memory.map_or_else(|| "not known".to_owned(), size);
    let _ = writeln!(text, "> is the default: {}", visible_line(&list.default));
    for note in notes {
        let _ = writeln!(text, "{note}");
    }
    let date = Catalogue::builtin().models.iter().find_map(|entry| entry.scores.as_ref());
    let date = date.map(|scores| scores.date.as_str()).unwrap_or_default();
    let _ = writeln!(
        text,
        "MEMORY: weights, a context of {DEFAULT_CONTEXT} tokens, buffers; free now: {free}\nDRAFTS RIGHT: of tests/requests, measured {date}; \
         `not run here` means that nobody has seen it work with this program\nmodels lie in {}",
        visible_line(&list.folder)
    );
    text
}

/// `model info -o json`.
pub fn model_info_document(info: &ModelInfo, description: &Description, file: Option<&str>) -> Value {
    json!({
        "version": 1,
        "name": info.name,
        "file": file,
        "device": info.device,
        "profile": info.profile,
        "architecture": description.architecture,
        "parameters": info.parameters,
        "quantisation": description.quantisation,
        "bytes": description.bytes,
        "layers": description.layers,
        "vocabulary": { "type": description.vocabulary_type, "size": description.vocabulary },
        "context": { "trained": description.trained_context, "loaded": info.context },
        "template": description.template,
        "licence": description.licence,
        "memory": {
            "needed": memory(description, info.context),
            "cache": crate::catalogue::cache_bytes(shape(description), info.context.into()),
            "resident": description.resident,
        },
    })
}

/// `model info`.
pub fn model_info_text(
    info: &ModelInfo,
    description: &Description,
    file: Option<&str>,
    free: Option<u64>,
) -> String {
    let vocabulary = match description.vocabulary_type.as_str() {
        "gpt2" => "byte pairs (gpt2)",
        "llama" => "SentencePiece (llama)",
        other => other,
    };
    let profile = match info.profile {
        PromptProfile::FewShot => "instructions and examples before each request",
        PromptProfile::Trained => "the bare form, which it was trained on",
    };
    let cache = crate::catalogue::cache_bytes(shape(description), info.context.into());
    let resident =
        description.resident.map_or(String::new(), |bytes| format!("; {} resident once loaded", size(bytes)));
    let free = free.map_or(String::new(), |bytes| format!("; free now: {}", size(bytes)));
    let quantisation = description.quantisation.as_deref().unwrap_or("unknown quantisation");
    let mut rows = vec![
        ("name", info.name.clone()),
        ("architecture", format!("{}, {} layers", description.architecture, description.layers)),
        ("parameters", format!("{} ({quantisation}, {})", info.parameters, size(description.bytes))),
        ("vocabulary", format!("{} tokens, {vocabulary}", description.vocabulary)),
        ("context", format!("{} tokens loaded, {} trained for", info.context, description.trained_context)),
        ("device", info.device.clone()),
        (
            "memory",
            format!(
                "{} needed, {} of it for the context{resident}{free}",
                size(memory(description, info.context)),
                size(cache)
            ),
        ),
        ("prompt", profile.to_owned()),
        ("licence", description.licence.clone().unwrap_or_else(|| "the file does not say".to_owned())),
    ];
    if let Some(file) = file {
        rows.insert(1, ("file", file.to_owned()));
    }
    let mut text = String::new();
    for (name, value) in rows {
        let _ = writeln!(text, "{name:<13}{}", visible_short(&value, 300));
    }
    match &description.template {
        None => text.push_str("template     the file has none\n"),
        Some(template) => {
            let lines = template.lines().count();
            let _ = writeln!(text, "template     {lines} lines:");
            for line in template.lines().take(TEMPLATE_LINES) {
                let _ = writeln!(text, "    {}", visible_short(line, 90));
            }
            if lines > TEMPLATE_LINES {
                text.push_str("    …\n");
            }
        }
    }
    text
}

fn shape(description: &Description) -> Shape {
    Shape {
        layers: description.layers,
        key_value_heads: description.key_value_heads,
        head_size: description.head_size,
        vocabulary: description.vocabulary,
    }
}

fn memory(description: &Description, context: u32) -> u64 {
    needed(description.bytes, shape(description), context.into())
}

/// One request of the trial, and how it went.
#[derive(Debug, Clone, PartialEq)]
pub struct Tried {
    /// The words.
    pub request: String,
    /// What was wrong, where something was.
    pub wrong: Option<String>,
    /// From words to checked objects.
    pub milliseconds: f64,
    /// Tokens that the model chose.
    pub sampled: usize,
    /// Tokens with no other choice.
    pub forced: usize,
}

/// The table of a trial.
pub fn trial_text(tried: &[Tried], style: Style) -> String {
    let mut rows = vec![["", "MS", "SAMPLED", "FORCED", "REQUEST"].map(str::to_owned)];
    for one in tried {
        rows.push([
            if one.wrong.is_none() { "right".to_owned() } else { "WRONG".to_owned() },
            format!("{:.0}", one.milliseconds),
            one.sampled.to_string(),
            one.forced.to_string(),
            visible_short(&one.request, 80),
        ]);
    }
    let mut text = String::new();
    table(&mut text, &rows, style);
    for one in tried {
        if let Some(why) = &one.wrong {
            let _ = writeln!(text, "{}: {}", visible_short(&one.request, 60), visible_line(why));
        }
    }
    text
}

/// `model bench -o json`. Raw figures are absent for a server.
pub fn bench_document(info: &ModelInfo, raw: Option<&Throughput>, tried: &[Tried]) -> Value {
    let drafts: Vec<Value> = tried
        .iter()
        .map(|one| {
            json!({
                "request": one.request,
                "right": one.wrong.is_none(),
                "milliseconds": tenth(one.milliseconds),
                "sampled": one.sampled,
                "forced": one.forced,
            })
        })
        .collect();
    let raw = raw.map(|raw| {
        json!({
            "promptTokens": raw.prompt_tokens,
            "promptTokensPerSecond": tenth(raw.prompt_rate()),
            "writtenTokens": raw.written_tokens,
            "writtenTokensPerSecond": tenth(raw.written_rate()),
        })
    });
    json!({
        "version": 1,
        "name": info.name,
        "device": info.device,
        "context": info.context,
        "raw": raw,
        "medianMilliseconds": tenth(median(tried)),
        "drafts": drafts,
    })
}

/// `model bench`.
pub fn bench_text(info: &ModelInfo, raw: Option<&Throughput>, tried: &[Tried], style: Style) -> String {
    let mut text = format!("{} on {}\n", visible_short(&info.name, 100), visible_short(&info.device, 200));
    if let Some(raw) = raw {
        let _ = writeln!(
            text,
            "raw: {:.1} tokens/s read ({} in batches), {:.1} tokens/s written ({} one by one)",
            raw.prompt_rate(),
            raw.prompt_tokens,
            raw.written_rate(),
            raw.written_tokens
        );
    }
    text.push_str(&trial_text(tried, style));
    let tokens: usize = tried.iter().map(|one| one.sampled + one.forced).sum();
    let seconds: f64 = tried.iter().map(|one| one.milliseconds / 1000.0).sum();
    let right = tried.iter().filter(|one| one.wrong.is_none()).count();
    let _ = writeln!(
        text,
        "a draft: {:.0} ms (median); {right} of {} right; {:.1} tokens/s over all drafts, forced ones included",
        median(tried),
        tried.len(),
        f64::from(u32::try_from(tokens).unwrap_or(u32::MAX)) / seconds.max(1e-9)
    );
    text
}

fn median(tried: &[Tried]) -> f64 {
    let mut all: Vec<f64> = tried.iter().map(|one| one.milliseconds).collect();
    all.sort_by(f64::total_cmp);
    all.get(all.len() / 2).copied().unwrap_or(0.0)
}

fn tenth(number: f64) -> f64 {
    (number * 10.0).round() / 10.0
}

/// `3.3 MB`, `1.1 GB`: powers of ten, as download pages have it.
fn size(bytes: u64) -> String {
    match bytes {
        0..1_000_000 => format!("{} kB", bytes / 1000),
        1_000_000..1_000_000_000 => format!("{} MB", bytes / 1_000_000),
        _ => {
            let tenths = (bytes + 50_000_000) / 100_000_000;
            format!("{}.{} GB", tenths / 10, tenths % 10)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list() -> ModelList {
        ModelList {
            folder: "/cache/models".to_owned(),
            installed: vec![Installed {
                name: "own\u{1b}[2J".to_owned(),
                path: "/cache/models/own.gguf".into(),
                bytes: 3_300_000,
                record: None,
            }],
            default: "embedded".to_owned(),
            memory: Some(2_000_000_000),
        }
    }

    #[test]
    fn what_was_not_run_says_so_and_nothing_moves_the_cursor() {
        let text = model_list_text(&list(), Style::NONE);
        assert!(!text.contains('\u{1b}'), "{text}");
        let line = |name: &str| text.lines().find(|line| line.contains(name)).unwrap().to_owned();
        assert!(line("qwen2.5-coder-0.5b").contains("133 of 137"), "{text}");
        assert!(
            line("qwen2.5-coder-7b").contains("not run here") && line("qwen2.5-coder-7b").contains(" no ")
        );
        assert!(line("> ").contains("embedded"), "{text}");
        assert!(text.contains("not for commercial use"), "{text}");
    }

    #[test]
    fn the_document_says_what_fits() {
        let document = model_list_document(&list());
        let model = |name: &str| {
            document["models"].as_array().unwrap().iter().find(|one| one["name"] == name).unwrap().clone()
        };
        assert_eq!(model("qwen2.5-coder-0.5b")["fits"], true);
        assert_eq!((&model("qwen3-8b")["fits"], &model("qwen3-8b")["run"]), (&json!(false), &json!(false)));
        assert_eq!(model("qwen3-8b")["scores"], Value::Null);
        assert_eq!(model("embedded")["default"], true);
        let unknown = ModelList { memory: None, ..list() };
        assert_eq!(model_list_document(&unknown)["models"][1]["fits"], Value::Null);
    }
}
