use super::set::builtin_patterns;

#[test]
fn every_builtin_pattern_is_fit_for_use() {
    for pattern in builtin_patterns() {
        let pattern = pattern.unwrap_or_else(|error| panic!("{error}"));
        let problems: Vec<String> = pattern.check().iter().map(ToString::to_string).collect();
        assert!(problems.is_empty(), "{problems:#?}");
    }
}
