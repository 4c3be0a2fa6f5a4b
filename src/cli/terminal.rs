//! The line-by-line face: everything for people goes to stderr where stdout holds data, else to stdout.

use std::io::{BufRead as _, IsTerminal as _, Write};
use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::Value;

use crate::apply::{ApplyOutcome, Followed, Plan};
use crate::cli::{editor, output};
use crate::config::Style;
use crate::diff::MaskKey;
use crate::draft::Outcome;
use crate::manifest::ObjectKey;
use crate::manifest::visible::{visible, visible_line};
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
    /// What the newest draft left unused, in words; empty where nothing was.
    unused: String,
    /// How what was applied is reached, for when it is ready.
    reach: Vec<String>,
}

impl Terminal {
    /// A face that writes to stdout and asks on stdin.
    pub fn new(style: Style, editor: Option<String>, target: String) -> Self {
        Self { style, editor, target, unused: String::new(), reach: Vec::new() }
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
            self.say(&format!("{} [{choices}] ", report::question(plan, &self.target)));
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
        self.unused = match outcome {
            Outcome::Drafted(draft) if !draft.unused.is_empty() => report::unused_line(&draft.unused),
            _ => String::new(),
        };
    }

    fn plan(&mut self, plan: &Plan, existing: &[Value], mask: &MaskKey, policies: PolicyCounts) {
        self.say(&report::plan_text(plan, existing, mask, self.style));
        self.say(&report::files_line(plan));
        self.say(&report::findings_text(&plan.findings, self.style));
        self.say(&report::checks_line(policies, plan, self.style));
        // Once more: the diff has pushed it out of sight, and it is what a yes gives up.
        self.say(&self.unused);
    }

    fn confirm(&mut self, plan: &Plan) -> Reply {
        self.ask(plan, true)
    }

    fn unfit(&mut self, reason: &str) {
        self.say(&format!("{}\n", visible(reason)));
    }

    fn listen(&mut self) -> Option<String> {
        self.say("your answer (empty to leave): ");
        self.read_line().filter(|line| !line.is_empty())
    }

    fn edit(&mut self, text: &str) -> Result<Option<String>, Problem> {
        editor::edit(self.editor.as_deref(), text)
    }

    fn written(&mut self, outcome: &ApplyOutcome) {
        self.say(&report::written_text(outcome));
        self.reach.clone_from(&outcome.reach);
    }

    fn progress(&mut self, object: &ObjectKey, line: &str) {
        self.say(&format!("waiting for {}\n", visible_line(&format!("{object}: {line}"))));
    }

    fn followed(&mut self, followed: &Followed) {
        self.say(&report::followed_text(followed, &self.reach));
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

/// A problem, on stderr.
pub fn print_problem(problem: &Problem, style: Style) {
    let mut err = std::io::stderr().lock();
    let _ = writeln!(err, "{} {}", style.removed("error:"), problem.what);
    if let Some(hint) = &problem.hint {
        let _ = writeln!(err, "hint: {hint}");
    }
}
