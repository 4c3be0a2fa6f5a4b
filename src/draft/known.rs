//! Closed lists: names that a cluster has, all of them. A slot that takes such a name is answered by one that exists, and
//! a name that does not exist is asked about, with what there is (design: Constraint). A list that may not be read is
//! absent, and then any name is taken: the server will judge it.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::draft::filled::Filled;
use crate::draft::offer::Option_;
use crate::pattern::{ClosedList, FormSlot, Pattern};

/// See the module.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Known {
    /// The namespace that the lists of namespaced objects are of.
    namespace: String,
    lists: BTreeMap<ClosedList, Vec<String>>,
    gpu_products: Vec<String>,
}

/// A name that was said and that no list has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stranger {
    /// The parameter.
    pub parameter: String,
    /// Of which list.
    pub list: ClosedList,
    /// What was said.
    pub said: String,
    /// What there is, the most similar first.
    pub instead: Vec<String>,
}

impl Known {
    /// Nothing is known yet; lists of namespaced objects will be those of this namespace.
    pub fn of(namespace: &str) -> Self {
        Self { namespace: namespace.to_owned(), ..Self::default() }
    }

    /// With all names of a list; `None` is not known, and leaves it out.
    #[must_use]
    pub fn with(mut self, list: ClosedList, names: Option<Vec<String>>) -> Self {
        if let Some(names) = names {
            self.lists.insert(list, names);
        }
        self
    }

    /// With the values of the node label `nvidia.com/gpu.product` that nodes carry.
    #[must_use]
    pub fn with_gpu_products(mut self, products: Vec<String>) -> Self {
        self.gpu_products = products;
        self
    }

    /// Names that a request may speak of.
    pub fn names(&self) -> impl Iterator<Item = &String> {
        self.lists.values().flatten()
    }

    /// The name of a list, where there is exactly one.
    pub fn only(&self, list: ClosedList) -> Option<&str> {
        match self.lists.get(&list).map(Vec::as_slice) {
            Some([only]) => Some(only),
            _ => None,
        }
    }

    /// See [`Known::with_gpu_products`].
    pub fn gpu_products(&self) -> &[String] {
        &self.gpu_products
    }

    /// Narrows what may answer a slot: where one of the names exists, to those that do; else to what was clearly said
    /// (`is_clear`, by index of its span), which will be asked about. A word that merely could be a name goes.
    pub fn narrow(&self, slot: &FormSlot, options: &mut Vec<Option_>, is_clear: impl Fn(usize) -> bool) {
        let Some(names) = slot.list.and_then(|list| self.lists.get(&list)) else { return };
        let exists = |option: &Option_| is_among(&option.value, names);
        if options.iter().any(exists) {
            options.retain(exists);
        } else {
            options.retain(|option| option.span.is_none_or(&is_clear));
        }
    }

    /// The first value of a thing that the person said and that its list does not have. `made` are the names that this
    /// draft itself makes.
    pub fn stranger(&self, pattern: &Pattern, filled: &Filled, made: &BTreeSet<String>) -> Option<Stranger> {
        let elsewhere = filled.text("namespace").is_some_and(|namespace| namespace != self.namespace);
        pattern.form.slots.iter().find_map(|slot| {
            let list = slot.list?;
            let names = self.lists.get(&list).filter(|_| !(elsewhere && list.is_namespaced()))?;
            let chosen =
                filled.values.get(&slot.parameter).filter(|chosen| chosen.origin.is_the_persons())?;
            let said = chosen.value.as_str()?;
            let is_known = names.iter().any(|name| name == said) || made.contains(said);
            (!is_known).then(|| Stranger {
                parameter: slot.parameter.clone(),
                list,
                said: said.to_owned(),
                instead: by_likeness(names, said),
            })
        })
    }
}

fn is_among(value: &Value, names: &[String]) -> bool {
    value.as_str().is_some_and(|value| names.iter().any(|name| name == value))
}

fn by_likeness(names: &[String], said: &str) -> Vec<String> {
    let mut names: Vec<String> = names.to_vec();
    names.sort_by_cached_key(|name| strsim::damerau_levenshtein(name, said));
    names
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::draft::filled::Chosen;
    use crate::draft::outcome::Origin;
    use crate::pattern::PatternSet;

    fn names(names: &[&str]) -> Option<Vec<String>> {
        Some(names.iter().map(|name| (*name).to_owned()).collect())
    }

    fn notebook(parameter: &str, value: &str, origin: Origin) -> Filled {
        let mut filled = Filled::new("Notebook", "");
        filled.values.insert(parameter.into(), Chosen::decided(value, origin));
        filled
    }

    fn stranger(known: &Known, filled: &Filled, made: &[&str]) -> Option<Stranger> {
        let pattern = PatternSet::builtin().get("Notebook").unwrap();
        known.stranger(pattern, filled, &names(made).unwrap().into_iter().collect())
    }

    #[test]
    fn a_name_that_does_not_exist_comes_with_what_does_the_likest_first() {
        let known = Known::of("team-a").with(ClosedList::StorageClasses, names(&["standard", "fast"]));
        let found = stranger(&known, &notebook("storageClass", "fst", Origin::Request), &[]).unwrap();
        assert_eq!(
            (found.parameter.as_str(), found.instead),
            ("storageClass", names(&["fast", "standard"]).unwrap())
        );
        assert_eq!(stranger(&known, &notebook("storageClass", "fast", Origin::Request), &[]), None);
    }

    #[test]
    fn what_is_not_known_is_not_judged_and_what_code_decided_is_not_asked() {
        let known = Known::of("team-a").with(ClosedList::StorageClasses, None);
        assert_eq!(stranger(&known, &notebook("storageClass", "fst", Origin::Request), &[]), None);
        let known = Known::of("team-a").with(ClosedList::Claims, names(&[]));
        assert_eq!(stranger(&known, &notebook("claim", "data", Origin::Default), &[]), None);
        assert!(stranger(&known, &notebook("claim", "data", Origin::Request), &[]).is_some());
    }

    #[test]
    fn what_the_draft_makes_exists_and_lists_of_another_namespace_say_nothing() {
        let known = Known::of("team-a").with(ClosedList::Claims, names(&["data"]));
        assert_eq!(stranger(&known, &notebook("claim", "scratch", Origin::Request), &["scratch"]), None);
        let mut filled = notebook("claim", "scratch", Origin::Request);
        filled.values.insert("namespace".into(), Chosen::decided("team-b", Origin::Cluster));
        assert_eq!(stranger(&known, &filled, &[]), None);
    }
}
