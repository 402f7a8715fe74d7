//! Headers: what reaches the service, what comes back, and who may call from where.

use crate::support::{Gateway, start, start_with};
use duologue_gateway::Config;

async fn seen(gateway: &Gateway, headers: &[(&str, &str)]) -> Vec<String> {
    let json = gateway.call_with("GET", "/v1/chats/7", headers, "").await.json();
    json["participantIds"].as_array().unwrap().iter().map(|line| line.as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn only_listed_headers_reach_the_service() {
    let gateway = start().await;
    let headers = [
        ("authorization", "Bearer a"),
        ("traceparent", "t"),
        ("tracestate", "s"),
        ("x-request-id", "r"),
        ("cookie", "c"),
        ("x-user-id", "u"),
        ("grpc-metadata-evil", "e"),
        ("te", "trailers"),
    ];
    let mut seen = seen(&gateway, &headers).await;
    seen.sort();
    let expected =
        ["authorization: Bearer a", "peer: 127.0.0.1", "traceparent: t", "tracestate: s", "x-request-id: r"];
    assert_eq!(seen, expected);
}

#[tokio::test]
async fn two_authorizations_both_reach_the_service() {
    let gateway = start().await;
    let seen = seen(&gateway, &[("authorization", "Bearer a"), ("authorization", "Bearer b")]).await;
    assert!(
        seen.contains(&"authorization: Bearer a".into()) && seen.contains(&"authorization: Bearer b".into())
    );
}

#[tokio::test]
async fn the_request_id_goes_in_and_out() {
    let gateway = start().await;
    let answer = gateway.call_with("GET", "/v1/chats/7", &[("x-request-id", "mine-1")], "").await;
    assert_eq!(answer.header("x-request-id"), "mine-1");
    for path in ["/v1/chats/7", "/v1/nothing", "/healthz", "/v1/chats/three/stream"] {
        let answer = gateway.call_with("GET", path, &[("x-request-id", "not sane")], "").await;
        assert_eq!(answer.header("x-request-id").len(), 36, "{path}");
    }
    let answer = gateway.get("/v1/chats/7").await;
    let id = answer.header("x-request-id");
    assert!(answer.json()["participantIds"].to_string().contains(&format!("x-request-id: {id}")));
}

#[tokio::test]
async fn a_deadline_is_told_to_the_service() {
    let gateway = start().await;
    let seen = seen(&gateway, &[("x-request-timeout", "5")]).await;
    let told = seen.iter().find_map(|line| line.strip_prefix("grpc-timeout: ")).unwrap();
    let micros: u64 = told.strip_suffix('u').unwrap().parse().unwrap();
    assert!((4_000_000..=5_000_000).contains(&micros), "{told}");
}

#[tokio::test]
async fn forwarded_addresses_count_only_behind_a_trusted_proxy() {
    let forwarded = [("x-forwarded-for", "9.9.9.9, 1.2.3.4")];
    let gateway = start().await;
    assert!(seen(&gateway, &forwarded).await.contains(&"peer: 127.0.0.1".into()));
    let trusted_proxies = vec!["127.0.0.0/8".parse().unwrap()];
    let gateway = start_with(Config { trusted_proxies, ..Config::default() }).await;
    assert!(seen(&gateway, &forwarded).await.contains(&"peer: 1.2.3.4".into()));
}

#[tokio::test]
async fn other_origins_may_call_only_when_named() {
    let origin = ("origin", "https://a.example");
    let preflight = [origin, ("access-control-request-method", "POST")];
    let gateway = start().await;
    assert_eq!(
        gateway.call_with("GET", "/healthz", &[origin], "").await.header("access-control-allow-origin"),
        ""
    );
    let allowed_origins = vec!["https://a.example".parse().unwrap()];
    let gateway = start_with(Config { allowed_origins, ..Config::default() }).await;
    let allowed = async |verb: &str, headers: &[(&str, &str)]| {
        let answer = gateway.call_with(verb, "/v1/login", headers, "").await;
        answer.header("access-control-allow-origin").to_owned()
    };
    assert_eq!(allowed("OPTIONS", &preflight).await, "https://a.example");
    assert_eq!(allowed("POST", &[origin]).await, "https://a.example");
    assert_eq!(allowed("POST", &[("origin", "https://b.example")]).await, "");
}

#[tokio::test]
async fn the_contract_is_served_and_its_page_needs_nobody_else() {
    let gateway = start().await;
    let contract = gateway.get("/openapi.json").await;
    assert_eq!(contract.json()["openapi"], "3.1.0");
    let page = gateway.get("/docs").await;
    assert_eq!(page.header("content-type"), "text/html; charset=utf-8");
    assert!(page.header("content-security-policy").starts_with("default-src 'none'"));
    let text = String::from_utf8(page.body.to_vec()).unwrap();
    assert!(
        !text.contains("http://") && !text.contains("https://") && !text.contains("src="),
        "foreign assets"
    );
    assert_eq!(gateway.get("/healthz").await.header("x-content-type-options"), "nosniff");
}
