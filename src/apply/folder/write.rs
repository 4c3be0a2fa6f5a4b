//! The only place that writes to a target.
//!
//! Everything is read again and must be as the plan has it; then every file is written beside its place; then the files
//! are renamed into place, one by one. Up to the first rename nothing of the target has changed.

use std::fs::{self, Permissions};
use std::io::{self, Write as _};
use std::path::{Component, Path, PathBuf};

use tempfile::{Builder, NamedTempFile};

use super::assemble::{Assembled, assemble, nearest};
use super::kustomization::{self, Moves};
use super::scan::{self, Identity, Scan};
use super::{FolderTarget, resolve};
use crate::apply::digest::sha256;
use crate::apply::error::ApplyError;
use crate::apply::outcome::{ApplyOutcome, ApplyWith, UnfilledSecret};
use crate::apply::plan::{Action, ConfirmedPlan, FileWrite, Plan, PlannedChange};

/// A file that is written beside its place.
struct Ready {
    file: FileWrite,
    path: PathBuf,
    temporary: NamedTempFile,
}

impl FolderTarget {
    /// Writes what was agreed to, bit for bit. `stop` is asked before the first file and between two files.
    ///
    /// # Errors
    /// [`ApplyError::Stale`] where the folder is not as it was planned against, [`ApplyError::OtherTarget`],
    /// [`ApplyError::Escapes`], [`ApplyError::Unwritable`]: nothing was written. Once a file is in place there is no
    /// error any more: see [`ApplyOutcome::failure`].
    pub fn write(
        &self,
        confirmed: ConfirmedPlan,
        stop: &dyn Fn() -> bool,
    ) -> Result<ApplyOutcome, ApplyError> {
        // The yes is used up, whatever comes of it.
        let plan = &confirmed.into_plan();
        // The path that was opened may lead elsewhere by now.
        let here = resolve(&self.dir)?;
        if plan.target != self.id || here != self.dir {
            let here = here.display().to_string();
            return Err(ApplyError::OtherTarget { plan: plan.target.to_string(), here });
        }
        let files =
            plan.changes.iter().map(|change| &change.file).chain(plan.writes.iter().map(|write| &write.file));
        for file in files {
            self.contained(file)?;
        }
        let scan = Scan::read(&self.dir)?;
        let assembled = self.as_planned(&scan, plan)?;
        let mut outcome = ApplyOutcome {
            target: self.id.clone(),
            digest: plan.digest.clone(),
            written: Vec::new(),
            unknown: Vec::new(),
            not_written: plan.writes.iter().map(|write| write.file.clone()).collect(),
            failure: None,
            interrupted: false,
            unfilled: self.unfilled(&scan, plan),
            apply_with: self.apply_with(&scan, plan),
            reach: Vec::new(),
        };
        if stop() {
            outcome.interrupted = true;
            return Ok(outcome);
        }
        let mut folders = NewFolders::default();
        let ready = assembled
            .into_iter()
            .zip(&plan.writes)
            .map(|(file, write)| self.prepare(&file, write, &mut folders))
            .collect::<Result<Vec<_>, _>>()?;
        self.put_in_place(ready, stop, &mut outcome)?;
        Ok(outcome)
    }

    /// The texts to write, if the folder is as the plan has it.
    fn as_planned(&self, scan: &Scan, plan: &Plan) -> Result<Vec<Assembled>, ApplyError> {
        let bodiless =
            plan.changes.iter().find(|change| change.action != Action::None && change.body.is_none());
        if let Some(change) = bodiless {
            let reason = "the plan has no body for it".to_owned();
            return Err(ApplyError::Object { object: change.object.to_string(), reason });
        }
        let mut changed: Vec<String> =
            plan.changes.iter().filter_map(|change| difference(scan, change)).collect();
        for FileWrite { file, before, .. } in &plan.writes {
            let named = format!("'{file}'");
            let now = scan.files.get(file).map(|file| &file.sha256);
            if now != before.as_ref() && !changed.iter().any(|clause| clause.contains(&named)) {
                changed.push(format!("{named} has changed"));
            }
        }
        if !changed.is_empty() {
            changed.sort();
            changed.dedup();
            return Err(ApplyError::Stale { changed });
        }
        let files = assemble(scan, &plan.changes)?.files;
        let same = files.len() == plan.writes.len()
            && files.iter().zip(&plan.writes).all(|(file, write)| {
                file.path == write.file
                    && file.before == write.before
                    && sha256(file.text.as_bytes()) == write.after
            });
        if !same {
            let clause =
                "the same objects come to other bytes now, as they do with another version of this program";
            return Err(ApplyError::Stale { changed: vec![clause.into()] });
        }
        Ok(files)
    }

