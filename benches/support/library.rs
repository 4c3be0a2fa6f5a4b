//! What every bench starts from: the shipped patterns, schemas and policies, opened once, and requests with the answers
//! that a good model gives.

use kubectl_copilot::draft::{Conversation, Facts, Library, Reading, Setting};
use kubectl_copilot::manifest::{Budget, Manifest, parse};
use kubectl_copilot::pattern::PatternSet;
use kubectl_copilot::policy::{PolicySet, User};
use kubectl_copilot::schema::SchemaSet;

/// A request, and what is answered to the keys of its forms.
pub struct Said {
    /// Name of the bench.
    pub label: &'static str,
    /// The words.
    pub request: &'static str,
    /// Key and answer.
    pub answers: &'static [(&'static str, &'static str)],
}

/// One short, one long, one Chinese.
pub const SAID: &[Said] = &[
    Said {
        label: "notebook",
        request: "a notebook called bench with two GPUs and 64Gi of memory",
        answers: &[("kind", "notebook"), ("name", "bench"), ("gpus", "two"), ("memory", "64Gi")],
    },
    Said {
        label: "training, long",
        request: "train with image ghcr.io/acme/trainer:1.4 on 4 H100s on each of 2 nodes, run torchrun train.py --epochs 3, \
                  with 16 cores and 128Gi of memory, NCCL_DEBUG=INFO, stop after 6 hours, in namespace research, owner alice",
        answers: &[
            ("kind", "training-job"),
            ("namespace", "research"),
            ("image", "ghcr.io/acme/trainer:1.4"),
            ("command", "torchrun train.py --epochs 3"),
            ("nodes", "2"),
            ("gpus", "4"),
            ("gpu_type", "H100s"),
            ("cpu", "16 cores"),
            ("memory", "128Gi"),
            ("env", "NCCL_DEBUG=INFO"),
            ("time_limit", "6 hours"),
            ("owner", "alice"),
        ],
    },
    Said {
        label: "notebook, Chinese",
        request: "给我一个叫 bench 的 notebook，两张 GPU，64Gi 内存",
        answers: &[("kind", "notebook"), ("name", "bench"), ("gpus", "两"), ("memory", "64Gi")],
    },
];

/// Everything that a request is drafted from and judged by.
pub struct World {
    /// Schemas of the newest bundled minor.
    pub schemas: SchemaSet,
    /// The shipped policies.
    pub policies: PolicySet,
    /// Who asks.
    pub user: User,
    /// An empty target and an owner.
    pub setting: Setting,
    /// What the lexer knows.
    pub facts: Facts,
}

impl World {
    /// Opens it.
    pub fn open() -> Self {
        let manifests = PolicySet::builtin_manifests().expect("the shipped policies parse");
        Self {
            schemas: SchemaSet::bundled(None).expect("schemas are bundled"),
            policies: PolicySet::from_manifests(&manifests).expect("the shipped policies compile"),
            user: User::default(),
            setting: Setting { user: Some("alice".into()), ..Setting::default() },
            facts: Facts::builtin(),
        }
    }

    /// What code reads in a request.
    pub fn read<'t>(&self, conversation: &Conversation, request: &'t str) -> Reading<'t> {
        Reading::new(self.library(), &self.setting, &self.facts, conversation, request)
    }

    /// The parts that a drafter takes.
    pub fn library(&self) -> Library<'_> {
        Library {
            patterns: PatternSet::builtin(),
            schemas: &self.schemas,
            policies: &self.policies,
            user: &self.user,
            cancel: None,
        }
    }
}

/// The manifests of a text.
pub fn manifests(text: &str) -> Vec<Manifest> {
    parse(text.as_bytes(), Some("bench.yaml"), &Budget::default()).expect("what is benched parses")
}
