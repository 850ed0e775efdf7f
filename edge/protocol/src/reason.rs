//! Why a check was not simply up: one closed list with stable names and numbers.

use serde::{Deserialize, Serialize};

macro_rules! reasons {
    ($($(#[doc = $doc:literal])+ $name:ident = $code:literal, $wire:literal;)+) => {
        /// The reason of an outcome. The names are stable on the wire, the numbers in storage; both are only added to.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
        pub enum Reason {
            $($(#[doc = $doc])+ #[serde(rename = $wire)] $name,)+
            /// A reason that a newer protocol version added.
            #[serde(rename = "other", other)]
            Other,
        }

        impl Reason {
            /// All reasons but [`Reason::Other`].
            pub const ALL: &'static [Self] = &[$(Self::$name),+];

            /// The stable number in storage.
            pub fn code(self) -> i16 {
                match self { $(Self::$name => $code,)+ Self::Other => 0 }
            }

            /// The reason of a stored number; numbers of a newer version are [`Reason::Other`].
            pub fn from_code(code: i16) -> Self {
                match code { $($code => Self::$name,)+ _ => Self::Other }
            }

            /// The stable name on the wire.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$name => $wire,)+ Self::Other => "other" }
            }
        }
    };
}

reasons! {
    /// The name does not exist (NXDOMAIN) or has no address.
    DnsNotFound = 1, "dns_not_found";
    /// The lookup failed otherwise (SERVFAIL, refused, malformed answer).
    DnsFailed = 2, "dns_failed";
    /// The connection was refused.
    ConnectRefused = 10, "connect_refused";
    /// The connection could not be made (unreachable, or the platform says no more than that it failed).
    ConnectFailed = 11, "connect_failed";
    /// The peer reset or closed the connection before the response was complete.
    ConnectionReset = 12, "connection_reset";
    /// The check's time-out ran out; the outcome's phase tells where.
    Timeout = 13, "timeout";
    /// The TLS handshake failed (alert, no common version or cipher, bytes that are not TLS).
    TlsHandshake = 20, "tls_handshake";
    /// The certificate's time is over.
    CertificateExpired = 21, "certificate_expired";
    /// The certificate's time has not begun.
    CertificateNotYetValid = 22, "certificate_not_yet_valid";
    /// The certificate is for other names.
    CertificateWrongHost = 23, "certificate_wrong_host";
    /// The chain does not lead to a trusted root (self-signed, unknown issuer, missing intermediate).
    CertificateUntrusted = 24, "certificate_untrusted";
    /// The certificate cannot be used (bad signature, unsupported algorithm, wrong purpose, revoked).
    CertificateInvalid = 25, "certificate_invalid";
    /// The response is not HTTP as RFC 9112 has it.
    HttpMalformed = 30, "http_malformed";
    /// More redirects than the check follows.
    TooManyRedirects = 31, "too_many_redirects";
    /// A redirect led to an address that was visited before with the same request.
    RedirectLoop = 32, "redirect_loop";
    /// A redirect without a usable `Location`.
    RedirectInvalid = 33, "redirect_invalid";
    /// The response's body is larger than the check's bound.
    BodyTooLarge = 34, "body_too_large";
    /// An assertion failed; the observation lists which, with resolved values.
    AssertionFailed = 40, "assertion_failed";
    /// The target is one that the probe's own rules forbid (private address, port 25).
    TargetForbidden = 60, "target_forbidden";
    /// The probe's own network failed: it could not reach anything.
    ProbeNetwork = 61, "probe_network";
    /// The probe does not know this check type or one of its settings.
    Unsupported = 62, "unsupported";
    /// The platform ran out of something (connections, CPU, sub-requests) before the check could be made.
    PlatformLimit = 63, "platform_limit";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_names_are_unique_and_round_trip() {
        for (i, &reason) in Reason::ALL.iter().enumerate() {
            assert_eq!(Reason::from_code(reason.code()), reason);
            let json = serde_json::to_string(&reason).unwrap();
            assert_eq!(json, format!("\"{}\"", reason.as_str()));
            assert_eq!(serde_json::from_str::<Reason>(&json).unwrap(), reason);
            assert!(
                Reason::ALL[..i]
                    .iter()
                    .all(|r| r.code() != reason.code() && r.as_str() != reason.as_str())
            );
        }
        assert_eq!(
            serde_json::from_str::<Reason>("\"brand_new\"").unwrap(),
            Reason::Other
        );
    }
}
