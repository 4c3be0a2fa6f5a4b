//! `policy list`, `policy explain`, `policy test`.

use crate::cli::args::{
    Common, PolicyExplainArgs, PolicyListArgs, PolicyTestArgs, PolicyVerb, ReviewFormat, SuiteFormat,
    TemplateEngine,
};
use crate::cli::{output, resolve};
use crate::config::{Config, Where};
use crate::finding::Finding;
use crate::model::Cancel;
use crate::policy::{Intent, PolicyInfo, PolicySet, Prefer, Resource, Shape, User};
use crate::report::{self, Explained};
use crate::schema::{KindInfo, SchemaSet};
use crate::session::{ExitCode, Problem, open_cluster_policies, open_policies, open_schemas};
use crate::suite::{self, Summary};

/// Runs the verb.
pub fn run(verb: &PolicyVerb, common: &Common, cancel: &Cancel) -> Result<ExitCode, Problem> {
    match verb {
        PolicyVerb::List(args) => list(args, common),
        PolicyVerb::Explain(args) => explain(args, common),
        PolicyVerb::Test(args) => test(args, common, cancel),
    }
}

/// What policies say and of what.
struct Known {
    policies: PolicySet,
    schemas: SchemaSet,
    findings: Vec<Finding>,
}

/// The policies of the configuration, and those of a cluster where one is named: a folder of policies is looked at without one.
fn known(config: &Config, common: &Common) -> Result<Known, Problem> {
    let schemas = open_schemas(config)?;
    match &config.place {
        Where::Cluster(options) if common.names_cluster() => {
            let (policies, findings) = open_cluster_policies(config, options)?;
            Ok(Known { policies, schemas, findings })
        }
        _ => Ok(Known { policies: open_policies(config)?, schemas, findings: Vec::new() }),
    }
}

/// `policy list`.
fn list(args: &PolicyListArgs, common: &Common) -> Result<ExitCode, Problem> {
    let config = resolve::config(common)?;
    let Known { policies, schemas, findings } = known(&config, common)?;
    output::tell(&report::findings_text(&findings, config.style));
    let left = policies.left_to_server();
    if policies.list().is_empty() && left.is_empty() && args.output == ReviewFormat::Text {
        output::print(
            "policy: none\nhint: --policies builtin, --policies DIR, or `policies:` in the configuration file; --context NAME lists those of a cluster too\n",
        )?;
        return Ok(ExitCode::Done);
    }
    let kinds: Vec<&KindInfo> = schemas.kinds().filter(|info| info.deprecated.is_none()).collect();
    let all = explained(&policies, policies.list(), &kinds, &schemas, &config);
    output::print(&match args.output {
        ReviewFormat::Text => report::policies_text(&all, left, config.style),
        ReviewFormat::Json => format!("{:#}\n", report::policies_document(&all, left)),
    })?;
    Ok(ExitCode::Done)
}

/// What becomes of policies for some kinds.
fn explained(
    policies: &PolicySet,
    list: Vec<PolicyInfo>,
    kinds: &[&KindInfo],
    schemas: &SchemaSet,
    config: &Config,
) -> Vec<Explained> {
    let user = User::named(config.user.clone().unwrap_or_default());
    let mut all: Vec<Explained> = list
        .into_iter()
        .map(|info| {
            let unknown = info.matches.iter().filter(|name| !is_known(name, schemas)).cloned().collect();
            Explained { info, kinds: Vec::new(), unknown }
        })
        .collect();
    for info in kinds {
        let resource = Resource { plural: info.plural.clone(), namespaced: info.namespaced };
        let node = schemas.kind(&info.gvk).map(|kind| kind.node);
        let placed = config.namespace.as_deref();
        let intent = Intent { kind: info.gvk.clone(), resource, node, namespace: None, placed, user: &user };
        let shapes = policies.shapes(&intent);
        for one in &mut all {
            let own: Vec<Shape> =
                shapes.iter().filter(|shape| shape.policy == one.info.name).cloned().collect();
            if !own.is_empty() {
                one.kinds.push((format!("{} {}", info.gvk.api_version(), info.gvk.kind), own));
            }
        }
    }
    all
}

/// Whether a policy's name of what it is about (`pods`, `apps/deployments`, `pods/exec`, `Pod`, `*`) is that of a kind.
fn is_known(name: &str, schemas: &SchemaSet) -> bool {
    name.split('/').any(|part| {
        part.contains(['*', '?']) || schemas.kinds().any(|info| info.plural == part || info.gvk.kind == part)
    })
}

/// `policy explain`.
fn explain(args: &PolicyExplainArgs, common: &Common) -> Result<ExitCode, Problem> {
    let config = resolve::config(common)?;
    let Known { policies, schemas, findings } = known(&config, common)?;
    output::tell(&report::findings_text(&findings, config.style));
    let mut list = policies.list();
    if let Some(name) = &args.name {
        // A policy by its own name, by that of which it is a rule, or by that of a binding.
        let of = |policy: &PolicyInfo| {
            policy.name.strip_prefix(name.as_str()).is_some_and(|rest| rest.starts_with('/'))
        };
        list.retain(|policy| policy.name == *name || of(policy) || policy.bindings.contains(name));
        if list.is_empty() {
            let known: Vec<String> = policies.list().into_iter().map(|policy| policy.name).collect();
            let hint =
                if known.is_empty() { "--policies DIR, or builtin".to_owned() } else { known.join(", ") };
            return Err(Problem::new(format!("there is no policy '{name}' in force")).hint(hint));
        }
    }
    let kinds: Vec<&KindInfo> = match &args.kind {
        None => schemas.kinds().filter(|info| info.deprecated.is_none()).collect(),
        Some(word) => schemas.find_kind(word),
    };
    if let (Some(word), true) = (&args.kind, kinds.is_empty()) {
        return Err(Problem::new(format!("there is no kind '{word}'"))
            .hint("--schemas DIR names the definitions of custom kinds"));
    }
    let all = explained(&policies, list, &kinds, &schemas, &config);
    output::print(&match args.output {
        ReviewFormat::Text if all.is_empty() => "policy: none\n".to_owned(),
        ReviewFormat::Text => report::explain_text(&all, args.kind.as_deref(), config.style),
        ReviewFormat::Json => format!("{:#}\n", report::explain_document(&all)),
    })?;
    Ok(ExitCode::Done)
}

/// `policy test`: 1 where a case failed, 3 where one could not be evaluated and none failed.
fn test(args: &PolicyTestArgs, common: &Common, cancel: &Cancel) -> Result<ExitCode, Problem> {
    let config = resolve::config(common)?;
    let schemas = open_schemas(&config)?;
    let prefer = match args.engine {
        TemplateEngine::Cel => Prefer::Expressions,
        TemplateEngine::Rego => Prefer::Rego,
    };
    let rows = suite::run(&args.file, &schemas, prefer, &|| cancel.is_cancelled())
        .map_err(|error| Problem::new(error.message).hint(error.hint))?;
    if cancel.is_cancelled() {
        return Ok(ExitCode::Interrupted);
    }
    output::print(&match args.output {
        SuiteFormat::Text => report::suite_text(&rows, config.style),
        SuiteFormat::Json => format!("{:#}\n", report::suite_document(&rows)),
        SuiteFormat::Junit => report::suite_junit(&rows).map_err(Problem::new)?,
    })?;
    let Summary { fail, error, .. } = Summary::of(&rows);
    Ok(match (fail, error) {
        (0, 0) => ExitCode::Done,
        (0, _) => ExitCode::Incomplete,
        _ => ExitCode::No,
    })
}
