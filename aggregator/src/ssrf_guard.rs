//! Which addresses the aggregator itself may dial on a user's behalf.
//!
//! The aggregator stands inside the operator's network, so a check that it runs could reach what its users can not:
//! databases, routers, the cloud's metadata service (CWE-918). The guard therefore refuses every address that is not
//! global unicast by the IANA special-purpose registries; a setting lets private ones pass, for installations whose
//! targets are private. It is asked with the very address that is about to be dialled, after the name was looked up and
//! again for each redirect: a name that answers differently the second time (DNS rebinding) gains nothing.

use std::{
    fmt,
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
};

/// Refuses addresses that are not public.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SsrfGuard {
    /// Lets private, loopback, link-local and shared addresses pass. Metadata services, multicast and reserved
    /// addresses stay refused.
    pub allow_private_targets: bool,
}

/// An address that may not be dialled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Refused {
    /// The address.
    pub address: IpAddr,
    /// What it is.
    pub what: &'static str,
    /// The setting `allow_private_targets` would let it pass.
    pub allowable: bool,
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} is {}, which the aggregator does not dial",
            self.address, self.what
        )?;
        if self.allowable {
            f.write_str(" unless settings.allow_private_targets is on")?;
        }
        Ok(())
    }
}

impl std::error::Error for Refused {}

impl SsrfGuard {
    /// Whether this address may be dialled.
    pub fn check(self, address: IpAddr) -> Result<(), Refused> {
        match special_purpose(address.to_canonical()) {
            None => Ok(()),
            Some((Private, _)) if self.allow_private_targets => Ok(()),
            Some((kind, what)) => Err(Refused {
                address,
                what,
                allowable: kind == Private,
            }),
        }
    }
}

/// Whether a setting may open a network.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// It may.
    Private,
    /// It may not.
    Never,
}
use Kind::{Never, Private};

/// IANA IPv4 Special-Purpose Address Registry, and where clouds keep their metadata services.
const SPECIAL_V4: &[([u8; 4], u8, Kind, &str)] = &[
    ([0, 0, 0, 0], 8, Never, "an address of this host"),
    ([10, 0, 0, 0], 8, Private, "a private address"),
    ([100, 100, 100, 200], 32, Never, "a cloud metadata service"),
    (
        [100, 64, 0, 0],
        10,
        Private,
        "a shared address (carrier-grade NAT)",
    ),
    ([127, 0, 0, 0], 8, Private, "a loopback address"),
    ([169, 254, 169, 254], 32, Never, "a cloud metadata service"),
    ([169, 254, 170, 2], 32, Never, "a cloud metadata service"),
    ([169, 254, 0, 0], 16, Private, "a link-local address"),
    ([172, 16, 0, 0], 12, Private, "a private address"),
    ([192, 0, 0, 0], 24, Never, "an address of protocol assignments"),
    ([192, 0, 2, 0], 24, Never, "a documentation address"),
    ([192, 88, 99, 0], 24, Never, "a 6to4 relay address"),
    ([192, 168, 0, 0], 16, Private, "a private address"),
    ([198, 18, 0, 0], 15, Private, "a benchmarking address"),
    ([198, 51, 100, 0], 24, Never, "a documentation address"),
    ([203, 0, 113, 0], 24, Never, "a documentation address"),
    ([224, 0, 0, 0], 4, Never, "a multicast address"),
    ([240, 0, 0, 0], 4, Never, "a reserved address"),
    // Azure's platform service answers here, inside each virtual network.
    ([168, 63, 129, 16], 32, Never, "a cloud metadata service"),
];

/// IANA IPv6 Special-Purpose Address Registry. What is outside `2000::/3` is refused anyhow; the names only say why.
const SPECIAL_V6: &[([u16; 8], u8, Kind, &str)] = &[
    ([0, 0, 0, 0, 0, 0, 0, 0], 128, Never, "the unspecified address"),
    ([0, 0, 0, 0, 0, 0, 0, 1], 128, Private, "a loopback address"),
    ([0x64, 0xff9b, 0, 0, 0, 0, 0, 0], 96, Never, "a NAT64 address"),
    ([0x64, 0xff9b, 1, 0, 0, 0, 0, 0], 48, Never, "a NAT64 address"),
    (
        [0x2001, 0xdb8, 0, 0, 0, 0, 0, 0],
        32,
        Never,
        "a documentation address",
    ),
    (
        [0x2001, 0, 0, 0, 0, 0, 0, 0],
        23,
        Never,
        "an address of protocol assignments",
    ),
    ([0x2002, 0, 0, 0, 0, 0, 0, 0], 16, Never, "a 6to4 address"),
    (
        [0x3fff, 0, 0, 0, 0, 0, 0, 0],
        20,
        Never,
        "a documentation address",
    ),
    (
        [0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254],
        128,
        Never,
        "a cloud metadata service",
    ),
    (
        [0xfc00, 0, 0, 0, 0, 0, 0, 0],
        7,
        Private,
        "a private address (unique local)",
    ),
    ([0xfe80, 0, 0, 0, 0, 0, 0, 0], 10, Private, "a link-local address"),
    ([0xff00, 0, 0, 0, 0, 0, 0, 0], 8, Never, "a multicast address"),
];

