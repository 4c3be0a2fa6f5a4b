//! `review -f PATH`: schema, policy and built-in checks on manifests. No model is loaded, nothing is written.

use std::io::Read as _;
use std::path::{Path, PathBuf};

use crate::cli::args::{Common, FailOn, ReviewArgs, ReviewFormat};
use crate::cli::{output, resolve};
use crate::finding::Severity;
use crate::manifest::visible::visible_line;
use crate::model::Cancel;
use crate::report;
use crate::review::{self, Review, ReviewError, Rules, Text};
use crate::session::{ExitCode, Problem, open_policies, open_schemas};
use crate::source::Limits;

/// Runs the verb.
pub fn run(args: &ReviewArgs, common: &Common, cancel: &Cancel) -> Result<ExitCode, Problem> {
    let config = resolve::config(common)?;
    let (schemas, policies) = (open_schemas(&config)?, open_policies(&config)?);
    let limits = Limits::default();
    let is_stdin = |path: &&PathBuf| path.as_path() == Path::new("-");
    let files: Vec<PathBuf> = args.file.iter().filter(|path| !is_stdin(path)).cloned().collect();
    let mut texts = review::read(&files, &limits).map_err(problem)?;
    if args.file.iter().any(|path| is_stdin(&path)) {
        texts.texts.push(Text { name: "stdin".to_owned(), bytes: Ok(stdin(limits.file_bytes)?) });
    }
    let rules = Rules { schemas: &schemas, policies: &policies };
    let review = review::review(texts, rules, cancel).map_err(problem)?;
    if review.is_empty() {
        return Err(nothing(&review));
    }
    output::print(&match args.output {
        ReviewFormat::Text => report::review_text(&review, config.style),
        ReviewFormat::Json => format!("{:#}\n", report::review_document(&review)),
    })?;
    Ok(exit_code(&review, args.fail_on))
}

/// A finding that was evaluated is an answer; what was not evaluated is none, whatever `--fail-on` says.
fn exit_code(review: &Review, fail_on: FailOn) -> ExitCode {
    let least = match fail_on {
        FailOn::Error => Some(Severity::Error),
        FailOn::Warning => Some(Severity::Warning),
        FailOn::Info => Some(Severity::Info),
        FailOn::Never => None,
    };
    if least.is_some_and(|least| review.reaches(least)) {
        ExitCode::No
    } else if review.is_incomplete() {
        ExitCode::Incomplete
    } else {
        ExitCode::Done
    }
}

/// All of stdin, within the limit of one file.
fn stdin(limit: u64) -> Result<Vec<u8>, Problem> {
    let mut bytes = Vec::new();
    let stdin = std::io::stdin().lock();
    stdin
        .take(limit.saturating_add(1))
        .read_to_end(&mut bytes)
        .map_err(|error| Problem::new(format!("cannot read stdin: {error}")))?;
    if u64::try_from(bytes.len()).unwrap_or(u64::MAX) > limit {
        return Err(Problem::new(format!("cannot read stdin: it has more than {limit} bytes"))
            .hint("write it to several files and review these"));
    }
    Ok(bytes)
}

fn problem(error: ReviewError) -> Problem {
    match error {
        ReviewError::Stopped => Problem::new(error).code(ExitCode::Interrupted),
        _ => Problem::new(error),
    }
}

/// A review of nothing is no "fine": more often than not the path is wrong.
fn nothing(review: &Review) -> Problem {
    let hint = "name a file with manifests, or a folder that holds `*.yaml` or `*.json` files";
    let hint = match review.not_reviewed.first() {
        Some(first) => format!("{hint}; {} is {}", visible_line(&first.file), first.why),
        None => hint.to_owned(),
    };
    Problem::new("there is no object in what -f names").hint(hint)
}
