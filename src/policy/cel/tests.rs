use std::sync::Arc;

use serde_json::{Value, json};

use super::*;

fn evaluate(source: &str, object: &Value) -> Result<bool, EvaluationError> {
    // Kubernetes has no `cel.bind`, which gives a value a name.
    let kyverno = source.contains("cel.bind");
    let program = compile(source, Declared { params: true, kyverno, minor: None, variables: &[] })
        .unwrap_or_else(|e| panic!("{source}: {e}"));
    let (object, null) = (Bound::new(object), Bound::null());
    let activation =
        Activation { object: &object, old: &null, request: &null, params: &null, namespace: None };
    Evaluation::new(&activation, &[], Limits::of(&Arc::default())).unwrap().boolean(&program)
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
fn addresses_versions_and_formats_are_those_of_kubernetes() {
    for source in [
        "isIP('192.168.0.1') && isIP('::1') && !isIP('127.0.0.256') && !isIP('::ffff:1.2.3.4') && !isIP('fe80::1%en0')",
        "ip('192.168.0.1').family() == 4 && ip('2001:db8::abcd').family() == 6",
        "ip.isCanonical('127.0.0.1') && !ip.isCanonical('2001:DB8::ABCD') && ip('2001:DB8::ABCD') == ip('2001:db8::abcd')",
        "ip('0.0.0.0').isUnspecified() && ip('127.0.0.1').isLoopback() && ip('224.0.0.1').isLinkLocalMulticast()",
        "ip('fe80::1').isLinkLocalUnicast() && ip('192.168.0.1').isGlobalUnicast() && !ip('255.255.255.255').isGlobalUnicast()",
        "string(ip('2001:DB8::ABCD')) == '2001:db8::abcd'",
        "isCIDR('192.168.0.0/24') && isCIDR('::1/128') && !isCIDR('192.168.0.0/33') && !isCIDR('192.168.0.0')",
        "cidr('192.168.0.0/24').containsIP(ip('192.168.0.1')) && cidr('192.168.0.0/24').containsIP('192.168.0.1') && !cidr('192.168.0.0/24').containsIP('192.168.1.1')",
        "cidr('192.168.0.0/16').containsCIDR(cidr('192.168.10.0/24')) && !cidr('192.168.1.0/24').containsCIDR('192.168.2.0/24')",
        "cidr('192.168.1.5/24').ip() == ip('192.168.1.5') && cidr('192.168.1.5/24').masked() == cidr('192.168.1.0/24') && cidr('::1/128').prefixLength() == 128",
        "isURL('https://user:pass@example.com:80/path?query=val#fragment') && !isURL('../relative-path') && isURL('/absolute-path')",
        "url('https://example.com:80/').getHost() == 'example.com:80' && url('https://example.com/').getHost() == 'example.com' && url('https://[::1]:80/').getHostname() == '::1'",
        "url('https://example.com:80/').getPort() == '80' && url('https://example.com/').getPort() == '' && url('/path').getScheme() == ''",
        "url('https://example.com/with space/'.replace(' ', '%20')).getEscapedPath() == '/with%20space/'",
        "url('https://example.com/path?k1=a&k2=b&k2=c').getQuery() == {'k1': ['a'], 'k2': ['b', 'c']} && url('https://x/?key%20with=v+w').getQuery() == {'key with': ['v w']}",
        "isSemver('1.2.3-alpha.1+build') && !isSemver('v1.0') && isSemver('v1.0', true) && isSemver('01.01.01', true) && !isSemver('hello')",
        "semver('1.2.3').major() == 1 && semver('1.2.3').minor() == 2 && semver('1.2.3').patch() == 3",
        "semver('1.2.3').compareTo(semver('1.2.3')) == 0 && semver('1.2.3').isLessThan(semver('2.0.0')) && semver('1.0.0').isGreaterThan(semver('1.0.0-rc.1'))",
        "semver('v1.0', true) == semver('1.0.0') && semver('1.0.0+a') == semver('1.0.0+b')",
        "!format.dns1123Label().validate('my-name').hasValue() && format.dns1123Label().validate('My.Name').hasValue()",
        "!format.dns1123LabelPrefix().validate('my-name-').hasValue() && format.dns1123Label().validate('my-name-').hasValue()",
        "!format.qualifiedName().validate('apps.example.com/name').hasValue() && format.labelValue().validate('-x').hasValue()",
        "format.named('dns1123Label').hasValue() && !format.named('none').hasValue() && !format.named('uuid').value().validate('123e4567-e89b-12d3-a456-426614174000').hasValue()",
        "cel.bind(x, ip('1.2.3.4'), x.family() == 4) && cel.bind(v, semver('1.2.3'), [v].exists(w, w.major() == 1))",
        "cel.bind(u, url('https://x:1/'), u.getPort() == '1') && cel.bind(f, format.uri(), !f.validate('/x').hasValue())",
        "!format.date().validate('2026-11-30').hasValue() && format.datetime().validate('2026-11-30').hasValue() && !format.byte().validate('aGk=').hasValue()",
    ] {
        assert_eq!(evaluate(source, &json!({})), Ok(true), "{source}");
    }
    for source in [
        "ip('x').family() == 4",
        "cidr('1.2.3.4').prefixLength() == 1",
        "url('x').getHost() == ''",
        "semver('1.0').major() == 1",
    ] {
        assert!(matches!(evaluate(source, &json!({})), Err(EvaluationError::Failed(_))), "{source}");
    }
}

#[test]
fn what_is_missing_is_named_where_it_is_asked_for() {
    for source in [
        "authorizer.group('').resource('pods').check('get').allowed()",
        "false || authorizer.path('/healthz').check('get').allowed()",
        "authorizer.path('/healthz').check('get').allowed() || true",
        "[1].exists(x, authorizer.path('/healthz').check('get').allowed())",
    ] {
        let found = evaluate(source, &json!({}));
        assert_eq!(found, Err(EvaluationError::Unsupported("authorizer".to_owned())), "{source}");
    }
    // Whatever a cluster would say: nothing depends on it.
    assert_eq!(evaluate("true || authorizer.path('/healthz').check('get').allowed()", &json!({})), Ok(true));
}

#[test]
fn a_function_that_kubernetes_has_not_does_not_compile() {
    let declared = Declared { params: false, kyverno: false, minor: None, variables: &[] };
    for source in [
        "object.x.startWith('a')",
        "object.x.startsWith('a', 'b')",
        "math.greatest(1, 2) == 2",
        "cel.bind(x, 1, x == 1)",
        "parseServiceAccount(request.userInfo.username).Name == 'a'",
        "true || image('nginx').registry() == 'docker.io'",
    ] {
        let error = compile(source, declared).unwrap_err();
        assert!(error.contains("undeclared reference"), "{source}: {error}");
        let kyverno = compile(source, Declared { kyverno: true, ..declared });
        assert!(kyverno.is_ok(), "{source}: Kyverno has more functions than are known here");
    }
}

#[test]
fn a_question_whether_there_is_something_is_no_look_at_it() {
    let object = json!({"a": {"b": {"c": 1}}});
    for (source, expected) in [
        ("has(object.a)", true),
        ("has(object.a.b.c) && !has(object.a.x)", true),
        ("has(object.a.b) && object.a.b.c == 1", true),
        ("object.a.exists(k, has(object.a.b))", true),
    ] {
        assert_eq!(evaluate(source, &object), Ok(expected), "{source}");
    }
    let names = vec!["v".to_owned()];
    let declared = Declared { params: false, kyverno: false, minor: None, variables: &[] };
    let variables = vec![("v".to_owned(), compile("object.a", declared).unwrap())];
    let program =
        compile("has(variables.v) && has(variables.v.b)", Declared { variables: &names, ..declared })
            .unwrap();
    let (bound, null) = (Bound::new(&object), Bound::null());
    let activation =
        Activation { object: &bound, old: &null, request: &null, params: &null, namespace: None };
    assert_eq!(
        Evaluation::new(&activation, &variables, Limits::of(&Arc::default())).unwrap().boolean(&program),
        Ok(true)
    );
}

#[test]
fn loops_with_two_variables_go_over_keys_and_values() {
    let object = json!({"l": ["a", "b"], "m": {"x": 1, "y": 2}});
    for source in [
        "object.l.all(i, v, i < 2 && v != 'z') && !object.l.all(i, v, i == 0)",
        "object.m.exists(k, v, k == 'y' && v == 2) && !object.m.exists(k, v, k == 'x' && v == 2)",
        "object.m.existsOne(k, v, v > 1) && !object.m.exists_one(k, v, v > 0)",
        "object.l.transformList(i, v, string(i) + v) == ['0a', '1b']",
        "object.m.transformList(k, v, v > 1, k) == ['y']",
        "object.m.transformMap(k, v, v * 10) == {'x': 10, 'y': 20}",
        "object.m.transformMap(k, v, k == 'x', v + 1) == {'x': 2}",
        "object.l.transformMapEntry(i, v, {v: i}) == {'a': 0, 'b': 1}",
        "object.l.all(i, v, object.m.exists(k, w, w == i + 1))",
        "{}.all(k, v, false) && ![].exists(i, v, true)",
    ] {
        assert_eq!(evaluate(source, &object), Ok(true), "{source}");
    }
    let twice = evaluate("['a', 'a'].transformMapEntry(i, v, {v: i}) == {}", &object);
    assert!(matches!(twice, Err(EvaluationError::Failed(_))), "{twice:?}");
    let declared = Declared { params: false, kyverno: false, minor: None, variables: &[] };
    let accesses = compile("object.spec.l.all(i, v, v.image != '')", declared).unwrap().accesses;
    let field = |name: &str| Segment::Field(name.to_owned());
    let segments = vec![field("spec"), field("l"), Segment::Any, field("image")];
    assert!(accesses.contains(&Access { root: Root::Object, segments }), "{accesses:?}");
}

#[test]
fn names_that_nothing_declares_are_mistakes_of_the_author() {
    let declared = Declared { params: false, kyverno: false, minor: None, variables: &["known".to_owned()] };
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
    let deep = |text: String| {
        compile(&text, Declared { params: false, kyverno: false, minor: None, variables: &[] }).unwrap_err()
    };
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
fn a_field_of_what_an_optional_holds_has_to_be_one() {
    let object = json!({"none": null, "map": {}});
    assert_eq!(evaluate("object.?map.x.hasValue()", &object), Ok(false));
    assert_eq!(evaluate("object.?absent.x.hasValue()", &object), Ok(false));
    let of_null = evaluate("object.?none.x.hasValue()", &object);
    assert!(matches!(of_null, Err(EvaluationError::Failed(_))), "{of_null:?}");
}

/// Whoever waits for the answer may end it, in the middle of a loop too; nothing is allowed by that.
#[test]
fn an_evaluation_ends_when_it_is_asked_to() {
    let (cancel, regexes, null) = (crate::cancel::Cancel::default(), Arc::default(), Bound::null());
    let activation = Activation { object: &null, old: &null, request: &null, params: &null, namespace: None };
    let declared = Declared { params: false, kyverno: false, minor: None, variables: &[] };
    let program = compile("[1, 2].all(x, [3].exists(y, y > x)) || true", declared).unwrap();
    let limits = Limits { cancel: Some(&cancel), ..Limits::of(&regexes) };
    assert_eq!(Evaluation::new(&activation, &[], limits).unwrap().boolean(&program), Ok(true));
    cancel.cancel();
    let stopped = Evaluation::new(&activation, &[], limits).unwrap().boolean(&program);
    assert_eq!(stopped, Err(EvaluationError::Stopped));
    assert!(EvaluationError::Stopped.is_incomplete());
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
                (
                    name.clone(),
                    compile(
                        &source,
                        Declared { params: false, kyverno: false, minor: None, variables: &names[..i] },
                    )
                    .unwrap(),
                )
            })
            .collect();
        let null = Bound::null();
        let activation =
            Activation { object: &null, old: &null, request: &null, params: &null, namespace: None };
        let evaluation = Evaluation::new(&activation, &variables, Limits::of(&Arc::default())).unwrap();
        let declared = Declared { params: false, kyverno: false, minor: None, variables: &names };
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
        compile(source, Declared { params: true, kyverno: false, minor: None, variables: &variables })
            .unwrap()
            .accesses
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
