//! Why a request is declined: a closed list of codes, each with one sentence in two languages, and what would work.

use serde::{Deserialize, Serialize};

use crate::draft::Declined;
use crate::draft::span::Language;

/// Why nothing is drafted. The list is closed: scripts may rely on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DeclineCode {
    /// Nothing that Kubernetes has to do with.
    OffTopic,
    /// No words, or words without sense.
    Nonsense,
    /// The request tries to give the tool other instructions.
    Injection,
    /// Many objects at once would be deleted.
    BulkDeletion,
    /// Something would be deleted, and it is not said by name what.
    UnnamedDeletion,
    /// Rights on the nodes: privileged containers, host files, root.
    Privilege,
    /// Secrets of others, or their values.
    Secrets,
    /// Rights over the whole cluster.
    ClusterRights,
    /// The namespaces of the cluster itself.
    SystemNamespace,
    /// Something that a later version does: changing or deleting one existing object.
    NotYet,
    /// A kind that only an installed language model can write.
    NeedsModel,
    /// It could be anything.
    Unclear,
    /// The rules themselves could not be read, so nothing is allowed.
    RulesUnavailable,
}

impl DeclineCode {
    /// Every code.
    pub const ALL: [Self; 13] = [
        Self::OffTopic,
        Self::Nonsense,
        Self::Injection,
        Self::BulkDeletion,
        Self::UnnamedDeletion,
        Self::Privilege,
        Self::Secrets,
        Self::ClusterRights,
        Self::SystemNamespace,
        Self::NotYet,
        Self::NeedsModel,
        Self::Unclear,
        Self::RulesUnavailable,
    ];

    /// The code as it stands in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::OffTopic => "off-topic",
            Self::Nonsense => "nonsense",
            Self::Injection => "injection",
            Self::BulkDeletion => "bulk-deletion",
            Self::UnnamedDeletion => "unnamed-deletion",
            Self::Privilege => "privilege",
            Self::Secrets => "secrets",
            Self::ClusterRights => "cluster-rights",
            Self::SystemNamespace => "system-namespace",
            Self::NotYet => "not-yet",
            Self::NeedsModel => "needs-model",
            Self::Unclear => "unclear",
            Self::RulesUnavailable => "rules-unavailable",
        }
    }

    /// One sentence for the person.
    pub fn reason(self, language: Language) -> &'static str {
        match (self, language) {
            (Self::OffTopic, Language::En) => "This is not about anything that runs on Kubernetes.",
            (Self::OffTopic, Language::Zh) => "这个请求与 Kubernetes 上运行的东西无关。",
            (Self::Nonsense, Language::En) => "There is nothing in this request that can be understood.",
            (Self::Nonsense, Language::Zh) => "没有看懂这个请求。",
            (Self::Injection, Language::En) => {
                "This asks the tool to drop its rules. They hold for every request."
            }
            (Self::Injection, Language::Zh) => "这个请求要求工具放弃规则；规则对所有请求都有效。",
            (Self::BulkDeletion, Language::En) => {
                "Deleting many objects at once is not done here. Delete them by name, one by one."
            }
            (Self::BulkDeletion, Language::Zh) => "这里不做批量删除，请按名称逐个删除。",
            (Self::UnnamedDeletion, Language::En) => {
                "Nothing is deleted without its name. Say exactly which object you mean."
            }
            (Self::UnnamedDeletion, Language::Zh) => "没有名称的对象不会被删除，请说明要删除哪一个对象。",
            (Self::Privilege, Language::En) => {
                "Privileged containers and access to the nodes are not given out here. Ask your platform team."
            }
            (Self::Privilege, Language::Zh) => "这里不提供特权容器或节点访问，请联系平台团队。",
            (Self::Secrets, Language::En) => {
                "Secrets and their values are not read or shown here. A new workload can use a secret by its name."
            }
            (Self::Secrets, Language::Zh) => "这里不读取也不显示密钥；新的工作负载可以按名称引用密钥。",
            (Self::ClusterRights, Language::En) => {
                "Rights over the whole cluster are not given out here. Ask your platform team."
            }
            (Self::ClusterRights, Language::Zh) => "这里不授予整个集群的权限，请联系平台团队。",
            (Self::SystemNamespace, Language::En) => {
                "The namespaces of the cluster itself (kube-system and its like) are left alone."
            }
            (Self::SystemNamespace, Language::Zh) => "集群自身的命名空间（如 kube-system）不允许改动。",
            (Self::NotYet, Language::En) => {
                "Changing or deleting an object that exists is not possible yet; new objects can be drafted."
            }
            (Self::NotYet, Language::Zh) => "目前还不能修改或删除已有的对象，只能起草新的对象。",
            (Self::NeedsModel, Language::En) => {
                "This kind is written by a larger model than the one inside. Install one with \
                 `kubectl copilot model pull qwen2.5-coder-1.5b`, then add `--model qwen2.5-coder-1.5b`."
            }
            (Self::NeedsModel, Language::Zh) => {
                "这种对象需要更大的模型来写。请先运行 `kubectl copilot model pull qwen2.5-coder-1.5b`，再加上 \
                 `--model qwen2.5-coder-1.5b`。"
            }
            (Self::Unclear, Language::En) => {
                "It is not clear what should be drafted. Say what you need in a sentence."
            }
            (Self::Unclear, Language::Zh) => "不清楚要起草什么，请用一句话说明需要什么。",
            (Self::RulesUnavailable, Language::En) => {
                "The rules of this build could not be read, so nothing is drafted. Install the tool again."
            }
            (Self::RulesUnavailable, Language::Zh) => {
                "无法读取内置规则，因此不起草任何内容，请重新安装本工具。"
            }
        }
    }

    /// The outcome with this code, in the language of the request.
    pub fn declined(self, language: Language) -> Declined {
        Declined {
            code: self.as_str().to_owned(),
            reason: self.reason(language).to_owned(),
            examples: examples(language).map(ToOwned::to_owned).to_vec(),
        }
    }
}

/// Three requests that would work.
pub fn examples(language: Language) -> [&'static str; 3] {
    match language {
        Language::En => [
            "a notebook with two GPUs and 64Gi of memory",
            "train with image pytorch/pytorch:2.4.0 on 4 A100s, run python train.py",
            "deploy nginx with 3 replicas on port 8080",
        ],
        Language::Zh => [
            "给我一个带两张GPU、64Gi内存的notebook",
            "用 pytorch/pytorch:2.4.0 镜像在4张A100上运行 python train.py",
            "部署 nginx，3个副本，端口8080",
        ],
    }
}
