//! Access tokens: whose they are, and what is none.

use std::time::{Duration, Instant};

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ED25519, Ed25519KeyPair, UnparsedPublicKey};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use duologue_contract::auth::{GetJwksRequest, LoginRequest, RefreshRequest, RegisterRequest};
use duologue_contract::chat::ListUserChatsRequest;
use duologue_contract::errors::Reason;
use duologue_contract::social::{ListRequestsRequest, SendFriendRequestRequest};
use serde_json::Value;
use tonic::Code;

use crate::door::{Credential, Door, Envelope, HttpRequest};
use crate::world::{Outcome, Stop, World};

/// What a token claims; `None` when it is no JWT.
pub(super) fn claims(token: &str) -> Option<Value> {
    part(token, 1)
}

fn part(token: &str, number: usize) -> Option<Value> {
    let part = token.split('.').nth(number)?;
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).ok()?).ok()
}

fn encoded(part: &Value) -> String {
    URL_SAFE_NO_PAD.encode(part.to_string())
}

pub(super) async fn identity_from_token(world: &World) -> Outcome {
    let [ann, bob, carol] = world.people().await?;
    for asker in [&ann, &bob] {
        let mut envelope = Envelope::by(asker);
        for header in ["x-user-id", "user-id", "x-forwarded-user", "x-authenticated-userid"] {
            envelope = envelope.with_header(header, &carol.user_id);
        }
        let request = SendFriendRequestRequest { user_id: carol.user_id.clone() };
        let sent = world.ok(envelope.clone(), &request).await?;
        world.check_eq("from_user_id of a request", &sent.from_user_id, &asker.user_id);
        world.check_eq("to_user_id of a request", &sent.to_user_id, &carol.user_id);
        let own = world.ok(envelope, &ListRequestsRequest::default()).await?;
        world.check(own.requests.is_empty(), || {
            "a caller sees the requests of the user that a header names".to_owned()
        });
    }
    let incoming = world.ok(&carol, &ListRequestsRequest::default()).await?.requests;
    let senders: Vec<_> = incoming.iter().map(|request| request.from_user_id.clone()).collect();
    world.check_eq("who asked, newest first", &senders, &vec![bob.user_id, ann.user_id]);
    Ok(())
}

pub(super) async fn tampered(world: &World) -> Outcome {
    let [ann, bob] = [world.newcomer().await?, world.newcomer().await?];
    let token = ann.access_token.clone();
    let parts: Vec<&str> = token.split('.').collect();
    let (Some(header), Some(payload), [head, body, signature]) =
        (part(&token, 0), claims(&token), parts.as_slice())
    else {
        world.violation("the access token is no JWT");
        return Err(Stop::Violated);
    };
    let with = |value: &Value, name: &str, new: Value| {
        let mut value = value.clone();
        value[name] = new;
        value
    };
    let none = encoded(&with(&header, "alg", "none".into()));
    let of_bob = encoded(&with(&payload, "sub", bob.user_id.clone().into()));
    let longer = encoded(&with(&payload, "exp", 4_102_444_800_u64.into()));
    let foreign = foreign_signature(&format!("{head}.{body}"))?;
    let table = [
        ("a bit of the header", format!("{}.{body}.{signature}", flipped(head))),
        ("a bit of the payload", format!("{head}.{}.{signature}", flipped(body))),
        ("a bit of the signature", format!("{head}.{body}.{}", flipped(signature))),
        ("another subject", format!("{head}.{of_bob}.{signature}")),
        ("a later end", format!("{head}.{longer}.{signature}")),
        ("alg none with the signature", format!("{none}.{body}.{signature}")),
        ("alg none without a signature", format!("{none}.{body}.")),
        ("no signature", format!("{head}.{body}.")),
        ("no third part", format!("{head}.{body}")),
        ("a foreign key", format!("{head}.{body}.{foreign}")),
        ("another subject, signed by a foreign key", {
            format!("{head}.{of_bob}.{}", foreign_signature(&format!("{head}.{of_bob}"))?)
        }),
        ("a fourth part", format!("{token}.{signature}")),
    ];
    world.arrange(&ann, &ListUserChatsRequest::default()).await?;
    for (case, token) in table {
        world.keep_secret(&token);
        let result = world.call(token.as_str(), &ListUserChatsRequest::default()).await;
        if world.check(result.is_err(), || format!("{case}: the token is taken")) {
            world.expect_refused(
                duologue_contract::Rpc::ChatListUserChats,
                result.map(|_| ()),
                Code::Unauthenticated,
            )?;
        }
    }
    Ok(())
}

