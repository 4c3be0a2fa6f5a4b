//! Objects become findings, each by the gate that a draft passes too.

use std::collections::HashMap;

use serde_json::Value;

use super::collect::Collector;
use super::sort::{Sorted, sort};
use super::texts::Texts;
use super::{Review, ReviewError, duplicates, workers};
use crate::cancel::Cancel;
use crate::check::{CheckContext, check};
use crate::finding::{Finding, Severity};
use crate::manifest::Manifest;
use crate::policy::{Inventory, PolicySet, User};
use crate::schema::SchemaSet;

/// What is reviewed against.
#[derive(Clone, Copy)]
pub struct Rules<'a> {
    /// The kinds that are known beside those that the reviewed files define.
    pub schemas: &'a SchemaSet,
    /// The policies in force.
    pub policies: &'a PolicySet,
}

/// Reviews the texts, by as many threads as the machine has processors. Ended by `cancel` in the middle of an object.
///
/// # Errors
/// [`ReviewError::TooLarge`], [`ReviewError::Stopped`]; what is wrong with the files is a finding.
pub fn review(texts: Texts, rules: Rules<'_>, cancel: &Cancel) -> Result<Review, ReviewError> {
    let not_reviewed_left_out = texts.others_left_out;
    let Sorted { manifests, not_reviewed, findings, files } = sort(texts, cancel)?;
    let mut collector = Collector::default();
    findings.into_iter().for_each(|finding| collector.add(finding));
    let (schemas, unusable) = with_definitions(rules.schemas, &manifests);
    unusable.into_iter().for_each(|finding| collector.add(finding));
    duplicates::find(&manifests).into_iter().for_each(|finding| collector.add(finding));

    // Whoever applies the files is not known here, and a verdict that depended on who reviews would be none.
    let user = User::default();
    let namespaces = namespaces(&manifests);
    let inventory = rules
        .policies
        .reads_inventory()
        .then(|| Inventory::of(manifests.iter().map(|manifest| &manifest.object), true));
    let context = CheckContext::new(&schemas, rules.policies, &user)
        .with_inventory(inventory.as_ref())
        .until(Some(cancel));
    let judge = |index: usize, found: &mut Collector| {
        let Some(manifest) = manifests.get(index) else { return };
        // One by one, so that each finding is known to be about this file's object and not its double.
        let namespace = manifest.key().namespace.and_then(|name| namespaces.get(&name).copied());
        let around = namespace.map(std::slice::from_ref).unwrap_or_default();
        let context = context.with_existing(around);
        for mut finding in check(std::slice::from_ref(&manifest.object), &context).findings {
            put(&mut finding, manifest);
            if finding.rule == "schema-unknown-kind" && finding.object.kind == "ResourceGraphDefinition" {
                finding.hint =
                    Some("patterns have a check of their own: kubectl copilot pattern check -f FILE".into());
            }
            found.add(finding);
        }
    };
    collector.merge(workers::judged(manifests.len(), cancel, &judge)?);
    let (findings, counts, left_out) = collector.finish();
    Ok(Review {
        objects: manifests.len(),
        files,
        findings,
        left_out,
        counts,
        not_reviewed,
        not_reviewed_left_out,
        kubernetes: schemas.minor().to_owned(),
        policies: rules.policies.in_force(),
    })
}

/// Says where in its file a finding stands.
pub(super) fn put(finding: &mut Finding, manifest: &Manifest) {
    if finding.line.is_some() {
        return;
    }
    let place = manifest.nearest(&finding.path);
    finding.file = manifest.file.as_deref().map(str::to_owned);
    finding.line = place.map(|place| place.line);
    finding.column = place.map(|place| place.column);
}

/// The schemas with those of the CustomResourceDefinitions among the objects. One that cannot be used is an error, and
/// its objects are left without a schema.
fn with_definitions(schemas: &SchemaSet, manifests: &[Manifest]) -> (SchemaSet, Vec<Finding>) {
    if let Ok(all) = schemas.with_crds(manifests) {
        return (all, Vec::new());
    }
    // One of them is to blame; the others are usable.
    let mut schemas = schemas.clone();
    let mut findings = Vec::new();
    for manifest in manifests {
        let key = manifest.key();
        if key.kind != "CustomResourceDefinition" || key.gvk().group != "apiextensions.k8s.io" {
            continue;
        }
        match schemas.with_crds(std::slice::from_ref(manifest)) {
            Ok(more) => schemas = more,
            Err(error) => {
                let mut finding =
                    Finding::new("definition-unusable", Severity::Error, key, "/spec", error.to_string());
                put(&mut finding, manifest);
                findings.push(finding);
            }
        }
    }
    (schemas, findings)
}

/// The Namespaces among the objects, by name: policies select by their labels.
fn namespaces(manifests: &[Manifest]) -> HashMap<String, &Value> {
    let is_namespace = |manifest: &&Manifest| {
        let key = manifest.key();
        key.kind == "Namespace" && key.api_version == "v1"
    };
    manifests.iter().filter(is_namespace).map(|manifest| (manifest.key().name, &manifest.object)).collect()
}
