//! Which of several amounts are requests and which are limits, where a request speaks of both: the word stands in front of its
//! amounts (`limits of 500m and 1Gi, requests of 100m`) or behind them (`256Mi memory request and 512Mi limit`).

use serde_json::Value;

use super::said::Said;

const REQUESTS: [&str; 3] = ["request", "请求", "申请"];
const LIMITS: [&str; 4] = ["limit", "上限", "限制", "最多"];

/// Leaves the amounts that belong to the map `field`, where the request tells them apart and one belongs to it.
pub(super) fn keep(values: &mut Vec<Value>, field: &str, said: &Said) {
    let requests = match field {
        "requests" | "defaultRequest" => true,
        "limits" | "default" => false,
        _ => return,
    };
    let places = |words: &[&str]| words.iter().flat_map(|word| said.places(word)).collect::<Vec<usize>>();
    let (asked, bound) = (places(&REQUESTS), places(&LIMITS));
    if asked.is_empty() || bound.is_empty() {
        return;
    }
    let mut words: Vec<(usize, bool)> =
        asked.into_iter().map(|at| (at, true)).chain(bound.into_iter().map(|at| (at, false))).collect();
    words.sort_unstable();
    let amounts = said.quantities.iter().chain(&said.cpus).flat_map(|text| said.amounts(text));
    let in_front = amounts.min().is_some_and(|amount| words.first().is_some_and(|(word, _)| *word < amount));
    let side = |at: usize| {
        let word = if in_front {
            words.iter().rev().find(|(word, _)| *word < at)
        } else {
            words.iter().find(|(word, _)| *word > at)
        };
        word.map(|(_, requests)| *requests)
    };
    let belongs = |value: &Value| {
        let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        said.amounts(&text).into_iter().any(|at| side(at) == Some(requests))
    };
    if values.iter().any(belongs) {
        values.retain(belongs);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kept(text: &str, field: &str) -> Vec<String> {
        let mut said = Said::of(text);
        said.quantities = ["256Mi", "512Mi", "1Gi"].into_iter().map(str::to_owned).collect();
        let mut values: Vec<Value> = said.quantities.iter().map(|text| Value::from(text.as_str())).collect();
        keep(&mut values, field, &said);
        values.iter().filter_map(|value| value.as_str().map(str::to_owned)).collect()
    }

    #[test]
    fn the_word_stands_in_front_or_behind() {
        let front = "limits of 500m cpu and 1Gi, requests of 100m and 256Mi";
        assert_eq!(kept(front, "default"), ["1Gi"]);
        assert_eq!(kept(front, "defaultRequest"), ["256Mi"]);
        let behind = "with 256Mi memory request and 512Mi limit";
        assert_eq!(kept(behind, "requests"), ["256Mi"]);
        assert_eq!(kept(behind, "limits"), ["512Mi"]);
        assert_eq!(kept("1Gi and 256Mi", "limits").len(), 3, "nothing tells them apart");
    }
}
