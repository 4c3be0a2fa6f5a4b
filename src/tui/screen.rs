//! The terminal's modes: raw, alternate screen, bracketed paste. They are put back whatever happens: at the end, after
//! an error, in a panic of any thread, before a signal ends the program, and around an editor.

use std::io::{self, Stdout, stdout};
use std::panic;
use std::sync::Once;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use ratatui::backend::CrosstermBackend;
use ratatui::crossterm::cursor::Show;
use ratatui::crossterm::event::{DisableBracketedPaste, EnableBracketedPaste};
use ratatui::crossterm::terminal::{
    BeginSynchronizedUpdate, EndSynchronizedUpdate, EnterAlternateScreen, LeaveAlternateScreen,
    disable_raw_mode, enable_raw_mode,
};
use ratatui::crossterm::{execute, queue};
use ratatui::{Frame, Terminal};

use crate::session::Problem;

/// Whether the modes are ours at the moment.
static OPEN: AtomicBool = AtomicBool::new(false);

/// See the module.
pub struct Screen {
    terminal: Terminal<CrosstermBackend<Stdout>>,
}

impl Screen {
    /// Takes the terminal.
    ///
    /// # Errors
    /// It is none, or it fails.
    pub fn open() -> Result<Self, Problem> {
        restore_in_a_panic();
        let terminal = Terminal::new(CrosstermBackend::new(stdout())).map_err(|error| failed(&error))?;
        let screen = Self { terminal };
        enter().map_err(|error| failed(&error))?;
        Ok(screen)
    }

    /// Columns and lines.
    ///
    /// # Errors
    /// The terminal fails.
    pub fn size(&self) -> Result<(u16, u16), Problem> {
        self.terminal.size().map(|size| (size.width, size.height)).map_err(|error| failed(&error))
    }

    /// Shows a frame; only the cells that differ are written. A terminal that knows synchronized output (DEC private
    /// mode 2026; others ignore it) shows the frame whole: half of a new plan never stands beside half of the old one.
    ///
    /// # Errors
    /// The terminal fails.
    pub fn draw(&mut self, render: impl FnOnce(&mut Frame<'_>)) -> Result<(), Problem> {
        let drawn =
            queue!(stdout(), BeginSynchronizedUpdate).and_then(|()| self.terminal.draw(render).map(drop));
        // Ended even where drawing failed: the terminal would show nothing any more.
        drawn.and(execute!(stdout(), EndSynchronizedUpdate)).map_err(|error| failed(&error))
    }

    /// Hands the terminal out as it was, and takes it again.
    ///
    /// # Errors
    /// The terminal fails.
    pub fn outside<T>(&mut self, work: impl FnOnce() -> T) -> Result<T, Problem> {
        restore();
        let result = work();
        enter().map_err(|error| failed(&error))?;
        self.clear()?;
        Ok(result)
    }

    /// Draws everything anew.
    ///
    /// # Errors
    /// The terminal fails.
    pub fn clear(&mut self) -> Result<(), Problem> {
        self.terminal.clear().map_err(|error| failed(&error))
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        restore();
    }
}

/// Whether the terminal is ours. It is not after another thread has panicked.
pub fn is_open() -> bool {
    OPEN.load(Ordering::SeqCst)
}

/// Puts the terminal back as it was, once; does nothing where it was not taken.
pub fn restore() {
    if OPEN.swap(false, Ordering::SeqCst) {
        // There is nobody left to tell that a terminal has failed.
        let _ = execute!(stdout(), EndSynchronizedUpdate, DisableBracketedPaste, LeaveAlternateScreen, Show);
        let _ = disable_raw_mode();
    }
}

fn enter() -> io::Result<()> {
    OPEN.store(true, Ordering::SeqCst);
    let entered =
        enable_raw_mode().and_then(|()| execute!(stdout(), EnterAlternateScreen, EnableBracketedPaste));
    if entered.is_err() {
        restore();
    }
    entered
}

/// The message of a panic would be drawn over, and the terminal be left raw.
fn restore_in_a_panic() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let before = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            restore();
            before(info);
        }));
    });
}

/// The terminal itself is at fault.
pub fn failed(error: &io::Error) -> Problem {
    Problem::new(format!("the terminal failed: {error}"))
        .hint("say it on the command line instead: kubectl copilot \"…\"")
}

/// Stops the program until the shell continues it; the terminal must have been put back.
#[cfg(unix)]
pub fn stop() {
    // A stop that fails leaves the program running, which is what a person then sees.
    let _ = rustix::process::kill_current_process_group(rustix::process::Signal::TSTP);
}

/// There is nothing like it here.
#[cfg(not(unix))]
pub fn stop() {}

/// Waits until there is something to read, or the moment is over; false where the terminal is gone. The library that
/// reads keys does not see that: it would read the end of the input again and again, for ever.
///
/// # Errors
/// The system cannot say.
#[cfg(unix)]
pub fn wait(moment: Duration) -> Result<bool, Problem> {
    use rustix::event::{PollFd, PollFlags, Timespec, poll};
    let stdin = io::stdin();
    let mut looked_at = [PollFd::new(&stdin, PollFlags::IN)];
    let limit = Timespec { tv_sec: 0, tv_nsec: i64::from(moment.subsec_nanos()) };
    match poll(&mut looked_at, Some(&limit)) {
        // A signal, a change of size for one, ends the wait early.
        Ok(_) | Err(rustix::io::Errno::INTR) => {
            let gone = PollFlags::HUP | PollFlags::ERR | PollFlags::NVAL;
            Ok(!looked_at[0].revents().intersects(gone))
        }
        Err(error) => Err(failed(&error.into())),
    }
}

/// Waits for keys until the moment is over.
#[cfg(not(unix))]
pub fn wait(moment: Duration) -> Result<bool, Problem> {
    let ready = ratatui::crossterm::event::poll(moment);
    ready.map(|_| true).map_err(|error| failed(&error))
}
