//! # kubectl-copilot
//!
//! A person says what they need in plain words; a **local** model drafts it under the cluster's schemas and the
//! organisation's policies; the person sees exactly what would change; only then is it applied.
//!
//! ## The way of a request
//!
//! ```text
//! Request -> Snapshot -> Constraint -> Draft -> Checked -> Plan -> ConfirmedPlan -> ApplyOutcome
//! ```
//!
//! Each arrow is a type with one constructor: nothing reaches a target except along this line.
//!
//! ## The house
//!
//! Imports go only to a strictly lower rank; `tests/it/architecture.rs` checks it.
//!
//! | rank | module | its one job |
//! |---|---|---|
//! | 0 | [`manifest`] | Kubernetes objects as text and data: parse with source spans, print, paths, keys, normalise; the Pods that a workload would create |
//! | 0 | [`cancel`] | the one way to ask whatever runs to stop |
//! | 1 | [`source`] | the only reader and writer of local files, bounded and atomic |
//! | 1 | [`finding`] | what any check has to say: rule, severity, object, path, message, hint, origin |
//! | 2 | [`schema`] | what the API server accepts, by group, version and kind: bundled OpenAPI v3, CRDs, structural validation |
//! | 2 | [`cluster`] | read-only access to a cluster and its facts; secret values are masked here |
//! | 2 | [`diff`] | two objects -> changes; list-map aware; secrets masked; display rows |
//! | 3 | [`pattern`] | kro ResourceGraphDefinitions: schema, form and expansion; the image catalogue |
//! | 3 | [`policy`] | admission policies (Kubernetes' own, Gatekeeper's, Kyverno's, Rego, Pod Security) evaluated locally, and compiled to the schema of what they let pass |
//! | 3 | [`capacity`] | GPUs and quota: what is free, does it fit, what would |
//! | 4 | [`constraint`] | what the model may answer: forms, slots, candidates, as JSON Schema too; and the walk by which it writes a manifest under its schema |
//! | 4 | [`check`] | the gate: schema + policy + built-in rules (one file a rule) on objects and their Pods -> verdict |
//! | 5 | [`model`] | a form in, answers out: llama.cpp (in process or child), embedded, a server by URL, scripted |
//! | 6 | [`draft`] | typed spans, forms, prompt, answers, expansion, repair, interventions |
//! | 6 | [`apply`] | plan with digest, and the only writer of a target |
//! | 6 | [`config`] | files, environment and flags -> one value |
//! | 7 | [`catalogue`] | models that can be had and those that are here: catalogue, downloads, memory, the trial of a new default |
//! | 7 | [`session`] | the conversation as a pure state machine (`handle(Event) -> Vec<Effect>`) and its driver |
//! | 7 | [`review`] | manifests judged without a model: files -> findings with their places |
//! | 7 | [`suite`] | the tests that authors of policies have: cases -> verdicts |
//! | 8 | [`report`] | results as text and JSON |
//! | 8 | [`doctor`] | what works here and what does not: terminal, folders, configuration, model, kubeconfig |
//! | 9 | [`tui`] | the full screen: state, update, view, on the same conversation |
//! | 10 | [`cli`] | one file per verb; error printing and exit codes |
//!
//! ## Invariants
//!
//! 1. One file writes to a folder (`apply/folder/write.rs`), one to a cluster (`apply/cluster/server.rs`).
//! 2. Pure modules (ranks 0-4 without [`source`] and [`cluster`], and the state machine) do no IO, read no clock, spawn
//!    nothing. One place spawns tasks (`cluster/runtime.rs`); a model server is waited for on the caller's own thread.
//! 3. What cannot be evaluated is never allowed.
//! 4. [`cli`] and [`tui`] decide nothing about a request: both send events to the same [`session`].
//! 5. Secret values do not enter a draft, a plan, a log, a file or a terminal; those of a cluster do not leave
//!    [`cluster`] and its writer.
//! 6. The library does not print, exit or read the environment; [`cli`] is the one exception, and [`tui`] draws.
//! 7. The model cannot act: it chooses among candidates that code has found, or writes a manifest line by line as a schema
//!    allows ([`constraint::walk`]); code renders, checks and writes. What nobody said is marked as the model's.

pub mod apply;
pub mod cancel;
pub mod capacity;
pub mod catalogue;
pub mod check;
pub mod cli;
pub mod cluster;
pub mod config;
pub mod constraint;
pub mod diff;
pub mod doctor;
pub mod draft;
pub mod finding;
pub mod manifest;
pub mod model;
pub mod pattern;
pub mod policy;
pub mod report;
pub mod review;
pub mod schema;
pub mod session;
pub mod source;
pub mod suite;
pub mod tui;
