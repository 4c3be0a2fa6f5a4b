//! The functions of an evaluation: the standard library, its extensions, Kubernetes' own, and the counted ones.

mod arguments;
mod cost;
mod internal;
mod kubernetes;
mod network;
mod pairs;
mod since;
mod versions;

use cel::{DeclarationError, Env};

pub(super) use cost::{Cost, cost_of};
pub(super) use internal::{ADD, CONTAINS, EQUALS, KEEP, LOOP, MADE, SIZED, SQUARED, UNSUPPORTED};
pub(super) use network::{Cidr, Ip, Url};
pub(super) use pairs::{ENTRIES, INSERT, MERGE};
pub(super) use since::{TWO_VARIABLES, since};
pub(super) use versions::{Format, Semver};

/// The standard library, the extensions that Kubernetes turns on, and the functions of this file.
///
/// # Errors
/// When two functions collide, which is a mistake in this file.
pub(super) fn environment() -> Result<Env, DeclarationError> {
    let mut env = Env::stdlib();
    env.add_extension(cel::extensions::strings)?;
    env.add_extension(cel::extensions::lists)?;
    env.add_extension(cel::extensions::math)?;
    env.add_extension(cel::extensions::encoders)?;
    internal::add_to(&mut env)?;
    pairs::add_to(&mut env)?;
    kubernetes::quantities(&mut env)?;
    kubernetes::lists(&mut env)?;
    kubernetes::sets(&mut env)?;
    network::addresses(&mut env)?;
    network::networks(&mut env)?;
    network::urls(&mut env)?;
    versions::versions(&mut env)?;
    versions::formats(&mut env)?;
    Ok(env)
}
