//! What is left to do by hand once a folder was written: apply it, and fill the Secrets whose values are generated.
//!
//! A generated value must be in no file, no shell history and no process list, so it is drawn in a pipe: from `od` over
//! `awk`, which writes the object around it, into kubectl's standard input. The line works in any POSIX shell and with
//! kubectl 1.28 or later, and:
//!
//! - *before* the folder was applied it creates the Secret with the value (`kubectl create`, not `apply`, so that the
//!   later apply does not think that the value is its own and remove it);
//! - *after*, it adds the key by a merge patch that carries the resourceVersion just read: two people at once get one
//!   value and one conflict;
//! - with the key there already it only says so. The value itself is never read: the template asks for its presence.

use crate::apply::outcome::{ApplyOutcome, ApplyWith, UnfilledSecret};

/// The commands to print after a write, in order, one line each; none where something was not written.
pub fn next_steps(outcome: &ApplyOutcome) -> Vec<String> {
    if !outcome.is_complete() {
        return Vec::new();
    }
    outcome.apply_with.iter().map(apply).chain(outcome.unfilled.iter().map(fill)).collect()
}

fn apply(with: &ApplyWith) -> String {
    match with {
        ApplyWith::Kustomization(dir) => format!("kubectl apply -k {}", quoted(dir)),
        ApplyWith::Folder { dir, recursive: false } => format!("kubectl apply -f {}", quoted(dir)),
        ApplyWith::Folder { dir, recursive: true } => format!("kubectl apply -R -f {}", quoted(dir)),
    }
}

/// One line for one key.
fn fill(secret: &UnfilledSecret) -> String {
    let UnfilledSecret { name, namespace, secret_type, key, length } = secret;
    let name_argument = quoted(name);
    let namespace =
        namespace.as_ref().map(|namespace| format!(" -n {}", quoted(namespace))).unwrap_or_default();
    let template = format!(
        "{{{{.metadata.resourceVersion}}}}{{{{if .data}}}}{{{{if index .data \"{key}\"}}}} set{{{{end}}}}{{{{end}}}}"
    );
    // The texts of the object around resourceVersion and value; awk sees them as its own string constants.
    let head = awk_text(&format!(
        r#"{{"apiVersion":"v1","kind":"Secret","type":{},"metadata":{{"name":{}"#,
        json(secret_type),
        json(name)
    ));
    let version = awk_text(r#","resourceVersion":""#);
    let middle = awk_text(&format!(r#"}},"stringData":{{{}:""#, json(key)));
    let quote = awk_text("\"");
    let tail = awk_text("\"}}\n");
    let done = quoted(&format!("{name} has {key} already: it is left as it is"));
    format!(
        "(s=$(kubectl get secret {name_argument}{namespace} --ignore-not-found -o go-template='{template}') || exit; \
         case $s in *' set') echo {done}; exit;; '') set -- create -f -;; \
         *) set -- patch secret {name_argument} --type=merge --patch-file=/dev/stdin;; esac; \
         od -An -v -N{bytes} -tx1 /dev/urandom | LC_ALL=C awk -v \"r=$s\" \
         '{{gsub(/[^0-9a-f]/,\"\");v=v $0}} END{{v=substr(v,1,{length});if(length(v)<{length})exit 1;\
         if(r!=\"\")r={version} r {quote};printf \"%s\",{head} r {middle} v {tail}}}' | kubectl \"$@\"{namespace})",
        bytes = length.div_ceil(2),
    )
}

/// A JSON string.
fn json(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// A string constant of awk inside a single-quoted word of the shell.
fn awk_text(text: &str) -> String {
    let mut constant = String::from("\"");
    for c in text.chars() {
        match c {
            '"' => constant.push_str("\\\""),
            '\\' => constant.push_str("\\\\"),
            '\n' => constant.push_str("\\n"),
            '\'' => constant.push_str("\\047"),
            c => constant.push(c),
        }
    }
    constant.push('"');
    constant
}

/// A word of the shell, quoted where it has to be.
pub(super) fn quoted(word: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "/._-+=:@%".contains(c);
    if !word.is_empty() && !word.starts_with('-') && word.chars().all(is_plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests;
