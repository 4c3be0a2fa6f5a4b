//! llama.cpp: loading a GGUF and filling forms with it.
//!
//! | file | its one job |
//! |---|---|
//! | [`gguf`] | what the beginning of a GGUF file says, before llama.cpp reads it |
//! | [`memory`] | what a model will take of the machine's memory, and what there is |
//! | [`device`] | the device that evaluates it, and how many layers lie there |
//! | [`load`] | a GGUF file to weights that are known to be usable |
//! | [`tokens`] | text to tokens and back, as they stand in a running text |
//! | [`template`] | a model's chat template: texts to a prompt in pieces |
//! | [`chat`] | such a prompt as tokens, special ones only where the template wrote them |
//! | [`lines`] | the lines that may answer a slot, as tokens: a forced head and the values' paths |
//! | [`paths`] | which tokens may come next, given the values that are still possible |
//! | [`engine`] | the context: what it holds, evaluating what is new |
//! | [`decode`] | the loop that fills a form |
//! | [`describe`] | what a GGUF says of itself |
//! | [`measure`] | how fast tokens are read and written |
//! | [`write`] | the loop that writes a text under a grammar |
//! | [`prefix`] | evaluated prompt prefixes on disk |
//! | [`thread`] | a backend that runs all of it on a thread of its own |

mod chat;
mod decode;
mod describe;
mod device;
mod engine;
mod gguf;
mod lines;
mod load;
mod measure;
mod memory;
mod paths;
mod prefix;
mod template;
mod thread;
mod tokens;
mod write;

#[cfg(test)]
mod tests;

pub(crate) use device::gpu_names;
pub(crate) use engine::{Engine, EngineOptions};
pub(crate) use gguf::Header;
pub(crate) use load::{LoadOptions, Noise, Weights, label_of};
#[cfg(target_os = "linux")]
pub(crate) use memory::available;
pub(crate) use prefix::{PrefixCache, make_private};
pub(crate) use thread::InProcess;
