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
    /// The server does not begin TLS on a connection that began without.
    StartTlsRefused = 26, "starttls_refused";
    /// A certificate of the chain ends within the check's days.
    CertificateExpiring = 27, "certificate_expiring";
    /// No certificate of the chain is one that the check pins.
    CertificateNotPinned = 28, "certificate_not_pinned";
    /// A certificate's key or signature is weak.
    CertificateWeak = 29, "certificate_weak";
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
    /// The peer does not speak the protocol that the check speaks, or says in it that it cannot serve.
    ProtocolError = 35, "protocol_error";
    /// The upgrade to WebSocket was not granted.
    UpgradeRefused = 36, "upgrade_refused";
    /// The gRPC call ended with a status other than OK.
    GrpcStatus = 37, "grpc_status";
    /// The gRPC service says that it is not serving.
    GrpcNotServing = 38, "grpc_not_serving";
    /// An assertion failed; the observation lists which, with resolved values.
    AssertionFailed = 40, "assertion_failed";
    /// The records found are not the expected ones.
    DnsMismatch = 41, "dns_mismatch";
    /// The resolver did not authenticate the answer.
    DnsNotAuthenticated = 42, "dns_not_authenticated";
    /// The domain's registration ends within the check's days.
    DomainExpiring = 43, "domain_expiring";
    /// The domain is not registered, or the registration has ended.
    DomainNotRegistered = 44, "domain_not_registered";
    /// No answer, or fewer than the check asks for, to echo requests.
    PacketLoss = 45, "packet_loss";
    /// A step's answer does not have a value that a later step needs.
    ExtractionFailed = 46, "extraction_failed";
    /// The script said so by its exit code.
    ScriptFailed = 47, "script_failed";
    /// The job did not call in time.
    HeartbeatMissed = 48, "heartbeat_missed";
    /// The job called to say that it failed.
    HeartbeatFailed = 49, "heartbeat_failed";
    /// The target is one that the probe's own rules forbid (private address, port 25).
    TargetForbidden = 60, "target_forbidden";
    /// The probe's own network failed: it could not reach anything.
    ProbeNetwork = 61, "probe_network";
    /// The probe does not know this check type or one of its settings.
    Unsupported = 62, "unsupported";
    /// The platform ran out of something (connections, CPU, sub-requests) before the check could be made.
    PlatformLimit = 63, "platform_limit";
    /// The check's proxy could not be reached or refused to connect.
    ProxyFailed = 64, "proxy_failed";
    /// Somebody whom the check has to ask (a resolver, a registry) could not be reached or limits how often it answers.
    ServiceUnavailable = 65, "service_unavailable";
    /// The job has not called yet, or could not be heard when it did.
    HeartbeatWaiting = 66, "heartbeat_waiting";
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
