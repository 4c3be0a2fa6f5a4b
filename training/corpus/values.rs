//! Random values that nobody would list: names, images, hosts, commands.

/// A small generator of random numbers (SplitMix64): the same seed gives the same corpus on every machine.
#[derive(Debug, Clone)]
pub struct Random(u64);

impl Random {
    /// From a seed.
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// A number below `n` (which must not be 0).
    pub fn below(&mut self, n: usize) -> usize {
        (self.next() % n as u64) as usize
    }

    /// True with this probability.
    pub fn chance(&mut self, probability: f64) -> bool {
        (self.next() >> 11) as f64 / (1_u64 << 53) as f64 <= probability
    }

    /// One of a list.
    pub fn of<'a>(&mut self, list: &[&'a str]) -> &'a str {
        list[self.below(list.len())]
    }
}

const FIRST: &[&str] = &[
    "mira",
    "alice",
    "bob",
    "chen",
    "wei",
    "lena",
    "otto",
    "priya",
    "sam",
    "noor",
    "kai",
    "zoe",
    "ivan",
    "ana",
    "yuki",
    "blue",
    "red",
    "fast",
    "tiny",
    "deep",
    "night",
    "alpha",
    "beta",
    "gamma",
    "delta",
    "exp",
    "run",
    "trial",
    "proto",
    "demo",
    "prod",
    "staging",
    "team",
    "lab",
    "vision",
    "speech",
    "nlp",
    "robot",
    "graph",
    "genome",
    "climate",
    "fraud",
    "search",
    "rank",
    "ads",
    "billing",
    "shop",
    "portal",
    "intranet",
    "wiki",
    "forum",
    "mail",
    "crm",
    "metrics",
    "logs",
    "data",
    "etl",
    "ingest",
    "feature",
    "embed",
    "llama",
    "mistral",
    "bert",
    "gpt",
    "whisper",
    "clip",
    "diffusion",
];
const SECOND: &[&str] = &[
    "dev", "test", "lab", "box", "env", "nb", "work", "play", "eval", "train", "tune", "serve", "api", "web",
    "app", "ui", "db", "cache", "store", "data", "vol", "disk", "home", "scratch", "runs", "jobs", "batch",
    "queue", "svc", "server", "node", "pool", "set", "suite", "bench", "probe", "study", "paper", "thesis",
    "sweep", "model", "chat", "bot",
];
const REGISTRIES: &[&str] = &[
    "",
    "",
    "",
    "ghcr.io/",
    "quay.io/",
    "docker.io/",
    "registry.corp.example/",
    "registry.gitlab.com/",
    "nvcr.io/",
    "harbor.lab.example:5000/",
    "gcr.io/",
    "registry.example.com/",
];
const REPOSITORIES: &[&str] = &[
    "nginx",
    "httpd",
    "caddy",
    "redis",
    "postgres",
    "python",
    "node",
    "busybox",
    "alpine",
    "acme/shop",
    "acme/api",
    "team/trainer",
    "vision/train",
    "nlp/finetune",
    "lab/etl",
    "ml/jobs",
    "pytorch/pytorch",
    "vllm/vllm-openai",
    "org/portal",
    "web/frontend",
    "data/loader",
    "research/sim",
    "bio/align",
    "ops/cron",
    "infra/proxy",
    "tools/backup",
];
const MODELS: &[&str] = &[
    "Qwen/Qwen2.5-7B-Instruct",
    "Qwen/Qwen2.5-0.5B-Instruct",
    "Qwen/Qwen3-8B",
    "Qwen/Qwen3-32B",
    "meta-llama/Llama-3.1-8B-Instruct",
    "meta-llama/Llama-3.3-70B-Instruct",
    "mistralai/Mistral-7B-Instruct-v0.3",
    "mistralai/Mixtral-8x7B-Instruct-v0.1",
    "google/gemma-2-9b-it",
    "google/gemma-3-27b-it",
    "deepseek-ai/DeepSeek-R1-Distill-Qwen-14B",
    "deepseek-ai/deepseek-coder-6.7b-instruct",
    "microsoft/phi-4",
    "microsoft/Phi-3-mini-4k-instruct",
    "BAAI/bge-m3",
    "bigcode/starcoder2-15b",
    "01-ai/Yi-1.5-9B-Chat",
    "HuggingFaceTB/SmolLM2-1.7B-Instruct",
    "THUDM/glm-4-9b-chat",
    "internlm/internlm2_5-7b-chat",
    "openai/gpt-oss-20b",
];
const SCRIPTS: &[&str] = &[
    "train.py",
    "main.py",
    "run.py",
    "finetune.py",
    "src/train.py",
    "eval.py",
    "scripts/train.sh",
    "sweep.py",
    "fit.py",
    "pretrain.py",
    "align.py",
    "simulate.py",
    "preprocess.py",
    "backup.sh",
    "report.py",
    "etl.py",
    "sync.sh",
];
const OPTIONS: &[&str] = &[
    "--epochs 3",
    "--epochs 10",
    "--lr 1e-4",
    "--lr 3e-5",
    "--batch-size 64",
    "--config conf.yaml",
    "--seed 42",
    "--model small",
    "--data /data",
    "--steps 1000",
    "-v",
    "--resume",
    "--fp16",
    "--out /out",
    "--workers 4",
];
const VARIABLES: &[&str] = &[
    "WANDB_MODE=offline",
    "DEBUG=1",
    "LOG_LEVEL=info",
    "LOG_LEVEL=debug",
    "TZ=UTC",
    "HF_HOME=/data/hf",
    "EPOCHS=5",
    "SEED=7",
    "MODE=prod",
    "OMP_NUM_THREADS=4",
    "API_URL=http://api:8080",
    "FEATURE_X=true",
    "BATCH=32",
    "STAGE=dev",
    "NCCL_DEBUG=INFO",
    "REGION=eu",
    "CACHE_SIZE=512",
    "TOKENIZERS_PARALLELISM=false",
];
const DOMAINS: &[&str] = &[
    "example.com",
    "corp.example",
    "lab.example.org",
    "acme.example",
    "internal.example",
    "uni.example.edu",
];

