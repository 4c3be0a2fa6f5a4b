//! The child's side: reads requests until its input closes, and runs llama.cpp on the thread that it is called on.

use std::io::{self, BufReader, BufWriter, Read, Write};
use std::sync::mpsc::{Receiver, Sender, channel};

use crate::constraint::{Form, Prompt};
use crate::model::llama::{
    Engine, EngineOptions, Header, LoadOptions, Noise, PrefixCache, Weights, label_of, make_private,
};
use crate::model::{Cancel, ModelError, PromptProfile};

use super::protocol::{
    Load, Prefixes, Problem, Reply, Request, VERSION, prefix_hash, read_frame, write_frame,
};
use super::sandbox::{self, Allowed};

/// Serves one parent until `input` ends. llama.cpp's messages go to standard error.
///
/// # Errors
/// A pipe that fails, or a request that makes no sense; problems of the model are replies.
pub fn worker_main(mut input: impl Read + Send + 'static, output: impl Write) -> io::Result<()> {
    let mut output = BufWriter::new(output);
    let load = match read_frame(&mut input)? {
        None => return Ok(()),
        Some(Request::Load(load)) => load,
        Some(_) => return Err(io::Error::other("the first request must be to load a model")),
    };
    if load.version != VERSION {
        let reason = format!("parent and worker are of different versions ({} and {VERSION})", load.version);
        return write_frame(&mut output, &Reply::Failed(Problem::Other(reason)));
    }
    // Before there is another thread, and before anything reads the file: Landlock holds for what comes after.
    write_frame(&mut output, &Reply::Closed(sandbox::enter(&allowed(&load))))?;
    let (requests, inbox) = channel();
    // Raised when the parent is gone, so that nothing is evaluated for nobody.
    let gone = Cancel::default();
    let flag = gone.clone();
    std::thread::Builder::new().name("model-requests".to_owned()).spawn(move || {
        let result = read(input, &requests);
        flag.cancel();
        if let Err(error) = result {
            let _ = requests.send(Err(error));
        }
    })?;
    serve(&load, &inbox, &mut output, &gone)
}

/// The files that this model is made of, and its cache.
fn allowed(load: &Load) -> Allowed {
    let mut read = match Header::read(&load.path) {
        Ok(header) => header.parts(&load.path),
        Err(_) => vec![load.path.clone()],
    };
    read.extend(load.adapter.clone());
    let write = load.cache_dir.iter().filter(|folder| make_private(folder).is_ok()).cloned().collect();
    Allowed { read, write }
}

fn read(input: impl Read, requests: &Sender<io::Result<Request>>) -> io::Result<()> {
    let mut input = BufReader::new(input);
    while let Some(request) = read_frame(&mut input)? {
        if requests.send(Ok(request)).is_err() {
            break;
        }
    }
    Ok(())
}

fn serve(
    load: &Load,
    inbox: &Receiver<io::Result<Request>>,
    output: &mut impl Write,
    gone: &Cancel,
) -> io::Result<()> {
    let weights = match weights(load, gone) {
        Ok(weights) => weights,
        Err(error) => return write_frame(output, &Reply::Failed(error.into())),
    };
    let folder = load.cache_dir.as_deref();
    let prefixes = folder.and_then(|folder| PrefixCache::new(folder, &load.path, &weights, load.context));
    let mut engine = match Engine::new(&weights, EngineOptions { context: load.context, prefixes }) {
        Ok(engine) => engine,
        Err(error) => return write_frame(output, &Reply::Failed(error.into())),
    };
    write_frame(output, &Reply::Loaded(engine.info().clone()))?;

    let mut prefixes: Prefixes<String> = Prefixes::default();
    while let Ok(request) = inbox.recv() {
        match request? {
            Request::Load(_) => return Err(io::Error::other("a model is loaded already")),
            Request::Describe => {
                write_frame(output, &Reply::Described(Box::new(weights.describe())))?;
            }
            Request::Measure => {
                let reply = match engine.measure(gone) {
                    Ok(throughput) => Reply::Measured(throughput),
                    Err(error) => Reply::Failed(error.into()),
                };
                write_frame(output, &reply)?;
            }
            Request::Prefix { text } => prefixes.add(prefix_hash(&text), text),
            Request::Fill { prefix, body, slots } => {
                let reply = match prefixes.get(&prefix) {
                    None => Reply::Failed(Problem::Other("the form refers to an unknown prefix".to_owned())),
                    Some(text) => match engine.fill(&Form { prefix: text.clone(), body, slots }, gone) {
                        Ok(answers) => Reply::Answers(answers),
                        Err(error) => Reply::Failed(error.into()),
                    },
                };
                write_frame(output, &reply)?;
            }
            Request::Begin { prefix, body } => {
                let reply = match prefixes.get(&prefix) {
                    None => Reply::Failed(Problem::Other("the text refers to an unknown prefix".to_owned())),
                    Some(text) => match engine.begin(&Prompt { prefix: text.clone(), body }, gone) {
                        Ok(()) => Reply::Begun,
                        Err(error) => Reply::Failed(error.into()),
                    },
                };
                write_frame(output, &reply)?;
            }
            Request::Step(step) => {
                let reply = match engine.step(&step, gone) {
                    Ok(taken) => Reply::Taken(taken),
                    Err(error) => Reply::Failed(error.into()),
                };
                write_frame(output, &reply)?;
            }
        }
    }
    Ok(())
}

fn weights(load: &Load, gone: &Cancel) -> Result<Weights, ModelError> {
    let options = LoadOptions {
        path: load.path.clone(),
        label: label_of(&load.path),
        adapter: load.adapter.clone(),
        device: load.device.clone(),
        threads: load.threads,
        context: load.context,
        profile: PromptProfile::FewShot,
        noise: Noise::Stderr,
    };
    Weights::load(&options, gone)
}
