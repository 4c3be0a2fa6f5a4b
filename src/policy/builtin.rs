//! The policies that come with the program (`policies/`), compiled in.

use super::load::PolicyError;
use super::set::PolicySet;
use crate::manifest::{Budget, Manifest, ParseError, parse};

/// A policy's file.
struct Shipped {
    name: &'static str,
    text: &'static str,
    /// Whether it belongs to the set `builtin`, which asks for nothing that a site would have to set up first.
    basic: bool,
}

macro_rules! shipped {
    ($name:literal, $basic:literal) => {
        Shipped {
            name: concat!("policies/", $name, "/policy.yaml"),
            text: include_str!(concat!("../../policies/", $name, "/policy.yaml")),
            basic: $basic,
        }
    };
}

const FILES: [Shipped; 12] = [
    shipped!("allowed-registries", true),
    shipped!("cost-center-label", false),
    shipped!("gpu-cap-per-pod", true),
    shipped!("gpu-scheduling", false),
    shipped!("job-limits", false),
    shipped!("no-privileged-host", true),
    shipped!("owner-label", true),
    shipped!("priority-classes", false),
    shipped!("queue-label", false),
    shipped!("requests-and-limits", true),
    shipped!("services-inside", false),
    shipped!("storage-limits", false),
];

impl PolicySet {
    /// The manifests of the basic policies, their bindings and parameters, so that others can be put beside them.
    ///
    /// # Errors
    /// When a shipped file does not parse, which a test excludes.
    pub fn builtin_manifests() -> Result<Vec<Manifest>, ParseError> {
        read(true)
    }

    /// The same for the whole set for AI platforms.
    ///
    /// # Errors
    /// As above.
    pub fn platform_manifests() -> Result<Vec<Manifest>, ParseError> {
        read(false)
    }

    /// The basic policies.
    ///
    /// # Errors
    /// When a shipped file is broken, which a test excludes.
    pub fn builtin() -> Result<Self, Vec<PolicyError>> {
        compiled(Self::builtin_manifests())
    }

    /// The whole set for AI platforms.
    ///
    /// # Errors
    /// As above.
    pub fn platform() -> Result<Self, Vec<PolicyError>> {
        compiled(Self::platform_manifests())
    }
}

fn read(basic: bool) -> Result<Vec<Manifest>, ParseError> {
    let mut all = Vec::new();
    for file in FILES.iter().filter(|file| file.basic || !basic) {
        all.extend(parse(file.text.as_bytes(), Some(file.name), &Budget::default())?);
    }
    Ok(all)
}

fn compiled(manifests: Result<Vec<Manifest>, ParseError>) -> Result<PolicySet, Vec<PolicyError>> {
    let manifests = manifests.map_err(|error| {
        vec![PolicyError {
            file: error.file,
            line: Some(error.line),
            column: Some(error.column),
            message: error.message,
            hint: "this build is broken: report it".to_owned(),
        }]
    })?;
    PolicySet::from_manifests(&manifests)
}
