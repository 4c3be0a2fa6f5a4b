//! What a person sees. Colours are looked at apart: a snapshot has none.

use insta::assert_snapshot;
use ratatui::style::{Color, Modifier};

use super::*;
use crate::session::Problem;

#[test]
fn the_first_frame_comes_before_everything_is_read() {
    assert_snapshot!(frame(&App::new(COLOUR, (80, 24))));
}

#[test]
fn the_model_is_loaded_behind_it() {
    let mut app = App::new(COLOUR, (80, 12));
    news(&mut app, Message::Opened(Opened { target: "manifests".into(), policies: 0 }));
    assert_snapshot!(frame(&app));
}

#[test]
fn a_draft_is_a_form_and_its_changes() {
    assert_snapshot!(frame(&deciding(80, 24)));
}

#[test]
fn form_and_changes_stand_side_by_side_where_there_is_room() {
    assert_snapshot!(frame(&deciding(140, 20)));
}

#[test]
fn it_all_fits_into_the_smallest_terminal() {
    assert_snapshot!(frame(&deciding(40, 10)));
}

#[test]
fn a_smaller_one_is_told_so() {
    assert_snapshot!(frame(&deciding(38, 5)));
}

#[test]
fn the_last_question_names_target_and_digest() {
    let mut app = deciding(80, 24);
    press(&mut app, KeyCode::Char('a'));
    assert_snapshot!(frame(&app));
}

#[test]
fn target_and_digest_are_never_cut_at_the_last_question() {
    let mut app = deciding(40, 10);
    press(&mut app, KeyCode::Char('a'));
    assert_snapshot!(frame(&app));
}

#[test]
fn a_field_that_is_changed_shows_why_it_does_not_fit() {
    let mut app = deciding(80, 24);
    press(&mut app, KeyCode::End);
    press(&mut app, KeyCode::Up);
    press(&mut app, KeyCode::Enter);
    type_text(&mut app, "0");
    press(&mut app, KeyCode::Enter);
    let reason = "policy gpu-cap-per-pod does not allow gpus 20; the nearest that passes is 8";
    news(&mut app, Message::Unfit(reason.into()));
    news(&mut app, Message::Confirm);
    assert_snapshot!(frame(&app));
}

#[test]
fn a_plan_of_a_draft_before_is_not_offered_for_a_yes() {
    let mut app = deciding(80, 24);
    assert!(frame(&app).contains(" a writes 2 files"));
    news(&mut app, Message::Draft(form()));
    let shown = frame(&app);
    assert!(!shown.contains(" a writes") && shown.contains("planning"), "{shown}");
    assert_eq!(press(&mut app, KeyCode::Char('a')), [], "and cannot be taken");
    assert!(!app.confirming);
    news(&mut app, Message::Plan(Box::new(plan())));
    news(&mut app, Message::Confirm);
    assert!(frame(&app).contains(" a writes 2 files"));
}

#[test]
fn a_question_stands_above_the_line_in_which_it_is_answered() {
    let mut app = ready(80, 14);
    say(&mut app, "serve a model");
    news(&mut app, Message::Page(Page::new(PageKind::Asked, "? which model should it serve?")));
    news(&mut app, Message::Listen);
    assert_snapshot!(frame(&app));
}

#[test]
fn a_no_shows_what_would_work() {
    let mut app = ready(80, 14);
    say(&mut app, "写一首诗");
    let examples = vec!["给我一个带两张 GPU 的 notebook".to_owned(), "部署 nginx，三个副本".to_owned()];
    let page = Page { examples, ..Page::new(PageKind::Answer, "这不是 Kubernetes 能做的事。") };
    news(&mut app, Message::Page(page));
    news(&mut app, Message::Over(ExitCode::No));
    assert_snapshot!(frame(&app));
}

#[test]
fn chinese_is_as_wide_as_it_is() {
    let mut app = ready(50, 12);
    type_text(&mut app, "给我一个带两张 H100 的 notebook，内存 64Gi，给视觉组用，跑两个星期");
    assert_snapshot!(frame(&app));
}

