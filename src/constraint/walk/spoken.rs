//! Whether a request speaks of a field: what nobody asked for is not offered, so that a model cannot wander.

use super::leaf::{Shape, shape};
use super::rules::Rules;
use super::said::Said;
use crate::schema::Node;

/// Objects with at most this many fields are offered whole: who opens a toleration means all of it.
const SMALL: usize = 8;
/// How deep the fields inside a field are looked at.
const DEEP: usize = 2;

/// Whether an optional field may be offered in an object. `shown`: a worked example of the kind has it there.
pub(super) fn is_spoken_of(
    key: &str,
    node: Node<'_>,
    parent: Node<'_>,
    rules: &Rules,
    said: &Said,
    shown: bool,
) -> bool {
    let schema = node.schema();
    let by_value = schema.values.iter().any(|value| value.as_str().is_some_and(|value| said.has(value)));
    let is_strict = rules.strict.iter().any(|field| field == key);
    // What a custom kind has is not known to be small for good reason.
    let small = parent.schema().properties.len() <= SMALL && parent.component().is_some() && !is_strict;
    if by_value || small || rules.always.iter().any(|field| field == key) {
        return true;
    }
    if let Some(words) = rules.spoken.get(key) {
        return said.has_any(words) || said.speaks_wholly_of(key);
    }
    if shown {
        return true;
    }
    // What other languages call the fields of a custom kind is not known here.
    !said.is_english()
        || match shape(node) {
            Shape::Scalar => said.speaks_of(key),
            _ => said.speaks_wholly_of(key) || inside(node, said, DEEP),
        }
}

fn inside(node: Node<'_>, said: &Said, depth: usize) -> bool {
    let node = node.items().unwrap_or(node);
    depth > 0
        && node.properties().any(|(key, child)| match shape(child) {
            Shape::Scalar => said.speaks_wholly_of(key),
            _ => inside(child, said, depth - 1),
        })
}