/// A value of a named generator, e.g. `name` or `int 1 16`.
pub fn generate(generator: &str, random: &mut Random) -> Result<String, String> {
    let mut words = generator.split_whitespace();
    let name = words.next().unwrap_or_default();
    let mut number = || words.next().and_then(|word| word.parse::<usize>().ok());
    Ok(match name {
        "int" => {
            let (least, most) = (number().unwrap_or(1), number().unwrap_or(16));
            (least + random.below(most.saturating_sub(least) + 1)).to_string()
        }
        "name" => name_of(random),
        "image" => image(random),
        "host" => format!("{}.{}", name_of(random), random.of(DOMAINS)),
        "model" => random.of(MODELS).to_owned(),
        "command" => command(random),
        "variable" => random.of(VARIABLES).to_owned(),
        "path" => {
            format!("/{}/{}", random.of(&["data", "mnt", "srv", "opt", "work", "home"]), random.of(FIRST))
        }
        other => return Err(format!("there is no generator '%{other}'")),
    })
}

fn name_of(random: &mut Random) -> String {
    let first = random.of(FIRST);
    match random.below(6) {
        0 => format!("{first}{}", random.below(100)),
        1 => format!("{first}-{}", 1 + random.below(30)),
        2 => format!("{first}-{}-{}", random.of(SECOND), 1 + random.below(9)),
        _ => format!("{first}-{}", random.of(SECOND)),
    }
}

fn image(random: &mut Random) -> String {
    let repository = format!("{}{}", random.of(REGISTRIES), random.of(REPOSITORIES));
    let tag = match random.below(6) {
        0 => "latest".to_owned(),
        1 => format!("v{}", 1 + random.below(9)),
        2 => format!("{}.{}", random.below(4), random.below(30)),
        3 => format!("{}.{}.{}", random.below(4), random.below(30), random.below(10)),
        4 => format!("2.{}.0-cuda12.4", random.below(9)),
        _ => format!("{}-alpine", 1 + random.below(20)),
    };
    format!("{repository}:{tag}")
}

fn command(random: &mut Random) -> String {
    let script = random.of(SCRIPTS);
    let mut command = if script.ends_with(".sh") {
        format!("{} {script}", random.of(&["bash", "sh"]))
    } else {
        format!("{} {script}", random.of(&["python", "python", "python3", "torchrun", "accelerate launch"]))
    };
    for _ in 0..random.below(3) {
        command.push(' ');
        command.push_str(random.of(OPTIONS));
    }
    command
}
