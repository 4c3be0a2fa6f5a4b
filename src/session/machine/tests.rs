//! The conversation, event by event. A short form of the effects is compared: their names, and what they carry where it
//! matters.

use serde_json::{Value, json};

use super::*;
use crate::apply::FolderTarget;
use crate::apply::TargetId;
use crate::apply::{ClusterId, Followed, Standing, Unready};
use crate::diff::MaskKey;
use crate::draft::{Asked, Declined, Denied, Draft, FieldEdit, Routed, Thing, Verb};
use crate::manifest::ObjectKey;

fn service(name: &str) -> Value {
    json!({"apiVersion": "v1", "kind": "Service", "metadata": {"name": name}, "spec": {"ports": [{"port": 80}]}})
}

fn drafted(name: &str) -> Outcome {
    let thing = Thing {
        kind: "Service".into(),
        pattern: false,
        why: String::new(),
        summary: String::new(),
        fields: Vec::new(),
        objects: vec![service(name)],
    };
    Outcome::Drafted(Draft { things: vec![thing], ..Draft::default() })
}

/// A plan for a new Service in an empty folder, or, without a name, one that changes nothing.
fn plan(name: Option<&str>) -> Box<Plan> {
    let folder = tempfile::tempdir().unwrap();
    let target = FolderTarget::open(folder.path()).unwrap();
    let objects: Vec<Value> = name.into_iter().map(service).collect();
    Box::new(target.plan(&objects, &MaskKey::new([7; 32])).unwrap())
}

fn written(written: &[&str], not_written: &[&str], interrupted: bool) -> Box<ApplyOutcome> {
    let files = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
    Box::new(ApplyOutcome {
        target: TargetId::Folder { dir: "/manifests".into() },
        digest: String::new(),
        written: files(written),
        unknown: Vec::new(),
        not_written: files(not_written),
        failure: None,
        interrupted,
        unfilled: Vec::new(),
        apply_with: Vec::new(),
        reach: Vec::new(),
    })
}

/// What was applied to a cluster.
fn applied() -> Box<ApplyOutcome> {
    let id = ClusterId {
        cluster: "https://127.0.0.1:6443".into(),
        identity: "sha256:0".into(),
        context: "lab".into(),
        namespace: "team-a".into(),
        user: "alice".into(),
    };
    Box::new(ApplyOutcome { target: TargetId::Cluster(id), ..*written(&["Service/web"], &[], false) })
}

fn names(objects: &[Value]) -> String {
    let names: Vec<&str> =
        objects.iter().filter_map(|object| object.pointer("/metadata/name")?.as_str()).collect();
    names.join(",")
}

fn short(effects: &[Effect]) -> Vec<String> {
    let one = |effect: &Effect| match effect {
        Effect::Draft(text) => format!("draft {text}"),
        Effect::Follow(objects) => format!("follow {}", objects.len()),
        Effect::ShowFollowed(followed) => format!("followed {}", followed.is_ready()),
        Effect::Change(edit) => format!("change {} to {}", edit.field, edit.text),
        Effect::ShowUnfit(reason) => format!("unfit {reason}"),
        Effect::TakeBack => "take back".into(),
        Effect::Show(_) => "show".into(),
        Effect::Listen => "listen".into(),
        Effect::Plan(objects) => format!("plan {}", names(objects)),
        Effect::ShowPlan(_) => "show plan".into(),
        Effect::Confirm => "confirm".into(),
        Effect::Edit(objects, None) => format!("edit {}", names(objects)),
        Effect::Edit(_, Some((text, reason))) => format!("edit '{text}' since {reason}"),
        Effect::Judge(text) => format!("judge '{text}'"),
        Effect::Write(confirmed) => format!("write {}", confirmed.plan().files().join(",")),
        Effect::ShowWritten(_) => "show written".into(),
        Effect::ShowProblem(problem) => format!("problem {problem}"),
        Effect::ShowUnattended => "unattended".into(),
        Effect::Finish(code) => format!("finish {}", *code as u8),
    };
    effects.iter().map(one).collect()
}

/// Hands one event in and compares what comes of it.
fn step(machine: &mut Machine, event: Event, effects: &[&str]) {
    assert_eq!(short(&machine.handle(event)), effects);
}

