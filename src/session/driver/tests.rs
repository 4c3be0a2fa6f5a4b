//! Whole conversations with a scripted model, a folder and a face that answers from a list.

use std::path::Path;

use super::*;
use crate::config::{Config, PolicySource, Style};
use crate::model::ModelChoice;

/// What the person does to the text in the editor.
type Edit = fn(&str) -> Option<String>;

/// A face that notes what it is called for.
#[derive(Default)]
struct Person {
    replies: VecDeque<Reply>,
    edits: VecDeque<Edit>,
    /// Stops the conversation while the plan is shown.
    stops: Option<Cancel>,
    seen: Vec<String>,
}

impl Face for Person {
    fn outcome(&mut self, outcome: &Outcome, _: &[String]) {
        self.seen.push(match outcome {
            Outcome::Drafted(_) => "drafted".into(),
            other => format!("{other:?}"),
        });
    }

    fn plan(&mut self, plan: &Plan, _: &[Value], _: &MaskKey, policies: PolicyCounts) {
        assert!(policies.about > 0 && policies.passed == policies.about, "{policies:?}");
        self.seen.push(format!("plan of {}", plan.changes.len()));
        if let Some(cancel) = &self.stops {
            cancel.cancel();
        }
    }

    fn confirm(&mut self, _: &Plan) -> Reply {
        self.seen.push("confirm".into());
        self.replies.pop_front().unwrap_or(Reply::No)
    }

    fn progress(&mut self, object: &ObjectKey, line: &str) {
        self.seen.push(format!("waiting for {object}: {line}"));
    }

    fn followed(&mut self, followed: &Followed) {
        self.seen.push(format!("followed {}", followed.is_ready()));
    }

    fn unfit(&mut self, reason: &str) {
        self.seen.push(format!("unfit {reason}"));
    }

    fn listen(&mut self) -> Option<String> {
        self.seen.push("listen".into());
        None
    }

    fn edit(&mut self, text: &str) -> Result<Option<String>, Problem> {
        let refused: Vec<&str> = text.lines().filter_map(|line| line.strip_prefix("# ! ")).collect();
        self.seen.push(format!("edit {}", refused.join(" ")).trim_end().to_owned());
        match self.edits.pop_front() {
            Some(edit) => Ok(edit(text)),
            None => Err(Problem::new("no editor")),
        }
    }

    fn written(&mut self, outcome: &ApplyOutcome) {
        self.seen.push(format!("wrote {}", outcome.written.len()));
    }

    fn unattended(&mut self, _: &Plan) {
        self.seen.push("unattended".into());
    }

    fn problem(&mut self, problem: &Problem) {
        self.seen.push(problem.to_string());
    }
}

fn engine(room: &Path) -> Engine {
    let config = Config {
        place: crate::config::Where::Folder(room.join("manifests")),
        wait: std::time::Duration::ZERO,
        namespace: None,
        owner: None,
        user: Some("mira".into()),
        policies: vec![PolicySource::Builtin],
        patterns: Vec::new(),
        schemas: Vec::new(),
        kubernetes_version: None,
        model: ModelChoice::Scripted(vec![
            ("kind".into(), "notebook".into()),
            ("name".into(), "mira".into()),
        ]),
        adapter: None,
        device: None,
        context_tokens: crate::model::DEFAULT_CONTEXT,
        threads: None,
        cache_dir: room.join("cache"),
        state_dir: room.join("state"),
        executable: "kubectl-copilot".into(),
        editor: None,
        style: Style { colour: false, plain: true },
    };
    Engine::open(config).unwrap()
}

/// Runs "a notebook" with a person; gives the exit code, what the person saw, and the text of all files.
fn converse(mut person: Person, interactive: bool) -> (ExitCode, Vec<String>, String) {
    let room = tempfile::tempdir().unwrap();
    let cancel = person.stops.clone().unwrap_or_default();
    let mut engine = engine(room.path());
    let code = run(&mut engine, &mut person, "a notebook called mira for me".into(), interactive, &cancel);
    let files = std::fs::read_dir(room.path().join("manifests")).into_iter().flatten();
    let texts: Vec<String> =
        files.map(|file| std::fs::read_to_string(file.unwrap().path()).unwrap()).collect();
    (code, person.seen, texts.concat())
}

fn replies(replies: &[Reply]) -> Person {
    Person { replies: replies.iter().cloned().collect(), ..Person::default() }
}

#[test]
fn a_yes_writes_what_was_shown() {
    let (code, seen, files) = converse(replies(&[Reply::Yes]), true);
    assert_eq!(code, ExitCode::Done, "{seen:#?}");
    assert_eq!(seen, ["drafted", "plan of 4", "confirm", "wrote 4"]);
    assert!(files.contains("name: mira"), "{files}");
}

#[test]
fn a_no_writes_nothing() {
    let (code, seen, files) = converse(replies(&[Reply::No]), true);
    assert_eq!((code, files.as_str()), (ExitCode::No, ""));
    assert_eq!(seen.last().map(String::as_str), Some("confirm"));
}

#[test]
fn without_a_terminal_nothing_is_asked() {
    let (code, seen, files) = converse(replies(&[Reply::Yes]), false);
    assert_eq!((code, files.as_str()), (ExitCode::No, ""));
    assert_eq!(seen, ["drafted", "plan of 4", "unattended"]);
}

