//! What can be typed: verbs and flags. The doc comments are the help texts.

use std::num::{NonZeroU32, NonZeroUsize};
use std::path::PathBuf;

use clap::{ArgGroup, Args, Parser, Subcommand, ValueEnum};

/// Say what you need from Kubernetes in plain words; see what would change; then it is written.
#[derive(Debug, Parser)]
#[command(
    name = "kubectl-copilot",
    bin_name = "kubectl copilot",
    version,
    after_help = "Examples:\n  kubectl copilot                                  (a full screen)\n  kubectl copilot \"give me a notebook with two GPUs\"\n  kubectl copilot draft -p \"serve Qwen/Qwen2.5-7B-Instruct on one H100\"\n  kubectl copilot plan -p \"a web service from nginx at shop.example.com\" --out plan.json\n  kubectl copilot apply --plan plan.json"
)]
pub struct Cli {
    /// What is to be done; a request in words where no verb is given.
    #[command(subcommand)]
    pub verb: Option<Verb>,
    /// What you need, in plain words (English or Chinese). With a `/` in it, use -p. Without any, on a terminal, a full
    /// screen opens.
    #[arg(value_name = "WORDS")]
    pub words: Vec<String>,
    /// The same as WORDS; needed where the request contains a `/`.
    #[arg(short = 'p', long = "prompt", value_name = "REQUEST", conflicts_with = "words")]
    pub prompt: Option<String>,
    /// Flags of every verb.
    #[command(flatten)]
    pub common: Common,
}

/// Flags that every verb knows.
#[derive(Debug, Clone, Default, Args)]
pub struct Common {
    /// Folder of manifests to write to (GitOps).
    #[arg(long, value_name = "DIR", global = true)]
    pub to: Option<PathBuf>,
    /// Namespace of what is drafted or shown.
    #[arg(short = 'n', long, global = true)]
    pub namespace: Option<String>,
    /// Context of the kubeconfig; its current one by default.
    #[arg(long, value_name = "NAME", global = true)]
    pub context: Option<String>,
    /// Kubeconfig to use, in place of KUBECONFIG and ~/.kube/config.
    #[arg(long, value_name = "FILE", global = true)]
    pub kubeconfig: Option<PathBuf>,
    /// User to act as on the cluster.
    #[arg(long = "as", value_name = "USER", global = true)]
    pub as_user: Option<String>,
    /// Group to act as on the cluster; needs --as. Repeatable.
    #[arg(long = "as-group", value_name = "GROUP", global = true)]
    pub as_groups: Vec<String>,
    /// Model: an installed one by its name (`model list`), a GGUF file, the URL of an OpenAI-compatible server, as in
    /// http://127.0.0.1:8080#NAME, or `embedded` (or KUBECTL_COPILOT_MODEL). Without it the default of `model use`
    /// answers, else the embedded one. A server's key comes from KUBECTL_COPILOT_API_KEY, or from the file that
    /// KUBECTL_COPILOT_API_KEY_FILE names.
    #[arg(long, value_name = "NAME|FILE|URL", global = true)]
    pub model: Option<PathBuf>,
    /// LoRA adapter for the GGUF file of --model, as GGUF (or KUBECTL_COPILOT_ADAPTER).
    #[arg(long, value_name = "FILE", global = true)]
    pub adapter: Option<PathBuf>,
    /// Device that runs the model: `cpu`, or a GPU by the name that `doctor` lists (or KUBECTL_COPILOT_DEVICE). By default
    /// the first GPU that this build can use, with as many layers as fit, and the CPU for the embedded model.
    #[arg(long, value_name = "NAME", global = true)]
    pub device: Option<String>,
    /// Tokens of the model's context; 4096 by default, and never more than the model was trained for.
    #[arg(long, value_name = "N", global = true)]
    pub context_tokens: Option<NonZeroU32>,
    /// Policies in force: `builtin`, `ai-platform`, or a file or folder. Repeatable.
    #[arg(long, value_name = "PATH", global = true)]
    pub policies: Vec<String>,
    /// Patterns beside the built-in ones: a file or folder. Repeatable.
    #[arg(long, value_name = "PATH", global = true)]
    pub patterns: Vec<PathBuf>,
    /// CustomResourceDefinitions whose kinds may be used: a file or folder. Repeatable.
    #[arg(long, value_name = "PATH", global = true)]
    pub schemas: Vec<PathBuf>,
    /// Kubernetes version to check against, e.g. 1.36; the newest bundled one by default.
    #[arg(long, value_name = "VERSION", global = true)]
    pub kubernetes_version: Option<String>,
    /// Seconds for which what was applied to a cluster is followed until it is ready; 0: not at all.
    #[arg(long, value_name = "SECONDS", global = true, default_value_t = 120)]
    pub wait: u64,
    /// Threads for the model; all cores by default.
    #[arg(long, value_name = "N", global = true)]
    pub threads: Option<NonZeroUsize>,
    /// No box characters, no colour: for screen readers and logs.
    #[arg(long, global = true)]
    pub plain: bool,
    /// When to colour.
    #[arg(long, value_enum, default_value_t, global = true)]
    pub color: Colour,
}

