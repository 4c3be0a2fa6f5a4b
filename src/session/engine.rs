//! The engine behind every face: patterns, schemas, policies, the target and the model, opened from one configuration.

use serde_json::Value;

use crate::apply::{ApplyOutcome, ConfirmedPlan, FolderTarget, Plan};
use crate::check::{CheckContext, Verdict, check};
use crate::config::{Config, PolicySource};
use crate::diff::MaskKey;
use crate::draft::{self, Conversation, Drafter, Facts, Library, Outcome, Reading, Setting};
use crate::finding::{Finding, Severity};
use crate::manifest::{Budget, Manifest, parse};
use crate::model::{self, Backend, Cancel, ModelError, OpenOptions};
use crate::pattern::PatternSet;
use crate::policy::{PolicyError, PolicySet, User};
use crate::schema::SchemaSet;
use crate::session::place;
use crate::session::problem::{ExitCode, Problem};
use crate::source;

/// What became of an edited text.
#[derive(Debug)]
pub enum Judged {
    /// The objects passed; policies passed and total.
    Passed(Vec<Value>, (usize, usize)),
    /// Why not.
    Refused(String),
}

/// See the module.
pub struct Engine {
    patterns: PatternSet,
    schemas: SchemaSet,
    policies: PolicySet,
    target: FolderTarget,
    setting: Setting,
    user: User,
    facts: Facts,
    conversation: Conversation,
    mask: MaskKey,
    config: Config,
    loaded: Option<Loaded>,
}

/// A model, and the text that it reads before every request.
struct Loaded {
    backend: Box<dyn Backend>,
    prefix: String,
}

impl Engine {
    /// Reads everything that a request needs; the model is loaded at the first draft.
    ///
    /// # Errors
    /// A pattern, policy or schema that does not parse (file, line, column), or a target that cannot be read.
    pub fn open(config: Config) -> Result<Self, Problem> {
        let patterns = open_patterns(&config)?;
        let schemas = open_schemas(&config)?;
        let policies = open_policies(&config)?;
        let target = FolderTarget::open(&config.target)?;
        let mask = MaskKey::new(source::state_key(&config.state_dir).map_err(Problem::new)?);
        let setting = Setting {
            namespace: config.namespace.clone(),
            namespace_is_flag: config.namespace.is_some(),
            owner: config.owner.clone(),
            user: config.user.clone(),
            existing: target.objects().cloned().collect(),
        };
        let facts = Facts::builtin().with_target(&setting.existing, setting.user.as_deref());
        let user = config.user.as_deref().map(User::named).unwrap_or_default();
        Ok(Self {
            patterns,
            schemas,
            policies,
            target,
            setting,
            user,
            facts,
            conversation: Conversation::default(),
            mask,
            config,
            loaded: None,
        })
    }

    /// The person's words so far.
    pub fn turns(&self) -> &[String] {
        &self.conversation.turns
    }

    /// The objects of the target.
    pub fn existing(&self) -> &[Value] {
        &self.setting.existing
    }

    /// The patterns in force.
    pub fn patterns(&self) -> &PatternSet {
        &self.patterns
    }

    /// The policies in force.
    pub fn policies(&self) -> &PolicySet {
        &self.policies
    }

    /// Takes a backend that was opened elsewhere (tests, `eval`).
    ///
    /// # Errors
    /// `prompts/examples.yaml` does not fit the patterns in force.
    pub fn set_backend(&mut self, backend: Box<dyn Backend>) -> Result<&mut dyn Backend, Problem> {
        let prefix = draft::prefix(backend.info().profile, &self.patterns).map_err(Problem::new)?;
        Ok(self.loaded.insert(Loaded { backend, prefix }).backend.as_mut())
    }

    /// Loads the model now and says what it is.
    ///
    /// # Errors
    /// What the model says.
    pub fn load_model(&mut self) -> Result<&mut dyn Backend, Problem> {
        // Asked and borrowed apart: a borrow that is returned would last until the end of the function.
        if self.loaded.is_none() {
            let options = OpenOptions {
                cache_dir: Some(self.config.cache_dir.join("prefixes")),
                threads: self.config.threads,
                ..OpenOptions::new(self.config.executable.clone())
            };
            let backend = model::open(self.config.model.clone(), &options).map_err(model_problem)?;
            return self.set_backend(backend);
        }
        match &mut self.loaded {
            Some(loaded) => Ok(loaded.backend.as_mut()),
            None => Err(Problem::new("no model is loaded")),
        }
    }

