//! How a download goes: a bar on a terminal, a line now and then elsewhere. All of it on stderr.

use std::io::IsTerminal as _;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::catalogue::pull::{Progress, megabytes};
use crate::cli::output;
use crate::config::Style;

/// Without a bar: a line each tenth, or where the size is not known each this many bytes.
const TENTH: u64 = 10;
const EVERY: u64 = 100 << 20;

/// See the module.
pub struct Meter {
    name: String,
    on_screen: bool,
    /// Drawn once there is something to draw.
    bar: Option<ProgressBar>,
    /// Of what was told last: the tenth, or the count of [`EVERY`].
    told: Option<u64>,
}

impl Meter {
    /// For the model of that name.
    pub fn new(name: &str, style: Style) -> Self {
        let on_screen = std::io::stderr().is_terminal() && !style.plain;
        Self { name: name.to_owned(), on_screen, bar: None, told: None }
    }

    fn draw(&mut self, done: u64, total: Option<u64>) {
        let name = &self.name;
        let bar = self.bar.get_or_insert_with(|| {
            let bar = ProgressBar::hidden();
            bar.set_style(bar_style(total.is_some()));
            bar.set_prefix(name.clone());
            bar
        });
        if let Some(total) = total {
            bar.set_length(total);
        }
        bar.set_position(done);
        if bar.is_hidden() {
            bar.set_draw_target(ProgressDrawTarget::stderr());
        }
    }

    /// Takes the bar away.
    pub fn end(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

impl Progress for Meter {
    fn say(&mut self, line: &str) {
        match &self.bar {
            Some(bar) => bar.suspend(|| output::tell(&format!("{line}\n"))),
            None => output::tell(&format!("{}: {line}\n", self.name)),
        }
    }

    fn at(&mut self, done: u64, total: Option<u64>) {
        if self.on_screen {
            self.draw(done, total);
            return;
        }
        let step = match total {
            Some(total) => done.saturating_mul(TENTH) / total.max(1),
            None => done / EVERY,
        };
        if self.told == Some(step) {
            return;
        }
        self.told = Some(step);
        let of = total.map(|total| format!(" of {}", megabytes(total))).unwrap_or_default();
        output::tell(&format!("{}: {}{of}\n", self.name, megabytes(done)));
    }
}

fn bar_style(has_total: bool) -> ProgressStyle {
    let template = if has_total {
        "{prefix} [{bar:30}] {decimal_bytes} of {decimal_total_bytes}, {decimal_bytes_per_sec}, {eta} left"
    } else {
        "{prefix} {decimal_bytes}, {decimal_bytes_per_sec}"
    };
    ProgressStyle::with_template(template)
        .unwrap_or_else(|_| ProgressStyle::default_bar())
        .progress_chars("=> ")
}
