//! What a call brings with it besides its message and its credential.

use std::net::IpAddr;
use std::time::Duration;

use duologue_contract::Rpc;
use duologue_contract::context::{CallContext, FORWARDED_FOR, REQUEST_ID, SERVICE_TOKEN};
use duologue_domain::Environment;
use duologue_domain::auth::ServiceTokenVerifier;
use duologue_domain::id::Id;
use duologue_telemetry::TraceContext;
use http::{HeaderMap, HeaderValue};
use tokio::time::Instant;
use tonic::metadata::MetadataMap;
use tonic::transport::server::TcpConnectInfo;
use tonic::{Extensions, Response, Status};
use uuid::Uuid;

use crate::status::Refusal;

/// The longest name of a request that is taken over.
const REQUEST_ID_LENGTH: usize = 128;

/// Names a request that came without a name.
#[derive(Clone, Copy)]
struct NewRequestId(Uuid);

impl Id for NewRequestId {
    fn from_uuid(uuid: Uuid) -> Self {
        Self(uuid)
    }

    fn uuid(self) -> Uuid {
        self.0
    }
}

/// What a call brings with it.
pub(super) struct Arrival {
    request_id: HeaderValue,
    pub(super) address: Option<IpAddr>,
    /// The trace that the call belongs to, if it says.
    trace: Option<TraceContext>,
    /// How long the client wants to wait, if it says.
    pub(super) deadline: Option<Duration>,
}

impl Arrival {
    pub(super) fn of(
        metadata: &MetadataMap,
        extensions: &Extensions,
        environment: &Environment,
        gateways: Option<&dyn ServiceTokenVerifier>,
    ) -> Self {
        let headers = metadata.as_ref();
        let peer = extensions.get::<TcpConnectInfo>().and_then(TcpConnectInfo::remote_addr);
        let peer = peer.map(|peer| peer.ip().to_canonical());
        let proves_a_gateway = |verifier: &dyn ServiceTokenVerifier| {
            let token = headers.get(SERVICE_TOKEN).and_then(|token| token.to_str().ok());
            token.is_some_and(|token| verifier.verify(token, environment.now()).is_ok())
        };
        let forwarded = forwarded_for(headers).filter(|_| gateways.is_some_and(proves_a_gateway));
        Self {
            request_id: request_id(headers, environment),
            address: forwarded.or(peer),
            trace: TraceContext::received(headers),
            deadline: timeout(headers),
        }
    }

    /// The span of the call. It names the user once they are known, and nothing private.
    pub(super) fn span(&self, rpc: Rpc) -> tracing::Span {
        let request_id = self.request_id.to_str().unwrap_or_default();
        let span = tracing::info_span!("call", rpc = rpc.path(), request_id, user_id = tracing::field::Empty);
        if let Some(received) = &self.trace {
            duologue_telemetry::set_parent(&span, received);
        }
        span
    }

    /// What is carried to other services that are called on behalf of this call.
    pub(super) fn context(&self, span: &tracing::Span, wait: Duration) -> CallContext {
        let mut trace = HeaderMap::new();
        duologue_telemetry::inject(span, self.trace.as_ref(), &mut trace);
        CallContext::of(&trace, &self.request_id, Instant::now().checked_add(wait))
    }

    /// The outcome, with the name of the request.
    pub(super) fn answer<Out>(self, outcome: Result<Out, Refusal>) -> Result<Response<Out>, Status> {
        match outcome {
            Ok(message) => {
                let mut response = Response::new(message);
                response.metadata_mut().as_mut().insert(REQUEST_ID, self.request_id);
                Ok(response)
            }
            Err(refusal) => {
                let mut status = refusal.into_status();
                status.metadata_mut().as_mut().insert(REQUEST_ID, self.request_id);
                Err(status)
            }
        }
    }
}

/// The last hop that a gateway names: what stands before it, anybody may have written.
fn forwarded_for(headers: &HeaderMap) -> Option<IpAddr> {
    let value = headers.get_all(FORWARDED_FOR).iter().next_back()?;
    value.to_str().ok()?.rsplit(',').next()?.trim().parse().ok()
}

/// The name that a request brought, if it is short and visible, or a new one.
pub(super) fn request_id(headers: &HeaderMap, environment: &Environment) -> HeaderValue {
    let brought = headers.get(REQUEST_ID).filter(|value| {
        let bytes = value.as_bytes();
        (1..=REQUEST_ID_LENGTH).contains(&bytes.len()) && bytes.iter().all(u8::is_ascii_graphic)
    });
    let mut name = brought.cloned().unwrap_or_else(|| {
        HeaderValue::try_from(environment.new_id::<NewRequestId>().to_text())
            .unwrap_or_else(|_| HeaderValue::from_static("none"))
    });
    // No two requests have one name: HTTP/2 need not keep it in its tables, on either side.
    name.set_sensitive(true);
    name
}

