//! Which addresses may be connected to. Whoever can make a webhook must not be able to reach what only this machine can reach: other
//! services of its network, and the metadata of its cloud.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::str::FromStr;

/// A range of addresses, such as `10.0.0.0/8`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Range {
    base: IpAddr,
    bits: u8,
}

impl Range {
    const fn v4(octets: [u8; 4], bits: u8) -> Self {
        let [a, b, c, d] = octets;
        Self { base: IpAddr::V4(Ipv4Addr::new(a, b, c, d)), bits }
    }

    const fn v6(first: [u16; 4], bits: u8) -> Self {
        let [a, b, c, d] = first;
        Self { base: IpAddr::V6(Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0)), bits }
    }

    fn contains(&self, address: IpAddr) -> bool {
        match (self.base, address) {
            (IpAddr::V4(base), IpAddr::V4(address)) => {
                same_prefix(u32::from(base).into(), u32::from(address).into(), 32, self.bits)
            }
            (IpAddr::V6(base), IpAddr::V6(address)) => same_prefix(base.into(), address.into(), 128, self.bits),
            _ => false,
        }
    }
}

fn same_prefix(one: u128, other: u128, length: u8, bits: u8) -> bool {
    let shift = u32::from(length - bits);
    one.checked_shr(shift) == other.checked_shr(shift)
}

impl FromStr for Range {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("{text} is no range of addresses such as 10.0.0.0/8 or fd00::/8");
        let (base, bits) = text.split_once('/').unwrap_or((text, ""));
        let base: IpAddr = base.parse().map_err(|_| wrong())?;
        let most = if base.is_ipv4() { 32 } else { 128 };
        let bits = if text.contains('/') { bits.parse().map_err(|_| wrong())? } else { most };
        if bits > most { Err(wrong()) } else { Ok(Self { base, bits }) }
    }
}

impl fmt::Display for Range {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.base, self.bits)
    }
}

/// What is not the public internet, and what each is, from the registries of special-purpose addresses (RFC 6890 and those after it).
const REFUSED: [(Range, &str); 34] = [
    (Range::v4([0, 0, 0, 0], 8), "of this network"),
    (Range::v4([10, 0, 0, 0], 8), "private"),
    (Range::v4([100, 64, 0, 0], 10), "of a carrier's network"),
    (Range::v4([127, 0, 0, 0], 8), "of this machine"),
    (Range::v4([169, 254, 0, 0], 16), "link-local"),
    (Range::v4([172, 16, 0, 0], 12), "private"),
    (Range::v4([192, 0, 0, 0], 24), "reserved"),
    (Range::v4([192, 0, 2, 0], 24), "for documentation"),
    (Range::v4([192, 31, 196, 0], 24), "reserved"),
    (Range::v4([192, 52, 193, 0], 24), "reserved"),
    (Range::v4([192, 88, 99, 0], 24), "of a relay"),
    (Range::v4([192, 168, 0, 0], 16), "private"),
    (Range::v4([192, 175, 48, 0], 24), "reserved"),
    (Range::v4([198, 18, 0, 0], 15), "for benchmarks"),
    (Range::v4([198, 51, 100, 0], 24), "for documentation"),
    (Range::v4([203, 0, 113, 0], 24), "for documentation"),
    (Range::v4([224, 0, 0, 0], 4), "multicast"),
    (Range::v4([240, 0, 0, 0], 4), "reserved"),
    (Range::v6([0, 0, 0, 0], 8), "of this machine, or embeds an IPv4 address"),
    (Range::v6([0x64, 0xff9b, 0, 0], 32), "embeds an IPv4 address"),
    (Range::v6([0x100, 0, 0, 0], 16), "discarded"),
    (Range::v6([0x2001, 0, 0, 0], 23), "reserved"),
    (Range::v6([0x2001, 0xdb8, 0, 0], 32), "for documentation"),
    (Range::v6([0x2002, 0, 0, 0], 16), "embeds an IPv4 address"),
    (Range::v6([0x2620, 0x4f, 0x8000, 0], 48), "reserved"),
    (Range::v6([0x3ffe, 0, 0, 0], 16), "reserved"),
    (Range::v6([0x3fff, 0, 0, 0], 20), "for documentation"),
    (Range::v6([0x5f00, 0, 0, 0], 16), "reserved"),
    (Range::v6([0xfc00, 0, 0, 0], 7), "private"),
    (Range::v6([0xfe80, 0, 0, 0], 10), "link-local"),
    (Range::v6([0xfec0, 0, 0, 0], 10), "site-local"),
    (Range::v6([0xff00, 0, 0, 0], 8), "multicast"),
    // Nothing else is assigned.
    (Range::v6([0x4000, 0, 0, 0], 2), "not assigned"),
    (Range::v6([0x8000, 0, 0, 0], 1), "not assigned"),
];

