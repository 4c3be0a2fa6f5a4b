//! Tells the crate whether weights are there to be compiled into it (see `src/model/embedded.rs`).

use std::path::Path;

fn main() {
    println!("cargo::rustc-check-cfg=cfg(has_embedded_model)");
    // The folder, not the file: a file that does not exist would count as changed at every build.
    println!("cargo::rerun-if-changed=models");
    if Path::new("models/embedded.gguf").is_file() {
        println!("cargo::rustc-cfg=has_embedded_model");
    }
}