fn special_purpose(address: IpAddr) -> Option<(Kind, &'static str)> {
    match address {
        IpAddr::V4(v4) => SPECIAL_V4.iter().find_map(|&(network, length, kind, what)| {
            let mask = u32::MAX << (32 - u32::from(length));
            (v4.to_bits() & mask == Ipv4Addr::from(network).to_bits()).then_some((kind, what))
        }),
        IpAddr::V6(v6) => {
            let named = SPECIAL_V6.iter().find_map(|&(network, length, kind, what)| {
                let mask = u128::MAX << (128 - u32::from(length));
                (v6.to_bits() & mask == Ipv6Addr::from(network).to_bits()).then_some((kind, what))
            });
            let global_unicast = v6.segments()[0] >> 13 == 1;
            named.or((!global_unicast).then_some((Never, "not a global unicast address")))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(guard: SsrfGuard, address: &str) -> Option<&'static str> {
        guard
            .check(address.parse().unwrap())
            .err()
            .map(|refused| refused.what)
    }

    #[test]
    fn public_addresses_pass() {
        for public in [
            "1.1.1.1",
            "8.8.8.8",
            "9.255.255.255",
            "11.0.0.0",
            "100.63.255.255",
            "100.128.0.0",
            "126.255.255.255",
            "128.0.0.0",
            "169.253.255.255",
            "172.15.255.255",
            "172.32.0.0",
            "192.0.1.0",
            "192.0.3.0",
            "198.17.255.255",
            "198.20.0.0",
            "223.255.255.255",
            "168.63.129.15",
            "::ffff:8.8.8.8",
            "2606:4700:4700::1111",
            "2001:200::1",
            "2a00:1450::1",
            "2001:db7::1",
            "2003::1",
        ] {
            assert_eq!(refused(SsrfGuard::default(), public), None, "{public}");
        }
    }

    #[test]
    fn everything_else_is_refused() {
        for special in [
            "0.0.0.0",
            "0.1.2.3",
            "10.0.0.1",
            "10.255.255.255",
            "100.64.0.1",
            "100.100.100.200",
            "100.127.255.255",
            "127.0.0.1",
            "127.255.255.255",
            "169.254.0.1",
            "169.254.169.254",
            "172.16.0.1",
            "172.31.255.255",
            "192.0.0.192",
            "192.0.2.1",
            "192.88.99.1",
            "192.168.0.1",
            "198.18.0.1",
            "198.19.255.255",
            "198.51.100.1",
            "203.0.113.1",
            "224.0.0.1",
            "239.255.255.255",
            "240.0.0.1",
            "255.255.255.255",
            "168.63.129.16",
            "::",
            "::1",
            "::127.0.0.1",
            "::ffff:127.0.0.1",
            "::ffff:10.0.0.1",
            "::ffff:169.254.169.254",
            "64:ff9b::7f00:1",
            "64:ff9b::808:808",
            "64:ff9b:1::1",
            "100::1",
            "2001::1",
            "2001:10::1",
            "2001:db8::1",
            "2002:7f00:1::1",
            "3fff::1",
            "5f00::1",
            "fc00::1",
            "fd00:ec2::254",
            "fdff::1",
            "fe80::1",
            "febf::1",
            "fec0::1",
            "ff02::1",
        ] {
            assert!(refused(SsrfGuard::default(), special).is_some(), "{special}");
        }
    }

    #[test]
    fn the_reason_tells_a_metadata_service_from_its_network() {
        assert_eq!(
            refused(SsrfGuard::default(), "169.254.169.254"),
            Some("a cloud metadata service")
        );
        assert_eq!(
            refused(SsrfGuard::default(), "fd00:ec2::254"),
            Some("a cloud metadata service")
        );
        assert_eq!(
            refused(SsrfGuard::default(), "::ffff:127.0.0.1"),
            Some("a loopback address")
        );
    }

    #[test]
    fn the_setting_opens_private_networks_and_nothing_else() {
        let guard = SsrfGuard {
            allow_private_targets: true,
        };
        for opened in [
            "8.8.8.8",
            "127.0.0.1",
            "::1",
            "::ffff:127.0.0.1",
            "10.0.0.1",
            "169.254.1.1",
            "100.64.0.1",
            "fd12::1",
            "fe80::1",
        ] {
            assert_eq!(refused(guard, opened), None, "{opened}");
        }
        for still in [
            "0.0.0.0",
            "169.254.169.254",
            "100.100.100.200",
            "64:ff9b::a9fe:a9fe",
            "168.63.129.16",
            "fd00:ec2::254",
            "224.0.0.1",
            "255.255.255.255",
            "ff02::1",
            "::",
        ] {
            assert!(refused(guard, still).is_some(), "{still}");
        }
        let text = |address: &str| {
            SsrfGuard::default()
                .check(address.parse().unwrap())
                .unwrap_err()
                .to_string()
        };
        assert!(
            text("10.0.0.1").contains("allow_private_targets")
                && !text("224.0.0.1").contains("allow_private")
        );
    }
}
