//! Everything that the shipped patterns render is what the API server of every bundled minor accepts.

use super::shipped::trials;
use crate::finding::Severity;
use crate::manifest::Manifest;
use crate::schema::{SchemaSet, validate};

#[test]
fn every_rendered_object_fits_its_schema_in_every_minor() {
    for minor in SchemaSet::minors() {
        let set = SchemaSet::bundled(Some(minor)).unwrap();
        for (pattern, values) in trials() {
            for object in pattern.expand("demo", Some("team"), &values).unwrap() {
                let findings = validate(&Manifest::rendered(object), &set);
                let worth: Vec<String> = findings
                    .iter()
                    .filter(|finding| finding.severity != Severity::Info)
                    .map(|finding| format!("{} {}: {}", finding.object, finding.path, finding.message))
                    .collect();
                assert!(worth.is_empty(), "{minor} {} {values:?}: {worth:#?}", pattern.kind);
            }
        }
    }
}
