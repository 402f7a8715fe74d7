//! Logging out: who may end which session.

use duologue_domain::Reason;
use duologue_domain::auth::{LogoutScope, RefreshToken, SignedIn, Standing};
use duologue_domain::error::Failure;
use futures::executor::block_on;

use super::world::{PASSWORD, World, parsed};

/// Two sessions of Ada's, one of Bob's.
struct Sessions {
    world: World,
    here: SignedIn,
    there: SignedIn,
    bob: SignedIn,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Token {
    None,
    Here,
    There,
    Bobs,
    Garbage,
}

impl Sessions {
    async fn new() -> Self {
        let world = World::new(4);
        let here = world.register("ada@example.org").await;
        let there = world.login("ada@example.org", PASSWORD).await.unwrap();
        let bob = world.register("bob@example.org").await;
        Self { world, here, there, bob }
    }

    /// Whether Ada's session here, hers there and Bob's still stand, by their tokens and by the store.
    async fn standing(&self) -> [bool; 3] {
        let mut standing = [false; 3];
        for (stands, signed_in) in standing.iter_mut().zip([&self.here, &self.there, &self.bob]) {
            let caller = self.world.caller(signed_in).await;
            *stands = caller.standing == Standing::Live;
            assert_eq!(*stands, self.world.session(caller.session_id).end_time.is_none());
        }
        standing
    }

    #[expect(clippy::option_option, reason = "no token, no text of a token, or one: as the service is asked")]
    fn token(&self, token: Token) -> Option<Option<RefreshToken>> {
        match token {
            Token::None => None,
            Token::Here => Some(parsed(&self.here.refresh_token)),
            Token::There => Some(parsed(&self.there.refresh_token)),
            Token::Bobs => Some(parsed(&self.bob.refresh_token)),
            Token::Garbage => Some(parsed("garbage")),
        }
    }

    async fn logout(&self, token: Token, scope: LogoutScope) -> Result<(), Reason> {
        let caller = self.world.caller(&self.here).await;
        let outcome = self.world.service.logout(&caller, self.token(token), scope).await;
        outcome.map_err(|error| error.describe().reason)
    }
}

#[test]
fn a_live_caller_ends_what_is_theirs_and_nothing_else() {
    use LogoutScope::{AllSessions, ThisSession};
    let table = [
        (Token::None, ThisSession, Ok(()), [false, true, true]),
        (Token::Here, ThisSession, Ok(()), [false, true, true]),
        (Token::There, ThisSession, Ok(()), [true, false, true]),
        (Token::Bobs, ThisSession, Err(Reason::NotYours), [true, true, true]),
        (Token::Garbage, ThisSession, Err(Reason::TokenInvalid), [true, true, true]),
        (Token::None, AllSessions, Ok(()), [false, false, true]),
        (Token::There, AllSessions, Ok(()), [false, false, true]),
        (Token::Bobs, AllSessions, Err(Reason::NotYours), [true, true, true]),
        (Token::Garbage, AllSessions, Err(Reason::TokenInvalid), [true, true, true]),
    ];
    for (token, scope, expected, standing) in table {
        block_on(async {
            let sessions = Sessions::new().await;
            assert_eq!(sessions.logout(token, scope).await, expected, "{token:?} {scope:?}");
            assert_eq!(sessions.standing().await, standing, "{token:?} {scope:?}");
            if expected.is_ok() {
                assert_eq!(sessions.logout(token, scope).await, Ok(()), "again: {token:?} {scope:?}");
                assert_eq!(sessions.standing().await, standing, "again: {token:?} {scope:?}");
            }
            let signed_in = [&sessions.here, &sessions.there, &sessions.bob];
            for (stands, signed_in) in standing.into_iter().zip(signed_in) {
                let refreshed = sessions.world.service.refresh(parsed(&signed_in.refresh_token)).await;
                assert_eq!(refreshed.is_ok(), stands, "its refresh token after {token:?} {scope:?}");
            }
        });
    }
}

#[test]
fn an_ended_caller_leaves_once_more_and_takes_nobody_along() {
    use LogoutScope::{AllSessions, ThisSession};
    let table = [
        (Token::None, ThisSession, Ok(()), [false, true, true]),
        (Token::Here, ThisSession, Ok(()), [false, true, true]),
        (Token::None, AllSessions, Ok(()), [false, true, true]),
        (Token::Here, AllSessions, Ok(()), [false, true, true]),
        (Token::Bobs, AllSessions, Err(Reason::NotYours), [false, true, true]),
        (Token::Garbage, ThisSession, Err(Reason::TokenInvalid), [false, true, true]),
        // A refresh token that lives proves enough.
        (Token::There, ThisSession, Ok(()), [false, false, true]),
        (Token::There, AllSessions, Ok(()), [false, false, true]),
    ];
    for (token, scope, expected, standing) in table {
        block_on(async {
            let sessions = Sessions::new().await;
            sessions.logout(Token::None, ThisSession).await.unwrap();
            assert_eq!(sessions.logout(token, scope).await, expected, "{token:?} {scope:?}");
            assert_eq!(sessions.standing().await, standing, "{token:?} {scope:?}");
        });
    }
}

#[test]
fn a_spent_refresh_token_does_not_entitle_an_ended_caller() {
    block_on(async {
        let sessions = Sessions::new().await;
        let spent = parsed(&sessions.there.refresh_token);
        sessions.world.service.refresh(spent.clone()).await.unwrap();
        sessions.world.clock.advance(std::time::Duration::from_secs(61));
        sessions.logout(Token::None, LogoutScope::ThisSession).await.unwrap();
        let caller = sessions.world.caller(&sessions.here).await;
        let another = sessions.world.login("ada@example.org", PASSWORD).await.unwrap();
        sessions.world.service.logout(&caller, Some(spent), LogoutScope::AllSessions).await.unwrap();
        let another = sessions.world.caller(&another).await;
        assert_eq!(
            another.standing,
            Standing::Live,
            "a token that was spent ended a session that it was never of"
        );
    });
}

#[test]
fn only_ones_own_live_session_can_be_revoked() {
    block_on(async {
        let sessions = Sessions::new().await;
        let caller = sessions.world.caller(&sessions.here).await;
        let there = sessions.world.caller(&sessions.there).await.session_id;
        let bobs = sessions.world.caller(&sessions.bob).await.session_id;
        let revoke = async |session_id| {
            let outcome = sessions.world.service.revoke_session(&caller, session_id).await;
            outcome.map_err(|error| error.describe().reason)
        };
        assert_eq!(revoke(bobs).await, Err(Reason::SessionNotFound));
        assert_eq!(sessions.standing().await, [true, true, true]);
        assert_eq!(revoke(there).await, Ok(()));
        assert_eq!(revoke(there).await, Err(Reason::SessionNotFound));
        assert_eq!(sessions.standing().await, [true, false, true]);
    });
}
