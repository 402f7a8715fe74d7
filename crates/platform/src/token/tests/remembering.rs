//! What a verifier remembers, and when it must not.

use std::time::Instant;

use super::*;

#[tokio::test]
async fn a_remembered_token_still_expires() {
    let house = House::new();
    let token = house.token();
    let last = expiry().minus(Duration::from_micros(1));
    assert_eq!(house.verify(&token).await, Ok(claims()));
    assert_eq!(house.verifier.verify(&token, last).await, Ok(claims()));
    assert_eq!(house.verifier.verify(&token, expiry()).await, Err(InvalidAccessToken::Expired));
    assert_eq!(house.verifier.remembered.len(), 0);
}

#[tokio::test]
async fn a_remembered_token_dies_with_its_key() {
    let [old, next, new] = [new_key(), new_key(), new_key()];
    let keys = Arc::new(key_set(&[Arc::clone(&old), Arc::clone(&next)]));
    let issuer = Ed25519Issuer::new(Arc::clone(&keys), TokenParties::default());
    let verifier = Ed25519Verifier::new(Arc::clone(&keys) as _, VerifierSettings::default());
    let token = issuer.issue(&claims()).unwrap();
    assert_eq!(verifier.verify(&token, ISSUED).await, Ok(claims()));

    // Retired, and still published: it lives.
    let published = |keys: &[&Arc<SigningKey>]| keys.iter().map(|key| key.public().clone()).collect();
    assert!(keys.replace(Arc::clone(&next), published(&[&next, &new, &old])));
    assert_eq!(verifier.verify(&token, ISSUED).await, Ok(claims()));
    let successor = issuer.issue(&claims()).unwrap();
    assert_eq!(verifier.verify(&successor, ISSUED).await, Ok(claims()));
    assert_eq!(verifier.remembered.len(), 2);

    // No longer published: it dies at once, and no other does.
    assert!(keys.replace(Arc::clone(&next), published(&[&next, &new])));
    assert_eq!(verifier.verify(&token, ISSUED).await, Err(InvalidAccessToken::Invalid));
    assert_eq!(verifier.remembered.len(), 1);
    assert_eq!(verifier.verify(&successor, ISSUED).await, Ok(claims()));
}

#[tokio::test]
async fn a_remembered_token_dies_when_its_key_is_exchanged_under_the_same_name() {
    let (old, other) = (new_key(), new_key());
    let keys = Arc::new(key_set(std::slice::from_ref(&old)));
    let issuer = Ed25519Issuer::new(Arc::clone(&keys), TokenParties::default());
    let verifier = Ed25519Verifier::new(Arc::clone(&keys) as _, VerifierSettings::default());
    let token = issuer.issue(&claims()).unwrap();
    assert_eq!(verifier.verify(&token, ISSUED).await, Ok(claims()));
    let mut exchanged = other.public().clone();
    exchanged.key_id.clone_from(&old.public().key_id);
    assert!(keys.replace(other, vec![exchanged]));
    assert_eq!(verifier.verify(&token, ISSUED).await, Err(InvalidAccessToken::Invalid));
}

#[tokio::test]
async fn only_genuine_tokens_are_remembered_and_only_so_many() {
    let house = House::new();
    let settings = VerifierSettings { remembered_tokens: 16, ..VerifierSettings::default() };
    let verifier = Ed25519Verifier::new(Arc::clone(&house.keys) as _, settings);
    for number in 0..200 {
        let claims = AccessClaims { token_id: format!("token-{number}"), ..claims() };
        let token = house.issuer.issue(&claims).unwrap();
        let forged = format!("{token}x");
        assert_eq!(verifier.verify(&forged, ISSUED).await, Err(InvalidAccessToken::Invalid));
        assert_eq!(verifier.verify(&token, expiry()).await, Err(InvalidAccessToken::Expired));
        assert!(number > 0 || verifier.remembered.is_empty());
        assert_eq!(verifier.verify(&token, ISSUED).await, Ok(claims));
    }
    // Its shards are rounded up.
    assert!((1..=32).contains(&verifier.remembered.len()), "{}", verifier.remembered.len());
}

#[tokio::test]
async fn a_remembered_token_is_found_by_its_whole_text() {
    let house = House::new();
    let token = house.token();
    assert_eq!(house.verify(&token).await, Ok(claims()));
    let (message, _) = token.rsplit_once('.').unwrap();
    let other = House::new().token();
    let (_, signature) = other.rsplit_once('.').unwrap();
    assert_eq!(house.verify(&format!("{message}.{signature}")).await, Err(InvalidAccessToken::Invalid));
}

#[tokio::test]
async fn remembering_saves_the_signature() {
    let house = House::new();
    let tokens: Vec<_> = (0..200)
        .map(|number| {
            house.issuer.issue(&AccessClaims { token_id: format!("token-{number}"), ..claims() }).unwrap()
        })
        .collect();
    let mut times = [Duration::ZERO; 2];
    for time in &mut times {
        let start = Instant::now();
        for token in &tokens {
            house.verify(token).await.unwrap();
        }
        *time = start.elapsed();
    }
    let [first, second] = times;
    assert!(second * 2 < first, "{first:?} at first, {second:?} afterwards");
}
