use std::sync::Arc;

use serde_json::{Value, json};

use super::*;

fn evaluate(source: &str, object: &Value) -> Result<bool, EvaluationError> {
    let program = compile(source, Declared { params: true, variables: &[] })
        .unwrap_or_else(|e| panic!("{source}: {e}"));
    let (object, null) = (Bound::new(object), Bound::null());
    let activation =
        Activation { object: &object, old: &null, request: &null, params: &null, namespace: None };
    Evaluation::new(&activation, &[], Arc::default(), BUDGET).unwrap().boolean(&program)
}

#[test]
fn functions_of_kubernetes_give_what_the_api_server_gives() {
    let object = json!({"l": ["b", "a"], "n": [3, 1, 2], "labels": {"b": "1", "a": "2"}, "mem": "1536Mi"});
    for source in [
        "quantity(object.mem) == quantity('1.5Gi')",
        "quantity('200M').compareTo(quantity('0.2G')) == 0",
        "quantity('50k').isGreaterThan(quantity('49k')) && !quantity('50k').isLessThan(quantity('49k'))",
        "quantity('50k').add(20).sub(quantity('20')).asInteger() == 50000",
        "quantity('50.5').asApproximateFloat() == 50.5 && quantity('-1').sign() == -1",
        "isQuantity('8Gi') && !isQuantity('8 Gi')",
        "'abc 123'.find('[0-9]+') == '123' && 'abc'.find('[0-9]+') == ''",
        "'1a2b3'.findAll('[0-9]') == ['1', '2', '3'] && '1a2b3'.findAll('[0-9]', 1) == ['1']",
        "'nginx:1.27'.matches('^[a-z]+:') && !matches('x', 'y')",
        "!object.l.isSorted() && object.n.sum() == 6 && object.n.min() == 1 && object.n.max() == 3",
        "object.l.indexOf('a') == 1 && object.l.lastIndexOf('z') == -1 && 'abc'.indexOf('c') == 2",
        "sets.contains(object.n, [1, 2]) && sets.intersects(object.n, [9, 3]) && sets.equivalent(object.n, [1, 2, 3])",
        "object.?spec.?x.orValue('d') == 'd' && object.?mem.hasValue()",
        "object.labels.map(k, k) == ['a', 'b']",
        "{'z': 1, 'a': 2}.map(k, k) == ['a', 'z']",
        "cel.bind(x, object.n.map(n, n * 2), x[0] == 6 && x.size() == 3)",
        "['b', 'a'] == object.l && object.l == ['b', 'a'] && object.labels == {'a': '2', 'b': '1'}",
        "object.l in [['b', 'a']] && 'a' in object.labels && 'b' in object.l && !('z' in object.l)",
        "object.l + ['c'] == ['b', 'a', 'c'] && ['c'] + object.l == ['c', 'b', 'a']",
        "object.n.exists_one(n, n == 3) && object.n.filter(n, n > 1).size() == 2",
        "[3, 1, 2].sortBy(x, x) == [1, 2, 3] && object.n.sort() == [1, 2, 3]",
        "'a-b-c'.replace('-', '.') == 'a.b.c' && 'a-b-c'.split('-').join('+') == 'a+b+c'",
        "object.?mem.optMap(m, m + '!').orValue('') == '1536Mi!'",
        "type(object.labels) == map && type(object.l) == list && string(object.n[0]) == '3'",
        "duration('90s') > duration('1m') && timestamp('2026-01-01T00:00:00Z').getFullYear() == 2026",
    ] {
        assert_eq!(evaluate(source, &object), Ok(true), "{source}");
    }
}

#[test]
fn a_missing_function_is_named_and_never_a_value() {
    for (source, missing) in [
        ("isIP(object.x)", "isIP"),
        ("url('https://x').getHost() == 'x'", "url"),
        ("authorizer.group('').resource('pods').check('get').allowed()", "authorizer"),
        ("object.l.all(i, v, v == 'a')", ".all()"),
        ("true || semver('1.2.3').major() == 1", "semver"),
        ("format.dns1123Label().validate('x').hasValue()", "validate"),
    ] {
        let program = compile(source, Declared { params: false, variables: &[] });
        // `format` and the second loop variable are names as well; either way it is not a pass.
        match program {
            Err(error) => assert!(error.contains("undeclared"), "{source}: {error}"),
            Ok(_) => match evaluate(source, &json!({})) {
                Err(EvaluationError::Unsupported(what)) => {
                    assert!(what.contains(missing), "{source}: {what}")
                }
                other => panic!("{source}: {other:?}"),
            },
        }
    }
}

#[test]
fn names_that_nothing_declares_are_mistakes_of_the_author() {
    let declared = Declared { params: false, variables: &["known".to_owned()] };
    for (source, why) in [
        ("obejct.spec == 1", "undeclared reference to 'obejct'"),
        ("params.x == 1", "paramKind"),
        ("variables.other", "variables.other"),
        ("object.spec.all(c, d == 1)", "'d'"),
        ("object.spec.(", "line 1"),
        ("", "line 1"),
    ] {
        let error = compile(source, declared).unwrap_err();
        assert!(error.contains(why), "{source}: {error}");
    }
    assert!(compile("variables.known && object.x.all(d, d == 1)", declared).is_ok());
}

