//! The form of a pattern as it stands in the annotation `kubectl-copilot.dev/form`, and the line that sums an instance
//! up for a person.

use std::sync::OnceLock;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Map, Value};

use super::images::Catalogue;
use super::slot::{Cues, FormSlot};

/// Between the parts of a summary.
const BETWEEN: &str = " · ";
/// Longest text of one value in a summary, in characters.
const LONGEST: usize = 48;

/// A text in the languages of the interface.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Localized {
    /// English.
    pub en: String,
    /// Chinese.
    pub zh: String,
}

/// A fact that the image catalogue (`patterns/images.yaml`) or the GPU table (`patterns/gpus.yaml`) knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Fact {
    /// The image reference of a piece of software.
    Image,
    /// The user id that the image runs as.
    Uid,
    /// The group id that owns its files.
    Gid,
    /// The port that it listens on.
    Port,
    /// The HTTP path that answers when it is well; without one the port alone is probed.
    Health,
    /// The home folder of its user.
    Home,
    /// Folders, besides home and data, that must be writable.
    Writable,
    /// The folder that holds its data.
    Data,
    /// The size of the disk that its data is given where nobody says one.
    Disk,
    /// The command that it needs, where the image's own does not do.
    Command,
    /// The arguments that it needs.
    Args,
    /// Plain environment variables that it needs.
    Env,
    /// Environment variables that must hold a secret.
    SecretEnv,
    /// Values of the node label `nvidia.com/gpu.product` that a GPU's short name stands for.
    GpuProducts,
    /// 1, where the other parameter is given at all: `an H100` is one GPU.
    One,
}

/// A parameter that code fills from another one where nobody gave it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Derived {
    /// The parameter that is filled.
    pub parameter: String,
    /// The parameter that is looked up: one that holds an image, a piece of software or a GPU product.
    pub from: String,
    /// What is taken.
    pub fact: Fact,
    /// The parameter that counts GPUs: where it is above 0, the CUDA build of the image is taken.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gpus: Option<String>,
    /// The parameter that holds the port: where one was given, and one of several images of that name listens there, that
    /// one is taken.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub port: Option<String>,
}

/// A slot as it stands in a form: written out, or the key of one of `patterns/slots.yaml`.
#[derive(Deserialize)]
#[serde(untagged)]
enum SlotText {
    Shared(String),
    Own(FormSlot),
}

const SHARED: &str = include_str!("../../patterns/slots.yaml");

/// The slots that forms name by their key.
fn shared_slots() -> &'static [FormSlot] {
    static SLOTS: OnceLock<Vec<FormSlot>> = OnceLock::new();
    SLOTS.get_or_init(|| serde_saphyr::from_str(SHARED).unwrap_or_default())
}

fn slots<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<FormSlot>, D::Error> {
    let texts = Vec::<SlotText>::deserialize(deserializer)?;
    let resolve = |text| match text {
        SlotText::Own(slot) => Ok(slot),
        SlotText::Shared(key) => shared_slots()
            .iter()
            .find(|slot| slot.key == key)
            .cloned()
            .ok_or_else(|| D::Error::custom(format!("there is no shared slot '{key}'; write it out"))),
    };
    texts.into_iter().map(resolve).collect()
}

/// The form of a pattern.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PatternForm {
    /// What it is called.
    pub title: Localized,
    /// Words that suggest this pattern, lower case, English and Chinese.
    #[serde(default)]
    pub cues: Cues,
    /// See [`PatternForm::summary`].
    #[serde(default)]
    pub summary: String,
    /// The questions, in the order in which they are put. In an annotation one of `patterns/slots.yaml` may be named by
    /// its key.
    #[serde(deserialize_with = "slots")]
    pub slots: Vec<FormSlot>,
    /// Parameters that are filled by code.
    #[serde(default)]
    pub derived: Vec<Derived>,
    /// False where the objects live in no namespace (a Namespace).
    #[serde(default = "yes")]
    pub namespaced: bool,
}

fn yes() -> bool {
    true
}

impl PatternForm {
    /// The slot with this key.
    pub fn slot(&self, key: &str) -> Option<&FormSlot> {
        self.slots.iter().find(|slot| slot.key == key)
    }