    /// Forgets the conversation: the next words are a new request. Objects that exist (an eval row's context) can be
    /// given in place of the target's.
    pub fn begin(&mut self, existing: Option<Vec<Value>>) {
        self.conversation = Conversation::default();
        if let Some(existing) = existing {
            self.setting.existing = existing;
        }
    }

    /// One turn: from words to an outcome.
    ///
    /// # Errors
    /// The model's problems; a stop is exit code 130.
    pub fn draft(&mut self, words: &str, cancel: &Cancel) -> Result<Outcome, Problem> {
        let reading = Reading::new(self.library(), &self.setting, &self.facts, &self.conversation, words);
        if let Some(declined) = reading.declined() {
            if self.conversation.turns.is_empty() {
                self.conversation.turns.push(words.to_owned());
            }
            return Ok(declined);
        }
        self.load_model()?;
        let Some(loaded) = &mut self.loaded else { return Err(Problem::new("no model is loaded")) };
        // Field by field, since the backend is borrowed beside it.
        let (patterns, schemas, policies, user) = (&self.patterns, &self.schemas, &self.policies, &self.user);
        let library = Library { patterns, schemas, policies, user };
        let mut drafter = Drafter::new(library, &self.setting, &loaded.prefix, loaded.backend.as_mut());
        drafter.turn(&mut self.conversation, reading, cancel).map_err(model_problem)
    }

    /// The gate on objects that came from a file or an editor.
    pub fn check(&self, manifests: &[Manifest]) -> crate::check::CheckReport {
        let objects: Vec<Value> = manifests.iter().map(|manifest| manifest.object.clone()).collect();
        let mut report = check(&objects, &self.context());
        report.findings.iter_mut().for_each(|finding| place::in_file(finding, manifests));
        report
    }

    /// Parses and checks an edited text.
    pub fn judge(&self, text: &str) -> Judged {
        let manifests = match parse(text.as_bytes(), Some("edited"), &Budget::default()) {
            Ok(manifests) if manifests.is_empty() => {
                return Judged::Refused("there is no object left".into());
            }
            Ok(manifests) => manifests,
            Err(error) => return Judged::Refused(error.to_string()),
        };
        let report = self.check(&manifests);
        if report.verdict == Verdict::Allowed {
            let objects = manifests.into_iter().map(|manifest| manifest.object).collect();
            return Judged::Passed(objects, (report.policies_passed, report.policies_total));
        }
        let lines: Vec<String> = report
            .findings
            .iter()
            .filter(|finding| finding.severity == Severity::Error || finding.incomplete)
            .map(one_line)
            .collect();
        Judged::Refused(lines.join("\n"))
    }

    /// The plan for these objects: what would be written, with its digest.
    ///
    /// # Errors
    /// A target that cannot be read.
    pub fn plan(&self, objects: &[Value]) -> Result<Plan, Problem> {
        let mut plan = self.target.plan(objects, &self.mask)?;
        let report = check(objects, &self.context());
        plan.findings.extend(report.findings);
        Ok(plan)
    }

    /// Writes what was confirmed.
    ///
    /// # Errors
    /// A stale plan (5), a folder that cannot be written (2).
    pub fn write(&mut self, confirmed: ConfirmedPlan, cancel: &Cancel) -> Result<ApplyOutcome, Problem> {
        Ok(self.target.write(confirmed, &|| cancel.is_cancelled())?)
    }

    /// The key that masked values carry an HMAC of.
    pub fn mask(&self) -> &MaskKey {
        &self.mask
    }

    /// The plan for manifests that were read from files: Secret values stay in those files.
    ///
    /// # Errors
    /// A target that cannot be read.
    pub fn plan_manifests(&self, manifests: &[Manifest]) -> Result<Plan, Problem> {
        let mut plan = self.target.plan_manifests(manifests, &self.mask)?;
        plan.findings.extend(self.check(manifests).findings);
        Ok(plan)
    }

    /// The target.
    pub fn target(&self) -> &FolderTarget {
        &self.target
    }

