//! Secret values are replaced before anything is shown or stored, wherever an object may carry one.
//!
//! A masked value tells its length and a keyed fingerprint, `***(24 bytes, hmac:ab12cd34)`: two different values
//! differ, and without the key nothing can be guessed from it. Carriers: Secrets (nested and embedded ones too), the
//! `last-applied-configuration` annotation and every other text that is JSON, fields, variables and headers with
//! credential-like names, settings inside of texts, flags, URLs with user info, private keys, tokens by their form.

mod names;
mod strings;
#[cfg(test)]
mod tests;

pub use crate::manifest::masked::{MaskKey, is_masked, masked};

use serde_json::{Map, Value};

use self::strings::Carrier;
use crate::manifest::masked::decode_base64;

/// JSON inside of JSON is looked into this deep; what lies deeper is masked as a whole.
const MAX_EMBEDDED: usize = 4;

/// A copy of `object` without secret values. Masking a masked object changes nothing.
pub fn mask(object: &Value, key: &MaskKey) -> Value {
    Masker { key, embedded: 0 }.value(object)
}

/// A text that is no object (a log line, a message, a request) without credentials that are recognisable in it.
pub fn mask_text(text: &str, key: &MaskKey) -> String {
    Masker { key, embedded: 0 }.text(text, Carrier::Settings)
}

/// One run over one object.
struct Masker<'k> {
    key: &'k MaskKey,
    /// How many texts within texts we are in.
    embedded: usize,
}

