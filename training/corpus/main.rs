//! Writes the corpus that the embedded model is trained on: requests from a grammar of phrases, and for each the form
//! that the real lexer, patterns and prompt make of it, so that training cannot drift from use.
//!
//! ```text
//! cargo run --example corpus -- --rows 100000 --seed 1 --out corpus.jsonl
//! ```
//!
//! Each line is `{"segments": [[text, learned], …]}`. A row whose stated value the form does not offer is left out and
//! counted: `--misses N` prints the first N of them, which are faults of the lexer, the forms or the phrases.

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a command-line tool of the project")]

mod grammar;
mod rows;
mod values;

use std::io::Write as _;

use clap::Parser;
use kubectl_copilot::draft::training::Bench;

use crate::grammar::Grammar;
use crate::rows::{Row, Rows};

/// English and Chinese phrases.
const ENGLISH: &str = include_str!("../phrases.en.yaml");
const CHINESE: &str = include_str!("../phrases.zh.yaml");

#[derive(Parser)]
struct Args {
    /// How many rows.
    #[arg(long, default_value_t = 1_000)]
    rows: usize,
    /// Seed; the same seed gives the same corpus.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Share of Chinese rows.
    #[arg(long, default_value_t = 0.3)]
    chinese: f64,
    /// Where the rows go.
    #[arg(long, required_unless_present = "explain")]
    out: Option<std::path::PathBuf>,
    /// Instead of a corpus: the spans of this text and the form of the kind that is named with --kind.
    #[arg(long)]
    explain: Option<String>,
    /// Kind id for --explain, e.g. notebook.
    #[arg(long, default_value = "notebook")]
    kind: String,
    /// Print so many rows that were left out, with the reason.
    #[arg(long, default_value_t = 0)]
    misses: usize,
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let args = Args::parse();
    let english = Grammar::parse(ENGLISH)?;
    let chinese = Grammar::parse(CHINESE)?;
    let bench = Bench::builtin();
    let mut rows = Rows::new(&english, &chinese, &bench, args.seed, args.chinese);
    if let Some(text) = &args.explain {
        println!("{}", bench.explain(text, &args.kind));
        return Ok(());
    }
    let Some(path) = &args.out else { return Err("--out names the file".into()) };
    let mut out = std::io::BufWriter::new(std::fs::File::create(path)?);
    let (mut written, mut missed) = (0, 0);
    while written < args.rows {
        match rows.next_row() {
            Row::Whole(segments) => {
                writeln!(out, "{}", serde_json::json!({ "segments": segments }))?;
                written += 1;
            }
            Row::Missed { request, reason } => {
                missed += 1;
                if missed <= args.misses {
                    eprintln!("{reason}\n    {request}");
                }
                if missed > 20 * args.rows.max(100) {
                    return Err("nearly every row is left out; see --misses".into());
                }
            }
        }
    }
    out.flush()?;
    eprintln!("{written} rows, {missed} left out");
    Ok(())
}
