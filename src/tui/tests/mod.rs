//! The screen without a terminal: keys in, actions and frames out; and the worker with a scripted model.

mod frames;
mod keys;
mod worker;

use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use crate::apply;
use crate::config::Style;
use crate::model::{ModelInfo, PromptProfile};
use crate::session::ExitCode;
use crate::tui::app::{Action, App, Msg};
use crate::tui::message::{Message, Opened};
use crate::tui::shown::{FieldRow, Form, FormRow, Line, LineKind, Page, PageKind, PlanView};
use crate::tui::update::update;
use crate::tui::view::view;

const COLOUR: Style = Style { colour: true, plain: false };

/// A screen with everything loaded.
fn ready(width: u16, height: u16) -> App {
    let mut app = App::new(COLOUR, (width, height));
    news(&mut app, Message::Opened(Opened { target: "manifests".into(), policies: 5 }));
    let info = ModelInfo {
        name: "Qwen2.5 Coder 0.5B".into(),
        device: "CPU (2 threads)".into(),
        profile: PromptProfile::FewShot,
        parameters: 0,
        context: 0,
    };
    news(&mut app, Message::Loaded(info));
    app
}

/// The same with a plan that waits for a decision.
fn deciding(width: u16, height: u16) -> App {
    let mut app = ready(width, height);
    say(&mut app, "give me a notebook with two GPUs for two weeks");
    news(&mut app, Message::Draft(form()));
    news(&mut app, Message::Plan(Box::new(plan())));
    news(&mut app, Message::Confirm);
    app
}

fn form() -> Form {
    let field = |name: &str, value: &str, origin: &str| {
        FormRow::Field(FieldRow {
            thing: 0,
            name: name.into(),
            value: value.into(),
            text: value.into(),
            origin: origin.into(),
        })
    };
    Form {
        turns: vec!["give me a notebook with two GPUs for two weeks".into()],
        rows: vec![
            FormRow::Thing("Notebook · 2 × GPU · PyTorch · 4 CPU · 16Gi memory · 50Gi home".into()),
            field("name", "notebook", "default"),
            field("owner", "mira", "you"),
            field("gpus", "2", "you said \"two\""),
            field("memory", "16Gi", "default"),
        ],
        notes: vec!["not used: \"two weeks\"".into()],
    }
}

fn plan() -> PlanView {
    let mut lines = vec![
        Line {
            kind: LineKind::Finding,
            text: "warning v1 Service notebook /spec: no port is named [x]".into(),
        },
        Line { kind: LineKind::Object, text: "v1 Service notebook".into() },
        Line { kind: LineKind::Header, text: "@@ -1,3 +1,30 @@".into() },
        Line { kind: LineKind::Same, text: " apiVersion: v1".into() },
        Line { kind: LineKind::Removed, text: "-  port: 80".into() },
    ];
    lines.extend((1..=30).map(|n| Line { kind: LineKind::Added, text: format!("+  line: {n}") }));
    PlanView {
        target: "/home/mira/manifests".into(),
        digest: "sha256:3fa9c1d2e7b0ffeeddcc".into(),
        files: 2,
        question: "write 2 files to /home/mira/manifests?".into(),
        is_empty: false,
        objects: vec![
            (apply::Action::Change, "~ Service/notebook".into()),
            (apply::Action::Create, "+ StatefulSet/notebook".into()),
        ],
        lines,
        checks: "checks: schema ok · policy 5/5".into(),
    }
}

fn news(app: &mut App, message: Message) -> Vec<Action> {
    update(app, Msg::News(message))
}

fn press(app: &mut App, code: KeyCode) -> Vec<Action> {
    update(app, Msg::Key(KeyEvent::new(code, KeyModifiers::NONE)))
}

fn control(app: &mut App, c: char) -> Vec<Action> {
    update(app, Msg::Key(KeyEvent::new(KeyCode::Char(c), KeyModifiers::CONTROL)))
}

fn type_text(app: &mut App, text: &str) {
    for c in text.chars() {
        assert_eq!(press(app, KeyCode::Char(c)), []);
    }
}

/// Types a line and sends it.
fn say(app: &mut App, text: &str) -> Vec<Action> {
    type_text(app, text);
    press(app, KeyCode::Enter)
}

/// What a person sees.
fn frame(app: &App) -> String {
    let mut terminal = Terminal::new(TestBackend::new(app.size.0, app.size.1)).unwrap();
    terminal.draw(|frame| view(app, frame)).unwrap();
    // The backend adds to a line what lies behind its wide characters.
    let line = |line: &str| {
        let shown = line.split_once("\" Hidden by").map_or(line, |(shown, _)| shown);
        format!("{}\n", shown.trim_matches('"').trim_end())
    };
    terminal.backend().to_string().lines().map(line).collect()
}
