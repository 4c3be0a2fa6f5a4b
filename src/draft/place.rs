//! Names and places (design D13.7): what a thing is called, which namespace it goes to, and whose it is.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::draft::filled::{Chosen, Filled};
use crate::draft::known::Known;
use crate::draft::outcome::Origin;
use crate::draft::prompt::kind_id;
use crate::draft::span::dns_label;

/// What is known of the target and of the person before anything is said.
#[derive(Debug, Clone, Default)]
pub struct Setting {
    /// The namespace of `-n`, or of the kubeconfig's context.
    pub namespace: Option<String>,
    /// True where the namespace was given by `-n`: words that differ are then asked about.
    pub namespace_is_flag: bool,
    /// Owner from the configuration.
    pub owner: Option<String>,
    /// The user of the context or of the system, as a DNS label.
    pub user: Option<String>,
    /// Names of which the cluster has a closed list.
    pub known: Known,
    /// Objects that exist in the target (or in the request's context).
    pub existing: Vec<Value>,
    /// Whether these are all and known in full, as in a folder.
    pub knows_all: bool,
}

impl Setting {
    /// Names that are taken in the target, whatever their kind: the objects of one thing share a name.
    pub fn taken(&self) -> BTreeSet<String> {
        self.existing
            .iter()
            .filter_map(|object| object.pointer("/metadata/name").and_then(Value::as_str))
            .map(str::to_owned)
            .collect()
    }
}

/// Fills name, namespace and owner where nothing was said. Returns the conflict where words and `-n` differ:
/// (said, flag).
pub fn settle(
    filled: &mut Filled,
    setting: &Setting,
    taken: &mut BTreeSet<String>,
    owns: bool,
) -> Option<(String, String)> {
    if filled.get("name").is_none() {
        let name = free_name(&kind_id(&filled.kind), taken);
        filled.values.insert("name".into(), Chosen::decided(name, Origin::Default));
    }
    if let Some(name) = filled.text("name") {
        taken.insert(name.to_owned());
    }
    if owns && filled.get("owner").is_none() {
        let owner = setting
            .owner
            .as_deref()
            .map(|owner| (owner, Origin::User))
            .or_else(|| setting.user.as_deref().map(|user| (user, Origin::User)));
        if let Some((label, origin)) = owner.and_then(|(owner, origin)| Some((dns_label(owner)?, origin))) {
            filled.values.insert("owner".into(), Chosen::decided(label, origin));
        }
    }
    match (filled.text("namespace").map(str::to_owned), setting.namespace.as_ref()) {
        (Some(said), Some(flag)) if setting.namespace_is_flag && said != *flag => {
            return Some((said, flag.clone()));
        }
        (None, Some(namespace)) => {
            let origin = if setting.namespace_is_flag { Origin::User } else { Origin::Cluster };
            filled.values.insert("namespace".into(), Chosen::decided(namespace.clone(), origin));
        }
        _ => {}
    }
    None
}

/// `base`, or the first of `base-2`, `base-3` … that is free.
pub fn free_name(base: &str, taken: &BTreeSet<String>) -> String {
    if !taken.contains(base) {
        return base.to_owned();
    }
    let mut number = 2_u32;
    loop {
        let name = format!("{base}-{number}");
        if !taken.contains(&name) {
            return name;
        }
        number += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_name_never_falls_on_an_object_that_exists() {
        let setting = Setting {
            existing: vec![
                json!({"metadata": {"name": "notebook"}}),
                json!({"metadata": {"name": "notebook-2"}}),
            ],
            ..Setting::default()
        };
        let mut taken = setting.taken();
        let mut filled = Filled::new("Notebook", "");
        settle(&mut filled, &setting, &mut taken, true);
        assert_eq!(filled.text("name"), Some("notebook-3"));
        assert!(taken.contains("notebook-3"));
    }

    #[test]
    fn words_that_differ_from_the_flag_are_a_conflict_not_a_choice() {
        let setting = Setting { namespace: Some("a".into()), namespace_is_flag: true, ..Setting::default() };
        let mut filled = Filled::new("Notebook", "");
        filled.values.insert("namespace".into(), Chosen::decided("b", Origin::Request));
        assert_eq!(
            settle(&mut filled, &setting, &mut BTreeSet::new(), true),
            Some(("b".to_owned(), "a".to_owned()))
        );
    }
}
