//! The line-by-line face: everything for people goes to stderr where stdout holds data, else to stdout.

use std::io::{BufRead as _, IsTerminal as _, Write};
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::Value;

use crate::apply::{ApplyOutcome, Plan, next_steps};
use crate::cli::output;
use crate::config::Style;
use crate::diff::MaskKey;
use crate::draft::Outcome;
use crate::manifest::visible::visible_line;
use crate::report;
use crate::session::{Face, PolicyCounts, Problem, Reply};

/// Whether somebody can be asked: stdin and stdout are a terminal.
pub fn is_interactive() -> bool {
    std::io::stdin().is_terminal() && std::io::stdout().is_terminal()
}

/// True while something runs that looks at the cancel flag; false while a prompt waits for a line.
static BUSY: AtomicBool = AtomicBool::new(true);

/// Whether a stop can be left to what is running: it looks at the cancel flag.
pub fn is_busy() -> bool {
    BUSY.load(Ordering::Relaxed)
}

/// See the module.
pub struct Terminal {
    style: Style,
    editor: Option<String>,
    target: String,
}

impl Terminal {
    /// A face that writes to stdout and asks on stdin.
    pub fn new(style: Style, editor: Option<String>, target: String) -> Self {
        Self { style, editor, target }
    }

    fn say(&self, text: &str) {
        // A person sees a terminal that fails; there is nothing better to do about it.
        let _ = output::print(text);
    }

    /// Asks whether to write what can no longer be edited: a plan from a file.
    pub fn confirm_as_it_is(&self, plan: &Plan) -> bool {
        self.ask(plan, false) == Reply::Yes
    }

    /// Asks until the answer is one of those offered; no answer is no.
    fn ask(&self, plan: &Plan, editable: bool) -> Reply {
        let (choices, letters) = if editable { ("y/N/e(dit)", "y, n, e") } else { ("y/N", "y, n") };
        let reply = loop {
            self.say(&format!("write {} to {}? [{choices}] ", files(plan.files().len()), self.target));
            let Some(answer) = self.read_line() else { break Reply::No };
            match answer.to_lowercase().as_str() {
                "y" | "yes" => break Reply::Yes,
                "" | "n" | "no" => break Reply::No,
                "e" | "edit" if editable => break Reply::Edit,
                other => self.say(&format!("'{}' is none of {letters}\n", visible_line(other))),
            }
        };
        if reply == Reply::No {
            self.say("nothing was written\n");
        }
        reply
    }

    fn read_line(&self) -> Option<String> {
        let mut line = String::new();
        BUSY.store(false, Ordering::Relaxed);
        let read = std::io::stdin().lock().read_line(&mut line);
        BUSY.store(true, Ordering::Relaxed);
        match read {
            Ok(0) | Err(_) => None,
            Ok(_) => Some(line.trim().to_owned()),
        }
    }
}

impl Face for Terminal {
    fn outcome(&mut self, outcome: &Outcome, turns: &[String]) {
        self.say(&report::outcome_text(outcome, turns, self.style));
    }

    fn plan(&mut self, plan: &Plan, existing: &[Value], mask: &MaskKey, policies: PolicyCounts) {
        self.say(&report::plan_text(plan, existing, mask, self.style));
        self.say(&files_line(plan));
        self.say(&report::findings_text(&plan.findings, self.style));
        self.say(&checks_line(policies, self.style));
    }

    fn confirm(&mut self, plan: &Plan) -> Reply {
        self.ask(plan, true)
    }

    fn listen(&mut self) -> Option<String> {
        self.say("your answer (empty to leave): ");
        self.read_line().filter(|line| !line.is_empty())
    }

    fn edit(&mut self, text: &str) -> Result<Option<String>, Problem> {
        let editor = self.editor.clone().unwrap_or_else(|| "vi".to_owned());
        let mut file = tempfile::Builder::new()
            .prefix("kubectl-copilot-")
            .suffix(".yaml")
            .tempfile()
            .map_err(|error| Problem::new(format!("cannot make a file for the editor: {error}")))?;
        file.write_all(text.as_bytes())
            .and_then(|()| file.flush())
            .map_err(|error| Problem::new(format!("cannot write the file for the editor: {error}")))?;
        // The editor's value is a command line of the person's own, as git and kubectl read it.
        let status = Command::new("/bin/sh")
            .arg("-c")
            .arg(format!("{editor} \"$1\""))
            .arg("editor")
            .arg(file.path())
            .status()
            .map_err(|error| {
                Problem::new(format!("cannot start the editor '{editor}': {error}"))
                    .hint("set EDITOR, e.g. EDITOR=nano")
            })?;
        if !status.success() {
            return Err(Problem::new(format!(
                "the editor '{editor}' ended with {status}; nothing was written"
            ))
            .hint("set EDITOR, e.g. EDITOR=nano"));
        }
        let edited = crate::source::read_text(file.path()).map_err(Problem::new)?;
        Ok(Some(edited).filter(|edited| edited != text && !edited.trim().is_empty()))
    }

