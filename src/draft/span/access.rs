//! Access modes of volumes: `RWX`, `shared by many`, `read-write-many`, `多节点读写`, `只读共享`.

use std::sync::LazyLock;

use super::scan::{Rule, Scan, whole};
use crate::pattern::SlotType;

static MODES: LazyLock<Vec<(Rule, &'static str)>> = LazyLock::new(|| {
    vec![
        (
            Rule::new(
                r"(?i)(?-u:\b)(?:rox|read[\s-]?only[\s-]?many|read[\s-]only\s+(?:for|by)\s+(?:many|all|everyone|several\s+\w+))(?-u:\b)|只读共享|共享只读|多节点只读",
            ),
            "ReadOnlyMany",
        ),
        (Rule::new(r"(?i)(?-u:\b)(?:rwop|read[\s-]?write[\s-]?once[\s-]?pod)(?-u:\b)"), "ReadWriteOncePod"),
        (
            Rule::new(
                r"(?i)(?-u:\b)(?:rwx|read[\s-]?write[\s-]?many|shared\s+(?:by|between|among|across|with)\s+(?:many|several|all|multiple|the|two|three|four|both|everyone|nodes|pods|workers)(?:\s+(?:nodes|pods|workers|people|users|notebooks|jobs|team|machines|replicas))?|shared\s+(?:persistent\s+)?(?:storage|volume|volumes|disk|drive|folder|filesystem|file\s+system|directory|workspace|home|pvc|space)|(?:writable|mounted|read\s+and\s+write|readable\s+and\s+writable)\s+(?:by|on|from)\s+(?:many|several|all|multiple)(?:\s+\w+)?)(?-u:\b)|多(?:节点|人|机|处|个节点)(?:同时)?(?:读写|共享|挂载)|共享(?:读写|存储|盘|卷|硬盘|目录|文件夹|空间)|读写共享",
            ),
            "ReadWriteMany",
        ),
        (Rule::new(r"(?i)(?-u:\b)(?:rwo|read[\s-]?write[\s-]?once)(?-u:\b)|单节点读写"), "ReadWriteOnce"),
    ]
});

pub(super) fn scan(scan: &mut Scan<'_>) {
    for (rule, mode) in MODES.iter() {
        for captures in rule.all(scan.text) {
            let at = whole(&captures);
            if !scan.taken(SlotType::AccessMode, at) {
                scan.strong(SlotType::AccessMode, at, *mode);
            }
        }
    }
}
