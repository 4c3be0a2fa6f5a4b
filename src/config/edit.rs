//! One key of the configuration file changed, and nothing else: comments, order and the other keys stay as they are.

use std::path::PathBuf;

use super::file::{ConfigFile, parse_config};

/// The file's text with `model: VALUE`.
///
/// # Errors
/// Why it cannot be done without touching more: the line has to be written by hand then.
pub fn with_model(text: &str, value: &str) -> Result<String, String> {
    let before = parse_config(text, "the configuration file")?;
    let wanted = ConfigFile { model: Some(PathBuf::from(value)), ..before };
    // As it is, where YAML reads it as that text; else in quotes.
    let quoted = serde_json::to_string(value).map_err(|error| error.to_string())?;
    for written in [value, quoted.as_str()] {
        let edited = edited(text, written);
        if parse_config(&edited, "the edited file").as_ref() == Ok(&wanted) {
            return Ok(edited);
        }
    }
    Err("its text is written in a way in which one key cannot be changed alone".to_owned())
}

/// In place of the value that is there, else at the end.
fn edited(text: &str, written: &str) -> String {
    let mut lines: Vec<String> = text.split_inclusive('\n').map(str::to_owned).collect();
    if let Some(line) = lines.iter_mut().find(|line| line.starts_with("model:")) {
        let end = if line.ends_with("\r\n") {
            "\r\n"
        } else if line.ends_with('\n') {
            "\n"
        } else {
            ""
        };
        let is_quoted = line["model:".len()..].trim_start().starts_with(['"', '\'']);
        let comment = line
            .find(" #")
            .filter(|_| !is_quoted)
            .map(|at| line[at..].trim_end().to_owned())
            .unwrap_or_default();
        let gap = if comment.is_empty() { "" } else { " " };
        *line = format!("model: {written}{gap}{}{end}", comment.trim_start());
        return lines.concat();
    }
    let gap = if text.is_empty() || text.ends_with('\n') { "" } else { "\n" };
    format!("{text}{gap}model: {written}\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_one_line_changes() {
        let text = "# mine\nto: /srv/git   # shared\nmodel: /old.gguf # slow\npolicies: [builtin]\n";
        assert_eq!(
            with_model(text, "qwen2.5-coder-0.5b").unwrap(),
            "# mine\nto: /srv/git   # shared\nmodel: qwen2.5-coder-0.5b # slow\npolicies: [builtin]\n"
        );
        assert_eq!(with_model("owner: me", "embedded").unwrap(), "owner: me\nmodel: embedded\n");
        assert_eq!(with_model("", "x").unwrap(), "model: x\n");
        assert_eq!(with_model("model: a\r\nowner: b\r\n", "c").unwrap(), "model: c\r\nowner: b\r\n");
    }

    #[test]
    fn what_yaml_would_read_as_something_else_is_quoted() {
        for value in ["/a b/#c.gguf", "/x: y.gguf", "http://h:1#a", "true", "1.5", "- x", "'q"] {
            let text = with_model("owner: me\n", value).unwrap();
            assert_eq!(parse_config(&text, "c").unwrap().model, Some(PathBuf::from(value)), "{text}");
        }
    }

    #[test]
    fn what_cannot_be_changed_alone_is_refused() {
        for text in ["{owner: me}\n", "model: >-\n  /old.gguf\nowner: me\n", "owner: me\n...\n", "modle: x\n"]
        {
            assert!(with_model(text, "x").is_err(), "{text}");
        }
        // The first line that begins so stands inside of a text.
        assert!(with_model("owner: \"a\nmodel: b\"\n", "x").is_err());
    }
}
