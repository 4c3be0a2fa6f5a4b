//! A canary goes into every carrier; none may come out, and what is harmless stays readable.

use serde_json::json;

use super::*;
use crate::diff::{WellKnownLists, diff};

const CANARY: &str = "hunter2-Xk9";

fn key() -> MaskKey {
    MaskKey::new([42; 32])
}

fn shown(object: &Value) -> String {
    mask(object, &key()).to_string()
}

/// The canary's base64, as a Secret carries it.
const CANARY_64: &str = "aHVudGVyMi1Yazk=";

fn secret() -> Value {
    json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s"}, "data": {"p": CANARY_64}})
}

#[test]
fn no_carrier_lets_the_canary_through() {
    let pem = format!("-----BEGIN RSA PRIVATE KEY-----\n{CANARY}\n-----END RSA PRIVATE KEY-----");
    let config = |data: Value| json!({"apiVersion": "v1", "kind": "ConfigMap", "data": data});
    let container =
        |field: &str, value: Value| json!({"spec": {"containers": [{"name": "c", field: value}]}});
    let carriers = [
        ("data", secret()),
        ("stringData", json!({"kind": "Secret", "apiVersion": "v1", "stringData": {"a": {"b": [CANARY]}}})),
        ("secret in a list", json!({"kind": "List", "items": [secret()]})),
        (
            "last applied",
            json!({"kind": "Secret", "metadata": {"annotations":
            {"kubectl.kubernetes.io/last-applied-configuration": secret().to_string()}}}),
        ),
        (
            "broken last applied",
            json!({"metadata": {"annotations":
            {"kubectl.kubernetes.io/last-applied-configuration": format!("{{\"data\": \"{CANARY_64}")}}}),
        ),
        ("annotation by name", json!({"metadata": {"annotations": {"example.com/api-key": CANARY}}})),
        (
            "json annotation",
            json!({"metadata": {"annotations": {"x": json!({"password": CANARY}).to_string()}}}),
        ),
        ("json in json", json!({"a": json!({"b": json!({"token": CANARY}).to_string()}).to_string()})),
        ("env", container("env", json!([{"name": "DB_PASSWORD", "value": CANARY}]))),
        (
            "env url",
            container(
                "env",
                json!([{"name": "DATABASE_URL", "value": format!("postgres://app:{CANARY}@db/x")}]),
            ),
        ),
        (
            "token as user",
            container(
                "env",
                json!([{"name": "REPO", "value": format!("https://{CANARY}@example.com/r.git")}]),
            ),
        ),
        ("flag", container("args", json!([format!("--password={CANARY}")]))),
        ("flag and value", container("args", json!(["--token", CANARY, "--port", "80"]))),
        (
            "script",
            container(
                "command",
                json!(["sh", "-c", format!("export API_TOKEN='{CANARY}' && run --api-key {CANARY}")]),
            ),
        ),
        ("curl", container("args", json!([format!("curl -H 'X-Api-Key: {CANARY}' http://x")]))),
        ("bearer", container("args", json!([format!("curl -H \"Authorization: Bearer {CANARY}abcdef\"")]))),
        ("literal", container("args", json!([format!("--from-literal=password={CANARY}")]))),
        ("query", json!({"spec": {"url": format!("https://x/y?a=1&access_token={CANARY}&b=2")}})),
        ("header", json!({"httpGet": {"httpHeaders": [{"name": "Authorization", "value": CANARY}]}})),
        (
            "custom field",
            json!({"apiVersion": "x/v1", "kind": "Database", "spec": {"adminPassword": CANARY}}),
        ),
        ("list field", json!({"spec": {"tokens": [CANARY]}})),
        (
            "registry",
            config(json!({".dockerconfigjson": json!({"auths": {"r": {"auth": CANARY}}}).to_string()})),
        ),
        ("auths", config(json!({"c.json": json!({"auths": {"r": {"auth": CANARY}}}).to_string()}))),
        ("config key", config(json!({"admin-password": CANARY}))),
        (
            "properties",
            config(json!({"app.properties": format!("a=1\nspring.datasource.password={CANARY}\n")})),
        ),
        ("yaml file", config(json!({"a.yaml": format!("db:\n  host: x\n  password: \"{CANARY}\"\n")}))),
        ("yaml block", config(json!({"a.yaml": format!("token: |\n  {CANARY}\n  more\nnext: 1\n")}))),
        ("xml", config(json!({"a.xml": format!("<a><password>{CANARY}</password></a>")}))),
        ("redis", config(json!({"redis.conf": format!("port 1\nrequirepass {CANARY}\n")}))),
        ("key file", config(json!({"id_rsa": pem}))),
        (
            "manifest in a config",
            config(json!({"s.yaml": format!("apiVersion: v1\nkind: Secret\nstringData:\n  p: {CANARY}\n")})),
        ),
        ("key anywhere", json!({"spec": {"note": pem}})),
        (
            "binary",
            config(json!(null))
                .as_object()
                .map(|map| {
                    let mut map = map.clone();
                    map.insert("binaryData".into(), json!({"password": CANARY_64, "blob": "/+//"}));
                    Value::Object(map)
                })
                .unwrap(),
        ),
        (
            "jwt",
            json!({"spec": {"note": format!("eyJhbGciOiJIUzI1NiJ9.eyJ{}.sig", CANARY.replace('-', ""))}}),
        ),
    ];
    for (carrier, object) in carriers {
        let text = shown(&object);
        for trace in [CANARY, CANARY_64, "hunter2", "aHVudGVy", "/+//"] {
            assert!(!text.contains(trace), "{carrier}: {text}");
        }
        assert!(text.contains("hmac:"), "{carrier}: {text}");
    }
}

