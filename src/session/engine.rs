//! The engine behind every face: patterns, schemas, policies, the target and the model, opened from one configuration.

use std::path::Path;

use serde_json::Value;

use crate::apply::{ApplyOutcome, Capacity, ClusterTarget, ConfirmedPlan, FolderTarget, Followed, Plan};
use crate::capacity;
use crate::check::{CheckContext, Verdict, check};
use crate::cluster::{Connection, OpenApiDocument, Snapshot};
use crate::config::{Config, PolicySource, Where};
use crate::constraint::Cost;
use crate::diff::MaskKey;
use crate::draft::{
    self, Amended, Conversation, Drafter, Facts, FieldEdit, Library, Outcome, Reading, Setting,
};
use crate::finding::{Finding, Severity};
use crate::manifest::{Budget, Manifest, ObjectKey, parse, pods};
use crate::model::{self, Backend, Cancel, ModelError, OpenOptions};
use crate::pattern::PatternSet;
use crate::policy::{Module, PolicyError, PolicySet, User};
use crate::schema::SchemaSet;
use crate::session::exposure::server_finding;
use crate::session::facts;
use crate::session::place;
use crate::session::problem::{ExitCode, Problem};
use crate::session::target::Target;
use crate::source::{self, Limits};

/// The group versions whose schemas are read from a cluster when it is opened: all that patterns and native kinds use.
const LIVE: &[&str] = &["v1", "apps/v1", "batch/v1", "networking.k8s.io/v1"];

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
    target: Target,
    /// Facts of the cluster; `None` for a folder.
    snapshot: Option<Snapshot>,
    /// What could not be read when the target was opened.
    findings: Vec<Finding>,
    setting: Setting,
    user: User,
    facts: Facts,
    conversation: Conversation,
    mask: MaskKey,
    config: Config,
    loaded: Option<Loaded>,
    bare: bool,
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
        let mut schemas = open_schemas(&config)?;
        let mask = MaskKey::new(source::state_key(&config.state_dir).map_err(Problem::new)?);
        let Opened { target, snapshot, policies, findings, user } =
            open_target(&config, &mask, &mut schemas)?;
        let connection = target.cluster().map(ClusterTarget::connection);
        let namespace = connection.map(|connection| connection.namespace().to_owned());
        // On a cluster a thing is of whoever asks there, and not of the user of this machine.
        let there = connection.and_then(|connection| owner_label(&connection.user().name));
        let setting = Setting {
            namespace: namespace.or_else(|| config.namespace.clone()),
            namespace_is_flag: config.namespace.is_some(),
            owner: config.owner.clone(),
            user: there.or_else(|| config.user.clone()),
            known: snapshot.as_ref().map(facts::known).unwrap_or_default(),
            existing: target.existing(),
            knows_all: snapshot.is_none(),
        };
        let facts = Facts::builtin().with_target(&setting);
        Ok(Self {
            patterns,
            schemas,
            policies,
            target,
            snapshot,
            findings,
            setting,
            user,
            facts,
            conversation: Conversation::default(),
            mask,
            config,
            loaded: None,
            bare: false,
        })
    }

    /// See [`Drafter::bare`].
    pub fn set_bare(&mut self, bare: bool) {
        self.bare = bare;
    }

    /// What all texts that the model has written step by step have cost.
    pub fn written(&self) -> Cost {
        self.loaded.as_ref().map_or_else(Cost::default, |loaded| loaded.backend.written())
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
    /// What the model says; a stop is exit code 130.
    pub fn load_model(&mut self, cancel: &Cancel) -> Result<&mut dyn Backend, Problem> {
        // Asked and borrowed apart: a borrow that is returned would last until the end of the function.
        if self.loaded.is_none() {
            let options = OpenOptions {
                cache_dir: Some(self.config.cache_dir.join("prefixes")),
                adapter: self.config.adapter.clone(),
                device: self.config.device.clone(),
                context: self.config.context_tokens,
                threads: self.config.threads,
                cancel: cancel.clone(),
                ..OpenOptions::new(self.config.executable.clone())
            };
            let backend = model::open(self.config.model.clone(), &options).map_err(model_problem)?;
            if backend.writes() {
                self.learn_kinds()?;
            }
            return self.set_backend(backend);
        }
        match &mut self.loaded {
            Some(loaded) => Ok(loaded.backend.as_mut()),
            None => Err(Problem::new("no model is loaded")),
        }
    }

    /// A model that writes any kind needs the schemas of those that only this cluster has. One that cannot be read is a
    /// warning with every plan.
    fn learn_kinds(&mut self) -> Result<(), Problem> {
        let Some(connection) = self.target.cluster().map(ClusterTarget::connection) else { return Ok(()) };
        let known = |version: &String| self.schemas.kinds().any(|info| info.gvk.api_version() == *version);
        let documents = connection.group_versions().and_then(|mut versions| {
            versions.retain(|version| LIVE.contains(&version.as_str()) || !known(version));
            connection.schemas(&versions)
        });
        match documents {
            Ok(documents) => self.schemas = with_published(&self.schemas, &documents)?,
            Err(error) => self.findings.push(Finding::new(
                "cluster-schemas-not-readable",
                Severity::Warning,
                ObjectKey::of(&Value::Null),
                "",
                format!("kinds that only this cluster has cannot be drafted: {error}"),
            )),
        }
        Ok(())
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
        self.load_model(cancel)?;
        let Some(loaded) = &mut self.loaded else { return Err(Problem::new("no model is loaded")) };
        // Field by field, since the backend is borrowed beside it.
        let (patterns, schemas, policies, user) = (&self.patterns, &self.schemas, &self.policies, &self.user);
        let library = Library { patterns, schemas, policies, user };
        let mut drafter =
            Drafter::new(library, &self.setting, &loaded.prefix, loaded.backend.as_mut()).bare(self.bare);
        let mut outcome = drafter.turn(&mut self.conversation, reading, cancel).map_err(model_problem)?;
        if let Outcome::Drafted(draft) = &mut outcome {
            draft.findings.extend(server_finding(&self.config.model));
        }
        Ok(outcome)
    }

    /// Changes one field of the draft by hand; the rest goes through rendering and the gate once more.
    ///
    /// # Errors
    /// Nothing is being drafted.
    pub fn change_field(&mut self, edit: &FieldEdit) -> Result<Amended, Problem> {
        let Some(loaded) = &mut self.loaded else { return Err(Problem::new("nothing is being drafted")) };
        let (patterns, schemas, policies, user) = (&self.patterns, &self.schemas, &self.policies, &self.user);
        let library = Library { patterns, schemas, policies, user };
        let drafter = Drafter::new(library, &self.setting, &loaded.prefix, loaded.backend.as_mut());
        Ok(drafter.amend(&mut self.conversation, &self.facts, edit))
    }

    /// What was said so far and what it came to.
    pub fn conversation(&self) -> &Conversation {
        &self.conversation
    }

    /// Goes back to what was known before.
    pub fn set_conversation(&mut self, conversation: Conversation) {
        self.conversation = conversation;
    }

    /// The target as a person calls it.
    pub fn target_name(&self) -> String {
        self.target.name()
    }

    /// Reads the target again: a face that stays open must not draft from what was there when it was opened.
    ///
    /// # Errors
    /// A target that cannot be read.
    pub fn look_again(&mut self) -> Result<(), Problem> {
        self.target.look_again()?;
        if let Some(cluster) = self.target.cluster() {
            let connection = cluster.connection();
            let snapshot = Snapshot::read(connection, connection.namespace())?;
            self.setting.known = facts::known(&snapshot);
            self.snapshot = Some(snapshot);
        }
        self.setting.existing = self.target.existing();
        self.facts = Facts::builtin().with_target(&self.setting);
        Ok(())
    }

    /// The gate on objects that came from a file or an editor.
    pub fn check(&self, manifests: &[Manifest]) -> crate::check::CheckReport {
        let objects: Vec<Value> = manifests.iter().map(|manifest| manifest.object.clone()).collect();
        let mut report = check(&objects, &self.context());
        report.findings.iter_mut().for_each(|finding| place::in_file(finding, manifests));
        report
    }

    /// Manifests that name no namespace get the one that they will be sent to: policies select by it.
    fn place(&self, manifests: &mut [Manifest]) -> Result<(), Problem> {
        let Some(cluster) = self.target.cluster() else { return Ok(()) };
        for manifest in manifests {
            let key = manifest.key();
            if key.namespace.is_none() && cluster.connection().resource(&key.gvk())?.namespaced {
                let namespace = cluster.connection().namespace();
                manifest.object["metadata"]["namespace"] = Value::from(namespace);
            }
        }
        Ok(())
    }

    /// Parses and checks an edited text.
    pub fn judge(&self, text: &str) -> Judged {
        let mut manifests = match parse(text.as_bytes(), Some("edited"), &Budget::default()) {
            Ok(manifests) if manifests.is_empty() => {
                return Judged::Refused("there is no object left".into());
            }
            Ok(manifests) => manifests,
            Err(error) => return Judged::Refused(error.to_string()),
        };
        if let Err(problem) = self.place(&mut manifests) {
            return Judged::Refused(problem.to_string());
        }
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
        plan.findings.extend(server_finding(&self.config.model));
        self.complete(&mut plan);
        Ok(plan)
    }

    /// Writes what was confirmed.
    ///
    /// # Errors
    /// A stale plan (5), a folder that cannot be written (2).
    pub fn write(&mut self, confirmed: ConfirmedPlan, cancel: &Cancel) -> Result<ApplyOutcome, Problem> {
        let written = self.target.write(confirmed, &|| cancel.is_cancelled());
        written.map_err(|error| Problem::from(error).unwritten())
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
        self.complete(&mut plan);
        Ok(plan)
    }

    /// The target.
    pub fn target(&self) -> &Target {
        &self.target
    }

    /// Follows what was written until it is ready, fails, or the deadline of the configuration is over. `None` where there
    /// is nothing to follow: a folder, or a deadline of zero.
    pub fn follow(
        &self,
        objects: &[ObjectKey],
        cancel: &Cancel,
        tell: &mut dyn FnMut(&ObjectKey, &str),
    ) -> Option<Followed> {
        self.target.follow(objects, self.config.wait, &|| cancel.is_cancelled(), tell)
    }

    /// What only the cluster's facts can say of a plan: whether its pods fit, and what could not be read.
    fn complete(&self, plan: &mut Plan) {
        let Some(snapshot) = &self.snapshot else { return };
        plan.findings.extend(self.findings.iter().cloned());
        let created = plan.changes.iter().filter(|change| change.action == crate::apply::Action::Create);
        let created: Vec<&Value> = created.filter_map(|change| change.body.as_ref()).collect();
        plan.findings
            .extend(created.iter().flat_map(|object| capacity::claims_without_class(object, snapshot)));
        let new: Vec<_> = created.into_iter().flat_map(pods).collect();
        if new.is_empty() {
            plan.capacity = Capacity::nothing_runs();
            return;
        }
        plan.capacity = Capacity::from(capacity::fits(&new, snapshot));
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
        CheckContext::new(&self.schemas, &self.policies, &self.user)
            .with_existing(self.whole())
            .knowing_all(self.snapshot.is_none())
    }

    /// The existing objects that are known in full: a cluster's are known by name alone, but for the namespace.
    fn whole(&self) -> &[Value] {
        match self.snapshot {
            None => &self.setting.existing,
            Some(_) => self.setting.existing.get(..usize::from(self.knows_namespace())).unwrap_or_default(),
        }
    }

    fn knows_namespace(&self) -> bool {
        self.setting.existing.first().is_some_and(|object| object["kind"] == "Namespace")
    }

    /// Makes manifests from files fit for a cluster: those that name no namespace get the target's, as they will be sent,
    /// and the schemas of their kinds are read where they are not known yet. A folder leaves them as they are.
    ///
    /// # Errors
    /// A kind that is not served; the server does not answer.
    pub fn prepare(&mut self, manifests: &mut [Manifest]) -> Result<(), Problem> {
        self.place(manifests)?;
        let Some(cluster) = self.target.cluster() else { return Ok(()) };
        let mut wanted: Vec<String> = manifests.iter().map(|manifest| manifest.key().api_version).collect();
        wanted.sort();
        wanted.dedup();
        wanted.retain(|one| !LIVE.contains(&one.as_str()));
        if wanted.is_empty() {
            return Ok(());
        }
        let documents = cluster.connection().schemas(&wanted)?;
        self.schemas = with_published(&self.schemas, &documents)?;
        Ok(())
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
        ModelError::NotInstalled { hint, .. } | ModelError::Server { hint, .. } => {
            let hint = hint.clone();
            return Problem::new(error).hint(hint);
        }
    };
    Problem::new(error).hint(hint)
}