/// The text with one bit of its third letter's value changed.
fn flipped(part: &str) -> String {
    let flip = |(index, letter): (usize, char)| match (index, letter) {
        (2, 'A') => 'B',
        (2, _) => 'A',
        (_, letter) => letter,
    };
    part.chars().enumerate().map(flip).collect()
}

fn foreign_signature(signed: &str) -> Outcome<String> {
    let broken = |_| Stop::Broken("no key could be made".to_owned());
    let key = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new()).map_err(broken)?;
    let key = Ed25519KeyPair::from_pkcs8(key.as_ref()).map_err(|_| Stop::Broken("no key".to_owned()))?;
    Ok(URL_SAFE_NO_PAD.encode(key.sign(signed.as_bytes())))
}

/// The longest life of an access token that a run waits for.
const LONGEST_WAIT_SECONDS: i64 = 60;

pub(super) async fn expired(world: &World) -> Outcome {
    let ann = world.newcomer().await?;
    let refresh = RefreshRequest { refresh_token: ann.refresh_token };
    let fresh = world.arrange(Credential::None, &refresh).await?;
    let life = fresh.expires_in_seconds;
    if life > LONGEST_WAIT_SECONDS {
        return Err(Stop::Skipped(format!(
            "access tokens live {life} s here, more than {LONGEST_WAIT_SECONDS}"
        )));
    }
    let token = fresh.access_token.as_str();
    let list = ListUserChatsRequest::default();
    world.arrange(token, &list).await?;
    let life = Duration::from_secs(life.unsigned_abs());
    let began = Instant::now();
    tokio::time::sleep(life).await;
    while world.call(token, &list).await.is_ok() && began.elapsed() < life + Duration::from_secs(3) {
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    world.refused_for(token, &list, Reason::TokenExpired).await?;
    let refreshed =
        world.arrange(Credential::None, &RefreshRequest { refresh_token: fresh.refresh_token }).await?;
    world.arrange(refreshed.access_token.as_str(), &list).await?;
    Ok(())
}

pub(super) async fn bearer_parsing(world: &World) -> Outcome {
    let ann = world.newcomer().await?;
    let token = &ann.access_token;
    let list = ListUserChatsRequest::default();
    let refused: [&[&str]; 7] = [
        &[token],
        &[&format!("Basic {token}")],
        &["Bearer"],
        &["Bearer "],
        &["B"],
        &[""],
        &[&format!("Bearer{token}")],
    ];
    for values in refused {
        let credential = Credential::Raw(values.iter().map(ToString::to_string).collect());
        world.refused(credential, &list, Code::Unauthenticated).await?;
    }
    let either: [&[&str]; 5] = [
        &[&format!("bearer {token}")],
        &[&format!("BEARER {token}")],
        &[&format!("Bearer  {token}")],
        &[&format!("Bearer {token} ")],
        &[&format!("Bearer {token}"), "Bearer garbage"],
    ];
    for values in either {
        let credential = Credential::Raw(values.iter().map(ToString::to_string).collect());
        let code = world.call(credential, &list).await.err().map(|failure| failure.code);
        world.check(matches!(code, None | Some(Code::Unauthenticated)), || {
            format!("an odd form of authorization must be read or UNAUTHENTICATED, it is {code:?}")
        });
    }
    Ok(())
}

pub(super) async fn errors_do_not_leak(world: &World) -> Outcome {
    // Hygiene is checked on every answer of the run; here are the calls that tempt a server most.
    let ann = world.newcomer().await?;
    let session = world.session();
    let invented = format!("{}{}", session.fresh_password(), ann.refresh_token);
    world.keep_secret(&invented);
    world
        .refused(
            Credential::None,
            &LoginRequest { email: ann.email.clone(), password: invented.clone() },
            Code::Unauthenticated,
        )
        .await?;
    world
        .refused(Credential::None, &RefreshRequest { refresh_token: invented.clone() }, Code::Unauthenticated)
        .await?;
    let register = |email: String, password: String| RegisterRequest { email, password };
    let long = session.fresh_password().repeat(10);
    let tempting = [
        register(session.fresh_email(), long),
        register(format!("{}@", session.fresh_email()), session.fresh_password()),
        register(ann.email.clone(), session.fresh_password()),
        register(format!("'; DROP TABLE users; --{}", session.fresh_email()), session.fresh_password()),
    ];
    for request in tempting {
        let refused = world.call(Credential::None, &request).await;
        world.check(refused.is_err(), || "Register takes what it must refuse".to_owned());
    }
    super::is_refused(world, &invented, "an invented token").await;
    Ok(())
}

pub(super) async fn jwks_verifies(world: &World) -> Outcome {
    let ann = world.newcomer().await?;
    let login = world.login(&ann).await?;
    let keys = world.ok(Credential::None, &GetJwksRequest {}).await?.keys;
    for (token, life) in
        [(&ann.access_token, login.expires_in_seconds), (&login.access_token, login.expires_in_seconds)]
    {
        let (Some(header), Some(claims)) = (part(token, 0), claims(token)) else {
            world.violation("the access token is no JWT");
            return Err(Stop::Violated);
        };
        world.check_eq("alg of the token", &header["alg"].as_str(), &Some("EdDSA"));
        world.check_eq("typ of the token", &header["typ"].as_str(), &Some("at+jwt"));
        for claim in ["iss", "aud", "sub", "iat", "exp", "jti", "sid"] {
            world.check(!claims[claim].is_null(), || format!("the token has no claim {claim}"));
        }
        let lasts = claims["exp"].as_i64().unwrap_or_default() - claims["iat"].as_i64().unwrap_or_default();
        world.check((lasts - life).abs() <= 2, || {
            format!("the token lasts {lasts} s, expires_in_seconds says {life}")
        });
        let (signed, signature) = token.rsplit_once('.').unwrap_or_default();
        let signature = URL_SAFE_NO_PAD.decode(signature).unwrap_or_default();
        for key in &keys {
            let public = URL_SAFE_NO_PAD.decode(&key.x).unwrap_or_default();
            let verifies =
                UnparsedPublicKey::new(&ED25519, public).verify(signed.as_bytes(), &signature).is_ok();
            let is_named = header["kid"].as_str() == Some(&key.kid);
            world.check(verifies == is_named, || {
                format!("key {}: named by the token: {is_named}, verifies it: {verifies}", key.kid)
            });
        }
        world.check(keys.iter().any(|key| header["kid"].as_str() == Some(&key.kid)), || {
            "the key that signs is not published".to_owned()
        });
    }
    for key in &keys {
        let form = (key.kty.as_str(), key.crv.as_str(), key.alg.as_str(), key.r#use.as_str());
        world.check_eq("form of a key", &form, &("OKP", "Ed25519", "EdDSA", "sig"));
    }
    if world.door() == Door::Rest {
        let (response, _) = world.http(None, HttpRequest::new("GET", "/.well-known/jwks.json")).await?;
        let document = response.json().unwrap_or_default();
        let published = document["keys"].as_array().cloned().unwrap_or_default();
        world.check(!published.is_empty(), || "the JWK Set has no keys".to_owned());
        for private in ["d", "p", "q", "k"] {
            world.check(published.iter().all(|key| key.get(private).is_none()), || {
                format!("a key has the private member {private}")
            });
        }
    }
    Ok(())
}
