//! What is no token of ours, however much it looks like one.

use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::{URL_SAFE, URL_SAFE_NO_PAD};
use duologue_domain::auth::{Generation, RefreshTokens, Salt, Session};
use serde_json::{Value, json};

use super::*;

fn encode(value: &Value) -> String {
    URL_SAFE_NO_PAD.encode(value.to_string())
}

/// A token of this header and these claims, truly signed by the key that signs.
fn signed(house: &House, header: &Value, claims: &Value) -> String {
    let message = format!("{}.{}", encode(header), encode(claims));
    let key = house.keys.signing();
    let signature =
        jsonwebtoken::crypto::sign(message.as_bytes(), key.private(), jsonwebtoken::Algorithm::EdDSA)
            .unwrap();
    format!("{message}.{signature}")
}

fn good_header(house: &House) -> Value {
    json!({ "typ": "at+jwt", "alg": "EdDSA", "kid": house.keys.signing().public().key_id })
}

fn good_claims() -> Value {
    json!({
        "iss": "duologue", "aud": "duologue", "sub": USER, "sid": SESSION, "jti": "token-1",
        "iat": ISSUED.unix_seconds(), "exp": expiry().unix_seconds(),
    })
}

/// The value with one member set, or removed by `Null`.
fn with(mut value: Value, member: &str, to: Value) -> Value {
    let object = value.as_object_mut().unwrap();
    match to {
        Value::Null => object.remove(member),
        to => object.insert(member.to_owned(), to),
    };
    value
}

async fn assert_invalid(house: &House, token: &str, why: &str) {
    assert_eq!(house.verify(token).await, Err(InvalidAccessToken::Invalid), "{why}: {token}");
    // Expiry is told only of tokens that are otherwise right.
    let late = house.verifier.verify(token, expiry().plus(Duration::from_secs(1))).await;
    assert_eq!(late, Err(InvalidAccessToken::Invalid), "{why}, late: {token}");
}

#[tokio::test]
async fn the_helpers_of_these_tests_make_genuine_tokens() {
    let house = House::new();
    let token = signed(&house, &good_header(&house), &good_claims());
    assert_eq!(house.verify(&token).await, Ok(claims()));
    let extra = with(good_claims(), "scope", json!("everything"));
    assert_eq!(house.verify(&signed(&house, &good_header(&house), &extra)).await, Ok(claims()));
}

#[tokio::test]
async fn one_flipped_bit_anywhere_is_refused() {
    let house = House::new();
    let token = house.token();
    assert_eq!(house.verify(&token).await, Ok(claims()));
    let parts: Vec<_> = token.split('.').map(|part| URL_SAFE_NO_PAD.decode(part).unwrap()).collect();
    for part in 0..3 {
        for bit in 0..parts[part].len() * 8 {
            let mut forged = parts.clone();
            forged[part][bit / 8] ^= 1 << (bit % 8);
            let forged: Vec<_> = forged.iter().map(|part| URL_SAFE_NO_PAD.encode(part)).collect();
            assert_invalid(&house, &forged.join("."), &format!("bit {bit} of part {part}")).await;
        }
    }
}

#[tokio::test]
async fn every_changed_character_of_the_text_is_refused() {
    // Among them the last one of the signature, four bits of which carry nothing.
    let house = House::new();
    let token = house.token();
    for position in 0..token.len() {
        for other in ["A", "B", "g", "w", "-", "=", "+", "/", " ", "."] {
            let mut forged = token.clone();
            forged.replace_range(position..=position, other);
            if forged != token {
                assert_invalid(&house, &forged, &format!("{other:?} at {position}")).await;
            }
        }
    }
}

