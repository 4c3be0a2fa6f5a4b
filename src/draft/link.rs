//! References between the things of one request (design D13.5): a volume that is shared is mounted by the things beside
//! it that can mount a claim.

use std::collections::BTreeSet;

use crate::draft::filled::{Chosen, Filled};
use crate::draft::outcome::Origin;
use crate::draft::place::{self, Setting};
use crate::draft::rules;
use crate::pattern::PatternSet;

/// The parameter that takes the name of a claim.
const CLAIM: &str = "claim";

/// Where the words ask for one volume that is shared or mounted, and for things that can mount it and name no other
/// claim, these mount it. The volume gets its name here, so that it can be spoken of.
pub fn volumes(
    things: &mut [Filled],
    patterns: &PatternSet,
    setting: &Setting,
    taken: &mut BTreeSet<String>,
    text: &str,
) {
    let volumes: Vec<usize> = (0..things.len()).filter(|index| is_volume(&things[*index])).collect();
    let [volume] = volumes.as_slice() else { return };
    if things.len() < 2 || !rules::speaks_of_sharing(text) {
        return;
    }
    // A conflict of places is found again, and told, when the volume is finished.
    let _ = place::settle(&mut things[*volume], setting, taken, true);
    let Some(name) = things[*volume].text("name").map(str::to_owned) else { return };
    for thing in things.iter_mut().filter(|thing| !is_volume(thing)) {
        let mounts = patterns.get(&thing.kind).is_some_and(|pattern| pattern.parameter(CLAIM).is_some());
        if mounts {
            let chosen = || Chosen::decided(name.clone(), Origin::Default);
            thing.values.entry(CLAIM.to_owned()).or_insert_with(chosen);
        }
    }
}

fn is_volume(thing: &Filled) -> bool {
    matches!(thing.kind.as_str(), "Storage" | "PersistentVolumeClaim")
}

/// Names of volumes and namespaces that the things of one request will make: others of them may speak of these.
pub fn made(things: &[Filled]) -> BTreeSet<String> {
    let makes = |thing: &&Filled| is_volume(thing) || thing.kind == "Namespace";
    things.iter().filter(makes).filter_map(|thing| thing.text("name").map(str::to_owned)).collect()
}

/// A volume whose name was changed by hand is mounted under its new name by the things that code made mount it.
pub fn renamed(before: &[Filled], things: &mut [Filled], index: usize) {
    let name = |things: &[Filled]| things.get(index).and_then(|thing| thing.text("name")).map(str::to_owned);
    let (Some(old), Some(new)) = (name(before), name(things)) else { return };
    for thing in things {
        if let Some(claim) = thing.values.get_mut(CLAIM)
            && claim.origin == Origin::Default
            && claim.value == old
        {
            claim.value = new.clone().into();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn linked(kinds: &[&str], text: &str) -> Vec<Option<String>> {
        let mut things: Vec<Filled> = kinds.iter().map(|kind| Filled::new(*kind, "")).collect();
        volumes(&mut things, PatternSet::builtin(), &Setting::default(), &mut BTreeSet::new(), text);
        things.iter().map(|thing| thing.text(CLAIM).map(str::to_owned)).collect()
    }

    #[test]
    fn a_shared_volume_is_mounted_by_what_stands_beside_it() {
        let claims = linked(&["Notebook", "Storage"], "a notebook and a 100Gi shared volume");
        assert_eq!(claims, [Some("storage".to_owned()), None]);
        let claims = linked(&["Notebook", "Storage"], "一个 notebook，再要一个 100Gi 的共享卷");
        assert_eq!(claims, [Some("storage".to_owned()), None]);
    }

    #[test]
    fn a_volume_of_its_own_is_mounted_by_nobody() {
        assert_eq!(linked(&["Notebook", "Storage"], "a notebook and 100Gi of storage"), [None, None]);
        assert_eq!(linked(&["WebService", "Storage"], "nginx and a shared volume"), [None, None]);
        assert_eq!(linked(&["Notebook"], "a notebook with shared storage"), [None]);
    }

    #[test]
    fn a_volume_that_is_renamed_stays_mounted() {
        let mut things = vec![Filled::new("Notebook", ""), Filled::new("Storage", "")];
        things[0].values.insert(CLAIM.into(), Chosen::decided("storage", Origin::Default));
        things[1].values.insert("name".into(), Chosen::decided("storage", Origin::Default));
        let before = things.clone();
        things[1].values.insert("name".into(), Chosen::decided("data", Origin::User));
        renamed(&before, &mut things, 1);
        assert_eq!(things[0].text(CLAIM), Some("data"));
        things[0].values.insert(CLAIM.into(), Chosen::decided("storage", Origin::Request));
        renamed(&before, &mut things, 1);
        assert_eq!(things[0].text(CLAIM), Some("storage"), "what the person said stays");
    }
}
