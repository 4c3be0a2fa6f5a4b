//! Which device evaluates a model, and how many of its layers lie there.

use llama_cpp_2::{LlamaBackendDevice, LlamaBackendDeviceType, list_llama_ggml_backend_devices};

use super::load::{Noise, backend};
use super::memory::{Need, bytes};

/// How the processor is named in [`choose`].
const CPU: &str = "cpu";

/// Part of a device's free memory that is left alone: drivers and other programs use it too.
const MARGIN: u64 = 10;

/// A device, and what lies on it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Placement {
    /// Everything on the processor.
    Cpu,
    /// Layers on a GPU.
    Gpu {
        /// Its index in llama.cpp's list.
        index: usize,
        /// Its name and what it is: `Vulkan0: NVIDIA …`.
        shown: String,
        /// Layers that lie there.
        layers: u64,
        /// Layers of the model, with the output layer.
        of: u64,
    },
}

impl Placement {
    /// For people; `threads` are those of the processor.
    pub fn describe(&self, threads: usize) -> String {
        let cpu = format!("CPU ({threads} {})", if threads == 1 { "thread" } else { "threads" });
        match self {
            Self::Cpu => cpu,
            Self::Gpu { shown, layers, of, .. } if layers == of => format!("{shown}, all {of} layers"),
            Self::Gpu { shown, layers, of, .. } => {
                format!("{shown}, {layers} of {of} layers, the rest on the {cpu}")
            }
        }
    }

    /// What of a model has to fit into the machine's own memory.
    pub fn of_machine(&self, need: &Need) -> Need {
        match self {
            Self::Cpu => *need,
            Self::Gpu { layers, of, .. } => {
                let rest = of.saturating_sub(*layers);
                let share = |bytes: u64| {
                    u64::try_from(u128::from(bytes) * u128::from(rest) / u128::from((*of).max(1)))
                };
                let part = |bytes: u64| share(bytes).unwrap_or(u64::MAX);
                Need { weights: part(need.weights), per_token: part(need.per_token), ..*need }
            }
        }
    }
}

/// The GPUs of this build and machine.
pub(crate) fn gpus() -> Vec<LlamaBackendDevice> {
    let is_gpu = |device: &LlamaBackendDevice| {
        matches!(device.device_type, LlamaBackendDeviceType::Gpu | LlamaBackendDeviceType::IntegratedGpu)
    };
    list_llama_ggml_backend_devices().into_iter().filter(is_gpu).collect()
}

/// The GPUs of this build and machine, for people.
pub(crate) fn gpu_names() -> Vec<String> {
    match backend(Noise::Silent) {
        Ok(_) => gpus().iter().map(shown).collect(),
        Err(_) => Vec::new(),
    }
}

/// Name, kind and free memory of a device.
fn shown(device: &LlamaBackendDevice) -> String {
    let free = u64::try_from(device.memory_free).unwrap_or(0);
    let free = if free == 0 { String::new() } else { format!(", {} free", bytes(free)) };
    format!("{}: {}{free}", device.name, device.description)
}

/// The device that is named, by `cpu` or a GPU's name; unnamed, the first GPU, and the processor for a model that `is_small`:
/// a GPU would wait for it longer than it computes.
///
/// # Errors
/// There is no such device; the reason lists those that there are.
pub(crate) fn choose(
    named: Option<&str>,
    gpus: &[LlamaBackendDevice],
    need: &Need,
    is_small: bool,
) -> Result<Placement, String> {
    let gpu = match named {
        Some(name) if name.eq_ignore_ascii_case(CPU) => None,
        Some(name) => {
            let found = gpus.iter().find(|gpu| gpu.name.eq_ignore_ascii_case(name));
            Some(found.ok_or_else(|| unknown(name, gpus))?)
        }
        None => gpus.first().filter(|_| !is_small),
    };
    let Some(gpu) = gpu else { return Ok(Placement::Cpu) };
    let layers = fitting(need, u64::try_from(gpu.memory_free).unwrap_or(0));
    let shown = format!("{}: {}", gpu.name, gpu.description);
    Ok(Placement::Gpu { index: gpu.index, shown, layers, of: need.layers })
}

fn unknown(name: &str, gpus: &[LlamaBackendDevice]) -> String {
    let there: Vec<String> = gpus.iter().map(shown).collect();
    let hint = if there.is_empty() {
        "there is no GPU that this build can use (features cuda, vulkan, metal); the one device is cpu"
            .to_owned()
    } else {
        format!("there are cpu and {}", there.join("; "))
    };
    format!("there is no device '{}': {hint}", name.chars().filter(|c| !c.is_control()).collect::<String>())
}

/// Layers that fit into `free` bytes of a device; all of them where it does not say what is free.
fn fitting(need: &Need, free: u64) -> u64 {
    if free == 0 {
        return need.layers;
    }
    let room = (free - free / MARGIN).saturating_sub(need.work());
    let layer = need.weights.saturating_add(need.cache()) / need.layers.max(1);
    (room / layer.max(1)).min(need.layers)
}

#[cfg(test)]
mod tests {
    use super::*;

    const GB: usize = 1_000_000_000;

    fn gpu(index: usize, name: &str, free: usize) -> LlamaBackendDevice {
        LlamaBackendDevice {
            index,
            name: name.into(),
            description: "a card".into(),
            backend: "Vulkan".into(),
            memory_total: 24 * GB,
            memory_free: free,
            device_type: LlamaBackendDeviceType::Gpu,
        }
    }

    fn need(weights: usize) -> Need {
        Need { weights: weights as u64, context: 4096, per_token: 0, scores: 0, rows: 0, layers: 33 }
    }

    #[test]
    fn as_many_layers_as_fit_lie_on_the_device() {
        let gpus = [gpu(1, "Vulkan0", 10 * GB), gpu(2, "Vulkan1", 0)];
        let place = |name, size| choose(name, &gpus, &need(size), false).expect("a device");
        assert_eq!(place(None, 5 * GB).describe(8), "Vulkan0: a card, all 33 layers");
        let half = place(Some("vulkan0"), 18 * GB);
        assert_eq!(half.describe(8), "Vulkan0: a card, 16 of 33 layers, the rest on the CPU (8 threads)");
        let rest = half.of_machine(&need(18 * GB)).weights;
        assert!((9 * GB as u64..10 * GB as u64).contains(&rest), "{rest}");
        assert_eq!(place(Some("Vulkan1"), 50 * GB).describe(1), "Vulkan1: a card, all 33 layers");
        assert_eq!(place(Some("CPU"), GB).describe(1), "CPU (1 thread)");
    }

    #[test]
    fn small_models_stay_on_the_processor_unless_told_otherwise() {
        let gpus = [gpu(1, "Vulkan0", 10 * GB)];
        assert_eq!(choose(None, &gpus, &need(3_000_000), true), Ok(Placement::Cpu));
        assert!(matches!(choose(Some("Vulkan0"), &gpus, &need(3_000_000), true), Ok(Placement::Gpu { .. })));
        assert_eq!(choose(None, &[], &need(GB), false), Ok(Placement::Cpu));
    }

    #[test]
    fn an_unknown_device_is_refused_with_those_that_there_are() {
        let reason = choose(Some("CUDA0"), &[gpu(1, "Vulkan0", 10 * GB)], &need(GB), false).unwrap_err();
        assert!(reason.contains("'CUDA0'") && reason.contains("Vulkan0: a card, 10.0 GB free"), "{reason}");
        let reason = choose(Some("Vulkan0"), &[], &need(GB), false).unwrap_err();
        assert!(reason.contains("features cuda, vulkan, metal"), "{reason}");
    }
}