/// A person's conversation in the phase that is asked for.
fn at(phase: Phase) -> Machine {
    let mut machine = Machine::new(true);
    let said = || Event::Said("a service".into());
    let decided = |reply| {
        let planned = Event::Planned(plan(Some("web")));
        vec![said(), Event::Drafted(drafted("web")), planned, Event::Replied(reply)]
    };
    let mut events = match phase {
        Phase::Idle => Vec::new(),
        Phase::Drafting => vec![said()],
        Phase::Asking => vec![said(), Event::Drafted(Outcome::Asked(Asked::default()))],
        Phase::Planning => vec![said(), Event::Drafted(drafted("web"))],
        Phase::Deciding | Phase::Over => decided(Reply::No),
        Phase::Editing => decided(Reply::Edit),
        Phase::Writing => decided(Reply::Yes),
        Phase::Following => {
            let mut events = decided(Reply::Yes);
            events.push(Event::Written(applied()));
            events
        }
    };
    if phase == Phase::Deciding {
        events.pop();
    }
    for event in events {
        machine.handle(event);
    }
    assert_eq!(machine.phase(), phase);
    machine
}

const PHASES: [Phase; 9] = [
    Phase::Idle,
    Phase::Drafting,
    Phase::Asking,
    Phase::Planning,
    Phase::Deciding,
    Phase::Editing,
    Phase::Writing,
    Phase::Following,
    Phase::Over,
];

/// One event of each kind.
fn all_events() -> Vec<Event> {
    vec![
        Event::Said("more".into()),
        Event::Drafted(drafted("web")),
        Event::Planned(plan(Some("web"))),
        Event::Replied(Reply::Yes),
        Event::Replied(Reply::No),
        Event::Replied(Reply::Edit),
        Event::Edited(None),
        Event::Edited(Some("text".into())),
        Event::Judged(vec![service("other")]),
        Event::Refused("no".into()),
        Event::Written(written(&["web.yaml"], &[], false)),
        Event::Failed(Problem::new("broken")),
        Event::Interrupted,
    ]
}

#[test]
fn what_was_applied_to_a_cluster_is_followed() {
    let mut machine = at(Phase::Writing);
    step(&mut machine, Event::Written(applied()), &["show written", "follow 1"]);
    let mut ready = at(Phase::Following);
    step(&mut ready, Event::Followed(Followed::default()), &["followed true", "finish 0"]);
    let object = ObjectKey::of(&service("web"));
    let unready =
        vec![Unready { object, missing: "0 of 1".into(), why: Vec::new(), standing: Standing::Waiting }];
    let late = Followed { unready, ..Followed::default() };
    step(&mut machine, Event::Followed(late), &["followed false", "finish 6"]);
}

#[test]
fn from_words_to_files() {
    let mut machine = Machine::new(true);
    step(&mut machine, Event::Said("a service".into()), &["draft a service"]);
    step(&mut machine, Event::Drafted(drafted("web")), &["show", "plan web"]);
    step(&mut machine, Event::Planned(plan(Some("web"))), &["show plan", "confirm"]);
    step(&mut machine, Event::Replied(Reply::Yes), &["write service-web.yaml"]);
    step(
        &mut machine,
        Event::Written(written(&["service-web.yaml"], &[], false)),
        &["show written", "finish 0"],
    );
    assert_eq!(machine.phase(), Phase::Over);
}

#[test]
fn what_is_written_is_the_plan_that_was_shown() {
    let mut machine = at(Phase::Planning);
    let shown = plan(Some("web"));
    let digest = shown.digest.clone();
    machine.handle(Event::Planned(shown));
    let effects = machine.handle(Event::Replied(Reply::Yes));
    let [Effect::Write(confirmed)] = effects.as_slice() else { panic!("{effects:?}") };
    assert_eq!(confirmed.plan().digest, digest);
}

#[test]
fn a_no_writes_nothing() {
    step(&mut at(Phase::Deciding), Event::Replied(Reply::No), &["finish 1"]);
}

#[test]
fn a_plan_that_was_changed_after_it_was_shown_is_not_written() {
    let mut machine = at(Phase::Planning);
    let mut changed = plan(Some("web"));
    changed.changes[0].body = Some(service("other"));
    machine.handle(Event::Planned(changed));
    let effects = short(&machine.handle(Event::Replied(Reply::Yes)));
    assert!(effects[0].starts_with("problem the digest that was agreed to"), "{effects:?}");
    assert_eq!(effects[1..], ["finish 1"]);
}

#[test]
fn no_event_but_a_yes_to_a_shown_plan_leads_to_a_write() {
    for phase in PHASES {
        for event in all_events() {
            let is_the_yes = phase == Phase::Deciding && matches!(event, Event::Replied(Reply::Yes));
            let what = format!("{phase:?} {event:?}");
            let writes = at(phase).handle(event).iter().any(|effect| matches!(effect, Effect::Write(_)));
            assert_eq!(writes, is_the_yes, "{what}");
        }
    }
}