/// What opening a target gives beside it.
struct Opened {
    target: Target,
    snapshot: Option<Snapshot>,
    policies: PolicySet,
    findings: Vec<Finding>,
    user: User,
}

/// Opens the folder, or the cluster with its facts, schemas and policies.
fn open_target(config: &Config, mask: &MaskKey, schemas: &mut SchemaSet) -> Result<Opened, Problem> {
    let options = match &config.place {
        Where::Folder(dir) => {
            return Ok(Opened {
                target: Target::Folder(Box::new(FolderTarget::open(dir)?), dir.clone()),
                snapshot: None,
                policies: open_policies(config)?,
                findings: Vec::new(),
                user: config.user.as_deref().map(User::named).unwrap_or_default(),
            });
        }
        Where::Cluster(options) => options,
    };
    let connection = Connection::open(options)?;
    let namespace = connection.namespace().to_owned();
    let snapshot = Snapshot::read(&connection, &namespace)?;
    let mut findings = snapshot.warnings.clone();
    if config.kubernetes_version.is_none() {
        let wanted: Vec<String> = LIVE.iter().map(|one| (*one).to_owned()).collect();
        match connection.schemas(&wanted) {
            Ok(documents) => *schemas = with_published(schemas, &documents)?,
            Err(error) => findings.push(Finding::new(
                "cluster-schemas-not-readable",
                Severity::Warning,
                ObjectKey::of(&Value::Null),
                "",
                format!("the bundled schemas stand in for the cluster's: {error}"),
            )),
        }
    }
    let theirs = connection.policies(&namespace)?;
    findings.extend(theirs.findings);
    let policies = open_policies_with(config, &theirs.manifests, &mut findings)?;
    let identity = connection.user();
    let user = User { groups: identity.groups.clone(), ..User::named(&identity.name) };
    let target = Target::Cluster(Box::new(ClusterTarget::new(connection, mask.clone())?));
    Ok(Opened { target, snapshot: Some(snapshot), policies, findings, user })
}

