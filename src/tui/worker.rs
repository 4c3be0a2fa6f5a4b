//! The thread that owns the engine: it opens it, loads the model, and runs one conversation after the other, so that the
//! screen never waits.

use std::sync::mpsc::{Receiver, Sender};
use std::thread;

use crate::config::Config;
use crate::model::Cancel;
use crate::session::{self, Engine, ExitCode, Face as _, Problem};
use crate::tui::face::Remote;
use crate::tui::message::{Message, Opened, Order};

/// Starts the thread. It ends when the screen's side of `orders` is gone.
///
/// # Errors
/// The system has no thread left.
pub fn start(config: Config, orders: Receiver<Order>, messages: Sender<Message>) -> Result<(), Problem> {
    thread::Builder::new()
        .name("engine".to_owned())
        .spawn(move || work(config, &orders, &messages))
        .map(drop)
        .map_err(|error| Problem::new(format!("cannot start a thread: {error}")))
}

fn work(config: Config, orders: &Receiver<Order>, messages: &Sender<Message>) {
    let style = config.style;
    // Sending fails where the screen is gone; then the next `recv` fails too, and the thread ends.
    let tell = |message| {
        let _ = messages.send(message);
    };
    let mut engine = match Engine::open(config) {
        Ok(engine) => engine,
        Err(problem) => return tell(Message::Unopened(problem)),
    };
    let policies = engine.policies().in_force();
    tell(Message::Opened(Opened { target: engine.target_name(), policies }));
    tell(match engine.load_model(&Cancel::default()) {
        Ok(model) => Message::Loaded(model.info().clone()),
        Err(problem) => Message::NoModel(problem),
    });
    while let Ok(order) = orders.recv() {
        let Order::Begin(words, cancel) = order else { continue };
        let mut face = Remote { messages, orders, style, written: String::new(), reach: Vec::new() };
        let code = converse(&mut engine, &mut face, words, &cancel);
        tell(Message::Over(code));
    }
}

/// One conversation, from what the target is now.
fn converse(engine: &mut Engine, face: &mut Remote<'_>, words: String, cancel: &Cancel) -> ExitCode {
    engine.begin(None);
    if let Err(problem) = engine.look_again() {
        face.problem(&problem);
        return problem.code;
    }
    session::run(engine, face, words, true, cancel)
}
