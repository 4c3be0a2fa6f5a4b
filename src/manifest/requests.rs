//! What a Pod asks for, as the scheduler adds it up.

use std::collections::BTreeMap;

use serde_json::Value;

use super::Quantity;

/// Amounts by resource name: `cpu`, `memory`, `nvidia.com/gpu` …
pub type Amounts = BTreeMap<String, Quantity>;

/// Resources whose amount may be set for a Pod as a whole; it then takes the place of the containers' sum.
const POD_LEVEL: [&str; 2] = ["cpu", "memory"];

/// Whether a resource is a GPU or a slice of one: NVIDIA (MIG and time-sliced ones too), AMD, Intel.
pub fn is_gpu(resource: &str) -> bool {
    let Some((vendor, name)) = resource.split_once('/') else { return false };
    match vendor {
        "nvidia.com" => name == "gpu" || name.starts_with("gpu.") || name.starts_with("mig-"),
        "amd.com" => name == "gpu" || name.starts_with("gpu-"),
        "gpu.intel.com" => !name.ends_with("_monitoring"),
        _ => false,
    }
}

/// What a Pod (with `spec`) requests: the sum of its containers and sidecars, or what an init container needs where
/// that is more; its overhead on top. A limit without a request is a request, as the API server sets it. What is no
/// quantity, which the server refuses, counts as nothing.
pub fn pod_requests(pod: &Value) -> Amounts {
    let Some(spec) = pod.get("spec") else { return Amounts::new() };
    totals(spec, |container| {
        let mut amounts = amounts(container, "limits");
        amounts.extend(self::amounts(container, "requests"));
        amounts
    })
}

/// The limits of a Pod, added up like [`pod_requests`].
pub fn pod_limits(pod: &Value) -> Amounts {
    let Some(spec) = pod.get("spec") else { return Amounts::new() };
    totals(spec, |container| amounts(container, "limits"))
}

fn totals(spec: &Value, of: impl Fn(&Value) -> Amounts) -> Amounts {
    let list = |field: &str| spec.get(field).and_then(Value::as_array).into_iter().flatten();
    let mut running = Amounts::new();
    for container in list("containers") {
        add(&mut running, &of(container));
    }
    let (mut sidecars, mut starting) = (Amounts::new(), Amounts::new());
    for container in list("initContainers") {
        let own = of(container);
        if container.get("restartPolicy").and_then(Value::as_str) == Some("Always") {
            add(&mut running, &own);
            add(&mut sidecars, &own);
            raise(&mut starting, &sidecars);
        } else {
            // It runs beside the sidecars that were started before it.
            let mut together = sidecars.clone();
            add(&mut together, &own);
            raise(&mut starting, &together);
        }
    }
    raise(&mut running, &starting);
    let whole = of(spec);
    running.extend(whole.into_iter().filter(|(resource, _)| POD_LEVEL.contains(&resource.as_str())));
    add(&mut running, &quantities(spec.get("overhead")));
    running.retain(|_, amount| !amount.is_zero());
    running
}

/// `resources.requests` or `resources.limits` of a container, or of a pod spec.
fn amounts(holder: &Value, which: &str) -> Amounts {
    quantities(holder.get("resources").and_then(|resources| resources.get(which)))
}

fn quantities(map: Option<&Value>) -> Amounts {
    let entries = map.and_then(Value::as_object).into_iter().flatten();
    entries.filter_map(|(name, value)| Some((name.clone(), Quantity::of(value).ok()?))).collect()
}

fn add(total: &mut Amounts, more: &Amounts) {
    for (name, amount) in more {
        let sum = total.get(name).map_or(*amount, |old| old.add(amount));
        total.insert(name.clone(), sum);
    }
}

fn raise(total: &mut Amounts, other: &Amounts) {
    for (name, amount) in other {
        let most = total.get(name).map_or(*amount, |old| *old.max(amount));
        total.insert(name.clone(), most);
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[allow(clippy::needless_pass_by_value, reason = "values are written in the call")]
    fn amounts_of(spec: Value) -> Vec<String> {
        let pod = json!({"spec": spec});
        pod_requests(&pod).iter().map(|(name, amount)| format!("{name}={amount}")).collect()
    }

    #[allow(clippy::needless_pass_by_value, reason = "values are written in the call")]
    fn container(requests: Value, limits: Value) -> Value {
        json!({"resources": {"requests": requests, "limits": limits}})
    }

    #[test]
    fn containers_are_added_and_limits_are_requests_where_none_is_given() {
        let one = container(json!({"cpu": "500m"}), json!({"cpu": 2, "nvidia.com/gpu": 1}));
        let two = container(json!({"cpu": 1, "memory": "1Gi"}), json!({"nvidia.com/gpu": "2"}));
        assert_eq!(
            amounts_of(json!({"containers": [one, two]})),
            ["cpu=1500m", "memory=1Gi", "nvidia.com/gpu=3"]
        );
    }

    #[test]
    fn an_init_container_counts_only_where_it_needs_more() {
        let main = container(json!({"cpu": 1, "memory": "4Gi"}), json!({}));
        let init = container(json!({"cpu": 3, "memory": "1Gi"}), json!({}));
        let spec = json!({"containers": [main], "initContainers": [init]});
        assert_eq!(amounts_of(spec), ["cpu=3", "memory=4Gi"]);
    }

    #[test]
    fn a_sidecar_runs_beside_what_is_started_after_it() {
        let mut sidecar = container(json!({"cpu": 1}), json!({}));
        sidecar["restartPolicy"] = json!("Always");
        let init = container(json!({"cpu": 3}), json!({}));
        let main = container(json!({"cpu": 2}), json!({}));
        let spec = json!({"containers": [main], "initContainers": [sidecar, init]});
        assert_eq!(amounts_of(spec.clone()), ["cpu=4"]);
        let mut spec = spec;
        spec["overhead"] = json!({"cpu": "250m"});
        assert_eq!(amounts_of(spec), ["cpu=4250m"]);
    }

    #[test]
    fn amounts_of_the_whole_pod_take_the_place_of_the_sum() {
        let main = container(json!({"cpu": 1, "memory": "4Gi"}), json!({}));
        let spec = json!({"containers": [main], "resources": {"requests": {"cpu": "8"}}});
        assert_eq!(amounts_of(spec), ["cpu=8", "memory=4Gi"]);
    }

    #[test]
    fn nothing_and_nonsense_ask_for_nothing() {
        assert!(pod_requests(&json!({})).is_empty());
        assert!(
            amounts_of(json!({"containers": [container(json!({"cpu": "lots"}), json!(null))]})).is_empty()
        );
        assert!(amounts_of(json!({"containers": [container(json!({"cpu": 0}), json!({}))]})).is_empty());
    }

    #[test]
    fn gpus_are_told_by_their_name() {
        for gpu in [
            "nvidia.com/gpu",
            "nvidia.com/gpu.shared",
            "nvidia.com/mig-1g.5gb",
            "amd.com/gpu",
            "gpu.intel.com/i915",
        ] {
            assert!(is_gpu(gpu), "{gpu}");
        }
        for other in [
            "cpu",
            "nvidia.com/hostdev",
            "rdma/ib",
            "gpu",
            "example.com/gpu",
            "gpu.intel.com/i915_monitoring",
        ] {
            assert!(!is_gpu(other), "{other}");
        }
    }
}
