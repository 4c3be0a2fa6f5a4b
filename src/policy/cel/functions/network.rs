//! Kubernetes' libraries for addresses: `ip`, `cidr`, `url`.
//!
//! As `k8s.io/apiserver/pkg/cel/library` (`ip.go`, `cidr.go`, `urls.go`): IPv4 addresses inside IPv6 ones and zones are no
//! addresses, and a URL is what Go's `url.ParseRequestURI` takes.

use std::net::IpAddr;
use std::str::FromStr as _;

use cel::common::types::{CelInt, CelString, STRING_TYPE, Type};
use cel::common::value::CowVal;
use cel::{DeclarationError, Env, ExecutionError};
use ipnet::IpNet;
use serde_json::{Map, Value, json};

use super::super::node::from_json;
use super::super::value::expression_value;
use super::arguments::{argument, boolean, text};

static IP_TYPE: Type = Type::new_unspecified_type("net.IP");
static CIDR_TYPE: Type = Type::new_unspecified_type("net.CIDR");
static URL_TYPE: Type = Type::new_unspecified_type("kubernetes.URL");

/// An address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::policy::cel) struct Ip(IpAddr);

/// A network.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::policy::cel) struct Cidr(IpNet);

/// The parts of a URL, as they are written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::policy::cel) struct Url {
    whole: String,
    scheme: String,
    /// With the port.
    host: String,
    path: String,
    query: String,
}

expression_value!(Ip, IP_TYPE);
expression_value!(Cidr, CIDR_TYPE);
expression_value!(Url, URL_TYPE);

fn failed(function: &str, message: String) -> ExecutionError {
    ExecutionError::function_error(function, message)
}

fn address(text: &str) -> Result<IpAddr, String> {
    let found = IpAddr::from_str(text).map_err(|_| format!("'{text}' is no IP address"))?;
    match found {
        IpAddr::V6(six) if six.to_ipv4_mapped().is_some() => {
            Err(format!("'{text}' is an IPv4 address inside an IPv6 one, which is not allowed"))
        }
        found => Ok(found),
    }
}

fn network(text: &str) -> Result<IpNet, String> {
    let found = IpNet::from_str(text).map_err(|_| format!("'{text}' is no network in CIDR notation"))?;
    address(&found.addr().to_string())?;
    Ok(found)
}

impl Url {
    /// An absolute URL, or a path from the root.
    fn parse(text: &str) -> Result<Self, String> {
        let wrong = |why: &str| format!("'{text}' is no URL: {why}");
        if text.chars().any(|c| c.is_ascii_control() || c == ' ') {
            return Err(wrong("it has blanks or control characters"));
        }
        let (scheme, rest) = match text.split_once(':') {
            _ if text.starts_with('/') => ("", text),
            Some((scheme, rest)) if is_scheme(scheme) => (scheme, rest),
            _ => return Err(wrong("it has no scheme and is no path from the root")),
        };
        let (rest, query) = rest.split_once('?').unwrap_or((rest, ""));
        let (authority, path) = match rest.strip_prefix("//") {
            Some(behind) if !scheme.is_empty() => {
                behind.find('/').map_or((behind, ""), |at| behind.split_at(at))
            }
            _ if rest.starts_with('/') => ("", rest),
            _ => return Err(wrong("what stands behind the scheme is no path from the root")),
        };
        let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
        let port = host.rsplit_once(']').map_or(host, |(_, behind)| behind).rsplit_once(':');
        if port.is_some_and(|(_, port)| !port.bytes().all(|byte| byte.is_ascii_digit())) {
            return Err(wrong("its port is no number"));
        }
        if authority.contains('#') {
            return Err(wrong("there is a '#' in its host"));
        }
        // What stands behind a `#` is neither path nor query, and is kept nowhere.
        let (path, query) = match path.split_once('#') {
            Some((path, _)) => (path, ""),
            None => (path, query.split_once('#').map_or(query, |(query, _)| query)),
        };
        let own = str::to_owned;
        Ok(Self {
            whole: own(text),
            scheme: scheme.to_ascii_lowercase(),
            host: own(host),
            path: own(path),
            query: own(query),
        })
    }

    fn hostname(&self) -> &str {
        if let Some((inside, _)) = self.host.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
            return inside;
        }
        self.host.rsplit_once(':').map_or(self.host.as_str(), |(host, _)| host)
    }

    fn port(&self) -> &str {
        let behind = self.host.rsplit_once(']').map_or(self.host.as_str(), |(_, behind)| behind);
        behind.rsplit_once(':').map_or("", |(_, port)| port)
    }

    /// Keys with their values, decoded.
    fn query(&self) -> Vec<(String, Vec<String>)> {
        let mut all: Vec<(String, Vec<String>)> = Vec::new();
        for pair in self.query.split('&').filter(|pair| !pair.is_empty()) {
            let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
            let (key, value) = (decoded(key), decoded(value));
            match all.iter_mut().find(|(known, _)| *known == key) {
                Some((_, values)) => values.push(value),
                None => all.push((key, vec![value])),
            }
        }
        all
    }
}