impl Common {
    /// Whether a flag names a cluster.
    pub fn names_cluster(&self) -> bool {
        self.context.is_some() || self.kubeconfig.is_some() || self.as_user.is_some()
    }
}

/// When to colour.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum Colour {
    /// On a terminal, unless NO_COLOR is set or TERM is dumb.
    #[default]
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// The verbs.
#[derive(Debug, Subcommand)]
pub enum Verb {
    /// Only the manifests, on stdout.
    Draft(DraftArgs),
    /// What would be written, with its digest; nothing is written.
    Plan(PlanArgs),
    /// Write a plan that was made before.
    Apply(ApplyArgs),
    /// Check manifests against schema, policies and built-in rules; no model, nothing is written.
    Review(ReviewArgs),
    /// What is free on the cluster: GPUs by node, quota, queues.
    Capacity(CapacityArgs),
    /// The patterns: what can be asked for, and what it becomes.
    #[command(subcommand)]
    Pattern(PatternVerb),
    /// The policies in force.
    #[command(subcommand)]
    Policy(PolicyVerb),
    /// Models: which can be had, fetch one, make it the default, look into it, measure it.
    #[command(subcommand)]
    Model(ModelVerb),
    /// Run many requests from a file, one answer a line.
    Eval(EvalArgs),
    /// What works here, what does not, and what to do about it.
    Doctor(DoctorArgs),
    /// Runs a model for the process that started it.
    #[command(name = "__model-worker", hide = true)]
    ModelWorker,
}

/// `draft`.
#[derive(Debug, Args)]
pub struct DraftArgs {
    /// What you need, in plain words.
    #[arg(short = 'p', long = "prompt", value_name = "REQUEST")]
    pub prompt: String,
    /// What was said before in the same conversation. Repeatable, oldest first.
    #[arg(long, value_name = "REQUEST")]
    pub earlier: Vec<String>,
    /// Format of stdout.
    #[arg(short = 'o', long, value_enum, default_value_t = DraftFormat::Yaml)]
    pub output: DraftFormat,
}

/// Formats of `draft`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum DraftFormat {
    /// The objects alone; everything else goes to stderr.
    Yaml,
    /// The documented JSON.
    Json,
}

/// `plan`.
#[derive(Debug, Args)]
#[command(group(ArgGroup::new("what").required(true).args(["prompt", "file"])))]
pub struct PlanArgs {
    /// What you need, in plain words.
    #[arg(short = 'p', long = "prompt", value_name = "REQUEST")]
    pub prompt: Option<String>,
    /// Plan these manifests instead: files or folders. Repeatable.
    #[arg(short = 'f', long = "file", value_name = "PATH")]
    pub file: Vec<PathBuf>,
    /// Write the plan to this file, for `apply --plan`.
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
    /// Format of stdout.
    #[arg(short = 'o', long, value_enum, default_value_t = PlanFormat::Text)]
    pub output: PlanFormat,
    /// Exit with 1 where there are changes.
    #[arg(long)]
    pub exit_code: bool,
}

/// Formats of `plan` and `capacity`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum PlanFormat {
    /// For people.
    Text,
    /// The documented JSON.
    Json,
}

/// `apply`.
#[derive(Debug, Args)]
pub struct ApplyArgs {
    /// The plan's file.
    #[arg(long, value_name = "FILE")]
    pub plan: PathBuf,
    /// The digest that you agree to; only together with --yes.
    #[arg(long, value_name = "SHA256", requires = "yes")]
    pub digest: Option<String>,
    /// Do not ask. Only together with --digest: a script has to name what it agrees to.
    #[arg(long, requires = "digest")]
    pub yes: bool,
}

