//! The worker with a scripted model and a folder: orders in, messages out.

use std::path::Path;
use std::sync::mpsc::{self, Receiver};
use std::time::Duration;

use super::*;
use crate::config::{Config, PolicySource};
use crate::draft::FieldEdit;
use crate::model::{Cancel, ModelChoice};
use crate::session::Reply;
use crate::tui::app::{Stage, Work};
use crate::tui::message::Order;
use crate::tui::worker;

/// How long a message may take; only there to end a test that hangs.
const LONG: Duration = Duration::from_secs(120);

fn config(room: &Path, model: ModelChoice) -> Config {
    Config {
        place: crate::config::Where::Folder(room.join("manifests")),
        wait: Duration::ZERO,
        namespace: None,
        owner: None,
        user: Some("mira".into()),
        policies: vec![PolicySource::Builtin],
        patterns: Vec::new(),
        schemas: Vec::new(),
        kubernetes_version: None,
        model,
        adapter: None,
        device: None,
        context_tokens: crate::model::DEFAULT_CONTEXT,
        threads: None,
        cache_dir: room.join("cache"),
        state_dir: room.join("state"),
        executable: "kubectl-copilot".into(),
        editor: None,
        style: Style::NONE,
    }
}

fn notebook() -> ModelChoice {
    ModelChoice::Scripted(vec![("kind".into(), "notebook".into())])
}

/// Feeds every message to a screen until one is picked.
fn until(news: &Receiver<Message>, app: &mut App, pick: impl Fn(&App) -> bool) {
    while !pick(app) {
        let message = news.recv_timeout(LONG).expect("the worker goes on");
        update(app, Msg::News(message));
    }
}

#[test]
fn a_request_becomes_files_and_the_next_one_sees_them() {
    let room = tempfile::tempdir().unwrap();
    let (orders, inbox) = mpsc::channel();
    let (sender, news) = mpsc::channel();
    worker::start(config(room.path(), notebook()), inbox, sender).unwrap();
    let mut app = App::new(Style::NONE, (100, 40));
    until(&news, &mut app, |app| !app.is_moving());
    assert!(frame(&app).contains("scripted"), "{}", frame(&app));

    let is_deciding = |app: &App| app.stage == Stage::Deciding;
    say(&mut app, "a notebook for me");
    orders.send(Order::Begin("a notebook for me".into(), Cancel::default())).unwrap();
    until(&news, &mut app, is_deciding);
    let first = app.plan.as_ref().unwrap().digest.clone();
    assert!(frame(&app).contains("disk"), "{}", frame(&app));

    let change = |field: &str, text: &str| {
        Order::Reply(Reply::Change(FieldEdit { thing: 0, field: field.into(), text: text.into() }))
    };
    app.stage = Stage::Working(Work::Checking);
    orders.send(change("gpus", "99")).unwrap();
    until(&news, &mut app, is_deciding);
    assert!(app.notice.is_some(), "the reason is shown");
    assert_eq!(app.plan.as_ref().unwrap().digest, first);

    app.stage = Stage::Working(Work::Checking);
    orders.send(change("disk", "80 gigs")).unwrap();
    until(&news, &mut app, is_deciding);
    assert_ne!(app.plan.as_ref().unwrap().digest, first, "another plan, another digest");
    let row = app.form.as_ref().unwrap().rows.iter().find_map(|row| match row {
        FormRow::Field(field) if field.name == "disk" => Some((field.value.clone(), field.origin.clone())),
        _ => None,
    });
    assert_eq!(row, Some(("80Gi".into(), "you".into())));

    app.stage = Stage::Working(Work::Writing);
    orders.send(Order::Reply(Reply::Yes)).unwrap();
    until(&news, &mut app, |app| app.stage == Stage::Ready);
    assert!(app.wrote.starts_with("wrote "), "{}", app.wrote);
    assert!(std::fs::read_dir(room.path().join("manifests")).unwrap().count() > 3);

    orders.send(Order::Begin("a notebook for me".into(), Cancel::default())).unwrap();
    app.stage = Stage::Working(Work::Drafting);
    until(&news, &mut app, is_deciding);
    let first = app.form.as_ref().unwrap().field(1).unwrap().clone();
    assert_eq!((first.name.as_str(), first.value.as_str()), ("name", "notebook-2"));
}

#[test]
fn an_engine_that_cannot_be_opened_and_a_model_that_is_missing_are_told() {
    let room = tempfile::tempdir().unwrap();
    let tell = |config| {
        let (orders, inbox) = mpsc::channel();
        let (sender, news) = mpsc::channel();
        worker::start(config, inbox, sender).unwrap();
        let mut app = App::new(Style::NONE, (100, 20));
        until(&news, &mut app, |app| !app.is_moving());
        drop(orders);
        frame(&app)
    };
    let mut broken = config(room.path(), notebook());
    broken.policies = vec![PolicySource::Path(room.path().join("nothing"))];
    assert!(tell(broken).contains("error: "));
    let missing = config(room.path(), ModelChoice::File(room.path().join("no.gguf")));
    let shown = tell(missing);
    assert!(shown.contains("no model") && shown.contains("error: "), "{shown}");
}

#[test]
fn a_screen_that_is_gone_means_no() {
    let room = tempfile::tempdir().unwrap();
    let (orders, inbox) = mpsc::channel();
    let (sender, news) = mpsc::channel();
    worker::start(config(room.path(), notebook()), inbox, sender).unwrap();
    orders.send(Order::Begin("a notebook for me".into(), Cancel::default())).unwrap();
    drop(orders);
    let codes: Vec<ExitCode> = news
        .iter()
        .filter_map(|message| match message {
            Message::Over(code) => Some(code),
            _ => None,
        })
        .collect();
    assert_eq!(codes, [ExitCode::No]);
    assert!(!room.path().join("manifests").exists());
}
