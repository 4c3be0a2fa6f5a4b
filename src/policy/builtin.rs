//! The policies that come with the program (`policies/`), compiled in.

use super::load::PolicyError;
use super::set::PolicySet;
use crate::manifest::{Budget, Manifest, ParseError, parse};

/// Name and text of each policy's file.
const FILES: [(&str, &str); 5] = [
    (
        "policies/allowed-registries/policy.yaml",
        include_str!("../../policies/allowed-registries/policy.yaml"),
    ),
    ("policies/gpu-cap-per-pod/policy.yaml", include_str!("../../policies/gpu-cap-per-pod/policy.yaml")),
    (
        "policies/no-privileged-host/policy.yaml",
        include_str!("../../policies/no-privileged-host/policy.yaml"),
    ),
    ("policies/owner-label/policy.yaml", include_str!("../../policies/owner-label/policy.yaml")),
    (
        "policies/requests-and-limits/policy.yaml",
        include_str!("../../policies/requests-and-limits/policy.yaml"),
    ),
];

impl PolicySet {
    /// The manifests of the shipped policies, their bindings and parameters, so that others can be put beside them.
    ///
    /// # Errors
    /// When a shipped file does not parse, which a test excludes.
    pub fn builtin_manifests() -> Result<Vec<Manifest>, ParseError> {
        let mut all = Vec::new();
        for (name, text) in FILES {
            all.extend(parse(text.as_bytes(), Some(name), &Budget::default())?);
        }
        Ok(all)
    }

    /// The shipped policies.
    ///
    /// # Errors
    /// When a shipped file is broken, which a test excludes.
    pub fn builtin() -> Result<Self, Vec<PolicyError>> {
        let manifests = Self::builtin_manifests().map_err(|error| {
            vec![PolicyError {
                file: error.file,
                line: Some(error.line),
                column: Some(error.column),
                message: error.message,
                hint: "this build is broken: report it".to_owned(),
            }]
        })?;
        Self::from_manifests(&manifests)
    }
}