    /// The full path of a file below the target: a manifest, no `..`, nothing hidden, no symbolic link on the way.
    fn contained(&self, file: &str) -> Result<PathBuf, ApplyError> {
        let refuse =
            |reason: String| ApplyError::Escapes { dir: self.id.to_string(), file: file.to_owned(), reason };
        let mut path = self.dir.clone();
        for part in Path::new(file).components() {
            let Component::Normal(name) = part else {
                return Err(refuse("it is no plain path below the folder".into()));
            };
            if name.to_string_lossy().starts_with('.') {
                return Err(refuse("it is hidden".into()));
            }
            path.push(name);
            if path.is_symlink() {
                return Err(refuse(format!("'{}' is a symbolic link", path.display())));
            }
        }
        if !path.file_name().is_some_and(|name| scan::is_manifest(&name.to_string_lossy())) {
            return Err(refuse("it is no manifest".into()));
        }
        Ok(path)
    }

    /// Writes a file beside its place.
    fn prepare(
        &self,
        file: &Assembled,
        write: &FileWrite,
        folders: &mut NewFolders,
    ) -> Result<Ready, ApplyError> {
        let path = self.contained(&file.path)?;
        let fail = |error: &io::Error| unwritable(&path, error.to_string());
        let parent = path.parent().unwrap_or(&self.dir).to_owned();
        folders.create(&parent)?;
        let mut builder = Builder::new();
        builder.prefix(".kubectl-copilot-").suffix(".tmp");
        let old = if write.before.is_some() {
            Some(fs::metadata(&path).map_err(|error| fail(&error))?)
        } else {
            None
        };
        if old.as_ref().is_some_and(|metadata| metadata.permissions().readonly()) {
            return Err(unwritable(&path, "the file is read-only".into()));
        }
        if let (None, Some(permissions)) = (&old, new_permissions(file.private)) {
            builder.permissions(permissions);
        }
        let mut temporary = builder.tempfile_in(&parent).map_err(|error| fail(&error))?;
        temporary.write_all(file.text.as_bytes()).map_err(|error| fail(&error))?;
        if let Some(metadata) = old {
            temporary.as_file().set_permissions(metadata.permissions()).map_err(|error| fail(&error))?;
        }
        temporary.as_file().sync_all().map_err(|error| fail(&error))?;
        Ok(Ready { file: write.clone(), path, temporary })
    }

    /// Renames the files into place. An error after the first one ends up in the outcome.
    fn put_in_place(
        &self,
        ready: Vec<Ready>,
        stop: &dyn Fn() -> bool,
        outcome: &mut ApplyOutcome,
    ) -> Result<(), ApplyError> {
        for Ready { file, path, temporary } in ready {
            if !outcome.written.is_empty() && stop() {
                outcome.interrupted = true;
                break;
            }
            if let Err(error) = self.put_one(&file, &path, temporary) {
                if outcome.written.is_empty() {
                    return Err(error);
                }
                outcome.failure = Some(match error {
                    ApplyError::Stale { changed } => changed.join("; "),
                    ApplyError::Unwritable { path, reason } => format!("cannot write '{path}': {reason}"),
                    other => other.to_string(),
                });
                break;
            }
            outcome.not_written.retain(|name| *name != file.file);
            outcome.written.push(file.file);
        }
        Ok(())
    }

    fn put_one(&self, file: &FileWrite, path: &Path, temporary: NamedTempFile) -> Result<(), ApplyError> {
        // Looked at once more: the folder may be somebody else's desk too.
        self.contained(&file.file)?;
        let persisted = match &file.before {
            None => temporary.persist_noclobber(path),
            Some(before) => {
                let now = scan::bytes(path)?.map(|bytes| sha256(&bytes));
                if now.as_ref() != Some(before) {
                    return Err(ApplyError::Stale { changed: vec![format!("'{}' has changed", file.file)] });
                }
                temporary.persist(path)
            }
        };
        match persisted {
            Ok(_) => {
                sync_folder(path);
                Ok(())
            }
            Err(error) if error.error.kind() == io::ErrorKind::AlreadyExists => {
                Err(ApplyError::Stale { changed: vec![format!("'{}' has appeared", file.file)] })
            }
            Err(error) => Err(unwritable(path, error.error.to_string())),
        }
    }