fn is_scheme(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphabetic())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.'))
}

/// `a%20b+c` -> `a b c`.
fn decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, behind)) = rest.split_first() {
        let hex = behind.get(..2).and_then(|hex| std::str::from_utf8(hex).ok());
        match (first, hex.and_then(|hex| u8::from_str_radix(hex, 16).ok())) {
            (b'%', Some(byte)) => {
                bytes.push(byte);
                rest = behind.get(2..).unwrap_or_default();
                continue;
            }
            (b'+', _) => bytes.push(b' '),
            _ => bytes.push(*first),
        }
        rest = behind;
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

fn string<'b, 'v>(text: impl Into<String>) -> Result<CowVal<'b, 'v>, ExecutionError> {
    Ok(CowVal::owned(CelString::from(text.into())))
}

fn int<'b, 'v>(int: i64) -> Result<CowVal<'b, 'v>, ExecutionError> {
    Ok(CowVal::owned(CelInt::from(int)))
}

pub(super) fn addresses(env: &mut Env) -> Result<(), DeclarationError> {
    let own = || IP_TYPE.to_owned();
    env.add_overload("ip", "string_to_ip", vec![STRING_TYPE], |arguments| {
        let found = address(text(&arguments, 0, "ip")?);
        Ok(CowVal::owned(Ip(found.map_err(|why| failed("ip", why))?)))
    })?;
    env.add_overload("isIP", "is_ip", vec![STRING_TYPE], |arguments| {
        boolean(address(text(&arguments, 0, "isIP")?).is_ok())
    })?;
    env.add_overload("ip.isCanonical", "ip_is_canonical", vec![STRING_TYPE], |arguments| {
        let text = text(&arguments, 0, "ip.isCanonical")?;
        let found = address(text).map_err(|why| failed("ip.isCanonical", why))?;
        boolean(found.to_string() == text)
    })?;
    env.add_overload("string", "ip_to_string", vec![own()], |arguments| {
        string(argument::<Ip>(&arguments, 0, "string")?.0.to_string())
    })?;
    env.add_member_overload("family", "ip_family", own(), vec![], |arguments| {
        int(if argument::<Ip>(&arguments, 0, "family")?.0.is_ipv4() { 4 } else { 6 })
    })?;
    env.add_member_overload("isUnspecified", "ip_unspecified", own(), vec![], |arguments| {
        boolean(argument::<Ip>(&arguments, 0, "isUnspecified")?.0.is_unspecified())
    })?;
    env.add_member_overload("isLoopback", "ip_loopback", own(), vec![], |arguments| {
        boolean(argument::<Ip>(&arguments, 0, "isLoopback")?.0.is_loopback())
    })?;
    env.add_member_overload("isLinkLocalMulticast", "ip_local_multicast", own(), vec![], |arguments| {
        boolean(match argument::<Ip>(&arguments, 0, "isLinkLocalMulticast")?.0 {
            IpAddr::V4(four) => matches!(four.octets(), [224, 0, 0, _]),
            IpAddr::V6(six) => six.segments()[0] & 0xff0f == 0xff02,
        })
    })?;
    env.add_member_overload("isLinkLocalUnicast", "ip_local_unicast", own(), vec![], |arguments| {
        boolean(is_local(argument::<Ip>(&arguments, 0, "isLinkLocalUnicast")?.0))
    })?;
    // As Go has it: not unspecified, loopback, multicast, link-local or broadcast; private ones are.
    env.add_member_overload("isGlobalUnicast", "ip_global_unicast", own(), vec![], |arguments| {
        let ip = argument::<Ip>(&arguments, 0, "isGlobalUnicast")?.0;
        let broadcast = matches!(ip, IpAddr::V4(four) if four.is_broadcast());
        boolean(!(ip.is_unspecified() || ip.is_loopback() || ip.is_multicast() || is_local(ip) || broadcast))
    })
}

fn is_local(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(four) => four.is_link_local(),
        IpAddr::V6(six) => six.segments()[0] & 0xffc0 == 0xfe80,
    }
}