impl Masker<'_> {
    fn value(&self, value: &Value) -> Value {
        match value {
            Value::Object(map) => Value::Object(self.map(map)),
            Value::Array(list) => list.iter().map(|item| self.value(item)).collect(),
            Value::String(text) => Value::String(self.text(text, Carrier::Plain)),
            other => other.clone(),
        }
    }

    fn map(&self, map: &Map<String, Value>) -> Map<String, Value> {
        let kind = map.get("kind").and_then(Value::as_str);
        // `{name: DB_PASSWORD, value: x}`: a variable, a header, a parameter; `{key: …, value: …}` likewise.
        let named = ["name", "key"].into_iter().find_map(|field| map.get(field).and_then(Value::as_str));
        let entry = |(key, value): (&String, &Value)| {
            let shown = match (kind, key.as_str()) {
                (Some("Secret"), "data") => self.whole(value, true),
                (Some("Secret"), "stringData") => self.whole(value, false),
                (Some("ConfigMap"), "data") => self.settings(value),
                (Some("ConfigMap"), "binaryData") => self.binary(value),
                (_, "annotations") => self.annotations(value),
                (_, "args" | "command") => self.arguments(value),
                (_, "value") if named.is_some_and(|name| names::holds_credential(name, value)) => {
                    self.whole(value, false)
                }
                _ if names::holds_credential(key, value) => self.credential(value),
                _ => self.value(value),
            };
            (key.clone(), shown)
        };
        map.iter().map(entry).collect()
    }

    /// A field with a credential-like name: its own text, or the texts of its list. What is below a map is judged by
    /// its own names.
    fn credential(&self, value: &Value) -> Value {
        match value {
            Value::Object(_) => self.value(value),
            Value::Array(list) => list.iter().map(|item| self.credential(item)).collect(),
            scalar => self.whole(scalar, false),
        }
    }

    /// Every scalar below; `base64` where the bytes count and not their spelling.
    fn whole(&self, value: &Value, base64: bool) -> Value {
        match value {
            Value::Object(map) => {
                map.iter().map(|(key, value)| (key.clone(), self.whole(value, base64))).collect()
            }
            Value::Array(list) => list.iter().map(|item| self.whole(item, base64)).collect(),
            Value::Null => Value::Null,
            Value::String(text) if text.is_empty() || is_masked(text) => value.clone(),
            Value::String(text) => {
                let decoded = if base64 { decode_base64(text) } else { None };
                Value::String(masked(decoded.as_deref().unwrap_or(text.as_bytes()), self.key))
            }
            scalar => Value::String(masked(scalar.to_string().as_bytes(), self.key)),
        }
    }

    /// `data` of a ConfigMap: values under credential-like names as a whole, the others as files with settings.
    fn settings(&self, value: &Value) -> Value {
        let Value::Object(map) = value else { return self.value(value) };
        let entry = |(key, value): (&String, &Value)| {
            let shown = match value {
                _ if names::holds_credential(key, value) => self.whole(value, false),
                Value::String(text) => Value::String(self.text(text, Carrier::Settings)),
                other => self.value(other),
            };
            (key.clone(), shown)
        };
        Value::Object(map.iter().map(entry).collect())
    }

    /// `binaryData`: what cannot be read as harmless text is masked.
    fn binary(&self, value: &Value) -> Value {
        let Value::Object(map) = value else { return self.value(value) };
        let entry = |(key, value): (&String, &Value)| {
            let text = value.as_str().and_then(decode_base64);
            let text = text.and_then(|bytes| String::from_utf8(bytes).ok());
            let harmless = !names::holds_credential(key, value)
                && text.is_some_and(|text| self.text(&text, Carrier::Settings) == text);
            (key.clone(), if harmless { value.clone() } else { self.whole(value, true) })
        };
        Value::Object(map.iter().map(entry).collect())
    }

    fn annotations(&self, value: &Value) -> Value {
        let Value::Object(map) = value else { return self.value(value) };
        let entry = |(key, value): (&String, &Value)| {
            // The part before the slash names who reads it, not what it is.
            let name = key.rsplit('/').next().unwrap_or(key);
            let shown = match value {
                Value::String(text) if name == "last-applied-configuration" => {
                    let masked = self.json(text).unwrap_or_else(|| masked(text.as_bytes(), self.key));
                    Value::String(masked)
                }
                _ if names::holds_credential(name, value) => self.whole(value, false),
                other => self.value(other),
            };
            (key.clone(), shown)
        };
        Value::Object(map.iter().map(entry).collect())
    }

    /// A command line: `--token abc` spreads over two items.
    fn arguments(&self, value: &Value) -> Value {
        let Value::Array(list) = value else { return self.value(value) };
        let mut value_follows = false;
        list.iter()
            .map(|item| {
                let Value::String(text) = item else {
                    value_follows = false;
                    return self.value(item);
                };
                let is_flag = text.starts_with('-');
                if value_follows && !is_flag && !names::is_harmless_value(text) {
                    value_follows = false;
                    return self.whole(item, false);
                }
                value_follows = is_flag && !text.contains(['=', ' ']) && names::is_credential(text);
                Value::String(self.text(text, Carrier::Command))
            })
            .collect()
    }

    /// A text: looked into where it is JSON or holds a Secret as YAML, searched for credentials otherwise.
    fn text(&self, text: &str, carrier: Carrier) -> String {
        if text.is_empty() || is_masked(text) {
            return text.to_owned();
        }
        if let Some(json) = self.json(text) {
            return json;
        }
        if let Some(yaml) = self.embedded_secrets(text) {
            return yaml;
        }
        strings::mask(text, carrier, self.key)
    }

    /// A text that is a JSON map or list, masked; as it was where there was nothing to mask. `None` for other texts.
    fn json(&self, text: &str) -> Option<String> {
        if !text.trim_start().starts_with(['{', '[']) {
            return None;
        }
        let value: Value = serde_json::from_str(text).ok()?;
        if self.embedded >= MAX_EMBEDDED {
            return Some(masked(text.as_bytes(), self.key));
        }
        let shown = Self { key: self.key, embedded: self.embedded + 1 }.value(&value);
        Some(if shown == value { text.to_owned() } else { shown.to_string() })
    }

    /// A text with manifests, as ConfigMaps of GitOps tools carry them, if a Secret is among them.
    fn embedded_secrets(&self, text: &str) -> Option<String> {
        if !text.contains("Secret") || !text.contains("kind:") || self.embedded >= MAX_EMBEDDED {
            return None;
        }
        let documents = crate::manifest::parse_documents(text.as_bytes(), None, &Default::default()).ok()?;
        let is_secret = |value: &Value| value.get("kind").and_then(Value::as_str) == Some("Secret");
        if !documents.iter().any(|document| is_secret(&document.value)) {
            return None;
        }
        let masker = Self { key: self.key, embedded: self.embedded + 1 };
        let shown: Vec<Value> = documents.iter().map(|document| masker.value(&document.value)).collect();
        Some(crate::manifest::to_yaml_documents(&shown))
    }
}
