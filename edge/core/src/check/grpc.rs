//! The gRPC health check: `grpc.health.v1.Health/Check`, over HTTP/2 with TLS or without.
//!
//! Only where the core is built to speak HTTP/2; everywhere else such a check is unmeasured.

#[cfg(feature = "http2")]
mod message;
#[cfg(feature = "http2")]
mod run;

use crate::{
    attempt::connect::Endpoint,
    check::{CheckType, Secret, http::header_secrets},
    engine::Engine,
    platform::Platform,
    validate::{self, Faults},
};
use edgewatch_protocol::{
    assertion::{Assertion, Subject},
    capability,
    check::{GrpcCheck, shared::IpVersion},
    observation::Sight,
};

/// The longest name of a service, in bytes.
const MAX_SERVICE_BYTES: usize = 500;

/// Metadata that the call itself sets.
const OWN_METADATA: [&str; 4] = ["content-type", "te", "user-agent", "keep-alive"];

const ASSERTIONS: [&str; 2] = ["latency", "certificate_days"];

impl CheckType for GrpcCheck {
    fn target(&self) -> String {
        let scheme = if self.tls { "grpcs" } else { "grpc" };
        match Endpoint::of_host(&self.host, self.port, self.ip_version) {
            Some(endpoint) => format!("{scheme}://{}:{}", endpoint.host, endpoint.port),
            None => String::new(),
        }
    }

    fn origin(&self) -> Option<String> {
        Some(self.target()).filter(|target| !target.is_empty())
    }

    fn secrets(&mut self) -> Vec<Secret<'_>> {
        header_secrets("/metadata", &mut self.metadata)
    }

    fn capabilities(&self) -> Vec<&'static str> {
        let mut needed = vec![capability::HTTP2];
        if self.ip_version == IpVersion::V6 {
            needed.push(capability::IPV6);
        }
        needed
    }

    fn assertions(&self) -> Vec<&Assertion> {
        self.assertions.iter().collect()
    }

    fn general_assertions(&mut self) -> Option<&mut Vec<Assertion>> {
        Some(&mut self.assertions)
    }

    fn validate(&self, faults: &mut Faults) {
        validate::host_and_port(&self.host, self.port, self.ip_version, faults);
        if self.service.len() > MAX_SERVICE_BYTES {
            faults.add("/service", format!("may have at most {MAX_SERVICE_BYTES} bytes"));
        }
        validate::fields("/metadata", &self.metadata, faults);
        for (index, field) in self.metadata.iter().enumerate() {
            let name = field.name.to_ascii_lowercase();
            if OWN_METADATA.contains(&name.as_str()) || name.starts_with("grpc-") {
                faults.add(format!("/metadata/{index}/name"), "is set by the call itself");
            }
        }
        if self.accept_any_certificate && !self.tls {
            faults.add("/accept_any_certificate", "there is no certificate without TLS");
        }
        validate::assertions(&self.assertions, &ASSERTIONS, faults);
        for (index, assertion) in self.assertions.iter().enumerate() {
            if matches!(assertion.subject, Subject::CertificateDays { .. }) && !self.tls {
                faults.add(
                    format!("/assertions/{index}/on"),
                    "there is no certificate without TLS",
                );
            }
        }
    }

    #[cfg(feature = "http2")]
    async fn run<P: Platform>(&self, engine: &Engine<'_, P>, timeout_ms: u32) -> Sight {
        run::run(engine, self, timeout_ms).await
    }

    #[cfg(not(feature = "http2"))]
    async fn run<P: Platform>(&self, _engine: &Engine<'_, P>, _timeout_ms: u32) -> Sight {
        crate::check::unsupported("this probe does not speak HTTP/2, and so no gRPC")
    }
}

#[cfg(test)]
mod tests {
    use crate::check;
    use edgewatch_protocol::check::Check;
    use serde_json::{Value, json};

    fn read(mut fields: Value) -> Check {
        fields["type"] = "grpc".into();
        if fields["host"].is_null() {
            fields["host"] = "grpc.example.com".into();
        }
        fields["port"] = fields.get("port").cloned().unwrap_or(json!(443));
        serde_json::from_value(fields).unwrap()
    }

    fn pointers(fields: Value) -> Vec<String> {
        let faults = check::validate(&read(fields));
        faults.into_iter().map(|fault| fault.pointer).collect()
    }

    #[test]
    fn faults_are_named_by_their_field() {
        let full = json!({
            "service": "shop.v1.Orders", "metadata": [{"name": "Authorization", "value": "Bearer x"}],
            "assertions": [{"on": "latency", "max_ms": 100}, {"on": "certificate_days", "min_days": 7}]
        });
        assert_eq!(pointers(full), [""; 0]);
        assert_eq!(pointers(json!({"host": "a b", "port": 0})), ["/host", "/port"]);
        assert_eq!(pointers(json!({"service": "x".repeat(501)})), ["/service"]);
        assert_eq!(
            pointers(json!({"metadata": [
                {"name": "grpc-timeout", "value": "1S"}, {"name": "TE", "value": "x"}, {"name": "a b", "value": "x"},
                {"name": "Host", "value": "x"}, {"name": "a", "value": "\n"}]})),
            [
                "/metadata/2/name",
                "/metadata/3/name",
                "/metadata/4/value",
                "/metadata/0/name",
                "/metadata/1/name"
            ]
        );
        assert_eq!(
            pointers(
                json!({"tls": false, "accept_any_certificate": true, "assertions": [
                {"on": "certificate_days", "min_days": 7}, {"on": "status", "allowed": "200"}]})
            ),
            ["/accept_any_certificate", "/assertions/1/on", "/assertions/0/on"]
        );
    }

    #[test]
    fn what_is_told_of_it() {
        let mut check = read(json!({"host": "2001:db8::1", "ip_version": "v6", "metadata": [
            {"name": "X-Api-Key", "value": "k"}, {"name": "X-Tenant", "value": "t"}]}));
        assert_eq!(check::target(&check), "grpcs://[2001:db8::1]:443");
        assert_eq!(
            check::origin(&check).as_deref(),
            Some("grpcs://[2001:db8::1]:443")
        );
        assert_eq!(check::capabilities(&check), ["grpc", "http2", "ipv6"]);
        let secrets = check::secrets(&mut check);
        assert_eq!(secrets.len(), 1);
        assert_eq!(secrets[0].pointer, "/metadata/0/value");
    }
}