#[test]
fn what_was_written_comes_with_what_to_do_next() {
    let mut app = ready(80, 14);
    say(&mut app, "a service");
    let text = "wrote 1 file\n  service-web.yaml\nnext:\n  kubectl apply -f /home/mira/manifests";
    news(&mut app, Message::Page(Page::new(PageKind::Written, text)));
    news(&mut app, Message::Over(ExitCode::Done));
    assert_snapshot!(frame(&app));
}

#[test]
fn a_problem_is_shown_with_its_hint() {
    let mut app = App::new(COLOUR, (80, 12));
    let problem = Problem::new("policies/x.yaml:3:1: not a policy").hint("correct it or leave it out");
    news(&mut app, Message::Unopened(problem));
    assert_snapshot!(frame(&app));
}

#[test]
fn the_keys_are_explained() {
    let mut app = deciding(80, 24);
    press(&mut app, KeyCode::Char('?'));
    assert_snapshot!(frame(&app));
}

#[test]
fn plain_has_no_box_characters_and_nothing_that_moves() {
    let plain = Style { colour: false, plain: true };
    let mut app = App { style: plain, ..deciding(80, 24) };
    let shown = frame(&app);
    assert!(shown.chars().all(|c| c.is_ascii() || "·×…".contains(c)), "{shown}");
    app.stage = crate::tui::app::Stage::Working(crate::tui::app::Work::Planning);
    let before = frame(&app);
    app.tick += 5;
    assert_eq!(frame(&app), before);
}

/// The cells of the frame, as their styles.
fn styles(app: &App) -> Vec<ratatui::style::Style> {
    let mut terminal = Terminal::new(TestBackend::new(app.size.0, app.size.1)).unwrap();
    terminal.draw(|frame| view(app, frame)).unwrap();
    terminal.backend().buffer().content().iter().map(ratatui::buffer::Cell::style).collect()
}

#[test]
fn what_is_added_is_green_and_without_colour_everything_can_still_be_told() {
    let has = |app: &App, colour| styles(app).iter().any(|style| style.fg == Some(colour));
    let app = deciding(80, 24);
    assert!(has(&app, Color::Green) && has(&app, Color::Red));
    let bare = App { style: Style::NONE, ..app };
    let is_plain = |style: &ratatui::style::Style| matches!(style.fg, None | Some(Color::Reset));
    assert!(styles(&bare).iter().all(is_plain));
    let reversed = |style: &ratatui::style::Style| style.add_modifier.contains(Modifier::REVERSED);
    assert!(styles(&bare).iter().any(reversed), "what is chosen is reversed");
    assert!(frame(&bare).contains("▸ name"), "and marked");
}

#[test]
fn nothing_from_elsewhere_reaches_the_terminal_as_a_control() {
    let evil = "\u{1b}]0;owned\u{7}\u{202e}";
    let mut app = deciding(80, 24);
    news(&mut app, Message::Opened(Opened { target: evil.into(), policies: 1 }));
    news(&mut app, Message::Unfit(evil.into()));
    news(&mut app, Message::Confirm);
    let shown = frame(&app);
    assert!(!shown.chars().any(|c| c.is_control() && c != '\n') && !shown.contains('\u{202e}'), "{shown:?}");
    assert!(shown.contains("<U+202E>"), "{shown}");
}

#[test]
fn no_size_is_too_odd_to_be_drawn() {
    for width in [1, 2, 39, 40, 41, 79, 130, 131] {
        for height in [1, 9, 10, 11, 24] {
            for mut app in [ready(width, height), deciding(80, 24)] {
                update(&mut app, Msg::Resize(width, height));
                frame(&app);
                app.help = true;
                frame(&app);
            }
        }
    }
}

#[test]
fn a_long_line_goes_on_below_under_its_own_sign() {
    let mut app = deciding(60, 30);
    let long = format!("+  image: {}end", "registry/".repeat(9));
    app.plan.as_mut().unwrap().lines.insert(0, Line { kind: LineKind::Added, text: long });
    let shown = frame(&app);
    assert!(shown.contains("\n+↳ ") && shown.contains("end\n"), "{shown}");
}
