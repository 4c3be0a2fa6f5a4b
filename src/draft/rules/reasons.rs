//! Why a request is declined, and what would work, in the request's language. The codes are a closed list.

use crate::draft::span::Language;

/// Code, English, Chinese.
const REASONS: &[(&str, &str, &str)] = &[
    (
        "empty",
        "there is nothing in this that could be drafted; say what you need in a few words",
        "这里没有可以起草的内容；请用几句话说明需要什么",
    ),
    (
        "injection",
        "this asks to leave the rules aside; the rules are not the model's to change, so nothing was drafted",
        "这是要求绕过规则；规则不由模型决定，因此没有起草任何内容",
    ),
    (
        "privilege",
        "this asks for rights over the hosts, the cluster or other people's secrets, which is never drafted here",
        "这是要求主机、集群或他人密钥的权限，这里从不起草这样的内容",
    ),
    ("system-namespace", "nothing is drafted for the cluster's own namespaces", "不为集群自身的命名空间起草任何内容"),
    (
        "bulk-deletion",
        "this would destroy many things at once, which is never done here",
        "这会一次销毁很多东西，这里从不这样做",
    ),
    (
        "not-yet",
        "changing or deleting what already exists is not offered yet; only new things are drafted",
        "目前还不能修改或删除已有的对象；只能起草新的内容",
    ),
    ("off-topic", "this is not something that can be drafted for a cluster", "这不是可以为集群起草的内容"),
    (
        "not-understood",
        "nothing in this changes the draft; say the value that should be different",
        "这句话没有改变草稿；请说明哪个值要改",
    ),
];

/// One clear line for a code.
pub fn reason(code: &str, language: Language) -> String {
    let found = REASONS.iter().find(|(known, _, _)| *known == code);
    let (_, english, chinese) = found.copied().unwrap_or(REASONS[6]);
    match language {
        Language::En => english.to_owned(),
        Language::Zh => chinese.to_owned(),
    }
}

/// Three requests that would work.
pub fn examples(language: Language) -> Vec<String> {
    let list: [&str; 3] = match language {
        Language::En => [
            "give me a notebook with two GPUs",
            "serve Qwen/Qwen2.5-7B-Instruct on one H100",
            "100Gi of storage called datasets",
        ],
        Language::Zh => ["给我一个带两张显卡的笔记本", "部署 Qwen/Qwen2.5-7B-Instruct，用一张H100", "要一块100Gi的存储，叫 datasets"],
    };
    list.iter().map(|text| (*text).to_owned()).collect()
}