#[test]
fn what_is_harmless_stays() {
    let object = json!({
        "apiVersion": "apps/v1", "kind": "Deployment",
        "metadata": {"name": "token-service", "labels": {"app": "secret-app"},
                     "annotations": {"secret.reloader.stakater.com/reload": "db", "note": "has a password: no"}},
        "spec": {"template": {"spec": {
            "serviceAccountName": "x", "automountServiceAccountToken": false,
            "imagePullSecrets": [{"name": "registry"}],
            "containers": [{
                "name": "c", "image": "registry.example.com/my-secret:latest",
                "env": [
                    {"name": "MAX_TOKENS", "value": "4096"},
                    {"name": "PASSWORD", "valueFrom": {"secretKeyRef": {"name": "db", "key": "password"}}},
                    {"name": "URL", "value": "postgres://db:5432/x"},
                    {"name": "DSN_REF", "value": "$(PASSWORD)"},
                    {"name": "TOKEN", "value": "$(PASSWORD)"},
                    {"name": "TOKEN_FILE", "value": "/var/run/token"},
                ],
                "args": ["--model=llama", "--max-num-batched-tokens=8192", "--token-file", "/x", "git@example.com:a/b"],
            }],
            "volumes": [{"name": "s", "secret": {"secretName": "db"}},
                        {"name": "t", "projected": {"sources": [{"serviceAccountToken": {"path": "token"}}]}}],
            "tolerations": [{"key": "nvidia.com/gpu", "operator": "Equal", "value": "present"}],
        }}},
    });
    assert_eq!(mask(&object, &key()), object);
    let role = json!({"kind": "Role", "rules": [{"resources": ["secrets"], "verbs": ["get"]}]});
    assert_eq!(mask(&role, &key()), role);
    let certificate = json!({"kind": "ConfigMap", "data": {"ca.crt": "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n",
        "app.yaml": "server:\n  port: 80\n  tokenFile: /x\nlist: [a, b]\n", "x.json": "{ \"a\":  1 }"}});
    assert_eq!(mask(&certificate, &key()), certificate);
}

#[test]
fn different_values_differ_and_equal_ones_do_not() {
    let secret = |value: &str| json!({"kind": "Secret", "apiVersion": "v1", "stringData": {"p": value}});
    let masked = |value: &str, key: &MaskKey| {
        mask(&secret(value), key)["stringData"]["p"].as_str().unwrap().to_owned()
    };
    assert_ne!(masked("one", &key()), masked("two", &key()));
    assert_eq!(masked("one", &key()), masked("one", &key()));
    assert_ne!(masked("one", &key()), masked("one", &MaskKey::new([1; 32])), "the key is part of it");
    assert!(masked("one", &key()).starts_with("***(3 bytes, hmac:"));
    assert_eq!(masked("", &key()), "");
    let old = mask(&secret("one"), &key());
    let new = mask(&secret("two"), &key());
    let found = diff(Some(&old), Some(&new), &WellKnownLists);
    assert_eq!(found.changes.len(), 1);
    assert_eq!(found.changes[0].path, "/stringData/p");
}

#[test]
fn the_two_spellings_of_a_secret_have_one_mask() {
    let plain = json!({"kind": "Secret", "stringData": {"p": CANARY}});
    assert_eq!(mask(&secret(), &key())["data"]["p"], mask(&plain, &key())["stringData"]["p"]);
}

#[test]
fn the_fingerprint_is_hmac_sha256() {
    // RFC 4231, test case 2, has a short key; ours is padded to a block the same way.
    let mut bytes = [0; 32];
    bytes[..4].copy_from_slice(b"Jefe");
    let found = masked(b"what do ya want for nothing?", &MaskKey::new(bytes));
    assert_eq!(found, "***(28 bytes, hmac:5bdcc146)");
}

#[test]
fn masking_twice_changes_nothing() {
    for object in [
        secret(),
        json!({"metadata": {"annotations":
        {"kubectl.kubernetes.io/last-applied-configuration": secret().to_string()}}}),
    ] {
        let once = mask(&object, &key());
        assert_eq!(mask(&once, &key()), once);
    }
    assert!(is_masked("***(1 byte, hmac:00ff00ff)"));
    assert!(!is_masked("***(x bytes, hmac:00ff00ff)") && !is_masked("hunter2"));
}

#[test]
fn a_log_line_is_masked_too() {
    let text = mask_text(&format!("GET https://u:{CANARY}@x/ password={CANARY} ok"), &key());
    assert!(
        !text.contains("hunter2") && text.starts_with("GET https://***(") && text.ends_with(" ok"),
        "{text}"
    );
}

#[test]
fn the_key_is_never_printed() {
    assert_eq!(format!("{:?}", MaskKey::new([42; 32])), "MaskKey(..)");
}
