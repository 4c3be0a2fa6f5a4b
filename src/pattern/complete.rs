//! From what was said to a full `spec`: facts of the catalogue, defaults, validation, rules.

use jsonschema::error::ValidationErrorKind;
use serde_json::{Map, Value};

use super::cel::Bindings;
use super::definition::{OWNER, Pattern};
use super::error::PatternError;
use super::form::{Derived, Fact};
use super::gpus::gpu_products;
use super::images::{Catalogue, Entry, Purpose};
use super::names::{is_label_value, nearest};
use super::parameter::{Parameter, fill_defaults};

/// A `spec` with nothing left open.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Completed {
    /// The values, in the order of the schema, valid by it.
    pub spec: Map<String, Value>,
    /// The parameters that code filled, from a default or from the catalogue, in the order of the schema.
    pub defaulted: Vec<String>,
}

impl Pattern {
    /// Fills what was not said and checks the whole.
    ///
    /// A value of `null` counts as not said; `name` and `namespace` are read over where the schema has no such parameter. Facts of the catalogue go before defaults: a `postgres` listens on 5432
    /// although the schema's default is 8080.
    ///
    /// # Errors
    /// An unknown parameter, a required one that is missing, a value that its schema or a rule of the pattern forbids,
    /// software that the catalogue does not know. [`PatternError::parameter`] says which one.
    pub fn complete(
        &self,
        name: &str,
        namespace: Option<&str>,
        spec: &Map<String, Value>,
    ) -> Result<Completed, PatternError> {
        let mut given = spec.clone();
        let own = |name: &str| !matches!(name, "name" | "namespace") || self.parameter(name).is_some();
        given.retain(|name, value| !value.is_null() && own(name));
        self.refuse_unknown(&given)?;
        let mut values = given.clone();
        // The catalogue's entry, once the image was found by the software's name: two entries may share an image.
        let mut known = None;
        for derived in &self.form.derived {
            if !values.contains_key(&derived.parameter)
                && let Some(value) = self.derive(derived, &values, &mut known)?
            {
                values.insert(derived.parameter.clone(), value);
            }
        }
        fill_defaults(&self.parameters, &mut values);
        self.validate(&values)?;

        let mut completed = Completed::default();
        for parameter in &self.parameters {
            if let Some(value) = values.remove(&parameter.name) {
                if !given.contains_key(&parameter.name) {
                    completed.defaulted.push(parameter.name.clone());
                }
                completed.spec.insert(parameter.name.clone(), value);
            }
        }
        self.check_rules(name, namespace, &completed.spec)?;
        Ok(completed)
    }

    /// The required parameters that neither these values nor the catalogue nor a default fill: what is to be asked.
    pub fn open(&self, spec: &Map<String, Value>) -> Vec<&Parameter> {
        let given = |name: &str| spec.get(name).is_some_and(|value| !value.is_null());
        let fillable = |name: &str| {
            self.form.derived.iter().any(|derived| {
                derived.parameter == name
                    && self.current(spec, &derived.from).is_some_and(|value| !value.is_null())
            })
        };
        self.parameters
            .iter()
            .filter(|parameter| parameter.required && !given(&parameter.name) && !fillable(&parameter.name))
            .collect()
    }

    fn refuse_unknown(&self, given: &Map<String, Value>) -> Result<(), PatternError> {
        let Some(unknown) = given.keys().find(|name| self.parameter(name).is_none()) else { return Ok(()) };
        let error = self
            .failure(format!("{} has no parameter '{unknown}'", self.kind))
            .with_parameter(unknown.as_str());
        let names = self.parameters.iter().map(|parameter| parameter.name.as_str());
        Err(match nearest(unknown, names) {
            Some(near) => error.with_hint(format!("did you mean '{near}'?")),
            None => error,
        })
    }

    /// The value of a parameter so far: given, derived, or its default.
    fn current<'a>(&'a self, values: &'a Map<String, Value>, name: &str) -> Option<&'a Value> {
        values.get(name).or_else(|| self.parameter(name)?.default.as_ref())
    }

    fn derive(
        &self,
        derived: &Derived,
        values: &Map<String, Value>,
        known: &mut Option<&'static Entry>,
    ) -> Result<Option<Value>, PatternError> {
        let Some(from) = self.current(values, &derived.from).and_then(Value::as_str) else { return Ok(None) };
        if derived.fact == Fact::One {
            return Ok(Some(Value::from(1)));
        }
        if derived.fact == Fact::GpuProducts {
            return Ok(Some(Value::from(gpu_products(from))));
        }
        if derived.fact == Fact::Image {
            let (reference, entry) = self.derive_image(derived, from, values)?;
            *known = Some(entry);
            return Ok(Some(Value::from(reference)));
        }
        let catalogue = Catalogue::builtin();
        let entry = known
            .or_else(|| catalogue.by_reference(from))
            .or_else(|| catalogue.entry(from, Some(self.purpose())));
        Ok(entry.and_then(|entry| fact(derived.fact, entry, from)))
    }