/// Which addresses may be connected to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AddressPolicy {
    allowed: Vec<Range>,
}

impl AddressPolicy {
    /// The public internet, and these ranges.
    #[must_use]
    pub fn allowing(ranges: impl Into<Vec<Range>>) -> Self {
        Self { allowed: ranges.into() }
    }

    /// Everything.
    #[must_use]
    pub fn everything() -> Self {
        Self::allowing([Range::v4([0, 0, 0, 0], 0), Range::v6([0, 0, 0, 0], 0)])
    }

    /// Whether anything is allowed that is not the public internet.
    #[must_use]
    pub fn allows_more(&self) -> bool {
        !self.allowed.is_empty()
    }

    /// Checks an address, and the one that it embeds if it is an IPv4-mapped one.
    ///
    /// # Errors
    /// What it is, in words that go on after "the address".
    pub fn check(&self, address: IpAddr) -> Result<(), String> {
        let plain = address.to_canonical();
        if self.allowed.iter().any(|range| range.contains(plain)) {
            return Ok(());
        }
        match REFUSED.iter().find(|(range, _)| range.contains(plain)) {
            None => Ok(()),
            Some((_, what)) => Err(format!("{address} is refused: it is {what}")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_the_public_internet_is_refused() {
        let policy = AddressPolicy::default();
        for address in [
            "0.0.0.0",
            "0.1.2.3",
            "10.0.0.1",
            "100.64.0.1",
            "100.127.255.255",
            "127.0.0.1",
            "127.255.255.255",
            "169.254.169.254",
            "172.16.0.1",
            "172.31.255.255",
            "192.0.0.1",
            "192.0.2.1",
            "192.168.0.1",
            "198.18.0.1",
            "198.19.255.255",
            "198.51.100.1",
            "203.0.113.1",
            "224.0.0.1",
            "239.255.255.255",
            "255.255.255.255",
            "::",
            "::1",
            "::127.0.0.1",
            "::ffff:127.0.0.1",
            "::ffff:10.0.0.1",
            "::ffff:a9fe:a9fe",
            "64:ff9b::7f00:1",
            "64:ff9b:1::a00:1",
            "100::1",
            "2001::1",
            "2001:db8::1",
            "2002:7f00:1::",
            "fc00::1",
            "fd12:3456::1",
            "fe80::1",
            "fec0::1",
            "ff02::1",
            "4000::1",
            "7fff::1",
            "8000::1",
        ] {
            assert!(policy.check(address.parse().unwrap()).is_err(), "{address}");
        }
        for address in [
            "1.1.1.1",
            "8.8.8.8",
            "9.255.255.255",
            "11.0.0.1",
            "100.63.255.255",
            "100.128.0.1",
            "172.15.0.1",
            "172.32.0.1",
            "192.167.1.1",
            "198.17.0.1",
            "198.20.0.1",
            "223.255.255.255",
            "2606:4700::1111",
            "2a00:1450::1",
            "::ffff:1.1.1.1",
        ] {
            assert_eq!(policy.check(address.parse().unwrap()), Ok(()), "{address}");
        }
    }

    #[test]
    fn what_is_allowed_in_so_many_words_is_allowed_and_nothing_else() {
        let policy = AddressPolicy::allowing(["10.1.0.0/16".parse().unwrap(), "fd00::/8".parse().unwrap()]);
        for address in ["10.1.2.3", "::ffff:10.1.2.3", "fd12::1"] {
            assert_eq!(policy.check(address.parse().unwrap()), Ok(()), "{address}");
        }
        for address in ["10.2.0.1", "127.0.0.1", "fc00::1"] {
            assert!(policy.check(address.parse().unwrap()).is_err(), "{address}");
        }
        let everything = AddressPolicy::everything();
        for address in ["127.0.0.1", "::1", "169.254.169.254", "fe80::1"] {
            assert_eq!(everything.check(address.parse().unwrap()), Ok(()), "{address}");
        }
        assert!(everything.allows_more() && !AddressPolicy::default().allows_more());
    }

    #[test]
    fn ranges_are_read_and_said() {
        for text in ["10.0.0.0/8", "127.0.0.1/32", "fd00::/8", "::/0"] {
            assert_eq!(text.parse::<Range>().unwrap().to_string(), text);
        }
        assert_eq!("127.0.0.1".parse::<Range>().unwrap().to_string(), "127.0.0.1/32");
        for text in ["", "10.0.0.0/33", "10.0.0/8", "example.com", "10.0.0.0/", "::/129", "10.0.0.0/-1"] {
            assert!(text.parse::<Range>().is_err(), "{text}");
        }
    }
}