/// `review`.
#[derive(Debug, Args)]
pub struct ReviewArgs {
    /// Manifests: files, folders with everything below them, or `-` for stdin. Repeatable.
    #[arg(short = 'f', long = "file", value_name = "PATH", required = true)]
    pub file: Vec<PathBuf>,
    /// Format of stdout.
    #[arg(short = 'o', long, value_enum, default_value_t = ReviewFormat::Text)]
    pub output: ReviewFormat,
    /// Exit with 1 where a finding is as bad as this or worse.
    #[arg(long, value_enum, value_name = "SEVERITY", default_value_t = FailOn::Error)]
    pub fail_on: FailOn,
}

/// Formats of `review`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ReviewFormat {
    /// For people.
    Text,
    /// The documented JSON.
    Json,
}

/// From which severity on a review fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum FailOn {
    /// Errors.
    Error,
    /// Warnings and errors.
    Warning,
    /// Any finding.
    Info,
    /// No finding; what could not be evaluated is still exit code 3.
    Never,
}

/// `doctor`.
#[derive(Debug, Args)]
pub struct DoctorArgs {
    /// Format of stdout.
    #[arg(short = 'o', long, value_enum, default_value_t = DoctorFormat::Text)]
    pub output: DoctorFormat,
}

/// Formats of `doctor`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum DoctorFormat {
    /// One line a check.
    Text,
    /// The documented JSON.
    Json,
}

/// `capacity`.
#[derive(Debug, Args)]
pub struct CapacityArgs {
    /// Format of stdout.
    #[arg(short = 'o', long, value_enum, default_value_t = PlanFormat::Text)]
    pub output: PlanFormat,
}

/// `pattern …`.
#[derive(Debug, Subcommand)]
pub enum PatternVerb {
    /// All patterns and native kinds that can be drafted.
    List,
    /// Parameters, defaults and the questions of one pattern.
    Show {
        /// Kind of the pattern, e.g. Notebook.
        kind: String,
    },
    /// The objects that a pattern becomes.
    Render {
        /// Kind of the pattern.
        kind: String,
        /// Name of the thing.
        #[arg(long, default_value = "example")]
        name: String,
        /// PARAMETER=VALUE; a value is read as YAML. Repeatable.
        #[arg(long = "set", value_name = "PARAMETER=VALUE")]
        set: Vec<String>,
    },
    /// Whether patterns parse, render and pass schema and policy.
    Check {
        /// Files or folders; the built-in ones where absent.
        #[arg(short = 'f', long = "file", value_name = "PATH")]
        file: Vec<PathBuf>,
    },
}

/// `policy …`.
#[derive(Debug, Subcommand)]
pub enum PolicyVerb {
    /// The policies in force, and those that are not and why; with --context those of that cluster too.
    List(PolicyListArgs),
    /// What each policy says of each kind: in the constraint that a model writes under, checked after the draft, or not
    /// evaluable.
    Explain(PolicyExplainArgs),
    /// Run the tests that policies have: which cases are decided as they should be.
    Test(PolicyTestArgs),
}

/// `policy list`.
#[derive(Debug, Args)]
pub struct PolicyListArgs {
    /// Format of stdout.
    #[arg(short = 'o', long, value_enum, default_value_t = ReviewFormat::Text)]
    pub output: ReviewFormat,
}

/// `policy explain`.
#[derive(Debug, Args)]
pub struct PolicyExplainArgs {
    /// One policy; all where absent.
    pub name: Option<String>,
    /// One kind (its name, plural or short name); all that the policy is about where absent.
    #[arg(long, value_name = "KIND")]
    pub kind: Option<String>,
    /// Format of stdout.
    #[arg(short = 'o', long, value_enum, default_value_t = ReviewFormat::Text)]
    pub output: ReviewFormat,
}

/// `policy test`.
#[derive(Debug, Args)]
pub struct PolicyTestArgs {
    /// Suites: files or folders with everything below them. Repeatable.
    #[arg(short = 'f', long = "file", value_name = "PATH", required = true)]
    pub file: Vec<PathBuf>,
    /// The engine that is taken of a Gatekeeper template that has two.
    #[arg(long, value_enum, default_value_t = TemplateEngine::Cel)]
    pub engine: TemplateEngine,
    /// Format of stdout.
    #[arg(short = 'o', long, value_enum, default_value_t = SuiteFormat::Text)]
    pub output: SuiteFormat,
}

/// Engines of Gatekeeper's templates.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum TemplateEngine {
    /// K8sNativeValidation, as Gatekeeper takes it.
    Cel,
    /// Rego.
    Rego,
}

/// Formats of `policy test`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum SuiteFormat {
    /// For people.
    Text,
    /// The documented JSON.
    Json,
    /// JUnit XML.
    Junit,
}

