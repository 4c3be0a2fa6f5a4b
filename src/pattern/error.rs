//! The one error of this module: where in which pattern, what was attempted, why it failed, what to do next.

use std::fmt;
use std::sync::Arc;

/// Why a pattern could not be read, or why values do not fit it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PatternError {
    /// The pattern's file; for a built-in one its path in `patterns/`.
    pub file: Option<Arc<str>>,
    /// Line in that file, 1-based; absent where the pattern was not read from text, or the file is not to blame.
    pub line: Option<usize>,
    /// Column in that line, 1-based, in characters.
    pub column: Option<usize>,
    /// See [`PatternError::parameter`].
    pub(super) parameter: Option<String>,
    /// One sentence: what was attempted, on which value, and why it failed.
    pub message: String,
    /// What to do next.
    pub hint: Option<String>,
}

impl PatternError {
    /// An error with a message alone.
    pub(super) fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), ..Self::default() }
    }

    /// The parameter whose value does not fit, as a name of the schema, or `name`, or `namespace`; `None` where the
    /// pattern itself is at fault.
    pub fn parameter(&self) -> Option<&str> {
        self.parameter.as_deref()
    }

    /// The same error with a hint.
    pub(super) fn with_hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// The same error about one parameter.
    pub(super) fn with_parameter(mut self, parameter: impl Into<String>) -> Self {
        self.parameter = Some(parameter.into());
        self
    }
}

impl fmt::Display for PatternError {
    /// `file:line:column: message; hint`, as far as each is known.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(file) = &self.file {
            write!(f, "{file}:")?;
            for number in [self.line, self.column].into_iter().flatten() {
                write!(f, "{number}:")?;
            }
            f.write_str(" ")?;
        }
        f.write_str(&self.message)?;
        self.hint.as_ref().map_or(Ok(()), |hint| write!(f, "; {hint}"))
    }
}

impl std::error::Error for PatternError {}

/// Everything that is wrong with several patterns; never empty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PatternErrors(pub Vec<PatternError>);

impl fmt::Display for PatternErrors {
    /// One error a line.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, error) in self.0.iter().enumerate() {
            write!(f, "{}{error}", if index == 0 { "" } else { "\n" })?;
        }
        Ok(())
    }
}

impl std::error::Error for PatternErrors {}
