//! The table of `capacity`.

use std::fmt::Write as _;

use serde_json::{Value, json};
use unicode_width::UnicodeWidthStr as _;

use crate::capacity::{CapacityReport, Holder, NodeRow};
use crate::config::Style;
use crate::manifest::visible::visible_line;

/// `capacity -o json`.
pub fn capacity_document(report: &CapacityReport) -> Value {
    // Nothing in it that JSON cannot hold.
    serde_json::to_value(report)
        .unwrap_or_else(|error| json!({ "version": report.version, "error": error.to_string() }))
}

/// Nodes with GPUs, who holds them, who waits, quotas and queues.
pub fn capacity_text(report: &CapacityReport, namespace: &str, style: Style) -> String {
    let mut text = String::new();
    gpus(&mut text, report, style);
    if !report.waiting.is_empty() {
        let mut rows = vec![["WAITING POD", "WANTS"].map(str::to_owned)];
        for pod in &report.waiting {
            rows.push([holder(pod), format!("{} {}", pod.amount, pod.resource)]);
        }
        table(&mut text, &rows, style);
    }
    if !report.quotas.is_empty() {
        let mut rows = vec![["QUOTA", "RESOURCE", "USED", "HARD"].map(str::to_owned)];
        for quota in &report.quotas {
            for one in &quota.resources {
                rows.push([&quota.name, &one.resource, &one.used, &one.hard].map(|cell| visible(cell)));
            }
        }
        let _ = writeln!(text, "quotas of namespace {}", visible(namespace));
        table(&mut text, &rows, style);
    }
    if !report.queues.is_empty() {
        let mut rows = vec![["QUEUE", "CLUSTER QUEUE", "RUNNING", "WAITING"].map(str::to_owned)];
        for queue in &report.queues {
            let counts = [queue.admitted, queue.pending].map(|count| count.to_string());
            let [running, waiting] = counts;
            rows.push([visible(&queue.name), visible(&queue.cluster_queue), running, waiting]);
        }
        table(&mut text, &rows, style);
    }
    text
}

fn gpus(text: &mut String, report: &CapacityReport, style: Style) {
    let with: Vec<&NodeRow> = report.nodes.iter().filter(|node| !node.resources.is_empty()).collect();
    let without = report.nodes.len() - with.len();
    let mut rows = vec![["NODE", "PRODUCT", "GPU", "FREE", "ALL", "HELD BY"].map(str::to_owned)];
    let (mut free, mut all) = (Some(0_i64), 0_i64);
    for node in &with {
        for one in &node.resources {
            free = free.zip(one.free).map(|(sum, free)| sum.saturating_add(free));
            all = all.saturating_add(one.allocatable);
            let held: Vec<String> = node
                .holders
                .iter()
                .filter(|pod| pod.resource == one.resource)
                .map(|pod| format!("{} {}", holder(pod), pod.amount))
                .collect();
            let cordoned = if node.schedulable { "" } else { " (cordoned)" };
            rows.push([
                format!("{}{cordoned}", visible(&node.name)),
                node.product.as_deref().map_or("-".to_owned(), visible),
                visible(&one.resource),
                one.free.map_or("?".to_owned(), |free| free.to_string()),
                one.allocatable.to_string(),
                if held.is_empty() { "-".to_owned() } else { held.join(", ") },
            ]);
        }
    }
    if rows.len() > 1 {
        table(text, &rows, style);
    }
    let others = match without {
        0 => String::new(),
        1 => "; 1 node without GPUs".to_owned(),
        many => format!("; {many} nodes without GPUs"),
    };
    let _ = match (report.nodes.is_empty(), all, free) {
        (true, ..) => writeln!(text, "GPUs: not known"),
        (false, 0, _) => writeln!(text, "GPUs: none{others}"),
        (false, all, Some(free)) => writeln!(text, "GPUs: {free} of {all} free{others}"),
        (false, all, None) => writeln!(text, "GPUs: {all}; how many are free is not known{others}"),
    };
}

/// `team-a/StatefulSet/lab`, or the Pod itself where nobody controls it.
fn holder(pod: &Holder) -> String {
    let name = pod.owner.clone().unwrap_or_else(|| format!("Pod/{}", pod.pod));
    format!("{}/{}", visible(&pod.namespace), visible(&name))
}

fn visible(text: &str) -> String {
    visible_line(text).into_owned()
}

/// Columns two spaces apart, the first row as the heading.
pub(super) fn table<const N: usize>(text: &mut String, rows: &[[String; N]], style: Style) {
    let widths: [usize; N] = std::array::from_fn(|column| {
        rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.width()).max().unwrap_or(0)
    });
    for (number, row) in rows.iter().enumerate() {
        let mut line = String::new();
        for (cell, width) in row.iter().zip(widths) {
            let _ = write!(line, "{cell}{}  ", " ".repeat(width.saturating_sub(cell.width())));
        }
        let line = line.trim_end();
        let _ = writeln!(text, "{}", if number == 0 { style.strong(line) } else { line.to_owned() });
    }
}
