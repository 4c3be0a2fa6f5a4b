//! Keys and news -> state and actions.

use super::*;
use crate::draft::FieldEdit;
use crate::session::{Problem, Reply};
use crate::tui::app::{Focus, Model, Stage, Work};

#[test]
fn words_begin_a_conversation_and_are_remembered() {
    let mut app = ready(80, 24);
    assert_eq!(press(&mut app, KeyCode::Enter), [], "an empty line is no request");
    assert_eq!(
        say(&mut app, " 给我两张 GPU 的 notebook "),
        [Action::Begin("给我两张 GPU 的 notebook".into())]
    );
    assert_eq!(app.stage, Stage::Working(Work::Drafting));
    assert_eq!(press(&mut app, KeyCode::Char('x')), [], "nothing is typed while the worker is at it");
    news(&mut app, Message::Page(Page::new(PageKind::Answer, "no")));
    news(&mut app, Message::Over(ExitCode::No));
    assert_eq!((app.stage, app.code), (Stage::Ready, ExitCode::Done));
    type_text(&mut app, "new");
    press(&mut app, KeyCode::Up);
    assert_eq!(app.input.value(), "给我两张 GPU 的 notebook");
    press(&mut app, KeyCode::Down);
    assert_eq!(app.input.value(), "new");
}

#[test]
fn a_line_is_edited_character_by_character_in_any_script() {
    let mut app = ready(80, 24);
    type_text(&mut app, "两张卡");
    press(&mut app, KeyCode::Left);
    press(&mut app, KeyCode::Backspace);
    type_text(&mut app, "块");
    assert_eq!(app.input.value(), "两块卡");
    update(&mut app, Msg::Paste("\u{1b}[31mred\u{202e}\nline\n".into()));
    assert_eq!(app.input.value(), "两块[31mred line卡");
    control(&mut app, 'c');
    assert_eq!(app.input.value(), "");
    assert_eq!(control(&mut app, 'c'), [Action::Leave]);
}

#[test]
fn a_press_counts_once() {
    let mut app = ready(80, 24);
    let mut key = KeyEvent::new(KeyCode::Char('a'), KeyModifiers::NONE);
    update(&mut app, Msg::Key(key));
    key.kind = ratatui::crossterm::event::KeyEventKind::Release;
    update(&mut app, Msg::Key(key));
    assert_eq!(app.input.value(), "a");
}

#[test]
fn a_field_is_changed_and_a_value_that_does_not_fit_stays_in_the_line_with_the_reason() {
    let mut app = deciding(80, 24);
    press(&mut app, KeyCode::Down);
    press(&mut app, KeyCode::Down);
    press(&mut app, KeyCode::Enter);
    press(&mut app, KeyCode::Backspace);
    type_text(&mut app, "16");
    let edit = |text: &str| FieldEdit { thing: 0, field: "gpus".into(), text: text.into() };
    assert_eq!(press(&mut app, KeyCode::Enter), [Action::Reply(Reply::Change(edit("16")))]);
    assert_eq!(app.stage, Stage::Working(Work::Checking));
    news(&mut app, Message::Unfit("policy gpu-cap does not allow gpus 16".into()));
    news(&mut app, Message::Confirm);
    let editing = app.editing.as_ref().unwrap();
    assert_eq!(editing.input.value(), "16");
    assert_eq!(editing.why.as_deref(), Some("policy gpu-cap does not allow gpus 16"));
    control(&mut app, 'u');
    type_text(&mut app, "4");
    assert_eq!(press(&mut app, KeyCode::Enter), [Action::Reply(Reply::Change(edit("4")))]);
    news(&mut app, Message::Draft(form()));
    news(&mut app, Message::Plan(Box::new(plan())));
    news(&mut app, Message::Confirm);
    assert!(app.editing.is_none());
    assert_eq!(app.form.as_ref().unwrap().field(app.selected).unwrap().name, "gpus", "the row stays chosen");
}