#[test]
fn without_a_terminal_nothing_is_asked_and_nothing_is_written() {
    for event in all_events() {
        let mut machine = Machine::new(false);
        machine.handle(Event::Said("a service".into()));
        machine.handle(Event::Drafted(drafted("web")));
        step(&mut machine, Event::Planned(plan(Some("web"))), &["show plan", "unattended", "finish 1"]);
        step(&mut machine, event, &[]);
    }
    let mut machine = Machine::new(false);
    machine.handle(Event::Said("a service".into()));
    step(&mut machine, Event::Drafted(Outcome::Asked(Asked::default())), &["show", "finish 1"]);
}

#[test]
fn where_nothing_would_change_nothing_is_asked() {
    for interactive in [true, false] {
        let mut machine = Machine::new(interactive);
        machine.handle(Event::Said("a service".into()));
        machine.handle(Event::Drafted(drafted("web")));
        step(&mut machine, Event::Planned(plan(None)), &["show plan", "finish 0"]);
    }
}

#[test]
fn a_question_is_answered_and_drafted_again() {
    let mut machine = at(Phase::Drafting);
    step(&mut machine, Event::Drafted(Outcome::Asked(Asked::default())), &["show", "listen"]);
    assert_eq!(machine.phase(), Phase::Asking);
    step(&mut machine, Event::Said("80".into()), &["draft 80"]);
    step(&mut machine, Event::Drafted(Outcome::Asked(Asked::default())), &["show", "listen"]);
    step(&mut machine, Event::Said("nginx".into()), &["draft nginx"]);
    step(&mut machine, Event::Drafted(drafted("web")), &["show", "plan web"]);
}

#[test]
fn other_outcomes_are_shown_and_end_it() {
    let routed = Routed { verb: Verb::Capacity, name: None };
    for (outcome, code) in [
        (Outcome::Declined(Declined::default()), "finish 1"),
        (Outcome::Routed(routed), "finish 1"),
        (Outcome::Denied(Denied::default()), "finish 1"),
        (Outcome::Denied(Denied { incomplete: true, ..Denied::default() }), "finish 3"),
    ] {
        step(&mut at(Phase::Drafting), Event::Drafted(outcome), &["show", code]);
    }
}

#[test]
fn what_was_edited_is_judged_planned_and_shown_before_it_is_asked_about() {
    let mut machine = at(Phase::Deciding);
    step(&mut machine, Event::Replied(Reply::Edit), &["edit web"]);
    step(&mut machine, Event::Edited(Some("new".into())), &["judge 'new'"]);
    step(&mut machine, Event::Judged(vec![service("shop")]), &["plan shop"]);
    step(&mut machine, Event::Planned(plan(Some("shop"))), &["show plan", "confirm"]);
    step(&mut machine, Event::Replied(Reply::Edit), &["edit shop"]);
    step(&mut machine, Event::Edited(None), &["confirm"]);
    step(&mut machine, Event::Replied(Reply::Yes), &["write service-shop.yaml"]);
}

#[test]
fn an_edit_that_is_refused_comes_back_with_its_text_and_the_reason() {
    let mut machine = at(Phase::Editing);
    machine.handle(Event::Edited(Some("one".into())));
    step(&mut machine, Event::Refused("no such field".into()), &["edit 'one' since no such field"]);
    assert_eq!(machine.phase(), Phase::Editing);
    machine.handle(Event::Edited(Some("two".into())));
    step(&mut machine, Event::Refused("denied".into()), &["edit 'two' since denied"]);
    machine.handle(Event::Edited(Some("three".into())));
    step(&mut machine, Event::Judged(vec![service("shop")]), &["plan shop"]);
}

#[test]
fn who_leaves_the_editor_after_a_refusal_sees_what_would_be_written() {
    let mut machine = at(Phase::Editing);
    machine.handle(Event::Edited(Some("bad".into())));
    machine.handle(Event::Refused("denied".into()));
    step(&mut machine, Event::Edited(None), &["show plan", "confirm"]);
    step(&mut machine, Event::Replied(Reply::Edit), &["edit web"]);
    step(&mut machine, Event::Edited(None), &["confirm"]);
    step(&mut machine, Event::Replied(Reply::Yes), &["write service-web.yaml"]);
}

#[test]
fn an_editor_that_fails_leads_back_to_the_question() {
    let mut machine = at(Phase::Editing);
    step(&mut machine, Event::Failed(Problem::new("no editor")), &["problem no editor", "confirm"]);
    assert_eq!(machine.phase(), Phase::Deciding);
    step(&mut machine, Event::Replied(Reply::No), &["finish 1"]);
}