/// What `grpc-timeout` says: up to eight digits and a unit. Anything else is as if it were not there.
pub(super) fn timeout(headers: &HeaderMap) -> Option<Duration> {
    let text = headers.get("grpc-timeout")?.to_str().ok()?;
    let (digits, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
    if digits.is_empty() || digits.len() > 8 || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let count: u64 = digits.parse().ok()?;
    match unit {
        "H" => Some(Duration::from_secs(count * 3_600)),
        "M" => Some(Duration::from_secs(count * 60)),
        "S" => Some(Duration::from_secs(count)),
        "m" => Some(Duration::from_millis(count)),
        "u" => Some(Duration::from_micros(count)),
        "n" => Some(Duration::from_nanos(count)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use duologue_domain::auth::InvalidServiceToken;

    use super::super::tests::Nothing;
    use super::*;

    fn header(name: &'static str, value: &[u8]) -> HeaderMap {
        HeaderMap::from_iter([(
            http::HeaderName::from_static(name),
            HeaderValue::from_bytes(value).expect("a header value"),
        )])
    }

    #[test]
    fn a_timeout_is_up_to_eight_digits_and_a_unit() {
        let table: [(&[u8], Option<Duration>); 14] = [
            (b"1H", Some(Duration::from_hours(1))),
            (b"2M", Some(Duration::from_mins(2))),
            (b"3S", Some(Duration::from_secs(3))),
            (b"4m", Some(Duration::from_millis(4))),
            (b"5u", Some(Duration::from_micros(5))),
            (b"6n", Some(Duration::from_nanos(6))),
            (b"99999999H", Some(Duration::from_hours(99_999_999))),
            (b"0S", Some(Duration::ZERO)),
            (b"100000000S", None),
            (b"S", None),
            (b"", None),
            (b"+5S", None),
            (b"5", None),
            (b"5\xff", None),
        ];
        for (text, expected) in table {
            assert_eq!(timeout(&header("grpc-timeout", text)), expected, "{text:?}");
        }
    }

    #[test]
    fn only_the_hop_that_the_gateway_saw_is_read() {
        let table: [(&[u8], Option<&str>); 5] = [
            (b"192.0.2.1", Some("192.0.2.1")),
            (b"203.0.113.9, 192.0.2.1", Some("192.0.2.1")),
            (b"2001:db8::1", Some("2001:db8::1")),
            (b"unknown", None),
            (b"", None),
        ];
        for (text, expected) in table {
            let expected = expected.and_then(|text| text.parse().ok());
            assert_eq!(forwarded_for(&header("x-forwarded-for", text)), expected, "{text:?}");
        }
    }

    struct Verifier;

    impl ServiceTokenVerifier for Verifier {
        fn verify(&self, token: &str, _: duologue_domain::Timestamp) -> Result<(), InvalidServiceToken> {
            if token == "genuine" { Ok(()) } else { Err(InvalidServiceToken) }
        }
    }

    #[test]
    fn only_a_gateway_of_the_deployment_is_believed() {
        let environment = Environment::new(Arc::new(Nothing), Arc::new(Nothing));
        let address_of = |token: Option<&'static str>, verifier: Option<&dyn ServiceTokenVerifier>| {
            let mut metadata = MetadataMap::new();
            let headers = metadata.as_mut();
            headers.insert(FORWARDED_FOR, HeaderValue::from_static("192.0.2.1"));
            if let Some(token) = token {
                headers.insert(SERVICE_TOKEN, HeaderValue::from_static(token));
            }
            let mut extensions = Extensions::new();
            let peer = "203.0.113.9:7".parse().ok();
            extensions.insert(TcpConnectInfo { local_addr: None, remote_addr: peer });
            Arrival::of(&metadata, &extensions, &environment, verifier).address.map(|ip| ip.to_string())
        };
        assert_eq!(address_of(Some("genuine"), Some(&Verifier)).as_deref(), Some("192.0.2.1"));
        for (token, verifier) in [
            (Some("forged"), Some(&Verifier as &dyn ServiceTokenVerifier)),
            (None, Some(&Verifier)),
            (Some("genuine"), None),
        ] {
            assert_eq!(address_of(token, verifier).as_deref(), Some("203.0.113.9"), "{token:?}");
        }
    }
}
