//! What the lexer may know beside the request, owned: the catalogue's software, and names from the target.

use serde_json::Value;

use crate::draft::place::Setting;
use crate::draft::span::{LexFacts, Span, lex};
use crate::pattern::Catalogue;

/// See the module.
#[derive(Debug, Clone, Default)]
pub struct Facts {
    software: Vec<String>,
    namespaces: Vec<String>,
    objects: Vec<String>,
    gpu_products: Vec<String>,
    user: Option<String>,
}

impl Facts {
    /// The built-in catalogue's software alone.
    pub fn builtin() -> Self {
        let software = Catalogue::builtin().software_names().into_iter().map(str::to_owned).collect();
        Self { software, ..Self::default() }
    }

    /// With what exists in a target and who asks.
    #[must_use]
    pub fn with_target(mut self, setting: &Setting) -> Self {
        let Setting { existing, known, user, .. } = setting;
        let name =
            |object: &Value| object.pointer("/metadata/name").and_then(Value::as_str).map(str::to_owned);
        self.objects = existing.iter().filter_map(name).collect();
        let is_namespace = |object: &&Value| object.get("kind").and_then(Value::as_str) == Some("Namespace");
        self.namespaces = existing.iter().filter(is_namespace).filter_map(name).collect();
        self.objects.extend(known.names().cloned());
        self.gpu_products = known.gpu_products().to_vec();
        self.user.clone_from(user);
        self
    }

    /// The spans of one turn.
    pub fn lex(&self, text: &str, turn: usize) -> Vec<Span> {
        let facts = LexFacts {
            software: &self.software,
            namespaces: &self.namespaces,
            objects: &self.objects,
            gpu_products: &self.gpu_products,
            user: self.user.as_deref(),
        };
        lex(text, turn, &facts)
    }
}
