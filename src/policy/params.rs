//! Which parameter objects a binding hands to its policy.

use super::compiled::{Binding, NotFound, Param, ParamKind, ParamRef, ParamSource, Policy};
use super::review::Review;
use super::selector::Labels;

/// The parameters of one binding for one object.
#[derive(Debug)]
pub(super) enum Params<'a> {
    /// `params` is null, once.
    Null,
    /// Each of these, one evaluation for every one.
    These(Vec<&'a Param>),
    /// None were found, and the binding says to let the object pass.
    Skip,
    /// None were found, and the binding says to deny: a configuration error.
    Missing(String),
}

/// Looks them up among the objects that stand beside the policies.
///
/// A parameter without a namespace counts as being in whatever namespace is asked for: a folder does not say one.
pub(super) fn params<'a>(
    policy: &Policy,
    binding: &'a Binding,
    review: &Review<'_>,
    known: &'a [Param],
) -> Params<'a> {
    let (kind, reference) = match (&policy.param_kind, &binding.params) {
        (_, Some(ParamSource::Own(own))) => return Params::These(vec![own]),
        (Some(kind), Some(ParamSource::Reference(reference))) => (kind, reference),
        (None, _) | (_, None) => return Params::Null,
    };
    let namespace = reference.namespace.as_deref().or_else(|| review.namespace_name());
    let found: Vec<&Param> = known
        .iter()
        .filter(|param| param.key.api_version == kind.api_version && param.key.kind == kind.kind)
        .filter(|param| in_namespace(param, namespace))
        .filter(|param| is_meant(param, reference))
        .collect();
    match (found.is_empty(), reference.parameter_not_found_action) {
        (false, _) => Params::These(found),
        (true, Some(NotFound::Allow)) => Params::Skip,
        (true, _) => Params::Missing(describe(kind, reference, namespace)),
    }
}

/// Where the namespace that is asked for is not known, every object of that name counts.
fn in_namespace(param: &Param, namespace: Option<&str>) -> bool {
    match (param.key.namespace.as_deref(), namespace) {
        (Some(own), Some(wanted)) => own == wanted,
        _ => true,
    }
}

fn is_meant(param: &Param, reference: &ParamRef) -> bool {
    reference.name.as_ref().is_none_or(|name| *name == param.key.name)
        && reference
            .selector
            .as_ref()
            .is_none_or(|selector| selector.selects(Labels::of(&param.object)) == Some(true))
}

fn describe(kind: &ParamKind, reference: &ParamRef, namespace: Option<&str>) -> String {
    let place = namespace.map(|namespace| format!(" in namespace {namespace}")).unwrap_or_default();
    match &reference.name {
        Some(name) => format!("its parameter {} '{name}'{place} was not found", kind.kind),
        None => format!("no {}{place} has the labels of its parameter selector", kind.kind),
    }
}