/// The schemas that a server publishes, in place of those that stood for them.
fn with_published(schemas: &SchemaSet, documents: &[OpenApiDocument]) -> Result<SchemaSet, Problem> {
    let texts: Vec<(&str, &[u8])> =
        documents.iter().map(|one| (one.group_version.as_str(), one.bytes.as_slice())).collect();
    schemas.with_openapi_v3(&texts).map_err(Problem::new)
}

/// The policies of the configuration and those of a cluster. One of the cluster that cannot be evaluated here is left to
/// its dry-run, and said so; one of the configuration is an error.
fn open_policies_with(
    config: &Config,
    theirs: &[Manifest],
    findings: &mut Vec<Finding>,
) -> Result<PolicySet, Problem> {
    if theirs.is_empty() {
        return open_policies(config);
    }
    let (mut all, modules) = policy_files(config)?;
    all.extend_from_slice(theirs);
    match PolicySet::with_modules(&all, &modules) {
        Ok(policies) => Ok(policies),
        Err(errors) => {
            findings.extend(errors.iter().map(|error| {
                let object = theirs.first().map(Manifest::key).unwrap_or_else(|| ObjectKey::of(&Value::Null));
                let message = format!("a policy of the cluster is checked by the server only: {error}");
                Finding::new("policy-by-server-only", Severity::Warning, object, "", message)
            }));
            open_policies(config)
        }
    }
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
    let (manifests, modules) = policy_files(config)?;
    if config.policies.is_empty() {
        return Ok(PolicySet::none());
    }
    let policies = PolicySet::with_modules(&manifests, &modules).map_err(|errors| policy_problem(&errors))?;
    if policies.is_empty() {
        let named: Vec<String> = config.policies.iter().map(PolicySource::to_string).collect();
        return Err(Problem::new(format!("there is no policy in {}", named.join(", ")))
            .hint("name a file or folder with policies of Kubernetes and their bindings, of Gatekeeper or of Kyverno, with rules deny, violation or warn in Rego, or `builtin`"));
    }
    Ok(policies)
}

