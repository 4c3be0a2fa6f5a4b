//! What belongs to Helm: charts, whose templates are no manifests before they are rendered.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use super::about_file;
use super::texts::Text;
use crate::finding::{Finding, Severity};

/// The charts among the texts, and the templates that were met.
#[derive(Debug, Default)]
pub(super) struct Charts {
    /// Folders that hold a `Chart.yaml`.
    folders: BTreeSet<PathBuf>,
    /// By chart, or by folder where there is none: the first template, the line of its first `{{`, and how many.
    met: BTreeMap<PathBuf, (String, usize, usize)>,
}

impl Charts {
    /// The charts among the texts.
    pub(super) fn among(texts: &[Text]) -> Self {
        let folders =
            texts.iter().filter(|text| is_chart(&text.name)).map(|text| folder(&text.name).to_owned());
        Self { folders: folders.collect(), met: BTreeMap::new() }
    }

    /// Whether a text is a template of one of the charts. Other files of a chart (`crds/`, templates without anything
    /// to fill in) are manifests as they are.
    pub(super) fn is_template(&self, file: &str, text: &[u8]) -> bool {
        brace_line(text).is_some()
            && self.chart_of(file).is_some_and(|chart| {
                Path::new(file).strip_prefix(chart).is_ok_and(|below| below.starts_with("templates"))
            })
    }

    /// Notes a template.
    pub(super) fn meet(&mut self, file: &str, text: &[u8]) {
        let chart = self.chart_of(file).unwrap_or_else(|| folder(file)).to_owned();
        let line = brace_line(text).unwrap_or(1);
        self.met.entry(chart).or_insert_with(|| (file.to_owned(), line, 0)).2 += 1;
    }

    /// The innermost chart that a file belongs to.
    fn chart_of<'p>(&self, file: &'p str) -> Option<&'p Path> {
        Path::new(file).ancestors().skip(1).find(|folder| self.folders.contains(*folder))
    }

    /// One finding a chart. What was not rendered was not looked at, so the review is incomplete.
    pub(super) fn findings(self) -> impl Iterator<Item = Finding> {
        let folders = self.folders;
        self.met.into_iter().map(move |(chart, (file, line, count))| {
            let name =
                if chart.as_os_str().is_empty() { ".".to_owned() } else { chart.display().to_string() };
            let (whose, hint) = if folders.contains(&chart) {
                let hint = format!("review what it renders: helm template {name} | kubectl copilot review -f -");
                (format!("of the chart '{name}'"), hint)
            } else {
                let hint = "render the chart that it belongs to: helm template CHART | kubectl copilot review -f -";
                (format!("in '{name}'"), hint.to_owned())
            };
            let message = match count {
                1 => format!("1 Helm template {whose} was not reviewed: it is no manifest before it is rendered"),
                _ => format!("{count} Helm templates {whose} were not reviewed: they are no manifests before they are rendered"),
            };
            let finding = about_file("helm-template", &file, line, 1, message).with_hint(hint);
            Finding { severity: Severity::Warning, incomplete: true, ..finding }
        })
    }
}

/// Whether a file is the description of a chart.
pub(super) fn is_chart(file: &str) -> bool {
    Path::new(file).file_name().is_some_and(|name| name == "Chart.yaml")
}

fn folder(file: &str) -> &Path {
    Path::new(file).parent().unwrap_or(Path::new(""))
}

/// The line of the first `{{`, 1-based.
pub(super) fn brace_line(text: &[u8]) -> Option<usize> {
    let at = text.windows(2).position(|pair| pair == b"{{")?;
    Some(text.iter().take(at).filter(|byte| **byte == b'\n').count() + 1)
}
