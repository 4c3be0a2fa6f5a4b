//! Opening what a configuration names: patterns, schemas, policies, and the target with what is known of it.

use std::path::Path;

use serde_json::Value;

use crate::apply::{ClusterTarget, FolderTarget};
use crate::cluster::{ConnectOptions, Connection, OpenApiDocument, Snapshot};
use crate::config::{Config, PolicySource, Where};
use crate::diff::MaskKey;
use crate::draft;
use crate::finding::{Finding, Severity};
use crate::manifest::{Manifest, ObjectKey};
use crate::pattern::PatternSet;
use crate::policy::{LeftToServer, Module, PolicyError, PolicySet, Sources, User};
use crate::schema::SchemaSet;
use crate::session::problem::Problem;
use crate::session::target::Target;
use crate::source::{self, Limits};

/// The group versions whose schemas are read from a cluster when it is opened: all that patterns and native kinds use.
pub(super) const LIVE: &[&str] = &["v1", "apps/v1", "batch/v1", "networking.k8s.io/v1"];
/// Policies that are named in one warning.
const MOST_NAMED: usize = 5;

/// What opening a target gives beside it.
pub(super) struct Opened {
    pub target: Target,
    pub snapshot: Option<Snapshot>,
    pub policies: PolicySet,
    pub findings: Vec<Finding>,
    pub user: User,
}

/// Opens the folder, or the cluster with its facts, schemas and policies.
pub(super) fn open_target(
    config: &Config,
    mask: &MaskKey,
    schemas: &mut SchemaSet,
) -> Result<Opened, Problem> {
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
pub(super) fn with_published(
    schemas: &SchemaSet,
    documents: &[OpenApiDocument],
) -> Result<SchemaSet, Problem> {
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
    let policies = read_policies(config, theirs)?;
    findings.extend(left_to_server(policies.left_to_server()));
    Ok(policies)
}

/// The policies of the configuration and those of a cluster, with what could not be read of the latter.
///
/// # Errors
/// A cluster that cannot be reached; a policy of the configuration that cannot be read.
pub fn open_cluster_policies(
    config: &Config,
    options: &ConnectOptions,
) -> Result<(PolicySet, Vec<Finding>), Problem> {
    let connection = Connection::open(options)?;
    let theirs = connection.policies(connection.namespace())?;
    // What is left to the cluster is listed by itself.
    let policies = open_policies_with(config, &theirs.manifests, &mut Vec::new())?;
    Ok((policies, theirs.findings))
}

/// One warning for all policies that only the cluster evaluates.
fn left_to_server(left: &[LeftToServer]) -> Option<Finding> {
    let first = left.first()?;
    let mut objects: Vec<String> = left.iter().map(|one| one.object.to_string()).collect();
    objects.dedup();
    let message = match objects.as_slice() {
        [one] => format!("{one} is checked by the cluster only: {}", first.why),
        all => {
            let named = all.iter().take(MOST_NAMED).cloned().collect::<Vec<_>>().join(", ");
            let more = all.len().saturating_sub(MOST_NAMED);
            let more = if more == 0 { String::new() } else { format!(" and {more} more") };
            format!("{} policies are checked by the cluster only: {named}{more}", all.len())
        }
    };
    let hint = "`kubectl copilot policy list --context NAME` says why";
    Some(
        Finding::new("policy-by-server-only", Severity::Warning, first.object.clone(), "", message)
            .with_hint(hint),
    )
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
    if config.policies.is_empty() {
        return Ok(PolicySet::none());
    }
    let policies = read_policies(config, &[])?;
    if policies.is_empty() {
        let named: Vec<String> = config.policies.iter().map(PolicySource::to_string).collect();
        return Err(Problem::new(format!("there is no policy in {}", named.join(", ")))
            .hint("name a file or folder with policies of Kubernetes and their bindings, of Gatekeeper or of Kyverno, with rules deny, violation or warn in Rego, or `builtin`"));
    }
    Ok(policies)
}

/// What the configuration names, beside a cluster's own.
fn read_policies(config: &Config, theirs: &[Manifest]) -> Result<PolicySet, Problem> {
    let (manifests, modules) = policy_files(config)?;
    let sources = Sources {
        manifests: &manifests,
        modules: &modules,
        cluster: theirs,
        minor: minor(config),
        ..Sources::default()
    };
    PolicySet::open(sources).map_err(|errors| policy_problem(&errors))
}

/// The minor that the configuration names: 36 for 1.36.
fn minor(config: &Config) -> Option<u32> {
    config.kubernetes_version.as_deref()?.trim_start_matches('v').split('.').nth(1)?.parse().ok()
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