#[test]
fn a_problem_ends_it_with_its_own_code() {
    for phase in [Phase::Drafting, Phase::Planning, Phase::Deciding, Phase::Writing] {
        let stale = Problem::new("stale").code(ExitCode::Stale);
        step(&mut at(phase), Event::Failed(stale), &["problem stale", "finish 5"]);
    }
}

#[test]
fn an_interrupt_ends_it_in_every_phase_but_while_files_are_written() {
    for phase in PHASES {
        let mut machine = at(phase);
        match phase {
            Phase::Writing => {
                step(&mut machine, Event::Interrupted, &[]);
                step(
                    &mut machine,
                    Event::Written(written(&["a.yaml"], &["b.yaml"], true)),
                    &["show written", "finish 4"],
                );
            }
            Phase::Over => step(&mut machine, Event::Interrupted, &[]),
            _ => step(&mut machine, Event::Interrupted, &["finish 130"]),
        }
        assert_eq!(machine.phase(), Phase::Over);
        for event in all_events() {
            step(&mut machine, event, &[]);
        }
    }
}

#[test]
fn the_code_tells_how_much_was_written() {
    for (outcome, code) in [
        (written(&["a"], &[], false), "finish 0"),
        (written(&["a"], &["b"], false), "finish 4"),
        (written(&[], &["a"], true), "finish 130"),
        (written(&[], &["a"], false), "finish 2"),
    ] {
        step(&mut at(Phase::Writing), Event::Written(outcome), &["show written", code]);
    }
}

#[test]
fn an_event_that_does_not_belong_to_the_phase_changes_nothing() {
    for (phase, event) in [
        (Phase::Idle, Event::Replied(Reply::Yes)),
        (Phase::Idle, Event::Planned(plan(Some("web")))),
        (Phase::Drafting, Event::Said("more".into())),
        (Phase::Drafting, Event::Judged(vec![service("other")])),
        (Phase::Planning, Event::Replied(Reply::Yes)),
        (Phase::Deciding, Event::Said("yes".into())),
        (Phase::Deciding, Event::Planned(plan(Some("other")))),
        (Phase::Editing, Event::Replied(Reply::Yes)),
        (Phase::Writing, Event::Replied(Reply::Yes)),
    ] {
        let mut machine = at(phase);
        step(&mut machine, event, &[]);
        assert_eq!(machine.phase(), phase);
    }
}

#[test]
fn a_field_is_changed_and_planned_anew() {
    let edit = || FieldEdit { thing: 0, field: "port".into(), text: "81".into() };
    let mut machine = at(Phase::Deciding);
    step(&mut machine, Event::Replied(Reply::Change(edit())), &["change port to 81"]);
    step(&mut machine, Event::Drafted(drafted("shop")), &["show", "plan shop"]);
    step(&mut machine, Event::Planned(plan(Some("shop"))), &["show plan", "confirm"]);
    step(&mut machine, Event::Replied(Reply::Change(edit())), &["change port to 81"]);
    step(&mut machine, Event::Unfit("no".into()), &["unfit no", "confirm"]);
    step(&mut machine, Event::Replied(Reply::Yes), &["write service-shop.yaml"]);
}

#[test]
fn more_words_draft_again_and_a_question_that_is_left_leads_back() {
    let mut machine = at(Phase::Deciding);
    step(&mut machine, Event::Replied(Reply::Say("more".into())), &["draft more"]);
    step(&mut machine, Event::Drafted(Outcome::Asked(Asked::default())), &["show", "listen"]);
    step(&mut machine, Event::Left, &["take back", "confirm"]);
    step(&mut machine, Event::Replied(Reply::Say("more".into())), &["draft more"]);
    step(
        &mut machine,
        Event::Drafted(Outcome::Declined(Declined::default())),
        &["show", "take back", "confirm"],
    );
    step(&mut machine, Event::Replied(Reply::Say("more".into())), &["draft more"]);
    step(
        &mut machine,
        Event::Failed(Problem::new("too long")),
        &["problem too long", "take back", "confirm"],
    );
    step(&mut machine, Event::Replied(Reply::Yes), &["write service-web.yaml"]);
    step(&mut at(Phase::Asking), Event::Left, &["finish 1"]);
}

#[test]
fn after_an_edit_by_hand_the_form_has_no_say() {
    let mut machine = at(Phase::Editing);
    machine.handle(Event::Edited(Some("new".into())));
    machine.handle(Event::Judged(vec![service("shop")]));
    machine.handle(Event::Planned(plan(Some("shop"))));
    let effects = machine.handle(Event::Replied(Reply::Say("more".into())));
    assert!(short(&effects)[0].starts_with("unfit the manifests were edited"), "{effects:?}");
    step(&mut machine, Event::Replied(Reply::Yes), &["write service-shop.yaml"]);
}
