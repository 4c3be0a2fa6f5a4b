//! Joins screen, worker and state: keys and news in, actions out. The one place that waits.

use std::sync::mpsc::{self, Receiver, Sender, TryRecvError};
use std::time::Duration;

use ratatui::crossterm::event::{self, Event};

use crate::config::Config;
use crate::model::Cancel;
use crate::session::{ExitCode, Problem};
use crate::tui::app::{Action, App, Msg};
use crate::tui::message::{Message, Order};
use crate::tui::screen::{self, Screen};
use crate::tui::update::update;
use crate::tui::view::view;
use crate::tui::worker;

/// How long one look at the keyboard lasts before the worker is looked at: news wait no longer than this.
const MOMENT: Duration = Duration::from_millis(40);

/// How the screen was left.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Left {
    /// The exit code.
    pub code: ExitCode,
    /// What was written, and what to do next: the screen is gone, and this must not be.
    pub wrote: String,
}

/// Opens a text in the person's editor.
pub type Edit<'a> = dyn Fn(&str) -> Result<Option<String>, Problem> + 'a;

/// Shows the screen until the person leaves it, or `stop` is set (a signal).
///
/// # Errors
/// The terminal fails, or a part of the program has ended unexpectedly.
pub fn run(config: Config, edit: &Edit<'_>, stop: &Cancel) -> Result<Left, Problem> {
    let style = config.style;
    let mut screen = Screen::open()?;
    let mut app = App::new(style, screen.size()?);
    // The first frame does not wait for anything.
    screen.draw(|frame| view(&app, frame))?;
    let (orders, inbox) = mpsc::channel();
    let (sender, news) = mpsc::channel();
    worker::start(config, inbox, sender)?;
    let mut run = Run { screen, orders, news, edit, stop, running: Cancel::default(), left: false };
    while !run.left {
        run.moment(&mut app)?;
    }
    let code = if stop.is_cancelled() { ExitCode::Interrupted } else { app.code };
    Ok(Left { code, wrote: app.wrote })
}

struct Run<'a> {
    screen: Screen,
    orders: Sender<Order>,
    news: Receiver<Message>,
    edit: &'a Edit<'a>,
    stop: &'a Cancel,
    /// Stops the conversation that runs.
    running: Cancel,
    left: bool,
}

impl Run<'_> {
    /// What happens in one moment; draws where that changes anything.
    fn moment(&mut self, app: &mut App) -> Result<(), Problem> {
        let mut changed = app.is_moving();
        if !screen::wait(MOMENT)? {
            // Nobody can see or answer anything any more.
            self.running.cancel();
            self.left |= !app.is_writing();
            return Ok(());
        }
        let mut idle = true;
        // All that is there: what was read together must not wait for another moment each.
        while !self.left && event::poll(Duration::ZERO).map_err(|error| screen::failed(&error))? {
            idle = false;
            let msg = match event::read().map_err(|error| screen::failed(&error))? {
                Event::Key(key) => Some(Msg::Key(key)),
                Event::Paste(text) => Some(Msg::Paste(text)),
                Event::Resize(width, height) => Some(Msg::Resize(width, height)),
                _ => None,
            };
            if let Some(msg) = msg {
                changed = true;
                self.step(app, msg)?;
            }
        }
        if idle {
            self.step(app, Msg::Tick)?;
        }
        loop {
            match self.news.try_recv() {
                Ok(message) => {
                    changed = true;
                    self.step(app, Msg::News(message))?;
                }
                Err(TryRecvError::Empty) => break,
                // The worker ends before the screen only where the engine could not be opened, or in a panic.
                Err(TryRecvError::Disconnected) if screen::is_open() => break,
                Err(TryRecvError::Disconnected) => return Err(unexpected()),
            }
        }
        if self.stop.is_cancelled() {
            self.running.cancel();
            self.left |= !app.is_writing();
        }
        if !screen::is_open() {
            return Err(unexpected());
        }
        if changed && !self.left {
            self.screen.draw(|frame| view(app, frame))?;
        }
        Ok(())
    }

    /// One step of the state, and what it asks for.
    fn step(&mut self, app: &mut App, msg: Msg) -> Result<(), Problem> {
        for action in update(app, msg) {
            match action {
                Action::Begin(words) => {
                    self.running = Cancel::default();
                    self.order(Order::Begin(words, self.running.clone()));
                }
                Action::Answer(answer) => self.order(Order::Answer(answer)),
                Action::Reply(reply) => self.order(Order::Reply(reply)),
                Action::OpenEditor(text) => {
                    let edited = self.screen.outside(|| (self.edit)(&text))?;
                    app.size = self.screen.size()?;
                    self.order(Order::Edited(edited));
                }
                Action::Stop => self.running.cancel(),
                Action::Suspend => {
                    self.screen.outside(screen::stop)?;
                    app.size = self.screen.size()?;
                }
                Action::Redraw => self.screen.clear()?,
                Action::Leave => self.left = true,
            }
        }
        Ok(())
    }

    /// A worker that is gone is noticed by its news.
    fn order(&self, order: Order) {
        let _ = self.orders.send(order);
    }
}

fn unexpected() -> Problem {
    Problem::new("a part of the program ended unexpectedly; nothing more was written")
        .hint("please report what stands above")
}
