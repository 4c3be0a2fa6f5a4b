//! `model pull`: a model from its publisher, a mirror or a file into the cache.

use std::path::Path;

use crate::catalogue::pull::{Order, Origin, PullError, Trust, is_name, megabytes, parse_sha256, pull};
use crate::catalogue::{Catalogue, Entry};
use crate::cli::args::{Common, ModelPullArgs};
use crate::cli::model::progress::Meter;
use crate::cli::{output, resolve, words};
use crate::model::Cancel;
use crate::model::url::ServerAddress;
use crate::session::{ExitCode, Problem};

const HUB: &str = "https://huggingface.co";

/// Runs the verb.
pub fn run(args: &ModelPullArgs, common: &Common, cancel: &Cancel) -> Result<ExitCode, Problem> {
    let config = super::config(None, common)?;
    let (order, entry) = order(args)?;
    if let Some(entry) = entry {
        let note = entry.licence.note.as_ref().map(|note| format!("; {note}")).unwrap_or_default();
        output::tell(&format!("licence: {} ({}){note}\n", entry.licence.name, entry.licence.url));
        if let Some(converted) = &entry.upstream.converted {
            output::tell(&format!("converted {converted}\n"));
        }
    }
    let mut meter = Meter::new(&order.name, config.style);
    let pulled = pull(&order, &config.cache_dir, &mut meter, &|| cancel.is_cancelled());
    meter.end();
    let pulled = pulled.map_err(|error| {
        let code = if matches!(error, PullError::Stopped { .. }) {
            ExitCode::Interrupted
        } else {
            ExitCode::CouldNot
        };
        Problem::new(&error).hint(error.hint()).code(code)
    })?;
    let record = &pulled.record;
    let what = match (pulled.was_there, pulled.resumed) {
        (true, _) => "was there already".to_owned(),
        (false, 0) => "is here".to_owned(),
        (false, resumed) => format!("is here ({} of it were kept from before)", megabytes(resumed)),
    };
    let checked =
        if record.verified { "as it should be" } else { "NOT VERIFIED: nobody said what it should be" };
    output::print(&format!(
        "{} {what}: {}, sha256 {} ({checked})\n{}\nnext: kubectl copilot model use {}\n",
        order.name,
        megabytes(record.bytes),
        record.sha256,
        pulled.path.display(),
        order.name
    ))?;
    Ok(ExitCode::Done)
}

/// What to fetch, and the entry of the catalogue that it is.
fn order(args: &ModelPullArgs) -> Result<(Order, Option<&'static Entry>), Problem> {
    let catalogue = Catalogue::builtin();
    let entry = args.name.as_deref().and_then(|name| catalogue.get(name));
    let (endpoint, key) = resolve::hub();
    let origin = match (&args.from, entry) {
        (Some(from), _) => origin(from),
        (None, Some(entry)) => Origin::Url(entry.url(endpoint.as_deref())),
        (None, None) => return Err(unknown(args.name.as_deref().unwrap_or_default())),
    };
    let name = match (&args.name, entry) {
        (_, Some(entry)) => entry.id.clone(),
        (Some(name), None) => name.strip_suffix(".gguf").unwrap_or(name).to_owned(),
        (None, None) => own_name(&origin),
    };
    if !is_name(&name) {
        return Err(Problem::new(format!("'{name}' cannot be a model's name"))
            .hint("letters, digits, dots, dashes and underscores: model pull NAME --from FILE|URL"));
    }
    let given = args.sha256.as_ref().map(|text| {
        parse_sha256(text).ok_or_else(|| {
            Problem::new(format!("'{text}' is no SHA-256"))
                .hint("it has 64 hexadecimal digits; the publisher's page shows it, or sha256sum FILE")
        })
    });
    let known = entry.and_then(|entry| entry.sha256.clone());
    let trust = match (given.transpose()?, known) {
        (Some(given), Some(known)) if given != known => {
            return Err(Problem::new(format!(
                "--sha256 {given} is not the hash that the catalogue has for '{name}': {known}"
            ))
            .hint("leave --sha256 out, or give the file a name of its own: model pull NAME --from …"));
        }
        (Some(hash), _) | (None, Some(hash)) => Trust::Sha256(hash),
        (None, None) if args.unverified => Trust::Anything,
        (None, None) => return Err(unverified(&name, entry)),
    };
    let order = Order {
        name,
        origin,
        trust,
        bytes: entry.map(|entry| entry.bytes),
        token: (key, endpoint.unwrap_or_else(|| HUB.to_owned())),
        page: entry.map(Entry::page),
    };
    Ok((order, entry))
}

fn origin(from: &str) -> Origin {
    if ServerAddress::is_url(from) { Origin::Url(from.to_owned()) } else { Origin::File(from.into()) }
}

/// The last part of an address or path, without its ending.
fn own_name(origin: &Origin) -> String {
    let text = match origin {
        Origin::Url(url) => url.split(['?', '#']).next().unwrap_or_default().to_owned(),
        Origin::File(path) => path.display().to_string(),
    };
    let last =
        Path::new(&text).file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    last.strip_suffix(".gguf").unwrap_or(&last).to_owned()
}

fn unknown(name: &str) -> Problem {
    let ids: Vec<&str> = Catalogue::builtin().models.iter().map(|entry| entry.id.as_str()).collect();
    let near = words::nearest(&name.to_lowercase(), ids.iter().copied());
    let meant = near.map(|id| format!("did you mean {id}? ")).unwrap_or_default();
    Problem::new(format!("there is no model '{name}' in the catalogue")).hint(format!(
        "{meant}There are: {}. Any other: model pull NAME --from FILE|URL --sha256 HEX",
        ids.join(", ")
    ))
}

fn unverified(name: &str, entry: Option<&Entry>) -> Problem {
    let page = entry.map(|entry| format!(" ({} shows it)", entry.page())).unwrap_or_default();
    Problem::new(format!("nobody said what the SHA-256 of '{name}' should be, and nothing is taken unseen")).hint(format!(
        "give it with --sha256 HEX{page}, or say --unverified to take what comes; it is then shown, and marked in the list"
    ))
}
