//! `eval`: many requests in one process, one model load. Rows `{id, request, context?, earlier?}`.

use std::io::Write as _;
use std::time::Instant;

use serde::Deserialize;
use serde_json::{Value, json};

use crate::cli::args::{Common, EvalArgs};
use crate::cli::resolve;
use crate::config::Where;
use crate::constraint::Cost;
use crate::draft::Outcome;
use crate::manifest::{Budget, parse};
use crate::model::Cancel;
use crate::report;
use crate::session::{Engine, ExitCode, Problem};
use crate::source;

/// One row of the tasks. Other keys (expectations, families) are left alone.
#[derive(Debug, Deserialize)]
struct Task {
    id: Value,
    request: String,
    #[serde(default)]
    context: Option<String>,
    #[serde(default)]
    earlier: Vec<String>,
}

/// Runs the verb. A row that cannot be worked is an `error` row; the run goes on.
pub fn run(args: &EvalArgs, common: &Common, cancel: &Cancel) -> Result<ExitCode, Problem> {
    let mut config = resolve::config(common)?;
    // Rows bring their own context: no cluster is asked, and no folder is written to.
    config.place = Where::Folder(config.place.folder().map_or_else(|| "manifests".into(), Into::into));
    let text = source::read_text(&args.tasks).map_err(Problem::new)?;
    let tasks = tasks(&text, &args.tasks.display().to_string())?;
    let mut engine = Engine::open(config)?;
    engine.load_model(cancel)?;
    engine.set_bare(args.bare);
    let mut out: Box<dyn std::io::Write> = match &args.answers {
        Some(path) => Box::new(source::create(path).map_err(Problem::new)?),
        None => Box::new(std::io::stdout().lock()),
    };
    for task in &tasks {
        let (begun, before) = (Instant::now(), engine.written());
        let outcome = answer(&mut engine, task, cancel);
        let whole = begun.elapsed();
        if cancel.is_cancelled() {
            return Ok(ExitCode::Interrupted);
        }
        let mut row = report::eval_row(&task.id, &outcome.map_err(|problem| problem.to_string()));
        if args.cost {
            row["ms"] = json!(whole.as_millis());
            row["written"] = written(before, engine.written());
        }
        writeln!(out, "{row}")
            .and_then(|()| out.flush())
            .map_err(|error| Problem::new(format!("cannot write the answers: {error}")))?;
    }
    Ok(ExitCode::Done)
}

/// What was written between two moments.
fn written(before: Cost, after: Cost) -> Value {
    json!({
        "steps": after.steps - before.steps,
        "sampled": after.sampled - before.sampled,
        "evaluatedMicroseconds": (after.evaluated - before.evaluated).as_micros(),
        "microseconds": (after.whole - before.whole).as_micros(),
    })
}

fn tasks(text: &str, file: &str) -> Result<Vec<Task>, Problem> {
    text.lines()
        .enumerate()
        .filter(|(_, line)| !line.trim().is_empty())
        .map(|(index, line)| {
            serde_json::from_str(line).map_err(|error| {
                Problem::new(format!("{file}:{}: {error}", index + 1))
                    .hint("each line is one JSON object {id, request, context?, earlier?}")
            })
        })
        .collect()
}

fn answer(engine: &mut Engine, task: &Task, cancel: &Cancel) -> Result<Outcome, Problem> {
    let existing = match &task.context {
        None => Vec::new(),
        Some(context) => parse(context.as_bytes(), Some("context"), &Budget::default())
            .map_err(|error| Problem::new(format!("the row's context: {error}")))?
            .into_iter()
            .map(|manifest| manifest.object)
            .collect(),
    };
    engine.begin(Some(existing));
    for earlier in &task.earlier {
        engine.draft(earlier, cancel)?;
    }
    engine.draft(&task.request, cancel)
}
