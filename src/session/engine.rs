//! The engine behind every face: patterns, schemas, policies, the target and the model, opened from one configuration.

use serde_json::Value;

use crate::apply::{ApplyOutcome, Capacity, ClusterTarget, ConfirmedPlan, Followed, Plan};
use crate::capacity;
use crate::check::{CheckContext, Verdict, check};
use crate::cluster::Snapshot;
use crate::config::Config;
use crate::constraint::Cost;
use crate::diff::MaskKey;
use crate::draft::{
    self, Amended, Conversation, Drafter, Facts, FieldEdit, Library, Outcome, Reading, Setting,
};
use crate::finding::{Finding, Severity};
use crate::manifest::{Budget, Manifest, ObjectKey, parse, pods};
use crate::model::{self, Backend, Cancel, ModelError, OpenOptions};
use crate::pattern::PatternSet;
use crate::policy::{PolicySet, User};
use crate::schema::SchemaSet;
use crate::session::exposure::server_finding;
use crate::session::facts;
use crate::session::open::{
    LIVE, Opened, open_patterns, open_schemas, open_target, owner_label, with_published,
};
use crate::session::place;
use crate::session::problem::{ExitCode, Problem};
use crate::session::target::Target;
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
        let library = Library { patterns, schemas, policies, user, cancel: Some(cancel) };
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
        let library = Library { patterns, schemas, policies, user, cancel: None };
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
            cancel: None,
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
