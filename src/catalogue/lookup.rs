//! From what stands behind `--model`, in KUBECTL_COPILOT_MODEL or in the configuration to a file.
//!
//! In this order: `embedded` is the model inside the program; what has a separator in it or ends in `.gguf` is a path;
//! then an installed model of that name; then a file of that name; then nothing, and it is said what could be pulled.
//! Installed models come before files of the working folder, so that a file that lies there does not take the place of
//! a name in the configuration.

use std::path::{Path, PathBuf};

use super::entry::Catalogue;
use super::installed::installed;

/// The name of the model inside the program.
pub const EMBEDDED: &str = "embedded";

/// What a name stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Found {
    /// The model inside the program.
    Embedded,
    /// A file; whether it is there is found out when it is opened.
    File(PathBuf),
    /// Nothing, and what to do about it.
    Nothing {
        /// What to do next.
        hint: String,
    },
}

/// Looks a name up.
pub fn look_up(name: &Path, cache: &Path) -> Found {
    let Some(text) = name.to_str() else { return Found::File(name.to_owned()) };
    if text == EMBEDDED {
        return Found::Embedded;
    }
    if is_path(text) {
        return Found::File(name.to_owned());
    }
    match path_of(text, cache) {
        Some(path) => Found::File(path),
        None if name.is_file() => Found::File(name.to_owned()),
        None => Found::Nothing { hint: hint(text, cache) },
    }
}

/// The file of an installed model, by its name or id.
pub fn path_of(name: &str, cache: &Path) -> Option<PathBuf> {
    let models = installed(cache).unwrap_or_default();
    models.into_iter().find(|model| model.name.eq_ignore_ascii_case(name)).map(|model| model.path)
}

fn is_path(text: &str) -> bool {
    text.contains(std::path::is_separator) || text.to_ascii_lowercase().ends_with(".gguf")
}

fn hint(name: &str, cache: &Path) -> String {
    let catalogue = Catalogue::builtin();
    if let Some(entry) = catalogue.get(name) {
        return format!("it is in the catalogue: kubectl copilot model pull {} fetches it", entry.id);
    }
    let here = installed(cache).unwrap_or_default();
    let names = here.iter().map(|model| model.name.as_str());
    let names = names.chain(catalogue.models.iter().map(|entry| entry.id.as_str()));
    let lower = name.to_lowercase();
    let similar = |known: &str| strsim::jaro_winkler(&lower, &known.to_lowercase());
    let mut near: Vec<(f64, &str)> = names.map(|known| (similar(known), known)).collect();
    near.retain(|(likeness, _)| *likeness > 0.85);
    near.sort_by(|a, b| b.0.total_cmp(&a.0));
    near.dedup_by(|a, b| a.1 == b.1);
    let near: Vec<&str> = near.into_iter().take(3).map(|(_, known)| known).collect();
    let meant = if near.is_empty() { String::new() } else { format!("did you mean {}? ", near.join(", ")) };
    format!("{meant}`kubectl copilot model list` shows what is installed and what can be pulled")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_never_a_file_of_the_working_folder_while_it_is_installed() {
        let cache = tempfile::tempdir().unwrap();
        let folder = super::super::folder(cache.path());
        std::fs::create_dir(&folder).unwrap();
        // The tests run in the root of the repository, where this stands too.
        std::fs::write(folder.join("Cargo.toml.gguf"), "GGUF").unwrap();
        let found = look_up(Path::new("Cargo.toml"), cache.path());
        assert_eq!(found, Found::File(folder.join("Cargo.toml.gguf")));
        assert_eq!(look_up(Path::new("./Cargo.toml"), cache.path()), Found::File("./Cargo.toml".into()));
        assert_eq!(look_up(Path::new("x.GGUF"), cache.path()), Found::File("x.GGUF".into()));
        assert_eq!(look_up(Path::new("embedded"), cache.path()), Found::Embedded);
        std::fs::remove_file(folder.join("Cargo.toml.gguf")).unwrap();
        assert_eq!(look_up(Path::new("Cargo.toml"), cache.path()), Found::File("Cargo.toml".into()));
    }

    #[test]
    fn what_is_not_there_says_what_could_be() {
        let cache = tempfile::tempdir().unwrap();
        for (name, wanted) in [
            ("qwen2.5-coder-0.5b", "model pull qwen2.5-coder-0.5b"),
            ("qwen2.5-coder-0.5", "did you mean qwen2.5-coder-0.5b"),
            ("something-else", "model list"),
        ] {
            match look_up(Path::new(name), cache.path()) {
                Found::Nothing { hint } => assert!(hint.contains(wanted), "{name}: {hint}"),
                found => panic!("{name}: {found:?}"),
            }
        }
    }
}