    /// The generated values that are to be filled in, where the kustomization puts their Secrets.
    fn unfilled(&self, scan: &Scan, plan: &Plan) -> Vec<UnfilledSecret> {
        let mut unfilled = Vec::new();
        for change in &plan.changes {
            let moves = scan
                .kustomization_in("")
                .or_else(|| nearest(scan, &change.file))
                .and_then(|path| scan.files.get(path))
                .map_or_else(Moves::default, |file| kustomization::moves(&file.text));
            let secret_type =
                change.body.as_ref().and_then(|body| body.get("type")).and_then(|value| value.as_str());
            for drawn in &change.drawn {
                let Some(key) = drawn.path.strip_prefix("/data/") else { continue };
                let kept = |field: &str| change.keeps.contains(&format!("/{field}/{key}"));
                if kept("data") || kept("stringData") {
                    continue;
                }
                unfilled.push(UnfilledSecret {
                    name: format!("{}{}{}", moves.prefix, change.object.name, moves.suffix),
                    namespace: moves.namespace.clone().or_else(|| change.object.namespace.clone()),
                    secret_type: secret_type.unwrap_or("Opaque").to_owned(),
                    key: key.to_owned(),
                    length: drawn.length,
                });
            }
        }
        unfilled
    }

    /// How the folder is applied, as far as this plan's objects are concerned.
    fn apply_with(&self, scan: &Scan, plan: &Plan) -> Vec<ApplyWith> {
        let sub_folders =
            scan.files.iter().any(|(path, file)| path.contains('/') && !file.objects.is_empty())
                || plan.changes.iter().any(|change| change.file.contains('/'));
        let dir = self.id.to_string();
        let mut all: Vec<ApplyWith> = plan
            .changes
            .iter()
            .map(|change| match scan.kustomization_in("").or_else(|| nearest(scan, &change.file)) {
                Some(path) => ApplyWith::Kustomization(match path.rsplit_once('/') {
                    Some((folder, _)) => format!("{dir}/{folder}"),
                    None => dir.clone(),
                }),
                None => ApplyWith::Folder { dir: dir.clone(), recursive: sub_folders },
            })
            .collect();
        all.sort();
        all.dedup();
        all
    }
}

/// What is not as it was when the object was planned.
fn difference(scan: &Scan, change: &PlannedChange) -> Option<String> {
    let PlannedChange { object, file, .. } = change;
    let identity = Identity::of(object);
    let places: Vec<_> = scan.find(&identity).collect();
    match (&change.fingerprint, places.as_slice()) {
        (None, []) => {
            let is_taken = change.action == Action::Create && scan.taken.contains(&file.to_lowercase());
            is_taken.then(|| format!("'{file}' has appeared"))
        }
        (None, [(path, ..), ..]) => Some(format!("{object} has appeared in '{path}'")),
        (Some(_), []) => Some(format!("{object} is gone from '{file}'")),
        (Some(fingerprint), [(path, scanned, _)]) if *path == file => {
            (scanned.sha256 != *fingerprint).then(|| format!("'{path}' has changed"))
        }
        (Some(_), [(path, ..), ..]) => Some(format!("{object} stands in '{path}' now")),
    }
}

fn unwritable(path: &Path, reason: String) -> ApplyError {
    ApplyError::Unwritable { path: path.display().to_string(), reason }
}

/// As far as the system's umask lets; a file with Secret values is its owner's alone.
#[cfg(unix)]
fn new_permissions(private: bool) -> Option<Permissions> {
    use std::os::unix::fs::PermissionsExt as _;
    Some(Permissions::from_mode(if private { 0o600 } else { 0o666 }))
}

#[cfg(not(unix))]
fn new_permissions(_private: bool) -> Option<Permissions> {
    None
}

/// Makes the rename last. Some systems cannot sync a folder, and the files themselves are synced.
fn sync_folder(path: &Path) {
    if let Some(Ok(folder)) = path.parent().map(fs::File::open)
        && let Err(error) = folder.sync_all()
    {
        tracing::debug!(path = %path.display(), %error, "cannot sync the folder of a file that was written");
    }
}

/// Folders that were made for this write; those that stayed empty go again.
#[derive(Default)]
struct NewFolders {
    made: Vec<PathBuf>,
}

impl NewFolders {
    fn create(&mut self, folder: &Path) -> Result<(), ApplyError> {
        let missing: Vec<&Path> = folder.ancestors().take_while(|path| !path.exists()).collect();
        for path in missing.into_iter().rev() {
            fs::create_dir(path).map_err(|error| unwritable(path, error.to_string()))?;
            self.made.push(path.to_owned());
        }
        if folder.is_dir() {
            return Ok(());
        }
        Err(unwritable(folder, "it is not a folder".into()))
    }
}

impl Drop for NewFolders {
    fn drop(&mut self) {
        for path in self.made.iter().rev() {
            if let Err(error) = fs::remove_dir(path) {
                // As it should be where a file was put in place.
                tracing::debug!(path = %path.display(), %error, "a new folder stays");
            }
        }
    }
}