    fn written(&mut self, outcome: &ApplyOutcome) {
        self.say(&written_text(outcome));
    }

    fn unattended(&mut self, plan: &Plan) {
        self.say(&format!(
            "nothing was written: without a terminal nothing is asked. To write it:\n  kubectl copilot plan -p REQUEST --out plan.json\n  kubectl copilot apply --plan plan.json --digest {} --yes\n",
            plan.digest
        ));
    }

    fn problem(&mut self, problem: &Problem) {
        print_problem(problem, self.style);
    }
}

/// `wrote 4 files`, which, what was not written and why, and what to do next.
pub fn written_text(outcome: &ApplyOutcome) -> String {
    let mut text = format!("wrote {}\n", files(outcome.written.len()));
    for file in &outcome.written {
        text.push_str(&format!("  {file}\n"));
    }
    for file in &outcome.not_written {
        text.push_str(&format!("  NOT written: {file}\n"));
    }
    if let Some(failure) = &outcome.failure {
        text.push_str(&format!("why: {failure}\n"));
    }
    if outcome.interrupted {
        text.push_str("stopped by you, between two files\n");
    }
    if !outcome.not_written.is_empty() {
        text.push_str("to write the rest: make a new plan; what is there already is left as it is\n");
    }
    let steps = next_steps(outcome);
    if !steps.is_empty() {
        text.push_str("next:\n");
    }
    for step in steps {
        text.push_str(&format!("  {step}\n"));
    }
    text
}

fn files(count: usize) -> String {
    if count == 1 { "1 file".to_owned() } else { format!("{count} files") }
}

/// `files: service-web.yaml, kustomization.yaml in /manifests`; nothing where nothing would be written. A file can be one
/// that no object of the plan names: a kustomization that lists a new one.
pub fn files_line(plan: &Plan) -> String {
    if plan.is_empty() {
        String::new()
    } else {
        format!("files: {} in {}\n", plan.files().join(", "), plan.target)
    }
}

/// `checks: schema ok · policy 5/5`: those that passed of those that are about the objects.
pub fn checks_line(policies: PolicyCounts, style: Style) -> String {
    let policy = match policies {
        PolicyCounts { in_force: 0, .. } => "policy: none".to_owned(),
        PolicyCounts { about: 0, in_force, .. } => format!("policy: none of {in_force} is about this"),
        PolicyCounts { passed, about, .. } => format!("policy {passed}/{about}"),
    };
    format!("checks: schema ok{}{policy}\n", style.dot())
}

/// A problem, on stderr.
pub fn print_problem(problem: &Problem, style: Style) {
    let mut err = std::io::stderr().lock();
    let _ = writeln!(err, "{} {}", style.removed("error:"), problem.what);
    if let Some(hint) = &problem.hint {
        let _ = writeln!(err, "hint: {hint}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::apply::{ApplyWith, TargetId};

    fn outcome(written: &[&str], not_written: &[&str]) -> ApplyOutcome {
        let files = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        ApplyOutcome {
            target: TargetId::Folder { dir: "/manifests".into() },
            digest: String::new(),
            written: files(written),
            not_written: files(not_written),
            failure: None,
            interrupted: false,
            unfilled: Vec::new(),
            apply_with: vec![ApplyWith::Folder { dir: "/manifests".into(), recursive: false }],
        }
    }

    #[test]
    fn what_was_written_is_listed_with_what_to_do_next() {
        let text = written_text(&outcome(&["a.yaml", "b.yaml"], &[]));
        assert_eq!(text, "wrote 2 files\n  a.yaml\n  b.yaml\nnext:\n  kubectl apply -f /manifests\n");
    }

    #[test]
    fn what_was_not_written_is_listed_with_the_reason() {
        let partly =
            ApplyOutcome { failure: Some("no space left".into()), ..outcome(&["a.yaml"], &["b.yaml"]) };
        let text = written_text(&partly);
        assert!(
            text.starts_with("wrote 1 file\n  a.yaml\n  NOT written: b.yaml\nwhy: no space left\n"),
            "{text}"
        );
        assert!(!text.contains("kubectl apply"), "half a plan is not to be applied\n{text}");
        let stopped = ApplyOutcome { interrupted: true, ..outcome(&[], &["a.yaml"]) };
        assert!(written_text(&stopped).contains("stopped by you"));
    }

    #[test]
    fn the_checks_tell_no_policies_from_policies_about_something_else() {
        let style = Style { colour: false, plain: true };
        let line = |passed, about, in_force| checks_line(PolicyCounts { passed, about, in_force }, style);
        assert!(line(0, 0, 0).ends_with("policy: none\n"));
        assert!(line(0, 0, 5).ends_with("policy: none of 5 is about this\n"));
        assert!(line(3, 4, 5).ends_with("policy 3/4\n"));
    }
}
