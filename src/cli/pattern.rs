//! `pattern list|show|render|check`.

use serde_json::{Map, Value};

use crate::check::{CheckContext, Verdict, check};
use crate::cli::args::{Common, PatternVerb};
use crate::cli::resolve;
use crate::manifest::{Budget, parse_value, to_yaml_documents};
use crate::pattern::{Pattern, PatternSet};
use crate::policy::User;
use crate::report;
use crate::schema::SchemaSet;
use crate::session::{ExitCode, Problem, open_patterns, open_policies};
use crate::source;

/// Runs the verb.
pub fn run(verb: &PatternVerb, common: &Common) -> Result<ExitCode, Problem> {
    let config = resolve::config(common)?;
    let patterns = open_patterns(&config)?;
    match verb {
        PatternVerb::List => {
            let width = patterns.iter().map(|pattern| pattern.kind.len()).max().unwrap_or(0);
            for native in [false, true] {
                println!("{}", if native { "native kinds:" } else { "patterns:" });
                for pattern in patterns.iter().filter(|pattern| pattern.native == native) {
                    println!("  {:width$}  {}", pattern.kind, pattern.description);
                }
            }
            Ok(ExitCode::Done)
        }
        PatternVerb::Show { kind } => {
            show(find(&patterns, kind)?);
            Ok(ExitCode::Done)
        }
        PatternVerb::Render { kind, name, set } => {
            let pattern = find(&patterns, kind)?;
            let spec = settings(set)?;
            let objects = pattern.expand(name, common.namespace.as_deref(), &spec).map_err(Problem::new)?;
            print!("{}", to_yaml_documents(&objects));
            Ok(ExitCode::Done)
        }
        PatternVerb::Check { file } => {
            let checked = if file.is_empty() {
                patterns
            } else {
                let mut manifests = Vec::new();
                for path in file {
                    manifests.extend(source::read_manifests(path).map_err(Problem::new)?);
                }
                PatternSet::from_manifests(&manifests).map_err(Problem::new)?
            };
            let schemas = SchemaSet::bundled(config.kubernetes_version.as_deref()).map_err(Problem::new)?;
            let policies = open_policies(&config)?;
            let user = User::default();
            let context = CheckContext::new(&schemas, &policies, &user);
            let mut bad = 0;
            for pattern in checked.iter() {
                let example = pattern.example();
                let (verdict, text) = match pattern.expand("example", None, &example) {
                    Err(error) => (false, format!("{error}\n")),
                    Ok(objects) => {
                        let report = check(&objects, &context);
                        let ok = report.verdict == Verdict::Allowed;
                        (ok, report::findings_text(&report.findings, config.style))
                    }
                };
                bad += usize::from(!verdict);
                println!("{}: {}", pattern.kind, if verdict { "ok" } else { "not ok" });
                print!("{text}");
            }
            Ok(if bad == 0 { ExitCode::Done } else { ExitCode::No })
        }
    }
}

fn find<'a>(patterns: &'a PatternSet, kind: &str) -> Result<&'a Pattern, Problem> {
    let exact = patterns.iter().find(|pattern| pattern.kind.eq_ignore_ascii_case(kind));
    exact.ok_or_else(|| {
        let names: Vec<&str> = patterns.iter().map(|pattern| pattern.kind.as_str()).collect();
        Problem::new(format!("there is no pattern '{kind}'")).hint(format!("there are: {}", names.join(", ")))
    })
}

/// `--set a=1 --set b=text`: values are read as YAML, so numbers, lists and maps can be given.
fn settings(set: &[String]) -> Result<Map<String, Value>, Problem> {
    let mut spec = Map::new();
    for one in set {
        let Some((name, value)) = one.split_once('=') else {
            return Err(Problem::new(format!("--set {one}: expected PARAMETER=VALUE")));
        };
        let value = parse_value(value.as_bytes(), Some("--set"), &Budget::default())
            .map_err(|error| Problem::new(format!("--set {one}: {error}")))?;
        spec.insert(name.to_owned(), value);
    }
    Ok(spec)
}

fn show(pattern: &Pattern) {
    println!("{} ({}/{})", pattern.kind, pattern.group, pattern.version);
    println!("{}\n", pattern.description);
    println!("parameters:");
    for parameter in &pattern.parameters {
        let default =
            parameter.default.as_ref().map(|default| format!(", default {default}")).unwrap_or_default();
        let required = if parameter.required { ", required" } else { "" };
        println!("  {}: {}{required}{default}", parameter.name, parameter.kind);
        if let Some(description) = &parameter.description {
            println!("      {description}");
        }
    }
    println!("\nquestions of the form:");
    for slot in &pattern.form.slots {
        let types: Vec<String> = slot.types.iter().map(|kind| format!("{kind:?}").to_lowercase()).collect();
        println!("  {} <- {} ({})", slot.key, types.join(", "), slot.cues.join(", "));
    }
}
