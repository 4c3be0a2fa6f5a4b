//! `pattern list|show|render|check`.

use std::path::PathBuf;

use serde_json::{Map, Value};

use crate::check::{CheckContext, Verdict, check};
use crate::cli::args::{Common, PatternVerb};
use crate::cli::{output, resolve, words};
use crate::config::Config;
use crate::manifest::{Budget, parse_value, to_yaml_documents};
use crate::pattern::{Pattern, PatternError, PatternSet};
use crate::policy::User;
use crate::report;
use crate::session::{ExitCode, Problem, open_patterns, open_policies, open_schemas};
use crate::source;

/// Runs the verb.
pub fn run(verb: &PatternVerb, common: &Common) -> Result<ExitCode, Problem> {
    let config = resolve::config(common)?;
    match verb {
        PatternVerb::List => {
            output::print(&list(&open_patterns(&config)?))?;
            Ok(ExitCode::Done)
        }
        PatternVerb::Show { kind } => {
            output::print(&show(find(&open_patterns(&config)?, kind)?))?;
            Ok(ExitCode::Done)
        }
        PatternVerb::Render { kind, name, set } => {
            let patterns = open_patterns(&config)?;
            let pattern = find(&patterns, kind)?;
            let objects = pattern
                .expand(name, common.namespace.as_deref(), &settings(set)?)
                .map_err(|error| render_problem(pattern, &error))?;
            output::print(&to_yaml_documents(&objects))?;
            Ok(ExitCode::Done)
        }
        PatternVerb::Check { file } => check_patterns(file, &config),
    }
}

/// Whether patterns are fit for use: see [`Pattern::check`], and what the gate says of the example.
fn check_patterns(files: &[PathBuf], config: &Config) -> Result<ExitCode, Problem> {
    let checked = if files.is_empty() {
        open_patterns(config)?
    } else {
        let mut manifests = Vec::new();
        for path in files {
            manifests.extend(source::read_manifests(path).map_err(Problem::new)?);
        }
        if manifests.is_empty() {
            return Err(Problem::new("there is no pattern in what -f names")
                .hint("name a file with a pattern, or a folder that holds `*.yaml` files"));
        }
        PatternSet::from_manifests(&manifests).map_err(|errors| {
            Problem::new(errors)
                .hint("correct it; `kubectl copilot pattern show KIND` shows how a built-in one looks")
        })?
    };
    let (schemas, policies) = (open_schemas(config)?, open_policies(config)?);
    let user = User::default();
    let context = CheckContext::new(&schemas, &policies, &user);
    let (mut bad, mut incomplete) = (false, false);
    for pattern in checked.iter() {
        let mut said: String = pattern.check().iter().map(|error| format!("{error}\n")).collect();
        let mut ok = said.is_empty();
        if let Ok(objects) = pattern.expand("example", None, pattern.example()) {
            let report = check(&objects, &context);
            ok &= report.verdict == Verdict::Allowed;
            incomplete |= report.verdict == Verdict::Incomplete;
            said.push_str(&report::findings_text(&report.findings, config.style));
        }
        bad |= !ok;
        output::print(&format!("{}: {}\n{said}", pattern.kind, if ok { "ok" } else { "not ok" }))?;
    }
    Ok(match (bad, incomplete) {
        (false, _) => ExitCode::Done,
        (true, true) => ExitCode::Incomplete,
        (true, false) => ExitCode::No,
    })
}

fn list(patterns: &PatternSet) -> String {
    let width = patterns.iter().map(|pattern| pattern.kind.len()).max().unwrap_or(0);
    let mut text = String::new();
    for (native, title) in [(false, "patterns:\n"), (true, "native kinds:\n")] {
        text.push_str(title);
        for pattern in patterns.iter().filter(|pattern| pattern.native == native) {
            text.push_str(&format!("  {:width$}  {}\n", pattern.kind, pattern.description));
        }
    }
    text
}

fn find<'a>(patterns: &'a PatternSet, kind: &str) -> Result<&'a Pattern, Problem> {
    let exact = patterns.iter().find(|pattern| pattern.kind.eq_ignore_ascii_case(kind));
    exact.ok_or_else(|| {
        let names: Vec<&str> = patterns.iter().map(|pattern| pattern.kind.as_str()).collect();
        let near = words::nearest(&kind.to_lowercase(), names.iter().copied());
        let meant = near.map(|name| format!("did you mean {name}? ")).unwrap_or_default();
        Problem::new(format!("there is no pattern '{kind}'"))
            .hint(format!("{meant}There are: {}", names.join(", ")))
    })
}

/// A value that does not fit is the person's; what else goes wrong is the pattern's, with its place.
fn render_problem(pattern: &Pattern, error: &PatternError) -> Problem {
    let kind = &pattern.kind;
    if error.parameter().is_none() {
        return Problem::new(error);
    }
    let hint = format!("kubectl copilot pattern show {kind} lists the parameters and what they take");
    Problem::new(&error.message).hint(error.hint.clone().unwrap_or(hint))
}

/// `--set a=1 --set b=text`: values are read as YAML, so numbers, lists and maps can be given.
fn settings(set: &[String]) -> Result<Map<String, Value>, Problem> {
    let mut spec = Map::new();
    for one in set {
        let Some((name, value)) = one.split_once('=') else {
            return Err(Problem::new(format!("cannot read --set '{one}': there is no '=' in it"))
                .hint("--set PARAMETER=VALUE, e.g. --set gpus=2"));
        };
        let value = parse_value(value.as_bytes(), Some(&format!("--set {name}")), &Budget::default())
            .map_err(|error| {
                Problem::new(error).hint("a text with special characters is quoted: --set 'name=\"a: b\"'")
            })?;
        spec.insert(name.to_owned(), value);
    }
    Ok(spec)
}

fn show(pattern: &Pattern) -> String {
    let mut text = format!(
        "{} ({}/{})\n{}\n\nparameters:\n",
        pattern.kind, pattern.group, pattern.version, pattern.description
    );
    for parameter in &pattern.parameters {
        let default =
            parameter.default.as_ref().map(|default| format!(", default {default}")).unwrap_or_default();
        let required = if parameter.required { ", required" } else { "" };
        text.push_str(&format!("  {}: {}{required}{default}\n", parameter.name, parameter.kind));
        if let Some(description) = &parameter.description {
            text.push_str(&format!("      {description}\n"));
        }
    }
    text.push_str("\nquestions of the form:\n");
    for slot in &pattern.form.slots {
        let types: Vec<&str> = slot.types.iter().map(|kind| kind.words()).collect();
        text.push_str(&format!("  {} <- {} ({})\n", slot.key, types.join(", "), slot.cues.join(", ")));
    }
    text
}
