//! What may not be left out: a field that the request speaks of and has a value for, and the namespace that it names.

use serde_json::Value;

use super::frame::{Inner, Offer, View, offers};
use super::leaf::Leaf;
use super::lost::{self, Lost};
use super::said::words_of;
use super::sides;
use super::write::Walk;
use crate::manifest::pointer;
use crate::schema::in_words;

impl Walk<'_> {
    /// Whether the one namespace that is said of the object is not written yet.
    pub(super) fn lacks_namespace(&self) -> bool {
        self.own_namespace().is_some_and(|_| match self.frames.get(1).map(|frame| &frame.inner) {
            Some(Inner::Object { value, .. }) => !value.contains_key("namespace"),
            _ => false,
        })
    }

    /// The one namespace that is said to be the object's own.
    pub(super) fn own_namespace(&self) -> Option<&Value> {
        let mut own = self.namespaces.iter().filter(|one| self.is_own(one.as_str().unwrap_or_default()));
        match (own.next(), own.next()) {
            (Some(only), None) => Some(only),
            _ => None,
        }
    }

    /// Whether the request puts the object itself into a namespace rather than what it refers to.
    fn is_own(&self, name: &str) -> bool {
        let own = ["in namespace ", "in ns ", "for namespace ", "into namespace ", "namespace ", "ns "];
        let elsewhere =
            ["from namespace ", "of namespace ", "from ns ", "sits in namespace ", "lives in namespace "];
        let stands = |lead: &&str| self.said.text().contains(&format!("{lead}{name}"));
        let chinese = !self.said.is_english();
        let is_own =
            chinese || own.iter().any(&stands) || self.said.text().contains(&format!("{name} namespace"));
        is_own && !elsewhere.iter().any(stands)
    }

    /// Whether an object lacks a field that the request speaks of and has an unused number for.
    pub(super) fn is_due(&self, depth: usize, view: &View<'_, '_>) -> bool {
        let (node, role, value) = match &self.frames[depth].inner {
            Inner::Object { node, role, value } => (node, role, value),
            // `limits.cpu 200`: a key that is said as it is written.
            Inner::Map { keys, value, values, amounts: true } => {
                let around = self.around(depth);
                return keys.iter().filter(|key| !value.contains_key(*key)).any(|key| {
                    let Some(leaf) = self.entry(*values, true, key, &around) else { return false };
                    let is_said = key.contains(['.', '/']) && self.said.has(key);
                    is_said || self.said.counted.contains(key) || lost::takes(&self.lost, &leaf, key)
                });
            }
            _ => return false,
        };
        // An image that was said stands somewhere.
        let image = |offer: &Offer<'_>| {
            let unused = |value: &Value| !self.written.iter().any(|one| one.value == *value);
            matches!(&offer.leaf, Some(Leaf::Closed(values)) if offer.key == "image" && values.iter().all(unused))
        };
        let stands = |key: &str| {
            let end = format!("/{}", pointer::escape(key));
            self.written.iter().any(|one| one.path.ends_with(&end))
        };
        let has_inside = |key: &str| {
            let inside = format!("/{key}/");
            self.written.iter().any(|one| one.path.contains(&inside))
        };
        // Of numbers one must stand beside the word and be unused; what is no number is said once.
        let spoken = |offer: &Offer<'_>| {
            let said = self.rules.due.get(&offer.key).is_some_and(|words| self.said.has_any(words));
            said && match &offer.leaf {
                Some(Leaf::Closed(values)) if values.iter().any(Value::is_i64) => {
                    let near = self.near.to(&offer.key);
                    let unused = |value: &Value| {
                        let taken = |one: &i64| self.used.iter().filter(|used| *used == one).count();
                        value
                            .as_i64()
                            .is_some_and(|one| near.contains(&one) && taken(&one) < self.said.times(one))
                    };
                    values.iter().any(unused)
                }
                Some(_) => !stands(&offer.key),
                None if offer.key == "volumeMounts" => !view.volumes.any,
                None => !has_inside(&offer.key),
            }
        };
        // `NodePort`: a value of a closed list that is said as it is written, and that nothing has yet.
        let chosen = |offer: &Offer<'_>| {
            let said = |value: &Value| {
                value.as_str().is_some_and(|text| self.said.has_constant(text))
                    && !self.written.iter().any(|one| one.value == *value)
            };
            !offer.node.schema().values.is_empty()
                && matches!(&offer.leaf, Some(Leaf::Closed(values)) if values.iter().any(said))
        };
        // `label squad=sorting`: a label of the object itself.
        let labelled = |offer: &Offer<'_>| {
            let own = |(key, value): &(String, String)| self.said.is_label(key, value) && !stands(key);
            self.frames[depth].path == "/metadata" && offer.key == "labels" && self.said.pairs.iter().any(own)
        };
        // `rayVersion 2.40.0`: the field is said as it is written.
        let verbatim = |offer: &Offer<'_>| {
            offer.leaf.is_some() && self.said.has_constant(&offer.key) && !stands(&offer.key)
        };
        // `volume claim template`: the field is said word by word.
        let phrase = |offer: &Offer<'_>| {
            let words = in_words(&offer.key);
            words.contains(' ')
                && !self.said.places(words.strip_suffix('s').unwrap_or(&words)).is_empty()
                && !stands(&offer.key)
                && !has_inside(&offer.key)
        };
        // A limit or a request that has no place yet.
        let bound = |offer: &Offer<'_>| {
            matches!(offer.key.as_str(), "limits" | "requests")
                && view.lost.iter().any(|one| match one {
                    Lost::Amount(amount) => {
                        let mut values = vec![Value::from(amount.as_str()), Value::Null];
                        sides::keep(&mut values, &offer.key, self.said);
                        values.len() == 1 && values.first().is_some_and(Value::is_string)
                    }
                    _ => false,
                })
        };
        // A name of several words that all stand in the request is no accident.
        let named = |key: &str| {
            let long = words_of(key).iter().filter(|word| word.len() >= 4).count() > 1;
            long && self.said.speaks_wholly_of(key)
        };
        offers(&self.frames[depth].path, *node, *role, value, depth == 0, view).iter().any(|offer| {
            spoken(offer)
                || image(offer)
                || chosen(offer)
                || labelled(offer)
                || verbatim(offer)
                || phrase(offer)
                || bound(offer)
                || offer.leaf.as_ref().is_some_and(|leaf| lost::takes(view.lost, leaf, &offer.key))
                || (offer.leaf.is_some() && node.component().is_none() && named(&offer.key))
        })
    }
}
