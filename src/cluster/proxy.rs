//! Whether requests go through a proxy, as Go's standard library decides it for kubectl.

use std::net::IpAddr;

use http::Uri;

use super::error::{ClusterError, Wrong};
use super::options::ConnectOptions;

/// The kubeconfig's own proxy, else that of the environment where it applies to this server.
///
/// # Errors
/// An address that is none.
pub(super) fn choose(
    own: Option<&str>,
    server: &Uri,
    options: &ConnectOptions,
) -> Result<Option<Uri>, ClusterError> {
    let from_environment = || {
        let applies = server.scheme_str() == Some("https") && !bypasses(server, options.no_proxy.as_deref());
        options.https_proxy.as_deref().filter(|_| applies)
    };
    let Some(text) = own.filter(|own| !own.is_empty()).or_else(from_environment) else { return Ok(None) };
    text.parse().map(Some).map_err(|_| {
        // The address may hold a password.
        let hint = "correct `proxy-url` in the kubeconfig, or HTTPS_PROXY";
        ClusterError::new(Wrong::Kubeconfig, "cannot use the proxy", "its address is no URL", hint)
    })
}

/// Whether a server is reached directly: this machine always is, the others where `NO_PROXY` names them.
fn bypasses(server: &Uri, no_proxy: Option<&str>) -> bool {
    let host = server.host().unwrap_or_default().trim_matches(['[', ']']).to_lowercase();
    let address: Option<IpAddr> = host.parse().ok();
    if host == "localhost" || address.is_some_and(|address| address.is_loopback()) {
        return true;
    }
    no_proxy.unwrap_or_default().split(',').map(str::trim).filter(|entry| !entry.is_empty()).any(|entry| {
        let entry = entry.to_lowercase();
        if entry == "*" {
            return true;
        }
        match address {
            Some(address) => names_address(&entry, address),
            None => names_host(&entry, &host, server.port_u16()),
        }
    })
}

/// `10.0.0.1`, `10.0.0.0/8`, `fd00::/8`.
fn names_address(entry: &str, address: IpAddr) -> bool {
    let Some((network, length)) = entry.split_once('/') else {
        return entry.parse() == Ok(address);
    };
    let (Ok(network), Ok(length)) = (network.parse::<IpAddr>(), length.parse::<u32>()) else { return false };
    let bits = |address: IpAddr| -> (u128, u32) {
        match address {
            IpAddr::V4(address) => (u128::from(u32::from(address)), 32),
            IpAddr::V6(address) => (u128::from(address), 128),
        }
    };
    let ((network, width), (address, own_width)) = (bits(network), bits(address));
    let shift = width.saturating_sub(length);
    width == own_width && (shift >= 128 || network >> shift == address >> shift)
}

/// `example.com` names itself and what is below it, `.example.com` only what is below it; a port may follow.
fn names_host(entry: &str, host: &str, port: Option<u16>) -> bool {
    let (entry, wanted) = match entry.rsplit_once(':') {
        Some((entry, wanted)) => (entry, wanted.parse::<u16>().ok()),
        None => (entry, None),
    };
    if wanted.is_some() && wanted != Some(port.unwrap_or(443)) {
        return false;
    }
    let domain = entry.trim_start_matches('*').trim_start_matches('.');
    let below = host.strip_suffix(domain).is_some_and(|rest| rest.ends_with('.'));
    below || (host == domain && !entry.starts_with(['.', '*']))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::manifest::masked::MaskKey;

    fn chosen(server: &str, no_proxy: &str, own: Option<&str>) -> Option<String> {
        let mut options = ConnectOptions::new(MaskKey::new([0; 32]));
        options.https_proxy = Some("http://proxy.example.com:3128".into());
        options.no_proxy = Some(no_proxy.into());
        choose(own, &server.parse().unwrap(), &options).unwrap().map(|uri| uri.to_string())
    }

    #[test]
    fn a_proxy_is_used_for_servers_elsewhere() {
        assert!(chosen("https://api.example.org", "", None).is_some());
        assert!(chosen("https://10.1.2.3:6443", "192.168.0.0/16,example.org", None).is_some());
        assert_eq!(chosen("http://api.example.org", "", None), None, "HTTPS_PROXY is for https");
    }

    #[test]
    fn this_machine_and_what_no_proxy_names_is_reached_directly() {
        for (server, no_proxy) in [
            ("https://127.0.0.1:6443", ""),
            ("https://localhost:6443", ""),
            ("https://[::1]:6443", ""),
            ("https://10.1.2.3:6443", "10.0.0.0/8"),
            ("https://10.1.2.3:6443", " example.org , 10.1.2.3"),
            ("https://[fd00::5]", "fd00::/8"),
            ("https://api.example.org", "example.org"),
            ("https://api.example.org:6443", ".example.org:6443"),
            ("https://api.example.org", "*"),
        ] {
            assert_eq!(chosen(server, no_proxy, None), None, "{server} {no_proxy}");
        }
        assert!(chosen("https://badexample.org", "example.org", None).is_some());
        assert!(chosen("https://example.org", ".example.org", None).is_some());
        assert!(chosen("https://api.example.org", "example.org:8443", None).is_some());
    }

    #[test]
    fn the_kubeconfigs_own_proxy_always_counts() {
        let own = Some("socks5://127.0.0.1:1080");
        assert!(chosen("https://127.0.0.1:6443", "*", own).unwrap().starts_with("socks5://"));
        let mut options = ConnectOptions::new(MaskKey::new([0; 32]));
        options.https_proxy = Some("http://user:hunter2@[".into());
        let error = choose(None, &"https://a.example.com".parse().unwrap(), &options).unwrap_err();
        assert!(!error.to_string().contains("hunter2"), "{error}");
    }
}