    /// `postgres`, or `postgres 16` with a version.
    fn derive_image(
        &self,
        derived: &Derived,
        software: &str,
        values: &Map<String, Value>,
    ) -> Result<(String, &'static Entry), PatternError> {
        let purpose = self.purpose();
        let port = derived.port.as_ref().and_then(|name| values.get(name)?.as_u64()?.try_into().ok());
        let catalogue = Catalogue::builtin();
        let find = |name: &str, version: Option<&str>| {
            port.and_then(|port| catalogue.by_software_on_port(name, version, port))
                .or_else(|| catalogue.by_software_for(name, version, purpose))
        };
        let image = find(software, None).or_else(|| {
            let (name, version) = software.trim().rsplit_once([' ', ':'])?;
            find(name, Some(version))
        });
        let Some(image) = image else {
            return Err(self
                .failure(format!("no image is known for the software '{software}'"))
                .with_parameter(derived.from.as_str())
                .with_hint("give the image itself, as repository:tag"));
        };
        let count = |name: &String| self.current(values, name).and_then(Value::as_u64).unwrap_or(0);
        let wants_gpu = derived.gpus.as_ref().is_some_and(|name| count(name) > 0);
        let reference = image.gpu_reference.filter(|_| wants_gpu).unwrap_or(image.reference);
        Ok((reference, image.entry))
    }

    /// Which of several images with one name this pattern takes.
    fn purpose(&self) -> Purpose {
        match self.kind.as_str() {
            "Notebook" => Purpose::Notebook,
            "TrainingJob" | "Job" | "CronJob" => Purpose::Training,
            "ModelServer" => Purpose::Model,
            _ => Purpose::Service,
        }
    }

    fn validate(&self, values: &Map<String, Value>) -> Result<(), PatternError> {
        if let Some(missing) = self
            .parameters
            .iter()
            .find(|parameter| parameter.required && !values.contains_key(&parameter.name))
        {
            let what = missing.description.as_deref().map_or_else(String::new, |text| format!(" ({text})"));
            return Err(self
                .failure(format!("{} needs '{}'{what}", self.kind, missing.name))
                .with_parameter(missing.name.as_str()));
        }
        let instance = Value::Object(values.clone());
        if let Some(error) = self.validator.iter_errors(&instance).next() {
            let path = error.instance_path().to_string();
            let path = path.trim_start_matches('/');
            let reason = match error.kind() {
                ValidationErrorKind::Pattern { .. } => {
                    let described =
                        path.split('/').next().and_then(|name| self.parameter(name)?.description.clone());
                    match described {
                        Some(text) => format!("{} does not fit: {text}", error.instance()),
                        None => error.to_string(),
                    }
                }
                _ => error.to_string(),
            };
            return Err(self
                .failure(format!("parameter '{path}' of {}: {reason}", self.kind))
                .with_parameter(path.split('/').next().unwrap_or_default()));
        }
        match values.get(OWNER).and_then(Value::as_str) {
            Some(owner) if !is_label_value(owner) => Err(self
                .failure(format!("the owner '{owner}' cannot be written as a label"))
                .with_parameter(OWNER)
                .with_hint("use at most 63 letters, digits, '-', '_' and '.'")),
            _ => Ok(()),
        }
    }

    fn check_rules(
        &self,
        name: &str,
        namespace: Option<&str>,
        spec: &Map<String, Value>,
    ) -> Result<(), PatternError> {
        if self.rules.is_empty() {
            return Ok(());
        }
        let bindings = Bindings::new(name, namespace, spec).map_err(|reason| self.failure(reason))?;
        for rule in &self.rules {
            let at = |reason: String| PatternError { line: rule.line, ..self.failure(reason) };
            match rule.holds.render(&bindings).map_err(at)? {
                Some(Value::Bool(true)) => {}
                Some(Value::Bool(false)) => {
                    let message = rule.message.render(&bindings).map_err(at)?;
                    let message = message.as_ref().and_then(Value::as_str).unwrap_or_default().to_owned();
                    return Err(PatternError { parameter: rule.parameter.clone(), ..self.failure(message) });
                }
                other => {
                    return Err(at(format!("a rule of {} yields {other:?}, not true or false", self.kind)));
                }
            }
        }
        Ok(())
    }

    /// An error of this pattern that no line of its file is to blame for.
    pub(super) fn failure(&self, message: impl Into<String>) -> PatternError {
        PatternError { file: self.file.clone(), ..PatternError::new(message) }
    }
}

/// A fact of the catalogue as a value; what is empty is absent.
fn fact(fact: Fact, entry: &Entry, reference: &str) -> Option<Value> {
    let list = |list: &Vec<String>| (!list.is_empty()).then(|| Value::from(list.clone()));
    match fact {
        Fact::Image => entry.reference(None).map(Value::from),
        Fact::Uid => Some(Value::from(entry.user(reference).0)),
        Fact::Gid => Some(Value::from(entry.user(reference).1)),
        Fact::Port => entry.port.map(Value::from),
        Fact::Health => entry.health.clone().map(Value::from),
        Fact::Home => entry.home.clone().map(Value::from),
        Fact::Data => entry.data.clone().map(Value::from),
        Fact::Disk => entry.disk.clone().map(Value::from),
        Fact::Writable => list(&entry.writable),
        Fact::Command => list(&entry.command),
        Fact::Args => list(&entry.args),
        Fact::SecretEnv => list(&entry.secret_env),
        Fact::Env => (!entry.env.is_empty()).then(|| {
            entry.env.iter().map(|(key, value)| (key.clone(), Value::from(value.as_str()))).collect()
        }),
        Fact::GpuProducts | Fact::One => None,
    }
}