/// `model …`.
#[derive(Debug, Subcommand)]
pub enum ModelVerb {
    /// The models that are installed and those that can be pulled: size, memory, licence, what they scored.
    List(ModelListArgs),
    /// Fetch a model; what was cut off goes on where it stopped, and nothing is used before its SHA-256 is right.
    Pull(ModelPullArgs),
    /// Try a model with ten requests; only if it passes does it become the default, in the configuration file.
    Use(ModelUseArgs),
    /// What a model's file says of itself, and what it takes to run it.
    Info(ModelInfoArgs),
    /// How fast a model is here: tokens a second, and each of ten drafts.
    Bench(ModelBenchArgs),
}

/// `model list`.
#[derive(Debug, Args)]
pub struct ModelListArgs {
    /// Format of stdout.
    #[arg(short = 'o', long, value_enum, default_value_t = PlanFormat::Text)]
    pub output: PlanFormat,
}

/// `model pull`.
#[derive(Debug, Args)]
#[command(
    after_help = "A token for files that are not for everybody comes from HF_TOKEN, or from the file that HF_TOKEN_PATH names.\nHF_ENDPOINT names a mirror that is built like Hugging Face. HTTPS_PROXY, HTTP_PROXY and NO_PROXY are respected.\n\nExamples:\n  kubectl copilot model pull qwen2.5-coder-0.5b\n  kubectl copilot model pull qwen2.5-coder-0.5b --from https://mirror.example.com/coder.gguf\n  kubectl copilot model pull my-model --from /media/stick/my-model.gguf --sha256 9f86…"
)]
pub struct ModelPullArgs {
    /// Name in the catalogue; with --from any name, the file's own where it is left out.
    #[arg(value_name = "NAME", required_unless_present = "from")]
    pub name: Option<String>,
    /// Where to take it from, in place of the publisher: a mirror, or a file that you have.
    #[arg(long, value_name = "FILE|URL")]
    pub from: Option<String>,
    /// What the file's SHA-256 has to be, where the catalogue does not know it.
    #[arg(long, value_name = "HEX")]
    pub sha256: Option<String>,
    /// Take what comes, where nobody knows the SHA-256. It is computed, shown and kept.
    #[arg(long, conflicts_with = "sha256")]
    pub unverified: bool,
}

/// `model use`.
#[derive(Debug, Args)]
pub struct ModelUseArgs {
    /// An installed model, or `embedded`.
    #[arg(value_name = "NAME", required_unless_present = "file", conflicts_with = "file")]
    pub name: Option<PathBuf>,
    /// A GGUF file in place of a name.
    #[arg(short = 'f', long, value_name = "FILE")]
    pub file: Option<PathBuf>,
}

/// `model info`.
#[derive(Debug, Args)]
pub struct ModelInfoArgs {
    /// An installed model, or `embedded`; the default where it is left out.
    #[arg(value_name = "NAME", conflicts_with = "file")]
    pub name: Option<PathBuf>,
    /// A GGUF file in place of a name.
    #[arg(short = 'f', long, value_name = "FILE")]
    pub file: Option<PathBuf>,
    /// Format of stdout.
    #[arg(short = 'o', long, value_enum, default_value_t = PlanFormat::Text)]
    pub output: PlanFormat,
}

/// `model bench`.
#[derive(Debug, Args)]
pub struct ModelBenchArgs {
    /// An installed model, or `embedded`; the default where it is left out.
    #[arg(value_name = "NAME", conflicts_with = "file")]
    pub name: Option<PathBuf>,
    /// A GGUF file in place of a name.
    #[arg(short = 'f', long, value_name = "FILE")]
    pub file: Option<PathBuf>,
    /// Format of stdout.
    #[arg(short = 'o', long, value_enum, default_value_t = PlanFormat::Text)]
    pub output: PlanFormat,
}

/// `eval`.
#[derive(Debug, Args)]
pub struct EvalArgs {
    /// Rows `{id, request, context?, earlier?}`, one JSON a line.
    #[arg(long, value_name = "FILE")]
    pub tasks: PathBuf,
    /// Where the answers go, one JSON a line; stdout where absent.
    #[arg(long, value_name = "FILE")]
    pub answers: Option<PathBuf>,
    /// Adds to each answer its milliseconds, and what writing manifests has cost.
    #[arg(long)]
    pub cost: bool,
    /// Manifests by their schemas alone, for comparison: no rules of the API, nothing filled in, no second look.
    #[arg(long)]
    pub bare: bool,
}
