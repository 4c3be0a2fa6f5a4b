//! The patterns that are in force: those that are compiled in, and those of the organisation over them.

use std::sync::{Arc, OnceLock};

use super::definition::Pattern;
use super::error::{PatternError, PatternErrors};
use crate::manifest::{Budget, Manifest, parse};

macro_rules! shipped {
    ($($path:literal),* $(,)?) => {
        &[$(($path, include_str!(concat!("../../patterns/", $path)))),*]
    };
}

/// File and text of the built-in patterns, patterns first.
const BUILTIN: &[(&str, &str)] = shipped![
    "notebook.yaml",
    "training-job.yaml",
    "model-server.yaml",
    "web-service.yaml",
    "storage.yaml",
    "native/pod.yaml",
    "native/deployment.yaml",
    "native/stateful-set.yaml",
    "native/daemon-set.yaml",
    "native/job.yaml",
    "native/cron-job.yaml",
    "native/service.yaml",
    "native/config-map.yaml",
    "native/persistent-volume-claim.yaml",
    "native/namespace.yaml",
];

/// Patterns by kind.
#[derive(Debug, Clone, Default)]
pub struct PatternSet {
    patterns: Vec<Arc<Pattern>>,
}

impl PatternSet {
    /// The patterns that are compiled in; read once, on first use. A test makes sure that each of them can be read;
    /// could one not be, it would be missing here.
    pub fn builtin() -> &'static Self {
        static SET: OnceLock<PatternSet> = OnceLock::new();
        SET.get_or_init(|| Self {
            patterns: builtin_patterns().into_iter().filter_map(Result::ok).map(Arc::new).collect(),
        })
    }

    /// Reads the patterns of an organisation.
    ///
    /// # Errors
    /// Everything that is wrong, one error a manifest: see [`Pattern::from_manifest`]; two patterns of one kind.
    pub fn from_manifests<'a>(
        manifests: impl IntoIterator<Item = &'a Manifest>,
    ) -> Result<Self, PatternErrors> {
        let mut set = Self::default();
        let mut errors = Vec::new();
        for manifest in manifests {
            match Pattern::from_manifest(manifest) {
                Ok(pattern) if set.get(&pattern.kind).is_some() => {
                    errors.push(
                        pattern.failure(format!("there are two patterns of the kind {}", pattern.kind)),
                    );
                }
                Ok(pattern) => set.patterns.push(Arc::new(pattern)),
                Err(error) => errors.push(error),
            }
        }
        if errors.is_empty() { Ok(set) } else { Err(PatternErrors(errors)) }
    }

    /// These patterns with those of an organisation over them; see [`PatternSet::overlaid`].
    ///
    /// # Errors
    /// Those of [`PatternSet::from_manifests`].
    pub fn with<'a>(self, manifests: impl IntoIterator<Item = &'a Manifest>) -> Result<Self, PatternErrors> {
        Ok(self.overlaid(Self::from_manifests(manifests)?))
    }

    /// These patterns with others over them: one of the same kind takes the old one's place, the rest come behind.
    #[must_use]
    pub fn overlaid(mut self, overrides: Self) -> Self {
        for pattern in overrides.patterns {
            match self.patterns.iter_mut().find(|old| old.kind == pattern.kind) {
                Some(old) => *old = pattern,
                None => self.patterns.push(pattern),
            }
        }
        self
    }

    /// The pattern of this kind, spelled exactly.
    pub fn get(&self, kind: &str) -> Option<&Pattern> {
        self.iter().find(|pattern| pattern.kind == kind)
    }

    /// All patterns; those that are compiled in come first, patterns before native kinds.
    pub fn iter(&self) -> impl Iterator<Item = &Pattern> {
        self.patterns.iter().map(Arc::as_ref)
    }
}

/// Reads every built-in pattern.
pub(super) fn builtin_patterns() -> Vec<Result<Pattern, PatternError>> {
    BUILTIN.iter().flat_map(|(path, text)| read(&format!("patterns/{path}"), text)).collect()
}

/// The patterns of one file.
fn read(file: &str, text: &str) -> Vec<Result<Pattern, PatternError>> {
    match parse(text.as_bytes(), Some(file), &Budget::default()) {
        Ok(manifests) => manifests.iter().map(Pattern::from_manifest).collect(),
        Err(error) => vec![Err(PatternError {
            file: Some(file.into()),
            line: Some(error.line),
            column: Some(error.column),
            hint: error.hint,
            ..PatternError::new(format!("the pattern is not valid YAML: {}", error.message))
        })],
    }
}
