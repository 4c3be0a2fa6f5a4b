//! The configuration file: `$XDG_CONFIG_HOME/kubectl-copilot/config.yaml`. Every key is optional; unknown keys are
//! errors, since a misspelt `policies` would silently mean "none".

use std::num::NonZeroU32;
use std::path::PathBuf;

use serde::Deserialize;

/// What the file may say. Flags win over it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ConfigFile {
    /// Folder that manifests are written to.
    pub to: Option<PathBuf>,
    /// Owner of what is drafted.
    pub owner: Option<String>,
    /// `builtin`, `ai-platform`, or files and folders.
    #[serde(default)]
    pub policies: Vec<String>,
    /// Files or folders with patterns.
    #[serde(default)]
    pub patterns: Vec<PathBuf>,
    /// Files or folders with CustomResourceDefinitions.
    #[serde(default)]
    pub schemas: Vec<PathBuf>,
    /// Kubernetes minor, e.g. `1.36`.
    pub kubernetes_version: Option<String>,
    /// Path of a GGUF, or the URL of a model server.
    pub model: Option<PathBuf>,
    /// LoRA adapter for a GGUF.
    pub adapter: Option<PathBuf>,
    /// Device that runs a GGUF: `cpu`, or a GPU's name.
    pub device: Option<String>,
    /// Tokens of the model's context.
    pub context_tokens: Option<NonZeroU32>,
    /// File with the model server's key as its only line. The key itself has no place here: a configuration is shown
    /// around.
    pub api_key_file: Option<PathBuf>,
}

/// Parses the file's text.
///
/// # Errors
/// What is wrong, with the file's name, line and column.
pub fn parse_config(text: &str, file: &str) -> Result<ConfigFile, String> {
    if text.trim().is_empty() {
        return Ok(ConfigFile::default());
    }
    serde_saphyr::from_str(text).map_err(|error| {
        let plain = serde_saphyr::render_options! { snippets: serde_saphyr::SnippetMode::Off };
        let why = error.render_with_options(plain);
        let place = error.location().map(|at| format!(":{}:{}", at.line(), at.column())).unwrap_or_default();
        // The place stands in front, as everywhere else.
        let why = why.split_once(" at line ").map_or(why.as_str(), |(why, _)| why);
        format!("{file}{place}: cannot read the configuration: {why}")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_misspelt_key_is_an_error_that_names_the_file() {
        let error = parse_config("polices: [builtin]\n", "config.yaml").unwrap_err();
        assert!(error.starts_with("config.yaml:1:1: ") && error.contains("polices"), "{error}");
        assert_eq!(error.lines().count(), 1, "{error}");
    }

    #[test]
    fn a_value_of_the_wrong_type_is_an_error_with_its_place() {
        let error = parse_config("owner: me\npolicies: 3\n", "config.yaml").unwrap_err();
        assert!(error.starts_with("config.yaml:2:11: "), "{error}");
    }

    #[test]
    fn an_empty_file_is_no_configuration() {
        assert_eq!(parse_config("\n", "c"), Ok(ConfigFile::default()));
    }
}