#[tokio::test]
async fn the_algorithm_is_not_for_the_token_to_choose() {
    let house = House::new();
    let public = house.keys.signing().public().clone();
    for algorithm in ["none", "None", "NONE", "", "eddsa", "ES256", "RS256", "HS384", "HS512", "Ed448"] {
        let header = with(good_header(&house), "alg", json!(algorithm));
        assert_invalid(&house, &signed(&house, &header, &good_claims()), algorithm).await;
        let unsigned = format!("{}.{}.", encode(&header), encode(&good_claims()));
        assert_invalid(&house, &unsigned, algorithm).await;
    }
    let header = with(good_header(&house), "alg", json!("HS256"));
    let message = format!("{}.{}", encode(&header), encode(&good_claims()));
    let x = URL_SAFE_NO_PAD.encode(public.bytes);
    let jwk = crate::keys::public_jwk(&public.bytes);
    for secret in [public.bytes.as_slice(), x.as_bytes(), jwk.as_bytes(), public.key_id.as_bytes()] {
        let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, secret), message.as_bytes());
        let forged = format!("{message}.{}", URL_SAFE_NO_PAD.encode(tag.as_ref()));
        assert_invalid(&house, &forged, "a MAC with the public key").await;
    }
}

#[tokio::test]
async fn a_header_that_is_not_ours_is_refused() {
    let house = House::new();
    let unknown = new_key().public().key_id.clone();
    for (member, to) in [
        ("typ", Value::Null),
        ("typ", json!("JWT")),
        ("typ", json!("AT+JWT")),
        ("typ", json!("application/at+jwt")),
        ("typ", json!("refresh+jwt")),
        ("alg", Value::Null),
        ("kid", Value::Null),
        ("kid", json!("")),
        ("kid", json!(7)),
        ("kid", json!("../keys")),
        ("kid", json!(unknown)),
        ("kid", json!(house.keys.published()[1].key_id)),
        ("crit", json!(["exp"])),
        ("crit", json!([])),
    ] {
        let header = with(good_header(&house), member, to.clone());
        assert_invalid(&house, &signed(&house, &header, &good_claims()), &format!("{member} {to}")).await;
    }
}

#[tokio::test]
async fn a_key_that_the_token_brings_along_is_not_used() {
    let house = House::new();
    let stranger = new_key();
    let own = serde_json::from_str::<Value>(&crate::keys::public_jwk(&stranger.public().bytes)).unwrap();
    for kid in [&stranger.public().key_id, &house.keys.signing().public().key_id] {
        let header = with(with(good_header(&house), "kid", json!(kid)), "jwk", own.clone());
        let message = format!("{}.{}", encode(&header), encode(&good_claims()));
        let algorithm = jsonwebtoken::Algorithm::EdDSA;
        let signature =
            jsonwebtoken::crypto::sign(message.as_bytes(), stranger.private(), algorithm).unwrap();
        assert_invalid(&house, &format!("{message}.{signature}"), "own key").await;
    }
}

#[tokio::test]
async fn claims_that_are_missing_or_not_for_us_are_refused() {
    let house = House::new();
    let mut table = vec![
        ("iss", json!("somebody")),
        ("iss", json!("Duologue")),
        ("iss", json!(["duologue"])),
        ("aud", json!("somebody")),
        ("aud", json!(["duologue"])),
        ("aud", json!(["duologue", "somebody"])),
        ("aud", json!("")),
        ("sub", json!("")),
        ("sub", json!(USER.to_uppercase())),
        ("sub", json!(USER.replace('-', ""))),
        ("sub", json!(7)),
        ("sid", json!("somewhere")),
        ("sid", json!(SESSION.to_uppercase())),
        ("jti", json!("")),
        ("jti", json!(1)),
        ("iat", json!("1800000000")),
        ("iat", json!(1_800_000_000.5)),
        ("iat", json!(i64::MAX)),
        ("iat", json!(ISSUED.unix_seconds() + 24 * 60 * 60)),
        ("exp", json!("1800000900")),
        ("exp", json!(i64::MAX)),
        ("exp", json!(u64::MAX)),
        ("exp", json!(-1)),
        ("nbf", json!(ISSUED.unix_seconds() + 24 * 60 * 60)),
        ("nbf", json!(i64::MAX)),
        ("nbf", json!("soon")),
    ];
    table.extend(["iss", "aud", "sub", "sid", "jti", "iat", "exp"].map(|member| (member, Value::Null)));
    for (member, to) in table {
        let claims = with(good_claims(), member, to.clone());
        assert_invalid(&house, &signed(&house, &good_header(&house), &claims), &format!("{member} {to}"))
            .await;
    }
}