#[test]
fn a_value_that_is_left_as_it_was_is_no_change() {
    let mut app = deciding(80, 24);
    press(&mut app, KeyCode::Enter);
    assert_eq!(press(&mut app, KeyCode::Enter), []);
    assert!(app.editing.is_none());
    press(&mut app, KeyCode::Enter);
    type_text(&mut app, "x");
    assert_eq!(press(&mut app, KeyCode::Esc), []);
    assert!(app.editing.is_none());
    assert_eq!(app.stage, Stage::Deciding);
}

#[test]
fn only_a_then_y_writes() {
    let mut app = deciding(80, 24);
    for code in [KeyCode::Char('y'), KeyCode::Char('Y')] {
        assert_eq!(press(&mut app, code), []);
    }
    for code in [KeyCode::Enter, KeyCode::Esc, KeyCode::Char('n'), KeyCode::Char('a'), KeyCode::Char(' ')] {
        press(&mut app, KeyCode::Char('a'));
        assert!(app.confirming);
        assert_eq!(press(&mut app, code), [], "{code:?}");
        assert!(!app.confirming && app.stage == Stage::Deciding);
    }
    press(&mut app, KeyCode::Char('a'));
    assert_eq!(press(&mut app, KeyCode::Char('y')), [Action::Reply(Reply::Yes)]);
    assert!(app.is_writing());
    assert_eq!(press(&mut app, KeyCode::Esc), [Action::Stop]);
    assert_eq!(control(&mut app, 'c'), [Action::Stop], "what is being written is finished");
    news(&mut app, Message::Page(Page::new(PageKind::Written, "wrote 2 files\nnext:\n  kubectl apply -f x")));
    news(&mut app, Message::Over(ExitCode::Done));
    assert!(app.wrote.contains("kubectl apply"), "said again once the screen is gone");
    assert!(app.page.is_some() && app.plan.is_none());
}

#[test]
fn what_was_applied_is_said_once_behind_the_screen() {
    let mut app = deciding(80, 24);
    for (kind, text) in [
        (PageKind::Written, "wrote 2 files"),
        (PageKind::Written, "applied 1 object"),
        (PageKind::Followed, "applied 1 object\nready: Pod/a"),
    ] {
        news(&mut app, Message::Page(Page::new(kind, text)));
    }
    assert_eq!(app.wrote, "wrote 2 files\napplied 1 object\nready: Pod/a\n");
}

#[test]
fn nothing_is_decided_on_a_screen_that_shows_nothing() {
    let mut app = deciding(80, 24);
    update(&mut app, Msg::Resize(30, 8));
    press(&mut app, KeyCode::Char('a'));
    assert_eq!(press(&mut app, KeyCode::Char('y')), []);
    assert!(!app.confirming);
    assert_eq!(control(&mut app, 'c'), [Action::Leave]);
}

#[test]
fn what_has_not_been_on_the_screen_is_counted() {
    let mut app = deciding(80, 24);
    let (first, rows) = (app.seen, 35);
    assert!(first > 0 && first < rows, "{first}");
    press(&mut app, KeyCode::Tab);
    assert_eq!(app.focus, Focus::Changes);
    press(&mut app, KeyCode::Char('G'));
    assert_eq!(app.seen, rows);
    press(&mut app, KeyCode::Char('g'));
    assert_eq!((app.top, app.seen), (0, rows));
    press(&mut app, KeyCode::PageDown);
    assert!(app.top > 0);
    update(&mut app, Msg::Resize(80, 200));
    assert_eq!(app.top, 0, "there is nothing to scroll any more");
}