/// The manifests and the Rego of the policies of a configuration.
fn policy_files(config: &Config) -> Result<(Vec<Manifest>, Vec<Module>), Problem> {
    let (mut manifests, mut modules): (Vec<Manifest>, Vec<Module>) = (Vec::new(), Vec::new());
    for source in &config.policies {
        match source {
            PolicySource::Builtin => manifests.extend(PolicySet::builtin_manifests().map_err(Problem::new)?),
            PolicySource::Platform => {
                manifests.extend(PolicySet::platform_manifests().map_err(Problem::new)?);
            }
            PolicySource::Path(path) => {
                let rego = source::read_others(path, "rego", &Limits::default()).map_err(Problem::new)?;
                let is_rego_alone = !path.is_dir() && !rego.is_empty();
                modules.extend(
                    rego.into_iter().map(|(file, text)| Module { file: file.display().to_string(), text }),
                );
                if !is_rego_alone {
                    // A file that is named is read whatever its name is.
                    let wanted = |file: &Path| !path.is_dir() || !is_test_of_policies(file);
                    let found = source::read_manifests_of(path, &Limits::default(), &wanted);
                    manifests.extend(found.map_err(Problem::new)?);
                }
            }
        }
    }
    Ok((manifests, modules))
}

/// Whether a file in a folder of policies belongs to their tests, by its name (`policy test` reads these): a case, or a suite.
fn is_test_of_policies(file: &Path) -> bool {
    let name = file.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    let is_in_cases = file.parent().and_then(Path::file_name).is_some_and(|folder| folder == "cases");
    let is_case = name.starts_with("allowed-") || name.starts_with("denied-");
    is_in_cases && is_case
        || matches!(
            name,
            "suite.yaml" | "suite.yml" | "kyverno-test.yaml" | "kyverno-test.yml" | "tests.json"
        )
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
