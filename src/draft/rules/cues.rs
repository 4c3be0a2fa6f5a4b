//! The cue lists, read once from the compiled-in `prompts/cues.yaml`.

use std::sync::LazyLock;

use serde::Deserialize;

use super::phrase::Phrases;
use super::reason::DeclineCode;
use crate::draft::Verb;

const SOURCE: &str = include_str!("../../../prompts/cues.yaml");

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    declines: Vec<DeclineEntry>,
    routes: Vec<RouteEntry>,
    question: Vec<String>,
    certain_question: Vec<String>,
    drafting: Vec<String>,
    openers: Vec<String>,
    deletion: Vec<String>,
    change: Vec<String>,
    change_of_named: Vec<String>,
    cluster_things: Vec<String>,
    sharing: Vec<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct DeclineEntry {
    code: DeclineCode,
    #[serde(default)]
    quoted: bool,
    #[serde(default)]
    lone: bool,
    any: Vec<String>,
    #[serde(default)]
    unless: Vec<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct RouteEntry {
    verb: Verb,
    any: Vec<String>,
    #[serde(default)]
    unless: Vec<String>,
}

/// What is declined, whatever a model says.
pub(super) struct Decline {
    pub(super) code: DeclineCode,
    /// Looks into quoted text too.
    pub(super) quoted: bool,
    /// Only where the request speaks of nothing that can be drafted.
    pub(super) lone: bool,
    pub(super) any: Phrases,
    /// In the same sentence, these make it harmless.
    pub(super) unless: Phrases,
}

/// Which questions a verb answers.
pub(super) struct Route {
    pub(super) verb: Verb,
    pub(super) any: Phrases,
    pub(super) unless: Phrases,
}

/// All lists, compiled.
pub(super) struct Cues {
    pub(super) declines: Vec<Decline>,
    pub(super) routes: Vec<Route>,
    pub(super) question: Phrases,
    pub(super) certain_question: Phrases,
    pub(super) drafting: Phrases,
    pub(super) openers: Phrases,
    pub(super) deletion: Phrases,
    pub(super) change: Phrases,
    pub(super) change_of_named: Phrases,
    pub(super) cluster_things: Phrases,
    pub(super) sharing: Phrases,
}

static CUES: LazyLock<Result<Cues, String>> = LazyLock::new(|| parse(SOURCE));

/// The lists of this build.
///
/// # Errors
/// What is wrong with the compiled-in file. Nothing is drafted then: a rule that cannot be read does not allow.
pub(super) fn cues() -> Result<&'static Cues, &'static str> {
    CUES.as_ref().map_err(String::as_str)
}

fn parse(source: &str) -> Result<Cues, String> {
    let file: File = serde_saphyr::from_str(source)
        .map_err(|error| format!("prompts/cues.yaml cannot be read: {error}"))?;
    let declines = file.declines.into_iter().map(|entry| {
        Ok(Decline {
            code: entry.code,
            quoted: entry.quoted,
            lone: entry.lone,
            any: Phrases::compile(&entry.any)?,
            unless: Phrases::compile(&entry.unless)?,
        })
    });
    let routes = file.routes.into_iter().map(|entry| {
        Ok(Route {
            verb: entry.verb,
            any: Phrases::compile(&entry.any)?,
            unless: Phrases::compile(&entry.unless)?,
        })
    });
    Ok(Cues {
        declines: declines.collect::<Result<_, String>>()?,
        routes: routes.collect::<Result<_, String>>()?,
        question: Phrases::compile(&file.question)?,
        certain_question: Phrases::compile(&file.certain_question)?,
        drafting: Phrases::compile(&file.drafting)?,
        openers: Phrases::compile(&file.openers)?,
        deletion: Phrases::compile(&file.deletion)?,
        change: Phrases::compile(&file.change)?,
        change_of_named: Phrases::compile(&file.change_of_named)?,
        cluster_things: Phrases::compile(&file.cluster_things)?,
        sharing: Phrases::compile(&file.sharing)?,
    })
}

#[cfg(test)]
mod tests {
    use super::{cues, parse};

    #[test]
    fn the_compiled_in_file_is_read_whole() {
        let cues = cues().map_err(ToOwned::to_owned).unwrap();
        assert!(cues.declines.len() >= 8);
        assert_eq!(cues.routes.len(), 5, "one entry a verb");
    }

    #[test]
    fn a_broken_file_is_named() {
        assert!(parse("declines: [").is_err());
        assert!(parse("declines: []\nroutes: []\nquestion: []\nsurprise: []").is_err());
    }
}
