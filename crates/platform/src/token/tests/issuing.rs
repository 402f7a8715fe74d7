//! What an issued token looks like.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::*;

#[test]
fn a_token_has_exactly_the_header_and_the_claims_of_the_contract() {
    let house = House::new();
    let token = house.token();
    let parts: Vec<_> = token.split('.').map(|part| URL_SAFE_NO_PAD.decode(part).unwrap()).collect();
    let json = |part: &[u8]| serde_json::from_slice::<serde_json::Value>(part).unwrap();
    let key_id = house.keys.signing().public().key_id.clone();
    assert_eq!(json(&parts[0]), serde_json::json!({ "typ": "at+jwt", "alg": "EdDSA", "kid": key_id }));
    let expected = format!(
        r#"{{"iss":"duologue","aud":"duologue","sub":"{USER}","iat":1800000000,"exp":1800000900,"jti":"token-1","sid":"{SESSION}"}}"#
    );
    assert_eq!(String::from_utf8(parts[1].clone()).unwrap(), expected);
    assert_eq!(parts[2].len(), 64);
}

#[test]
fn equal_claims_under_one_key_give_equal_tokens() {
    let house = House::new();
    assert_eq!(house.token(), house.token());
    let other = AccessClaims { token_id: "token-2".to_owned(), ..claims() };
    assert_ne!(house.token(), house.issuer.issue(&other).unwrap());
    assert_ne!(house.token(), House::new().token());
}

#[tokio::test]
async fn a_token_says_what_it_was_issued_with_in_whole_seconds() {
    let house = House::new();
    assert_eq!(house.verify(&house.token()).await, Ok(claims()));
    let odd = |time: Timestamp| time.plus(Duration::from_micros(999_999));
    let odd = AccessClaims { issue_time: odd(ISSUED), expire_time: odd(expiry()), ..claims() };
    assert_eq!(house.verify(&house.issuer.issue(&odd).unwrap()).await, Ok(claims()));
}

#[tokio::test]
async fn a_token_expires_at_the_exact_second() {
    let house = House::new();
    let token = house.token();
    let last = expiry().minus(Duration::from_micros(1));
    for (now, expected) in [
        (last, Ok(claims())),
        (expiry(), Err(InvalidAccessToken::Expired)),
        (last, Ok(claims())),
        (Timestamp::MAX, Err(InvalidAccessToken::Expired)),
    ] {
        assert_eq!(house.verifier.verify(&token, now).await, expected, "{now:?}");
    }
}

#[tokio::test]
async fn a_token_from_a_clock_ahead_is_accepted_and_one_from_the_future_is_not() {
    let house = House::new();
    let token = house.token();
    let minute = Duration::from_mins(1);
    let early = ISSUED.minus(minute + Duration::from_micros(1));
    assert_eq!(house.verifier.verify(&token, early).await, Err(InvalidAccessToken::Invalid));
    assert_eq!(house.verifier.verify(&token, ISSUED.minus(minute)).await, Ok(claims()));
}

#[tokio::test]
async fn a_token_verifies_with_the_key_it_names_and_with_no_other() {
    let keys = [new_key(), new_key(), new_key()];
    let all = Arc::new(key_set(&keys));
    for key in &keys {
        let issuer =
            Ed25519Issuer::new(Arc::new(key_set(std::slice::from_ref(key))), TokenParties::default());
        let token = issuer.issue(&claims()).unwrap();
        let verifier = Ed25519Verifier::new(Arc::clone(&all) as _, VerifierSettings::default());
        assert_eq!(verifier.verify(&token, ISSUED).await, Ok(claims()));
        for other in &keys {
            let published = Arc::new(key_set(std::slice::from_ref(other)));
            let verifier = Ed25519Verifier::new(published, VerifierSettings::default());
            let expected =
                if Arc::ptr_eq(key, other) { Ok(claims()) } else { Err(InvalidAccessToken::Invalid) };
            assert_eq!(verifier.verify(&token, ISSUED).await, expected);
        }
    }
}

#[tokio::test]
async fn a_key_under_the_name_of_another_verifies_nothing() {
    let (signing, other) = (new_key(), new_key());
    let mut swapped = other.public().clone();
    swapped.key_id.clone_from(&signing.public().key_id);
    let issuer =
        Ed25519Issuer::new(Arc::new(key_set(std::slice::from_ref(&signing))), TokenParties::default());
    let published = Arc::new(KeySet::new(other, vec![swapped]));
    let verifier = Ed25519Verifier::new(published, VerifierSettings::default());
    let token = issuer.issue(&claims()).unwrap();
    assert_eq!(verifier.verify(&token, ISSUED).await, Err(InvalidAccessToken::Invalid));
}

#[test]
fn what_is_published_holds_no_private_half() {
    let house = House::new();
    let published = house.issuer.public_keys();
    assert_eq!(published.len(), 2);
    let signing = house.keys.signing();
    // The last 32 bytes of a PKCS#8 document of this version are the private key itself.
    let private = &signing.private().as_bytes()[16..];
    assert_eq!(private.len(), 32);
    for key in &published {
        assert_ne!(key.bytes.as_slice(), private);
        assert_eq!(crate::keys::key_id(&key.bytes), key.key_id);
        let jwk: serde_json::Value = serde_json::from_str(&crate::keys::public_jwk(&key.bytes)).unwrap();
        let members: Vec<_> = jwk.as_object().unwrap().keys().collect();
        assert_eq!(members, ["crv", "kty", "x"]);
    }
    assert!(!format!("{:?}", house.issuer).contains("private"));
}