#[test]
fn a_question_is_answered_in_the_line_or_left() {
    let mut app = ready(80, 24);
    say(&mut app, "serve it");
    news(&mut app, Message::Page(Page::new(PageKind::Asked, "? which model should it serve?")));
    news(&mut app, Message::Listen);
    assert_eq!(say(&mut app, "Qwen/Qwen3-8B"), [Action::Answer(Some("Qwen/Qwen3-8B".into()))]);
    news(&mut app, Message::Page(Page::new(PageKind::Asked, "? and then?")));
    news(&mut app, Message::Listen);
    assert_eq!(press(&mut app, KeyCode::Esc), [Action::Answer(None)]);
    news(&mut app, Message::Over(ExitCode::Interrupted));
    assert_eq!((app.stage, app.page.is_none()), (Stage::Ready, true));
}

#[test]
fn what_becomes_of_more_words_is_said_beside_the_plan() {
    let mut app = deciding(80, 24);
    press(&mut app, KeyCode::Char('i'));
    assert_eq!(say(&mut app, "delete all"), [Action::Reply(Reply::Say("delete all".into()))]);
    news(&mut app, Message::Page(Page::new(PageKind::Answer, "that is not done here")));
    news(&mut app, Message::Confirm);
    assert_eq!(app.notice.as_deref(), Some("that is not done here"));
    assert_eq!(app.turns.len(), 1, "the words that came to nothing are gone");
    assert!(app.page.is_none());
}

#[test]
fn a_stop_keeps_what_was_typed() {
    let mut app = ready(80, 24);
    say(&mut app, "a notebook");
    assert_eq!(press(&mut app, KeyCode::Esc), [Action::Stop]);
    assert_eq!(control(&mut app, 'c'), [Action::Leave], "who insists is let go");
    news(&mut app, Message::Page(Page::new(PageKind::Problem, "error: the model was stopped")));
    news(&mut app, Message::Over(ExitCode::Interrupted));
    assert_eq!(app.input.value(), "a notebook");
    assert!(app.page.is_none(), "a stop is no problem");
}

#[test]
fn the_editor_opens_on_what_the_worker_hands_over() {
    let mut app = deciding(80, 24);
    assert_eq!(press(&mut app, KeyCode::Char('e')), [Action::Reply(Reply::Edit)]);
    assert_eq!(news(&mut app, Message::Edit("kind: X".into())), [Action::OpenEditor("kind: X".into())]);
}

#[test]
fn without_an_engine_no_words_are_taken_and_the_code_says_so() {
    let mut app = App::new(COLOUR, (80, 24));
    news(&mut app, Message::Unopened(Problem::new("no such policy").hint("name one")));
    assert!(matches!(app.model, Model::Missing(_)));
    assert_eq!(say(&mut app, "a notebook"), []);
    assert_eq!(app.code, ExitCode::CouldNot);
}

#[test]
fn examples_go_into_the_line_one_after_the_other() {
    let mut app = ready(80, 24);
    press(&mut app, KeyCode::Tab);
    let first = app.input.value().to_owned();
    press(&mut app, KeyCode::Tab);
    assert_ne!(app.input.value(), first);
    let page = Page { examples: vec!["one".into()], ..Page::new(PageKind::Answer, "no") };
    news(&mut app, Message::Page(page));
    for _ in 0..3 {
        press(&mut app, KeyCode::Tab);
        assert_eq!(app.input.value(), "one");
    }
}

#[test]
fn a_form_does_not_speak_for_a_text_that_was_edited_by_hand() {
    let mut app = deciding(80, 24);
    assert!(app.form_counts);
    let edited = |digest: &str| Message::Plan(Box::new(PlanView { digest: digest.into(), ..plan() }));
    press(&mut app, KeyCode::Char('e'));
    news(&mut app, Message::Edit(String::new()));
    news(&mut app, edited(&plan().digest));
    news(&mut app, Message::Confirm);
    assert!(app.form_counts, "the same plan again");
    press(&mut app, KeyCode::Char('e'));
    news(&mut app, edited("sha256:other"));
    news(&mut app, Message::Confirm);
    assert!(!app.form_counts);
    assert!(frame(&app).contains("edited by hand"), "{}", frame(&app));
}
