//! When two spellings mean the same: quantities, cron lines, names, GPU products, software.

/// A Kubernetes quantity as a number: `64Gi`, `500m`, `1.5Ti`, `100G`.
pub fn quantity(text: &str) -> Option<f64> {
    let text = text.trim();
    let split = text.find(|c: char| c.is_ascii_alphabetic()).unwrap_or(text.len());
    let number: f64 = text[..split].parse().ok()?;
    let factor = match &text[split..] {
        "" => 1.0,
        "m" => 1e-3,
        "k" => 1e3,
        "M" => 1e6,
        "G" => 1e9,
        "T" => 1e12,
        "P" => 1e15,
        "Ki" => 1024f64,
        "Mi" => 1024f64.powi(2),
        "Gi" => 1024f64.powi(3),
        "Ti" => 1024f64.powi(4),
        "Pi" => 1024f64.powi(5),
        _ => return None,
    };
    Some(number * factor)
}

pub fn same_quantity(left: &str, right: &str) -> bool {
    match (quantity(left), quantity(right)) {
        (Some(left), Some(right)) => (left - right).abs() <= left.abs() * 1e-9,
        _ => false,
    }
}

/// A name as Kubernetes takes it: `Alice's Lab` is `alices-lab`.
pub fn dns_label(text: &str) -> String {
    let kept = text.chars().filter(|c| !matches!(c, '\'' | '’')).flat_map(char::to_lowercase);
    let dashed: String = kept.map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).collect();
    let parts: Vec<&str> = dashed.split('-').filter(|part| !part.is_empty()).collect();
    parts.join("-")
}

/// A cron line with names, macros and leading zeros resolved.
pub fn cron(line: &str) -> String {
    let line = line.trim().to_ascii_lowercase();
    match line.as_str() {
        "@hourly" => return "0 * * * *".into(),
        "@daily" | "@midnight" => return "0 0 * * *".into(),
        "@weekly" => return "0 0 * * 0".into(),
        "@monthly" => return "0 0 1 * *".into(),
        "@yearly" | "@annually" => return "0 0 1 1 *".into(),
        _ => {}
    }
    let fields: Vec<String> =
        line.split_whitespace().enumerate().map(|(place, field)| cron_field(place, field)).collect();
    fields.join(" ")
}

fn cron_field(place: usize, field: &str) -> String {
    const DAYS: [&str; 7] = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];
    let mut field = field.to_string();
    if place == 4 {
        for (number, day) in DAYS.iter().enumerate() {
            field = field.replace(day, &number.to_string());
        }
        if field == "7" {
            field = "0".into();
        }
    }
    match field.parse::<u32>() {
        Ok(number) => number.to_string(),
        Err(_) => field,
    }
}

/// `NVIDIA-A100-SXM4-80GB` is an `A100`; an `L40S` is no `L40`.
pub fn mentions_product(label: &str, product: &str) -> bool {
    let label = product_words(label);
    let product = product_words(product);
    !product.is_empty() && product.iter().all(|word| label.contains(word))
}

fn product_words(text: &str) -> Vec<String> {
    let words = text.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    words.map(str::to_ascii_lowercase).collect()
}

/// The same image, with or without the registry that is implied.
pub fn same_image(left: &str, right: &str) -> bool {
    fn bare(image: &str) -> &str {
        let image = image.strip_prefix("docker.io/").unwrap_or(image);
        image.strip_prefix("library/").unwrap_or(image)
    }
    bare(left) == bare(right)
}

/// `postgres 16` is the image `postgres:16.4-alpine`; `mongodb` is `mongo:8`.
pub fn is_software(image: &str, software: &str) -> bool {
    let mut words = software.split_whitespace();
    let (name, version) = (words.next().unwrap_or_default(), words.next());
    let path = image.split('@').next().unwrap_or(image);
    let last = path.rsplit('/').next().unwrap_or(path);
    let (repository, tag) = last.split_once(':').unwrap_or((last, ""));
    let known_as = match name {
        "mongodb" => "mongo",
        "postgresql" => "postgres",
        other => other,
    };
    let version_fits = version.is_none_or(|version| {
        tag.strip_prefix(version).is_some_and(|rest| !rest.starts_with(|c: char| c.is_ascii_digit()))
    });
    repository.split(['-', '_']).any(|part| part == known_as || part == name) && version_fits
}

/// A model named by a flag, an argument or a value: `Qwen/…`, `--model=Qwen/…`, `hf://Qwen/…`.
pub fn names_model(word: &str, model: &str) -> bool {
    let word = word.rsplit('=').next().unwrap_or(word);
    word.rsplit("://").next().unwrap_or(word) == model
}
