//! Who calls when no user does: the identity of a service.

use std::fmt;
use std::time::Duration;

use duologue_domain::Timestamp;
use duologue_domain::auth::{InvalidServiceToken, ServiceTokenVerifier};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use serde::{Deserialize, Serialize};

/// The type of a service token, so that no other JWT is ever taken for one.
const TYPE: &str = "service+jwt";

/// Whom service tokens are for.
const AUDIENCE: &str = "duologue-internal";

/// How long one lives: longer than any call, and too short to be worth stealing.
const LIFETIME: Duration = Duration::from_mins(1);

/// How far the clocks of two services may differ.
const CLOCK_DIFFERENCE: Duration = Duration::from_mins(1);

#[derive(Debug, Serialize, Deserialize)]
struct Claims {
    iss: String,
    aud: String,
    iat: i64,
    exp: i64,
}

/// Makes and checks the tokens by which the services of one deployment know each other: JWTs of the type
/// `service+jwt`, under a key that all of them hold (HMAC with SHA-256).
#[derive(Clone)]
pub struct ServiceTokens {
    encoding: EncodingKey,
    decoding: DecodingKey,
    validation: Validation,
}

impl ServiceTokens {
    /// Tokens under this key.
    #[must_use]
    pub fn new(key: &[u8; 32]) -> Self {
        super::choose_cryptography();
        let mut validation = Validation::new(Algorithm::HS256);
        validation.set_audience(&[AUDIENCE]);
        validation.set_required_spec_claims(&["iss", "aud", "exp"]);
        // It would ask the system's clock; here the caller says what time it is.
        validation.validate_exp = false;
        Self { encoding: EncodingKey::from_secret(key), decoding: DecodingKey::from_secret(key), validation }
    }

    /// A token that says who calls, good for a minute.
    ///
    /// # Errors
    /// None that a well-formed name could cause.
    pub fn issue(&self, issuer: &str, now: Timestamp) -> Result<String, jsonwebtoken::errors::Error> {
        let mut header = Header::new(Algorithm::HS256);
        header.typ = Some(TYPE.to_owned());
        let claims = Claims {
            iss: issuer.to_owned(),
            aud: AUDIENCE.to_owned(),
            iat: now.unix_seconds(),
            exp: now.plus(LIFETIME).unix_seconds(),
        };
        jsonwebtoken::encode(&header, &claims, &self.encoding)
    }
}

impl ServiceTokenVerifier for ServiceTokens {
    fn verify(&self, token: &str, now: Timestamp) -> Result<(), InvalidServiceToken> {
        let header = jsonwebtoken::decode_header(token).map_err(|_| InvalidServiceToken)?;
        if header.typ.as_deref() != Some(TYPE) || header.crit.is_some() {
            return Err(InvalidServiceToken);
        }
        let claims = jsonwebtoken::decode::<Claims>(token, &self.decoding, &self.validation)
            .map_err(|_| InvalidServiceToken)?
            .claims;
        let (earliest, latest) = (now.minus(CLOCK_DIFFERENCE), now.plus(CLOCK_DIFFERENCE));
        let is_alive = claims.exp > earliest.unix_seconds() && claims.iat <= latest.unix_seconds();
        if is_alive { Ok(()) } else { Err(InvalidServiceToken) }
    }
}

/// Never shows the key.
impl fmt::Debug for ServiceTokens {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("ServiceTokens").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_unix_millis(1_800_000_000_000);

    fn tokens() -> ServiceTokens {
        ServiceTokens::new(&[7; 32])
    }

    #[test]
    fn a_token_says_who_calls_for_a_minute_and_a_clock_difference() {
        let token = tokens().issue("chat", NOW).unwrap();
        for (after, expected) in [(0, Ok(())), (119, Ok(())), (120, Err(InvalidServiceToken))] {
            let then = NOW.plus(Duration::from_secs(after));
            assert_eq!(tokens().verify(&token, then), expected, "{after} s later");
        }
        let too_early = NOW.minus(Duration::from_secs(61));
        assert_eq!(tokens().verify(&token, too_early), Err(InvalidServiceToken));
    }

    #[test]
    fn another_key_another_type_and_another_audience_are_refused() {
        let foreign = ServiceTokens::new(&[8; 32]).issue("chat", NOW).unwrap();
        assert_eq!(tokens().verify(&foreign, NOW), Err(InvalidServiceToken));

        let encode = |typ: Option<&str>, aud: &str| {
            let mut header = Header::new(Algorithm::HS256);
            header.typ = typ.map(ToOwned::to_owned);
            let seconds = NOW.unix_seconds();
            let claims = Claims { iss: "chat".into(), aud: aud.into(), iat: seconds, exp: seconds + 60 };
            jsonwebtoken::encode(&header, &claims, &tokens().encoding).unwrap()
        };
        assert_eq!(tokens().verify(&encode(Some(TYPE), AUDIENCE), NOW), Ok(()));
        for (typ, aud) in
            [(Some("at+jwt"), AUDIENCE), (Some("JWT"), AUDIENCE), (None, AUDIENCE), (Some(TYPE), "duologue")]
        {
            assert_eq!(tokens().verify(&encode(typ, aud), NOW), Err(InvalidServiceToken), "{typ:?} {aud}");
        }
        for text in ["", "a.b.c", "a"] {
            assert_eq!(tokens().verify(text, NOW), Err(InvalidServiceToken), "{text:?}");
        }
    }
}
