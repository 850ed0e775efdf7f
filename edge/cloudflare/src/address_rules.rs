//! Which addresses and ports the Workers platform refuses to dial, known before it is asked.
//!
//! `connect()` answers a refused peer, an unreachable one and a forbidden one with the same sentence, so the rules must
//! be known here: a forbidden dial is not an outage.

use edgewatch_core::platform::DialError;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Cloudflare's published IPv4 ranges, <https://www.cloudflare.com/ips-v4>.
const CLOUDFLARE_V4: [(Ipv4Addr, u32); 15] = [
    (Ipv4Addr::new(173, 245, 48, 0), 20),
    (Ipv4Addr::new(103, 21, 244, 0), 22),
    (Ipv4Addr::new(103, 22, 200, 0), 22),
    (Ipv4Addr::new(103, 31, 4, 0), 22),
    (Ipv4Addr::new(141, 101, 64, 0), 18),
    (Ipv4Addr::new(108, 162, 192, 0), 18),
    (Ipv4Addr::new(190, 93, 240, 0), 20),
    (Ipv4Addr::new(188, 114, 96, 0), 20),
    (Ipv4Addr::new(197, 234, 240, 0), 22),
    (Ipv4Addr::new(198, 41, 128, 0), 17),
    (Ipv4Addr::new(162, 158, 0, 0), 15),
    (Ipv4Addr::new(104, 16, 0, 0), 13),
    (Ipv4Addr::new(104, 24, 0, 0), 14),
    (Ipv4Addr::new(172, 64, 0, 0), 13),
    (Ipv4Addr::new(131, 0, 72, 0), 22),
];

/// Cloudflare's published IPv6 ranges, <https://www.cloudflare.com/ips-v6>.
const CLOUDFLARE_V6: [(Ipv6Addr, u32); 7] = [
    (Ipv6Addr::new(0x2400, 0xcb00, 0, 0, 0, 0, 0, 0), 32),
    (Ipv6Addr::new(0x2606, 0x4700, 0, 0, 0, 0, 0, 0), 32),
    (Ipv6Addr::new(0x2803, 0xf800, 0, 0, 0, 0, 0, 0), 32),
    (Ipv6Addr::new(0x2405, 0xb500, 0, 0, 0, 0, 0, 0), 32),
    (Ipv6Addr::new(0x2405, 0x8100, 0, 0, 0, 0, 0, 0), 32),
    (Ipv6Addr::new(0x2a06, 0x98c0, 0, 0, 0, 0, 0, 0), 29),
    (Ipv6Addr::new(0x2c0f, 0xf248, 0, 0, 0, 0, 0, 0), 32),
];

/// Whether the platform would refuse to dial an address, and with what consequence.
///
/// # Errors
/// [`DialError::Forbidden`] where the platform's HTTP client may still look, [`DialError::TargetForbidden`] where
/// nothing may.
pub fn check_address(address: IpAddr) -> Result<(), DialError> {
    let address = address.to_canonical();
    if is_cloudflare(address) {
        return Err(DialError::Forbidden(format!(
            "{address} is Cloudflare's own, which Workers may not dial"
        )));
    }
    if !is_public(address) {
        return Err(DialError::TargetForbidden(format!(
            "{address} is not a public address, which Workers cannot reach"
        )));
    }
    Ok(())
}

/// Whether the platform would refuse to dial a port.
///
/// # Errors
/// [`DialError::TargetForbidden`] for port 25.
pub fn check_port(port: u16) -> Result<(), DialError> {
    if port == 25 {
        return Err(DialError::TargetForbidden(
            "port 25 is closed to Workers".to_owned(),
        ));
    }
    Ok(())
}

/// Whether an address is in one of Cloudflare's published ranges.
fn is_cloudflare(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => CLOUDFLARE_V4
            .iter()
            .any(|(network, bits)| (u32::from(address) ^ u32::from(*network)) >> (32 - bits) == 0),
        IpAddr::V6(address) => CLOUDFLARE_V6
            .iter()
            .any(|(network, bits)| (u128::from(address) ^ u128::from(*network)) >> (128 - bits) == 0),
    }
}

/// Whether an address can be reached over the internet at all: the special-purpose registries of RFC 6890.
fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => {
            let [a, b, ..] = address.octets();
            !(address.is_private()
                || address.is_loopback()
                || address.is_link_local()
                || address.is_multicast()
                || address.is_documentation()
                || a == 0
                || (a == 100 && (64..128).contains(&b))
                || a >= 240)
        }
        IpAddr::V6(address) => {
            !(address.is_loopback()
                || address.is_unspecified()
                || address.is_multicast()
                || address.is_unique_local()
                || address.is_unicast_link_local())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str) -> Result<(), DialError> {
        check_address(text.parse().unwrap())
    }

    #[test]
    fn cloudflare_s_own_addresses_are_left_to_the_platform_s_client() {
        for inside in [
            "104.16.0.1",
            "104.27.255.255",
            "172.64.0.0",
            "2606:4700::1111",
            "2a06:98c7:ffff::1",
        ] {
            assert!(matches!(check(inside), Err(DialError::Forbidden(_))), "{inside}");
        }
        for outside in [
            "104.15.255.255",
            "104.28.0.0",
            "172.63.255.255",
            "2606:4701::1",
            "2a06:98c8::1",
        ] {
            assert_eq!(check(outside), Ok(()), "{outside}");
        }
    }

    #[test]
    fn what_is_not_on_the_internet_is_not_looked_for() {
        for private in [
            "127.0.0.1",
            "10.0.0.1",
            "192.168.1.1",
            "172.16.0.1",
            "169.254.1.1",
            "100.64.0.1",
            "0.0.0.0",
            "224.0.0.1",
            "255.255.255.255",
            "::1",
            "::",
            "fe80::1",
            "fd00::1",
            "ff02::1",
            "::ffff:10.0.0.1",
        ] {
            assert!(
                matches!(check(private), Err(DialError::TargetForbidden(_))),
                "{private}"
            );
        }
        for public in ["93.184.215.14", "100.128.0.1", "2001:500:88::1"] {
            assert_eq!(check(public), Ok(()), "{public}");
        }
        assert!(check_port(25).is_err() && check_port(443).is_ok());
    }
}
