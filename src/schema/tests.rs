//! Tests of the schema module through its public functions.

mod crd;
mod defaulting;
mod live;
mod sets;
mod valid;
mod wrong;

use serde_json::Value;

use super::*;
use crate::finding::Finding;
use crate::manifest::Manifest;

/// A manifest without positions, from YAML.
fn manifest(yaml: &str) -> Manifest {
    let object: Value = serde_saphyr::from_str(yaml).unwrap_or_else(|error| panic!("{error}\n{yaml}"));
    Manifest::rendered(object)
}

/// The bundled schemas of 1.36.
fn set() -> SchemaSet {
    SchemaSet::bundled(Some("1.36")).expect("1.36 is bundled")
}

/// `rule pointer message (hint)`, for assertions that show everything when they fail.
fn lines(findings: &[Finding]) -> Vec<String> {
    findings
        .iter()
        .map(|finding| {
            format!(
                "{} {} {} ({})",
                finding.rule,
                finding.path,
                finding.message,
                finding.hint.as_deref().unwrap_or("")
            )
        })
        .collect()
}