    fn library(&self) -> Library<'_> {
        Library {
            patterns: &self.patterns,
            schemas: &self.schemas,
            policies: &self.policies,
            user: &self.user,
        }
    }

    fn context(&self) -> CheckContext<'_> {
        CheckContext::new(&self.schemas, &self.policies, &self.user).with_existing(&self.setting.existing)
    }
}

fn one_line(finding: &Finding) -> String {
    let line = finding.line.map(|line| format!("line {line}: ")).unwrap_or_default();
    let hint = finding.hint.as_ref().map(|hint| format!("; {hint}")).unwrap_or_default();
    format!("{line}{} {}: {} [{}]{hint}", finding.object, finding.path, finding.message, finding.rule)
}

/// What a model's error means to a person, and what to do about it.
pub fn model_problem(error: ModelError) -> Problem {
    let hint = match &error {
        ModelError::Cancelled => return Problem::new(error).code(ExitCode::Interrupted),
        ModelError::Load { .. } => "check the path and that the file is a complete GGUF (--model FILE.gguf)",
        ModelError::Died { .. } => "the file may be damaged: fetch it again, or try another model",
        ModelError::TooLong { .. } => "say it in fewer words, or split it into two requests",
        ModelError::Matcher { .. } | ModelError::Invalid(_) => {
            "nothing was drafted; please report the request and the model"
        }
        ModelError::Unsupported(_) => return Problem::new(error),
    };
    Problem::new(error).hint(hint)
}

/// The built-in patterns and those of the configuration.
///
/// # Errors
/// A pattern that does not parse: file, line, column.
pub fn open_patterns(config: &Config) -> Result<PatternSet, Problem> {
    let mut patterns = PatternSet::builtin().clone();
    for path in &config.patterns {
        let manifests = source::read_manifests(path).map_err(Problem::new)?;
        patterns = patterns.with(&manifests).map_err(|error| {
            Problem::new(error)
                .hint("`kubectl copilot pattern check -f FILE` shows all that is wrong with a pattern")
        })?;
    }
    Ok(patterns)
}

/// The bundled schemas of one Kubernetes version, and the CustomResourceDefinitions of the configuration.
///
/// # Errors
/// A version that is not bundled; a definition that cannot be read.
pub fn open_schemas(config: &Config) -> Result<SchemaSet, Problem> {
    let mut schemas = SchemaSet::bundled(config.kubernetes_version.as_deref()).map_err(Problem::new)?;
    for path in &config.schemas {
        let manifests = source::read_manifests(path).map_err(Problem::new)?;
        schemas = schemas.with_crds(&manifests).map_err(Problem::new)?;
    }
    Ok(schemas)
}

/// The policies in force: built in, from folders, or none.
///
/// # Errors
/// A policy that does not parse, or is of a kind that is not evaluated here.
pub fn open_policies(config: &Config) -> Result<PolicySet, Problem> {
    let mut manifests: Vec<Manifest> = Vec::new();
    for source in &config.policies {
        match source {
            PolicySource::Builtin => manifests.extend(PolicySet::builtin_manifests().map_err(Problem::new)?),
            PolicySource::Path(path) => manifests.extend(source::read_manifests(path).map_err(Problem::new)?),
        }
    }
    if config.policies.is_empty() {
        return Ok(PolicySet::none());
    }
    let policies = PolicySet::from_manifests(&manifests).map_err(|errors| policy_problem(&errors))?;
    if policies.is_empty() {
        let named: Vec<String> = config.policies.iter().map(PolicySource::to_string).collect();
        return Err(Problem::new(format!("there is no policy in {}", named.join(", ")))
            .hint("name a file or folder with a ValidatingAdmissionPolicy and its binding, or `builtin`"));
    }
    Ok(policies)
}

/// All errors, one a line; the hint is that of the error where it is the only one.
fn policy_problem(errors: &[PolicyError]) -> Problem {
    if let [error] = errors {
        return Problem::new(error).hint(&error.hint);
    }
    let lines: Vec<String> = errors.iter().map(|error| format!("{error}; {}", error.hint)).collect();
    Problem::new(lines.join("\n"))
        .hint("a policy that cannot be read is never skipped: correct it or leave it out")
}

/// The system's user name as an owner label.
pub fn owner_label(user: &str) -> Option<String> {
    draft::span::dns_label(user)
}
