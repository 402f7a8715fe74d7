//! What requests become: path, query and body.

use crate::support::start;
use serde_json::json;

#[tokio::test]
async fn a_request_reaches_its_service_and_the_answer_comes_back_as_json() {
    let gateway = start().await;
    let answer = gateway.call("POST", "/v1/login", r#"{"email":"a","password":"ж"}"#).await;
    assert_eq!((answer.status, answer.header("content-type")), (200, "application/json"));
    assert_eq!(answer.header("cache-control"), "no-store");
    let expected =
        json!({ "accessToken": "ж", "refreshToken": "", "userId": "a", "expiresInSeconds": "900" });
    assert_eq!(answer.json(), expected);
    let keys = gateway.get("/.well-known/jwks.json").await;
    assert_eq!(keys.json()["keys"][0]["kty"], "OKP");
}

#[tokio::test]
async fn both_spellings_are_read_and_unknown_fields_and_nulls_ignored() {
    let gateway = start().await;
    let bodies = [
        r#"{"text":"t","client_message_id":"c","future":{"a":[1]}}"#,
        r#"{"text":"t","clientMessageId":"c","client_message_id":null}"#,
    ];
    for body in bodies {
        let answer = gateway.call("POST", "/v1/chats/7/message", body).await.json();
        assert_eq!(answer["clientMessageId"], "c", "{body}");
        assert_eq!(answer["sequence"], "9007199254740993");
    }
    let twice = gateway
        .call("POST", "/v1/chats/7/message", r#"{"clientMessageId":"c","client_message_id":"d"}"#)
        .await;
    assert_eq!(twice.error(), (400, 3, "INVALID_FIELD".into()));
}

#[tokio::test]
async fn the_path_wins_over_the_body_and_the_query() {
    let gateway = start().await;
    for name in ["chat_id", "chatId"] {
        let answer =
            gateway.call("POST", "/v1/chats/7/message", format!(r#"{{"{name}":"8","text":"t"}}"#)).await;
        assert_eq!(answer.json()["chatId"], "7");
    }
    let answer = gateway.get("/v1/profile/7?id=8").await;
    assert_eq!(answer.json()["userId"], "7");
    let answer = gateway.call("POST", "/v1/chats/7/message?text=query", r#"{"text":"body"}"#).await;
    assert_eq!(answer.json()["text"], "body");
}

#[tokio::test]
async fn presence_survives() {
    let gateway = start().await;
    let answer = gateway.call("PATCH", "/v1/profile/7", r#"{"bio":""}"#).await.json();
    assert_eq!(answer["bio"], "");
    assert!(answer.get("avatarUrl").is_none());
    let next =
        async |query: &str| gateway.get(&format!("/v1/sessions{query}")).await.json()["nextCursor"].clone();
    assert_eq!(next("").await, "0 absent");
    assert_eq!(next("?cursor=&limit=-1").await, "-1 <>");
}

#[tokio::test]
async fn the_query_is_decoded_and_checked() {
    let gateway = start().await;
    let found = gateway.get("/v1/users/search?query=%D0%B6+%2B&limit=7&future=1&cursor=c%3D").await.json();
    assert_eq!(found["results"][0]["nickname"], "ж +");
    assert_eq!(found["results"][0]["userId"], "7");
    assert_eq!(found["nextCursor"], "c=");
    let batch = gateway.get("/v1/users/batch?ids=a&ids=b&ids=a").await.json();
    assert_eq!(batch["profiles"].as_array().unwrap().len(), 3);
    let requests = gateway.get("/v1/friends/requests?direction=REQUEST_DIRECTION_OUTGOING").await.json();
    assert_eq!(requests["nextCursor"], "REQUEST_DIRECTION_OUTGOING");
    for query in ["limit=abc", "limit=", "limit=1.5", "limit=2147483648", "limit=1&limit=2"] {
        let answer = gateway.get(&format!("/v1/users/search?query=a&{query}")).await;
        assert_eq!(answer.error(), (400, 3, "INVALID_FIELD".into()), "{query}");
        assert_eq!(answer.violations(), ["limit"], "{query}");
    }
    for query in ["query=%", "query=%ff", "%zz=1"] {
        let answer = gateway.get(&format!("/v1/users/search?{query}")).await;
        assert_eq!(answer.error(), (400, 3, "MALFORMED_REQUEST".into()), "{query}");
    }
    assert_eq!(gateway.get("/v1/friends/requests?direction=UP").await.violations(), ["direction"]);
}

#[tokio::test]
async fn path_parameters_are_decoded_exactly_once() {
    let gateway = start().await;
    for (path, id) in [
        ("a%2Fb", "a/b"),
        ("%252F", "%2F"),
        ("a+b", "a+b"),
        ("%D0%B6", "ж"),
        ("..", ".."),
        ("%00", "\0"),
        ("", ""),
    ] {
        let answer = gateway.get(&format!("/v1/profile/{path}")).await;
        assert_eq!((answer.status, answer.json()["userId"].as_str()), (200, Some(id)), "{path}");
    }
    assert_eq!(gateway.get(&format!("/v1/profile/{}", "x".repeat(4096))).await.status, 200);
    for path in ["%zz", "%ff", "%"] {
        let answer = gateway.get(&format!("/v1/profile/{path}")).await;
        assert_eq!(answer.error(), (400, 3, "MALFORMED_REQUEST".into()), "{path}");
    }
    assert_eq!(gateway.get("/v1/profile/a/b").await.error(), (404, 5, "ROUTE_UNKNOWN".into()));
}

#[tokio::test]
async fn a_body_may_be_empty_only_where_all_is_in_the_path() {
    let gateway = start().await;
    for body in ["", "{}", r#"{"user_id":"8"}"#] {
        let answer = gateway.call("POST", "/v1/friends/7/request", body).await.json();
        assert_eq!((&answer["toUserId"], &answer["status"]), (&json!("7"), &json!("PENDING")));
    }
    assert_eq!(gateway.call("POST", "/v1/login", "").await.error(), (400, 3, "MALFORMED_JSON".into()));
    assert_eq!(gateway.call("DELETE", "/v1/friends/7", "").await.json(), json!({}));
}

#[tokio::test]
async fn malformed_json_is_refused() {
    let gateway = start().await;
    let bodies: [&[u8]; 14] = [
        b"{",
        b"[]",
        b"null",
        b"\"text\"",
        b"{\"email\":\"a\"",
        b"{\"email\":\"\xff\"}",
        b"{\"email\":\"\\ud800\"}",
        b"{\"email\":\"\\ud800\\u0041\"}",
        b"{\"email\":\"a\x00b\"}",
        b"{'email':1}",
        b"{\"email\":\"a\"} x",
        b"\0",
        b"{\"email\":01}",
        b"\xef\xbb\xbf{}",
    ];
    for body in bodies {
        let answer = gateway.call("POST", "/v1/login", body).await;
        assert_eq!(answer.error(), (400, 3, "MALFORMED_JSON".into()), "{}", String::from_utf8_lossy(body));
    }
    let deep = "[".repeat(60_000);
    assert_eq!(gateway.call("POST", "/v1/login", deep).await.error().0, 400);
    let nul = gateway.call("POST", "/v1/login", r#"{"email":"\u0000","password":"p"}"#).await;
    assert_eq!(nul.json()["userId"], "\0", "the service decides about it");
}

#[tokio::test]
async fn a_value_of_the_wrong_type_names_its_field_and_is_not_quoted() {
    let gateway = start().await;
    for value in ["1", "true", "{}", "[]", "[\"hunter22\"]", "{\"hunter22\":1}"] {
        let answer =
            gateway.call("POST", "/v1/login", format!(r#"{{"email":"a","password":{value}}}"#)).await;
        assert_eq!(answer.error(), (400, 3, "INVALID_FIELD".into()), "{value}");
        assert_eq!(answer.violations(), ["password"]);
        assert!(!String::from_utf8_lossy(&answer.body).contains("hunter22"));
    }
    let answer = gateway.call("POST", "/v1/logout", r#"{"refreshToken":"a","allSessions":"yes"}"#).await;
    assert_eq!(answer.violations(), ["all_sessions"]);
}

#[tokio::test]
async fn the_body_has_to_be_json_by_its_content_type_or_have_none() {
    let gateway = start().await;
    let login = r#"{"email":"a","password":"p"}"#;
    for content_type in ["application/json", "application/json; charset=utf-8", "APPLICATION/JSON"] {
        let headers = [("content-type", content_type)];
        assert_eq!(gateway.call_with("POST", "/v1/login", &headers, login).await.status, 200);
    }
    for headers in [
        ("content-type", "text/plain"),
        ("content-type", "application/x-www-form-urlencoded"),
        ("content-encoding", "gzip"),
    ] {
        let answer = gateway.call_with("POST", "/v1/login", &[headers], login).await;
        assert_eq!(answer.error(), (415, 3, "MEDIA_TYPE_UNSUPPORTED".into()));
    }
    let empty =
        gateway.call_with("POST", "/v1/friends/7/request", &[("content-type", "text/plain")], "").await;
    assert_eq!(empty.status, 200);
}
