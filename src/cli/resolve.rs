//! Flags, environment and the configuration file become one [`Config`]. The one place that reads the environment.

#![allow(clippy::disallowed_methods)]

use std::io::IsTerminal as _;
use std::num::{NonZeroU32, NonZeroUsize};
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::catalogue::{Found, look_up};
use crate::cli::args::{Colour, Common};
use crate::cluster::ConnectOptions;
use crate::config::{Config, ConfigFile, PolicySource, Style, Where, parse_config};
use crate::manifest::masked::MaskKey;
use crate::model::url::{ApiKey, KeySource, Server, ServerAddress};
use crate::model::{DEFAULT_CONTEXT, ModelChoice};
use crate::session::{Problem, owner_label};
use crate::source;

/// An environment variable that is set and not empty.
pub fn env(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

/// The configuration of this run.
///
/// # Errors
/// A configuration file that does not parse, a model or folder that is not there.
pub fn config(common: &Common) -> Result<Config, Problem> {
    config_with(common, config_file()?)
}

/// This program's own folder below an XDG base folder; `None` where there is no home folder either.
fn xdg(variable: &str, below: &str) -> Option<PathBuf> {
    env(variable)
        .map(PathBuf::from)
        .or_else(|| env("HOME").map(|home| PathBuf::from(home).join(below)))
        .map(|base| base.join("kubectl-copilot"))
}

/// Where the configuration file is looked for.
pub fn config_path() -> Option<PathBuf> {
    xdg("XDG_CONFIG_HOME", ".config").map(|dir| dir.join("config.yaml"))
}

/// What the configuration file says; nothing where there is none.
///
/// # Errors
/// A file that cannot be read or does not parse.
pub fn config_file() -> Result<ConfigFile, Problem> {
    match config_path() {
        Some(path) if path.exists() => {
            let text = source::read_text(&path).map_err(Problem::new)?;
            parse_config(&text, &path.display().to_string()).map_err(|error| {
                Problem::new(error).hint(
                    "every key is optional: to, owner, policies, patterns, schemas, kubernetesVersion, model, adapter, device, contextTokens, apiKeyFile",
                )
            })
        }
        _ => Ok(ConfigFile::default()),
    }
}

/// The files that kubectl reads its kubeconfig from: those of KUBECONFIG, else the one in the home folder.
pub fn kubeconfig_files() -> Vec<PathBuf> {
    match env("KUBECONFIG") {
        Some(list) => std::env::split_paths(&list).filter(|path| !path.as_os_str().is_empty()).collect(),
        None => env("HOME").map(|home| PathBuf::from(home).join(".kube/config")).into_iter().collect(),
    }
}

/// The configuration of this run, with what the configuration file says.
///
/// # Errors
/// This program's own file cannot be found.
pub fn config_with(common: &Common, file: ConfigFile) -> Result<Config, Problem> {
    let nowhere = || std::env::temp_dir().join("kubectl-copilot");
    let cache_dir = env("KUBECTL_COPILOT_CACHE")
        .map(PathBuf::from)
        .or_else(|| xdg("XDG_CACHE_HOME", ".cache"))
        .unwrap_or_else(nowhere);
    let state_dir = xdg("XDG_STATE_HOME", ".local/state").unwrap_or_else(nowhere);
    let user = env("USER")
        .or_else(|| env("LOGNAME"))
        .or_else(|| whoami::username().ok())
        .and_then(|user| owner_label(&user));
    let policies = if common.policies.is_empty() { &file.policies } else { &common.policies };
    let named = env("KUBECTL_COPILOT_MODEL").map(PathBuf::from);
    let model = model(common.model.clone().or(named).or(file.model), file.api_key_file, &cache_dir)?;
    let adapter =
        common.adapter.clone().or_else(|| env("KUBECTL_COPILOT_ADAPTER").map(PathBuf::from)).or(file.adapter);
    let device = common.device.clone().or_else(|| env("KUBECTL_COPILOT_DEVICE")).or(file.device);
    is_for_the_model(&model, adapter.as_deref(), device.as_deref())?;
    let place = place(common, file.to, &state_dir, &cache_dir)?;
    Ok(Config {
        place,
        wait: Duration::from_secs(common.wait),
        namespace: common.namespace.clone(),
        owner: file.owner.as_deref().and_then(owner_label),
        user,
        policies: policies.iter().map(|text| policy_source(text)).collect(),
        patterns: if common.patterns.is_empty() { file.patterns } else { common.patterns.clone() },
        schemas: if common.schemas.is_empty() { file.schemas } else { common.schemas.clone() },
        kubernetes_version: common.kubernetes_version.clone().or(file.kubernetes_version),
        model,
        adapter,
        device,
        context_tokens: common
            .context_tokens
            .or(file.context_tokens)
            .map_or(DEFAULT_CONTEXT, NonZeroU32::get),
        threads: common.threads.map(NonZeroUsize::get),
        cache_dir,
        state_dir,
        executable: std::env::current_exe()
            .map_err(|error| Problem::new(format!("cannot find this program's own file: {error}")))?,
        editor: env("VISUAL").or_else(|| env("EDITOR")),
        style: style(common),
    })
}

/// The model that is named, or the embedded one. A name that nothing has is an error only where the model is used.
fn model(
    named: Option<PathBuf>,
    api_key_file: Option<PathBuf>,
    cache_dir: &Path,
) -> Result<ModelChoice, Problem> {
    let Some(named) = named else { return Ok(ModelChoice::Embedded) };
    let Some(url) = named.to_str().filter(|text| ServerAddress::is_url(text)) else {
        return Ok(match look_up(&named, cache_dir) {
            Found::Embedded => ModelChoice::Embedded,
            Found::File(path) => ModelChoice::File(path),
            Found::Nothing { hint } => {
                ModelChoice::NotInstalled { name: named.to_string_lossy().into_owned(), hint }
            }
        });
    };
    let address = ServerAddress::parse(url).map_err(|error| Problem::new(&error).hint(&error.hint))?;
    let file = env("KUBECTL_COPILOT_API_KEY_FILE").map(PathBuf::from).or(api_key_file);
    let key = match (env("KUBECTL_COPILOT_API_KEY"), file) {
        (Some(key), _) => KeySource::Given(ApiKey::new(&key)),
        (None, Some(file)) => KeySource::File(file),
        (None, None) => KeySource::Absent,
    };
    Ok(ModelChoice::Server(Box::new(Server { address, key })))
}

/// An adapter belongs to a file, and a server chooses its own device.
fn is_for_the_model(
    model: &ModelChoice,
    adapter: Option<&Path>,
    device: Option<&str>,
) -> Result<(), Problem> {
    if let Some(adapter) = adapter.filter(|_| !matches!(model, ModelChoice::File(_))) {
        let what = format!("cannot put the adapter '{}' on the model: it is no GGUF file", adapter.display());
        return Err(
            Problem::new(what).hint("name the model that it was trained on: --model FILE --adapter FILE")
        );
    }
    match (model, device) {
        (ModelChoice::Server(server), Some(device)) => Err(Problem::new(format!(
            "cannot choose the device '{device}' for the model server '{}'",
            server.address
        ))
        .hint("a server chooses its own; leave out --device (and KUBECTL_COPILOT_DEVICE, and `device:`)")),
        _ => Ok(()),
    }
}

/// Where models are pulled from, with the names that Hugging Face's own programs use: a mirror that is built like it, and
/// the access token.
pub fn hub() -> (Option<String>, KeySource) {
    let key = match (env("HF_TOKEN"), env("HF_TOKEN_PATH")) {
        (Some(token), _) => KeySource::Given(ApiKey::new(&token)),
        (None, Some(file)) => KeySource::File(PathBuf::from(file)),
        (None, None) => KeySource::Absent,
    };
    (env("HF_ENDPOINT"), key)
}

/// A folder or a cluster (design D6): `--to`; else a cluster that is named by a flag; else the folder of the configuration
/// file; else the cluster that kubectl would use, where there is one; else the folder `manifests`.
fn place(common: &Common, to: Option<PathBuf>, state_dir: &Path, cache_dir: &Path) -> Result<Where, Problem> {
    if let Some(dir) = &common.to {
        return Ok(Where::Folder(dir.clone()));
    }
    let in_cluster = env("KUBERNETES_SERVICE_HOST").is_some();
    let there = common.names_cluster()
        || (to.is_none() && (in_cluster || kubeconfig_files().iter().any(|file| file.exists())));
    if there {
        return Ok(Where::Cluster(Box::new(connect_options(common, state_dir, cache_dir)?)));
    }
    Ok(Where::Folder(to.unwrap_or_else(|| PathBuf::from("manifests"))))
}

/// How the cluster is reached: flags, then the environment, as kubectl has it.
///
/// # Errors
/// The key of masked values cannot be had.
pub fn cluster(common: &Common, config: &Config) -> Result<ConnectOptions, Problem> {
    connect_options(common, &config.state_dir, &config.cache_dir)
}

/// The cluster that `doctor` asks: that of the flags, or kubectl's; none where `--to` names a folder. Nothing is drawn or
/// kept for it: what would be masked with its key is not shown.
pub fn probe(common: &Common, config: &Config) -> Option<ConnectOptions> {
    if common.to.is_some() {
        return None;
    }
    let options = connect_options(common, &config.state_dir, &config.cache_dir).ok()?;
    Some(ConnectOptions { cache_dir: None, ..options })
}

fn connect_options(common: &Common, state_dir: &Path, cache_dir: &Path) -> Result<ConnectOptions, Problem> {
    // The key is drawn by who writes; for reading alone one that nobody keeps will do.
    let mut bytes = [0; 32];
    match source::read_state_key(state_dir).map_err(Problem::new)? {
        Some(kept) => bytes = kept,
        None => getrandom::fill(&mut bytes)
            .map_err(|error| Problem::new(format!("the system has no random bytes: {error}")))?,
    }
    Ok(options_with(common, MaskKey::new(bytes), cache_dir))
}

fn options_with(common: &Common, mask: MaskKey, cache_dir: &Path) -> ConnectOptions {
    let either = |upper: &str, lower: &str| env(upper).or_else(|| env(lower));
    let list = std::env::var_os("KUBECONFIG").unwrap_or_default();
    ConnectOptions {
        kubeconfig: common.kubeconfig.clone(),
        kubeconfig_list: std::env::split_paths(&list).filter(|path| !path.as_os_str().is_empty()).collect(),
        default_kubeconfig: env("HOME")
            .or_else(|| env("USERPROFILE"))
            .map(|home| PathBuf::from(home).join(".kube").join("config")),
        in_cluster: env("KUBERNETES_SERVICE_HOST").is_some() && env("KUBERNETES_SERVICE_PORT").is_some(),
        context: common.context.clone(),
        namespace: common.namespace.clone(),
        as_user: common.as_user.clone(),
        as_groups: common.as_groups.clone(),
        https_proxy: either("HTTPS_PROXY", "https_proxy"),
        no_proxy: either("NO_PROXY", "no_proxy"),
        cache_dir: Some(cache_dir.to_owned()),
        ..ConnectOptions::new(mask)
    }
}

fn policy_source(text: &str) -> PolicySource {
    match text {
        "builtin" => PolicySource::Builtin,
        "ai-platform" => PolicySource::Platform,
        _ => PolicySource::Path(PathBuf::from(text)),
    }
}

/// kubectl's rule: a terminal, TERM not dumb, NO_COLOR not set.
pub fn style(common: &Common) -> Style {
    let colour = match common.color {
        Colour::Always => true,
        Colour::Never => false,
        Colour::Auto => {
            std::io::stdout().is_terminal()
                && std::env::var_os("NO_COLOR").is_none()
                && env("TERM").is_none_or(|term| term != "dumb")
        }
    };
    Style { colour: colour && !common.plain, plain: common.plain }
}

/// Whether the terminal can do more than one line after the other: TERM names one that can.
pub fn has_screen() -> bool {
    cfg!(windows) || env("TERM").is_some_and(|term| term != "dumb")
}

/// Where the log goes and how much: `KUBECTL_COPILOT_LOG`, e.g. `debug`. Off where it is not set.
pub fn log_filter() -> Option<String> {
    env("KUBECTL_COPILOT_LOG")
}