#[test]
fn nothing_runs_away() {
    let many: Vec<u32> = (0..1000).collect();
    let object = json!({"l": many, "text": "a".repeat(100_000)});
    for source in [
        "object.l.all(a, object.l.all(b, object.l.all(c, a + b + c >= 0)))",
        "[1,2,3,4,5,6,7,8,9,10].all(a, lists.range(100000000).all(b, true))",
        "object.l.map(a, object.l.map(b, object.l)).size() >= 0",
        "object.l.map(a, [object.l.map(c, 'x'), object.l.map(c, 'y')]).map(b, [b, b, b]).map(c, [c, c, c]).size() > 0 && \
         object.l.map(a, object.l.map(b, object.l.map(c, c))).flatten(5).size() > 0",
        "object.l.all(a, object.l.all(b, object.text.replace('a', object.text) != ''))",
        "object.l.all(a, object.l.all(b, object.text.contains('ab') || object.text.contains('ac') || true))",
        "object.l.map(a, object.l.map(b, b)).distinct().size() > 0",
        "object.l.all(a, object.l.all(b, object.l.all(c, true || a.x)) || true)",
    ] {
        assert_eq!(evaluate(source, &object), Err(EvaluationError::Budget), "{source}");
    }
    let deep = |text: String| compile(&text, Declared { params: false, variables: &[] }).unwrap_err();
    for text in [
        vec!["1"; 3_000].join("+"),
        vec!["a"; 3_000].join("."),
        "!".repeat(3_000) + "true",
        format!("{}1{}", "(".repeat(1_500), ")".repeat(1_500)),
        format!(r"r'\' == {}1{}", "[".repeat(3_000), "]".repeat(3_000)),
        format!("' == {}1{}", "[".repeat(3_000), "]".repeat(3_000)),
        format!("'\n {}1{}'", "[".repeat(3_000), "]".repeat(3_000)),
    ] {
        let error = deep(text);
        assert!(error.contains("levels deep"), "{error}");
    }
    // What is inside the limit fits the stack of a test thread.
    for text in [
        vec!["1"; 240].join("+") + " == 240",
        format!("{}true{}", "(".repeat(90), ")".repeat(90)),
        format!("{}true", "!".repeat(240)),
        format!("{} == 3", (0..20).fold("3".to_owned(), |inner, _| format!("[{inner}].map(x, x)[0]"))),
        format!(r"'{}\'{}' != r'\'", "(".repeat(999), "[".repeat(999)),
    ] {
        assert_eq!(evaluate(&text, &object), Ok(true), "{text}");
    }
}

#[test]
fn variables_that_double_are_stopped() {
    let names: Vec<String> = (0..64).map(|i| format!("v{i}")).collect();
    for (first, next) in [("'ab'", "variables.P + variables.P"), ("[1]", "[variables.P, variables.P]")] {
        let variables: Vec<(String, Program)> = names
            .iter()
            .enumerate()
            .map(|(i, name)| {
                let source = if i == 0 { first.to_owned() } else { next.replace('P', &names[i - 1]) };
                (name.clone(), compile(&source, Declared { params: false, variables: &names[..i] }).unwrap())
            })
            .collect();
        let null = Bound::null();
        let activation =
            Activation { object: &null, old: &null, request: &null, params: &null, namespace: None };
        let evaluation = Evaluation::new(&activation, &variables, Arc::default(), BUDGET).unwrap();
        let declared = Declared { params: false, variables: &names };
        let program = compile("variables.v63 == variables.v63", declared).unwrap();
        assert_eq!(evaluation.boolean(&program), Err(EvaluationError::Budget), "{next}");
    }
}

#[test]
fn what_the_namespace_decides_is_unknown_even_where_the_look_is_absorbed() {
    for source in [
        "namespaceObject.metadata.labels['env'] == 'prod'",
        "namespaceObject.?metadata.?labels.orValue({}) == {}",
        "namespaceObject == null",
        "true && (has(namespaceObject.metadata) || true)",
    ] {
        assert_eq!(evaluate(source, &json!({})), Err(EvaluationError::UnknownNamespace), "{source}");
    }
    // Not looked at: decided.
    assert_eq!(evaluate("object.a == 1 || namespaceObject.x == 1", &json!({"a": 1})), Ok(true));
}

#[test]
fn a_failing_expression_says_why() {
    for (source, why) in [
        ("object.spec.x == 1", "no such key: spec"),
        ("object.a", "int instead of a bool"),
        ("object.a.startsWith('x')", "overload"),
        ("object.s.matches('[')", "not a valid regular expression"),
        ("object.s.matches('(a{1000}){1000}{1000}')", "regular expression"),
        ("quantity('8 gigs').sign() == 1", "is not a quantity"),
    ] {
        match evaluate(source, &json!({"a": 1, "s": "x"})) {
            Err(EvaluationError::Failed(message)) => assert!(message.contains(why), "{source}: {message}"),
            other => panic!("{source}: {other:?}"),
        }
    }
}

#[test]
fn the_fields_that_an_expression_reads_are_known() {
    let accesses = |source: &str| {
        let variables = ["containers".to_owned()];
        compile(source, Declared { params: true, variables: &variables }).unwrap().accesses
    };
    let field = |name: &str| Segment::Field(name.to_owned());
    let found = accesses(
        "object.spec.containers.all(c, c.?resources.?limits.hasValue() && object.metadata.labels['a'] == '1')",
    );
    let segments: Vec<_> = found.iter().map(|access| access.segments.clone()).collect();
    assert!(segments.contains(&vec![field("spec"), field("containers")]));
    assert!(segments.contains(&vec![
        field("spec"),
        field("containers"),
        Segment::Any,
        field("resources"),
        field("limits")
    ]));
    assert!(segments.contains(&vec![field("metadata"), field("labels"), field("a")]));
    let found = accesses("variables.containers.all(c, c.image != '')");
    assert!(found.iter().any(|access| access.root == Root::Variable("containers".to_owned())
        && access.segments == vec![Segment::Any, field("image")]));
}