    /// One line about an instance of a kind with these (completed) values; the kind alone where the form has no template.
    ///
    /// The template is text with `{parameter}` or `{parameter:how}` in it. A part between two `·` is dropped where one
    /// of its parameters is unset, empty, false or 0. `how` is `gpu` (`2 × H100`, the product from `gpuType`), `more`
    /// (dropped at 1 too), `time` (seconds as `90m`, `12h`, `2d`), `software` (the catalogue's title) or `set` (nothing
    /// is written; the part is kept where the value is set).
    pub fn summary(&self, kind: &str, spec: &Map<String, Value>) -> String {
        if self.summary.is_empty() {
            return kind.to_owned();
        }
        let parts: Vec<String> = self.summary.split(BETWEEN).filter_map(|part| fill(part, spec)).collect();
        parts.join(BETWEEN)
    }
}

fn fill(part: &str, spec: &Map<String, Value>) -> Option<String> {
    let mut text = String::new();
    let mut rest = part;
    while let Some((before, after)) = rest.split_once('{') {
        text.push_str(before);
        let (inside, after) = after.split_once('}')?;
        let (parameter, how) = inside.split_once(':').unwrap_or((inside, ""));
        text.push_str(&shown(parameter, how, spec)?);
        rest = after;
    }
    text.push_str(rest);
    let text = text.trim();
    (!text.is_empty()).then(|| text.to_owned())
}

fn shown(parameter: &str, how: &str, spec: &Map<String, Value>) -> Option<String> {
    let value = spec.get(parameter)?;
    let number = value.as_u64();
    if number == Some(0) || (how == "more" && number == Some(1)) {
        return None;
    }
    let text = match value {
        Value::Null | Value::Bool(false) => return None,
        Value::String(text) => text.clone(),
        Value::Array(items) => items.iter().map(plain).collect::<Vec<_>>().join(" "),
        Value::Object(map) => map.keys().cloned().collect::<Vec<_>>().join(", "),
        other => other.to_string(),
    };
    if text.is_empty() {
        return None;
    }
    Some(match (how, number) {
        ("set", _) => String::new(),
        ("gpu", _) => {
            let product = spec.get("gpuType").and_then(Value::as_str).unwrap_or("GPU");
            format!("{text} × {product}")
        }
        ("time", Some(seconds)) => duration_text(seconds),
        ("software", _) => Catalogue::builtin().title(&text).map_or(text, str::to_owned),
        _ => shortened(&text),
    })
}

fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

fn shortened(text: &str) -> String {
    if text.chars().count() <= LONGEST {
        return text.to_owned();
    }
    let kept: String = text.chars().take(LONGEST - 1).collect();
    format!("{kept}…")
}

/// Seconds in the largest unit that divides them: `12h`.
pub fn duration_text(seconds: u64) -> String {
    [(86_400, "d"), (3_600, "h"), (60, "m")]
        .into_iter()
        .find(|(unit, _)| seconds.is_multiple_of(*unit))
        .map_or_else(|| format!("{seconds}s"), |(unit, name)| format!("{}{name}", seconds / unit))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn summary(template: &str, spec: &Value) -> String {
        let form = PatternForm {
            title: Localized::default(),
            cues: Vec::new(),
            summary: template.to_owned(),
            slots: Vec::new(),
            derived: Vec::new(),
            namespaced: true,
        };
        form.summary("Thing", spec.as_object().unwrap())
    }

    #[test]
    fn parts_without_a_value_are_dropped() {
        let template = "Notebook · {gpus:gpu} · {software:software} · {disk} home";
        assert_eq!(
            summary(
                template,
                &json!({ "gpus": 2, "gpuType": "H100", "software": "pytorch", "disk": "50Gi" })
            ),
            "Notebook · 2 × H100 · PyTorch · 50Gi home"
        );
        assert_eq!(summary(template, &json!({ "gpus": 0, "disk": "" })), "Notebook");
        assert_eq!(summary(template, &json!({ "gpus": 1 })), "Notebook · 1 × GPU");
    }

    #[test]
    fn numbers_times_and_lists() {
        assert_eq!(
            summary("{nodes:more} nodes · at most {t:time}", &json!({ "nodes": 1, "t": 5400 })),
            "at most 90m"
        );
        assert_eq!(
            summary("{nodes:more} nodes · {t:time}", &json!({ "nodes": 4, "t": 86400 })),
            "4 nodes · 1d"
        );
        assert_eq!(
            summary("{c} · {env} · queued{q:set}", &json!({ "c": ["a", "b"], "env": {"K": "v"}, "q": "x" })),
            "a b · K · queued"
        );
        let long = summary("{c}", &json!({ "c": "x".repeat(200) }));
        assert!(long.ends_with('…') && long.chars().count() == LONGEST);
    }
}
