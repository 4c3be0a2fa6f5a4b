//! A server writes the whole manifest at once, and nobody can lead it: its text is let through field by field by the same
//! walk. What the walk does not take is put to the model once more, and then shown, never dropped in silence.

use serde_json::Value;

use crate::constraint::Prompt;
use crate::constraint::walk::Walk;
use crate::finding::{Finding, Severity};
use crate::manifest::{Budget, GroupVersionKind, ObjectKey, parse};
use crate::model::{Backend, Cancel, ModelError};

/// Tokens of a manifest.
const MOST: usize = 1_200;
/// How often a text that cannot be used is asked for again.
const AGAIN: usize = 2;

/// Asks for an object of a kind behind worked `examples` and leads `walk` along it. `fresh` makes a walk for another try. What was not taken comes
/// back as findings.
///
/// # Errors
/// What the backend says; [`ModelError::Invalid`] where no answer can be used.
pub fn compose<'a>(
    kind: &GroupVersionKind,
    examples: &str,
    body: &str,
    walk: &mut Walk<'a>,
    fresh: &dyn Fn() -> Walk<'a>,
    backend: &mut dyn Backend,
    cancel: &Cancel,
) -> Result<Vec<Finding>, ModelError> {
    let wanted = format!(
        "Now write one object: apiVersion {}, kind {}. Answer with the YAML alone.\n",
        kind.api_version(),
        kind.kind
    );
    let request = body.strip_suffix("```yaml\n").unwrap_or(body);
    let mut complaint = String::new();
    let mut problem = String::new();
    for attempt in 0..=AGAIN {
        let prompt = Prompt { prefix: examples.to_owned(), body: format!("{request}\n{wanted}{complaint}") };
        let text = backend.compose(&prompt, MOST, cancel)?;
        let admitted = object(&text, kind).and_then(|object| {
            let refused = walk.admit(&object)?;
            Ok((object, refused))
        });
        match admitted {
            Ok((object, refused)) if refused.is_empty() || attempt > 0 => {
                return Ok(findings(&object, &refused));
            }
            Ok((_, refused)) => {
                problem =
                    format!("these are not what the request says or the API has: {}", refused.join("; "))
            }
            Err(reason) => problem = reason,
        }
        if walk.missing().is_some() || attempt == AGAIN {
            break;
        }
        complaint = format!("Your last answer could not be used: {problem}\n");
        *walk = fresh();
    }
    if walk.missing().is_some() {
        return Ok(Vec::new());
    }
    Err(ModelError::Invalid(format!("the {} that it wrote cannot be used: {problem}", kind.kind)))
}

/// The object of this kind in a text, with a fence around it or without.
fn object(text: &str, kind: &GroupVersionKind) -> Result<Value, String> {
    let inner = text.split("```").nth(1).map_or(text, |inner| {
        inner.strip_prefix("yaml").or_else(|| inner.strip_prefix("yml")).unwrap_or(inner)
    });
    let manifests =
        parse(inner.as_bytes(), Some("answer"), &Budget::default()).map_err(|error| error.to_string())?;
    let same = |object: &Value| object["kind"] == kind.kind.as_str();
    let found = manifests.into_iter().map(|manifest| manifest.object).find(same);
    found.ok_or_else(|| format!("there is no object of the kind {} in it", kind.kind))
}

fn findings(object: &Value, refused: &[String]) -> Vec<Finding> {
    refused
        .iter()
        .map(|line| {
            let path = line.split(": ").next().unwrap_or_default();
            let message = format!("the model wrote {line}, which nobody asked for or which the API does not have; it was left out");
            Finding::new("left-out", Severity::Warning, ObjectKey::of(object), path, message)
        })
        .collect()
}
