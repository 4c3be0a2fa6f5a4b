//! The check of one object as the API server would check it with strict field validation.

use super::kinds::{KindInfo, version_rank};
use super::set::SchemaSet;
use super::structure;
use super::unknown;
use super::violation::Violation;
use super::{api_rules, metadata};
use crate::finding::{Finding, Severity};
use crate::manifest::{GroupVersionKind, Manifest};

/// What is wrong with an object: its kind, its fields, its metadata, and the rules of the API that a schema cannot
/// say. Empty where the server would accept it. Errors are what the server refuses; each finding carries the JSON
/// pointer and, where the manifest has locations, file, line and column (of the nearest enclosing value for a field
/// that is missing). CEL rules of custom kinds are not evaluated; an `Info` says so.
pub fn validate(manifest: &Manifest, set: &SchemaSet) -> Vec<Finding> {
    let gvk = manifest.key().gvk();
    let Some(kind) = set.kind(&gvk) else {
        return vec![unknown_kind(&gvk, set).into_finding(manifest)];
    };
    let walked = structure::walk(set, kind, &manifest.object);
    let mut violations = walked.violations;
    violations.extend(metadata::check(kind.info, &manifest.object, &walked.places, set.minor()));
    violations.extend(api_rules::check(&manifest.object, &walked.places));
    violations.extend(about_kind(kind.info, set));
    let is_secret = gvk.group.is_empty() && gvk.kind == "Secret";
    violations
        .into_iter()
        .map(|violation| if is_secret { conceal(violation) } else { violation })
        .map(|violation| violation.into_finding(manifest))
        .collect()
}

/// A value of a Secret stands in no message.
fn conceal(mut violation: Violation) -> Violation {
    // The whole map can be a value by mistake, as in `stringData: hunter2`.
    let whole = matches!(violation.path.as_str(), "/data" | "/stringData") && violation.rule == "schema-type";
    if whole || violation.path.starts_with("/data/") || violation.path.starts_with("/stringData/") {
        violation.message = match violation.rule {
            _ if whole => "it is not a map of keys and values",
            "schema-format" => "the value is not base64",
            _ => "the value is not a string",
        }
        .to_owned();
        violation.hint =
            Some("put plain text under `stringData`, each key with its value in quotes".to_owned());
    }
    violation
}

/// What is to be said of a kind that is known.
fn about_kind(info: &KindInfo, set: &SchemaSet) -> Vec<Violation> {
    let mut found = Vec::new();
    if let Some(warning) = &info.deprecated {
        found.push(Violation::warning("schema-deprecated", "/apiVersion", warning.clone()));
    }
    if info.definition.is_none() && version_rank(&info.gvk.version).0 < 3 && !set.is_live(&info.gvk) {
        let message = format!(
            "{} {} is off by default in Kubernetes {}",
            info.gvk.api_version(),
            info.gvk.kind,
            set.minor()
        );
        let hint = match served(&info.gvk, set).into_iter().find(|other| version_rank(&other.version).0 == 3)
        {
            Some(stable) => format!("use {}", stable.api_version()),
            None => "ask who runs the cluster whether this API is switched on".to_owned(),
        };
        found.push(Violation::warning("schema-off-by-default", "/apiVersion", message).hint(hint));
    }
    if set.has_rules(&info.gvk) {
        let message = format!("the CEL rules of {} are evaluated by the server only", info.gvk.kind);
        let said = Violation::warning("schema-cel-not-evaluated", "", message);
        found.push(Violation { severity: Severity::Info, ..said });
    }
    found
}

/// Kinds of the same name, the one most likely meant first.
fn served<'a>(gvk: &GroupVersionKind, set: &'a SchemaSet) -> Vec<&'a GroupVersionKind> {
    let mut found: Vec<&KindInfo> = set.kinds().filter(|info| info.gvk.kind == gvk.kind).collect();
    found.sort_by(|one, other| {
        (one.gvk.group != gvk.group).cmp(&(other.gvk.group != gvk.group)).then_with(|| one.preference(other))
    });
    found.into_iter().map(|info| &info.gvk).collect()
}

/// The finding for a kind that the set does not know. In a group of which nothing is known it may well be a custom kind:
/// then the object could not be evaluated, which is not the same as wrong.
fn unknown_kind(gvk: &GroupVersionKind, set: &SchemaSet) -> Violation {
    let (version, kind) = (gvk.api_version(), &gvk.kind);
    let in_group: Vec<&KindInfo> = set.kinds().filter(|info| info.gvk.group == gvk.group).collect();
    // Groups without a dot (`apps`, `extensions`) are Kubernetes' own, also those that are gone. Of any other group
    // there may be definitions beyond those that are known, unless this is one of these, misspelt or in another version.
    let is_misspelt = || unknown::similar(kind, in_group.iter().map(|info| info.gvk.kind.as_str())).is_some();
    let all_custom = in_group.iter().all(|info| info.definition.is_some());
    if gvk.group.contains('.') && all_custom && !is_misspelt() {
        let message = format!("no schema of {version} {kind} is known, so the object was not checked");
        let violation = Violation::error("schema-unknown-kind", "/kind", message);
        let hint = "give its CustomResourceDefinition with --schemas PATH";
        return Violation { incomplete: true, ..violation }.hint(hint);
    }
    let minor = set.minor();
    if let Some(other) = served(gvk, set).first() {
        let message = format!("{kind} is not served as {version} in Kubernetes {minor}");
        let violation = Violation::error("schema-unknown-kind", "/apiVersion", message);
        return violation.hint(format!("use {}", other.api_version()));
    }
    let message = format!("{version} has no kind {kind} in Kubernetes {minor}");
    let violation = Violation::error("schema-unknown-kind", "/kind", message);
    let names = |infos: &[&KindInfo]| {
        unknown::similar(kind, infos.iter().map(|info| info.gvk.kind.as_str())).map(str::to_owned)
    };
    let everything: Vec<&KindInfo> = set.kinds().filter(|info| info.definition.is_none()).collect();
    let close = names(&in_group).or_else(|| names(&everything));
    match close.as_deref().and_then(|close| set.find_kind(close).first().copied()) {
        Some(info) => {
            violation.hint(format!("did you mean `{}` of {}?", info.gvk.kind, info.gvk.api_version()))
        }
        None => violation
            .hint("check `kind` and `apiVersion`; for a custom kind give its definition with --schemas PATH"),
    }
}