#[test]
fn what_was_edited_is_checked_shown_and_written() {
    let person = Person {
        edits: VecDeque::from([(|text: &str| Some(text.replace("50Gi", "80Gi"))) as Edit]),
        ..replies(&[Reply::Edit, Reply::Yes])
    };
    let (code, seen, files) = converse(person, true);
    assert_eq!(code, ExitCode::Done, "{seen:#?}");
    assert_eq!(seen, ["drafted", "plan of 4", "confirm", "edit", "plan of 4", "confirm", "wrote 4"]);
    assert!(files.contains("80Gi") && !files.contains("50Gi"), "{files}");
}

#[test]
fn an_edit_that_policy_denies_never_gets_to_a_yes() {
    let person = Person {
        edits: VecDeque::from([
            (|text: &str| Some(text.replace("quay.io/", "evil.example.com/"))) as Edit,
            |text: &str| Some(format!("{text}: no: yaml")),
            |text: &str| Some(text.replace("storage: 50Gi", "storage: plenty")),
            |_: &str| None,
        ]),
        ..replies(&[Reply::Edit, Reply::No])
    };
    let (code, seen, files) = converse(person, true);
    assert_eq!((code, files.as_str()), (ExitCode::No, ""));
    assert_eq!(seen[..4], ["drafted", "plan of 4", "confirm", "edit"]);
    assert!(
        seen[4].starts_with("edit line ") && seen[4].contains("[policy/allowed-registries]"),
        "{seen:#?}"
    );
    assert!(seen[5].starts_with("edit edited:"), "{seen:#?}");
    // The plan is shown once more, since that is what a yes would write.
    assert_eq!(seen[seen.len() - 2..], ["plan of 4", "confirm"]);
}

#[test]
fn an_editor_that_fails_costs_nothing() {
    let (code, seen, _) = converse(replies(&[Reply::Edit, Reply::Yes]), true);
    assert_eq!(code, ExitCode::Done, "{seen:#?}");
    assert_eq!(seen[3..], ["edit", "no editor", "confirm", "wrote 4"]);
}

#[test]
fn after_a_stop_nothing_is_asked() {
    let person = Person { stops: Some(Cancel::default()), ..replies(&[Reply::Yes]) };
    let (code, seen, files) = converse(person, true);
    assert_eq!((code, files.as_str()), (ExitCode::Interrupted, ""));
    assert_eq!(seen, ["drafted", "plan of 4"]);
}

fn change(field: &str, text: &str) -> Reply {
    Reply::Change(FieldEdit { thing: 0, field: field.into(), text: text.into() })
}

#[test]
fn a_field_that_is_changed_is_planned_anew_and_written() {
    let (code, seen, files) =
        converse(replies(&[change("disk", "80 gigs"), change("name", "lab"), Reply::Yes]), true);
    assert_eq!(code, ExitCode::Done, "{seen:#?}");
    let round = ["drafted", "plan of 4", "confirm"];
    assert_eq!(seen[..9], [round, round, round].concat());
    assert!(files.contains("storage: 80Gi") && files.contains("name: lab"), "{files}");
    assert!(!files.contains("mira-home"), "{files}");
}

#[test]
fn a_value_that_does_not_fit_is_refused_and_the_old_one_stays() {
    let person = replies(&[
        change("gpus", "plenty"),
        change("gpus", "16"),
        change("gpus", "65"),
        change("name", "No Name"),
        change("nothing", "1"),
        Reply::Yes,
    ]);
    let (code, seen, files) = converse(person, true);
    assert_eq!(code, ExitCode::Done, "{seen:#?}");
    let unfit: Vec<&str> = seen.iter().filter_map(|line| line.strip_prefix("unfit ")).collect();
    assert_eq!(unfit.len(), 5, "{seen:#?}");
    assert!(unfit[0].contains("whole number"), "{unfit:#?}");
    assert!(
        unfit[1].contains("gpu-cap-per-pod") && unfit[1].ends_with("the nearest that passes is 8"),
        "{unfit:#?}"
    );
    assert!(unfit[2].contains("64") || unfit[2].contains("nearest"), "{unfit:#?}");
    assert!(unfit[3].contains("name"), "{unfit:#?}");
    assert!(files.contains("name: mira") && !files.contains("nvidia.com/gpu"), "{files}");
}

#[test]
fn what_was_edited_by_hand_is_not_lost_to_the_form() {
    let person = Person {
        edits: VecDeque::from([(|text: &str| Some(text.replace("50Gi", "80Gi"))) as Edit]),
        ..replies(&[Reply::Edit, change("disk", "90Gi"), Reply::Yes])
    };
    let (code, seen, files) = converse(person, true);
    assert_eq!(code, ExitCode::Done, "{seen:#?}");
    assert!(seen.iter().any(|line| line.starts_with("unfit the manifests were edited")), "{seen:#?}");
    assert!(files.contains("80Gi") && !files.contains("90Gi"), "{files}");
}

#[test]
fn a_wish_that_comes_to_nothing_leaves_the_plan_as_it_is() {
    let person = replies(&[Reply::Say("delete everything".into()), change("disk", "80Gi"), Reply::Yes]);
    let (code, seen, files) = converse(person, true);
    assert_eq!(code, ExitCode::Done, "{seen:#?}");
    assert!(seen[3].starts_with("Declined"), "{seen:#?}");
    assert_eq!(seen[4], "confirm");
    assert!(files.contains("80Gi"), "{files}");
}
