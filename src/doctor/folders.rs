//! The folders that are written to: cache, state with its key, and the target.

use std::path::Path;

use super::{Check, Status};
use crate::config::Config;
use crate::source::{self, Folder};

/// All folders, and the key of masked values.
pub(super) fn checks(config: &Config) -> Vec<Check> {
    vec![
        folder(
            "cache-folder",
            &config.cache_dir,
            "name another one: KUBECTL_COPILOT_CACHE or XDG_CACHE_HOME",
        ),
        folder("state-folder", &config.state_dir, "name another one: XDG_STATE_HOME"),
        key(&config.state_dir),
        folder(
            "target-folder",
            &config.target,
            "name another one: --to DIR, or `to:` in the configuration file",
        ),
    ]
}

fn folder(name: &'static str, path: &Path, hint: &str) -> Check {
    let shown = path.display();
    let (status, detail) = match source::probe(path) {
        Folder::Writable => (Status::Ok, format!("{shown}")),
        Folder::Absent => (Status::Ok, format!("{shown} (not there yet; it is made when it is needed)")),
        Folder::ReadOnly(why) => (Status::Fail, format!("{shown} cannot be written to: {why}")),
        Folder::NoFolder => (Status::Fail, format!("{shown} is no folder")),
        Folder::Unreachable(at, why) => {
            (Status::Fail, format!("{shown} cannot be made: {why} (at {})", at.display()))
        }
    };
    let check = Check::new(name, status, detail);
    if status == Status::Ok { check } else { check.hint(hint) }
}

/// The key of the hashes that stand for secret values. It is drawn when it is first needed, not here.
fn key(state: &Path) -> Check {
    const NAME: &str = "state-key";
    let path = state.join(source::STATE_KEY);
    let shown = path.display();
    match source::read_state_key(state) {
        Err(error) => Check::new(NAME, Status::Fail, error.to_string())
            .hint("remove the file; a new key is drawn, and earlier masked values no longer compare"),
        Ok(None) => {
            Check::new(NAME, Status::Ok, format!("{shown} (not there yet; it is drawn when it is needed)"))
        }
        Ok(Some(_)) => match source::mode(&path) {
            Some(mode) if mode & 0o077 != 0 => {
                Check::new(NAME, Status::Fail, format!("{shown} has mode {mode:04o}: others may read it"))
                    .hint(format!("chmod 600 {shown}; remove it where somebody may have: a new one is drawn"))
            }
            _ => Check::new(NAME, Status::Ok, format!("{shown}, for you alone")),
        },
    }
}
