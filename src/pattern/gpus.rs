//! Which values of the node label `nvidia.com/gpu.product` a GPU's short name stands for. The table is
//! `patterns/gpus.yaml`; NVIDIA's GPU feature discovery writes the label, and `In` has no prefixes, so all known
//! products of a name are listed.

use std::collections::BTreeMap;
use std::sync::OnceLock;

const TEXT: &str = include_str!("../../patterns/gpus.yaml");

fn table() -> &'static BTreeMap<String, Vec<String>> {
    static TABLE: OnceLock<BTreeMap<String, Vec<String>>> = OnceLock::new();
    TABLE.get_or_init(|| serde_saphyr::from_str(TEXT).unwrap_or_default())
}

/// The short names, upper case.
pub fn gpu_names() -> impl Iterator<Item = &'static str> {
    table().keys().map(String::as_str)
}

/// The label values that `name` stands for (`H100`, `a100 80gb`); what is not in the table stands for itself, so that
/// an exact label value can be given.
pub fn gpu_products(name: &str) -> Vec<String> {
    let short: String = name.to_uppercase().replace([' ', '-', '_'], "");
    let short = short.strip_prefix("NVIDIA").unwrap_or(&short);
    table()
        .iter()
        .find(|(known, _)| known.replace('-', "") == short)
        .map_or_else(|| vec![name.to_owned()], |(_, products)| products.clone())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_names_become_label_values() {
        assert!(gpu_products("H100").contains(&"NVIDIA-H100-80GB-HBM3".to_owned()));
        assert_eq!(gpu_products("a100 80GB"), gpu_products("A100-80GB"));
        assert!(gpu_products("A100").len() > gpu_products("A100-80GB").len());
        assert_eq!(gpu_products("Tesla-T4-SHARED"), ["Tesla-T4-SHARED"], "a label value stands for itself");
    }

    #[test]
    fn no_product_is_a_slice_of_a_gpu() {
        for name in gpu_names() {
            for product in gpu_products(name) {
                assert!(!product.contains("MIG") && !product.contains("SHARED"), "{product}");
                assert!(super::super::names::is_label_value(&product), "{product}");
            }
        }
    }
}