#[tokio::test]
async fn a_claim_that_is_there_twice_is_refused() {
    let house = House::new();
    let other = "0190a0b1-c2d3-7e4f-8a5b-6c7d8e9f0aff";
    let twice = good_claims().to_string().replacen('{', &format!(r#"{{"sub":"{other}","#), 1);
    let message = format!("{}.{}", encode(&good_header(&house)), URL_SAFE_NO_PAD.encode(twice));
    let key = house.keys.signing();
    let algorithm = jsonwebtoken::Algorithm::EdDSA;
    let signature = jsonwebtoken::crypto::sign(message.as_bytes(), key.private(), algorithm).unwrap();
    assert_invalid(&house, &format!("{message}.{signature}"), "two subjects").await;
}

#[tokio::test]
async fn another_spelling_of_a_genuine_token_is_refused() {
    let house = House::new();
    let token = house.token();
    let parts: Vec<_> = token.split('.').map(|part| URL_SAFE_NO_PAD.decode(part).unwrap()).collect();
    let padded: Vec<_> = parts.iter().map(|part| URL_SAFE.encode(part)).collect();
    assert!(padded.iter().any(|part| part.ends_with('=')));
    let (message, signature) = token.rsplit_once('.').unwrap();
    let truncated = URL_SAFE_NO_PAD.encode(&parts[2][..63]);
    for (forged, why) in [
        (padded.join("."), "padded"),
        (format!("{message}."), "no signature"),
        (message.to_owned(), "two parts"),
        (format!("{message}.{truncated}"), "a byte short"),
        (format!("{token}."), "a dot more"),
        (format!("{token}.{signature}"), "four parts"),
        (format!(" {token}"), "a space in front"),
        (format!("{token}\n"), "a line end behind"),
        (format!("Bearer {token}"), "with its scheme"),
        (String::new(), "nothing"),
        ("..".to_owned(), "dots"),
        ("\u{0}".repeat(3), "zeros"),
        ("🔑.🔑.🔑".to_owned(), "no base64"),
    ] {
        assert_invalid(&house, &forged, why).await;
    }
}

#[tokio::test]
async fn a_refresh_token_is_no_access_token() {
    let house = House::new();
    let session = Session {
        session_id: SESSION.parse().unwrap(),
        user_id: USER.parse().unwrap(),
        salt: Salt([1; 16]),
        generation: Generation::FIRST,
        create_time: ISSUED,
        refresh_time: ISSUED,
        expire_time: expiry(),
        end_time: None,
    };
    assert_invalid(&house, &RefreshTokens::new(&[1; 32]).derive(&session), "a refresh token").await;
}

#[tokio::test]
async fn a_token_that_is_too_long_is_refused_even_if_it_is_genuine() {
    let house = House::new();
    let token_of = |length| {
        let token =
            signed(&house, &good_header(&house), &with(good_claims(), "jti", json!("j".repeat(length))));
        (token.len(), token)
    };
    let (mut length, mut longest) = (0, String::new());
    for extra in 2_000.. {
        let (found, token) = token_of(extra);
        if found > 4 * 1024 {
            assert_invalid(&house, &token, "too long").await;
            break;
        }
        (length, longest) = (found, token);
    }
    assert!(length >= 4 * 1024 - 2, "{length}");
    house.verify(&longest).await.unwrap();
    assert_invalid(&house, &"a".repeat(10_000_000), "far too long").await;
}