pub(super) fn networks(env: &mut Env) -> Result<(), DeclarationError> {
    let own = || CIDR_TYPE.to_owned();
    env.add_overload("cidr", "string_to_cidr", vec![STRING_TYPE], |arguments| {
        let found = network(text(&arguments, 0, "cidr")?);
        Ok(CowVal::owned(Cidr(found.map_err(|why| failed("cidr", why))?)))
    })?;
    env.add_overload("isCIDR", "is_cidr", vec![STRING_TYPE], |arguments| {
        boolean(network(text(&arguments, 0, "isCIDR")?).is_ok())
    })?;
    env.add_overload("string", "cidr_to_string", vec![own()], |arguments| {
        string(argument::<Cidr>(&arguments, 0, "string")?.0.to_string())
    })?;
    env.add_member_overload(
        "containsIP",
        "cidr_contains_ip",
        own(),
        vec![IP_TYPE.to_owned()],
        |arguments| {
            let ip = argument::<Ip>(&arguments, 1, "containsIP")?.0;
            boolean(argument::<Cidr>(&arguments, 0, "containsIP")?.0.contains(&ip))
        },
    )?;
    env.add_member_overload("containsIP", "cidr_contains_ip_text", own(), vec![STRING_TYPE], |arguments| {
        let ip = address(text(&arguments, 1, "containsIP")?).map_err(|why| failed("containsIP", why))?;
        boolean(argument::<Cidr>(&arguments, 0, "containsIP")?.0.contains(&ip))
    })?;
    env.add_member_overload("containsCIDR", "cidr_contains_cidr", own(), vec![own()], |arguments| {
        let other = argument::<Cidr>(&arguments, 1, "containsCIDR")?.0;
        boolean(argument::<Cidr>(&arguments, 0, "containsCIDR")?.0.contains(&other))
    })?;
    env.add_member_overload("containsCIDR", "cidr_contains_text", own(), vec![STRING_TYPE], |arguments| {
        let other =
            network(text(&arguments, 1, "containsCIDR")?).map_err(|why| failed("containsCIDR", why))?;
        boolean(argument::<Cidr>(&arguments, 0, "containsCIDR")?.0.contains(&other))
    })?;
    env.add_member_overload("ip", "cidr_ip", own(), vec![], |arguments| {
        Ok(CowVal::owned(Ip(argument::<Cidr>(&arguments, 0, "ip")?.0.addr())))
    })?;
    env.add_member_overload("masked", "cidr_masked", own(), vec![], |arguments| {
        Ok(CowVal::owned(Cidr(argument::<Cidr>(&arguments, 0, "masked")?.0.trunc())))
    })?;
    env.add_member_overload("prefixLength", "cidr_prefix_length", own(), vec![], |arguments| {
        int(i64::from(argument::<Cidr>(&arguments, 0, "prefixLength")?.0.prefix_len()))
    })
}

pub(super) fn urls(env: &mut Env) -> Result<(), DeclarationError> {
    let own = || URL_TYPE.to_owned();
    env.add_overload("url", "string_to_url", vec![STRING_TYPE], |arguments| {
        let found = Url::parse(text(&arguments, 0, "url")?);
        Ok(CowVal::owned(found.map_err(|why| failed("url", why))?))
    })?;
    env.add_overload("isURL", "is_url", vec![STRING_TYPE], |arguments| {
        boolean(Url::parse(text(&arguments, 0, "isURL")?).is_ok())
    })?;
    env.add_overload("string", "url_to_string", vec![own()], |arguments| {
        string(argument::<Url>(&arguments, 0, "string")?.whole.clone())
    })?;
    env.add_member_overload("getScheme", "url_scheme", own(), vec![], |arguments| {
        string(argument::<Url>(&arguments, 0, "getScheme")?.scheme.clone())
    })?;
    env.add_member_overload("getHost", "url_host", own(), vec![], |arguments| {
        string(argument::<Url>(&arguments, 0, "getHost")?.host.clone())
    })?;
    env.add_member_overload("getHostname", "url_hostname", own(), vec![], |arguments| {
        string(argument::<Url>(&arguments, 0, "getHostname")?.hostname())
    })?;
    env.add_member_overload("getPort", "url_port", own(), vec![], |arguments| {
        string(argument::<Url>(&arguments, 0, "getPort")?.port())
    })?;
    env.add_member_overload("getEscapedPath", "url_path", own(), vec![], |arguments| {
        string(argument::<Url>(&arguments, 0, "getEscapedPath")?.path.clone())
    })?;
    env.add_member_overload("getQuery", "url_query", own(), vec![], |arguments| {
        let pairs = argument::<Url>(&arguments, 0, "getQuery")?.query();
        let map: Map<String, Value> = pairs.into_iter().map(|(key, values)| (key, json!(values))).collect();
        Ok(CowVal::Owned(from_json(&Value::Object(map))))
    })
}
