//! Refresh tokens rotate at every use, answer a repeat with the same successor, and betray their thief.

use std::time::Duration;

use duologue_domain::Reason;
use duologue_domain::auth::error::RefreshError;
use duologue_domain::auth::{Generation, RefreshToken, SignedIn};
use duologue_domain::error::Failure;
use futures::executor::block_on;

use super::world::{World, parsed};
use crate::support::schedule::{Boxed, Dice, drop_after, interleave, poll_once};

const GRACE: Duration = Duration::from_mins(1);
const EMAIL: &str = "ada@example.org";

impl World {
    async fn refresh(&self, refresh_token: &str) -> Result<SignedIn, RefreshError> {
        self.service.refresh(parsed(refresh_token)).await
    }

    async fn refused(&self, refresh_token: &str) {
        let outcome = self.refresh(refresh_token).await;
        let error = outcome.expect_err("a token that must be refused");
        assert_eq!(error.describe().reason, Reason::TokenInvalid);
    }
}

#[test]
fn forty_refreshes_of_one_token_at_once_get_one_answer() {
    for seed in 0..200 {
        let world = World::new(seed);
        let first = block_on(world.register(EMAIL));
        let forty = (0..40).map(|_| Box::pin(world.refresh(&first.refresh_token)) as Boxed<'_, _>);
        let answers = interleave(&mut Dice::new(seed), forty.collect());
        let answers: Vec<_> = answers.into_iter().map(Result::unwrap).collect();
        for answer in &answers {
            assert!(*answer == answers[0], "schedule {seed}: two answers to one token");
        }
        let caller = block_on(world.caller(&answers[0]));
        assert_eq!(world.session(caller.session_id).generation, Generation(1), "schedule {seed}: one step");
        assert_ne!(answers[0].refresh_token, first.refresh_token);
        assert_ne!(answers[0].access_token, first.access_token);
        block_on(world.refresh(&answers[0].refresh_token)).unwrap();
    }
}

#[test]
fn forty_refreshes_while_the_clock_runs_get_the_same_tokens() {
    for seed in 0..50 {
        let world = World::new(seed);
        let first = block_on(world.register(EMAIL));
        let world = &world;
        let refresh_token = &first.refresh_token;
        let forty = (0..40).map(|_| {
            let refresh = async move {
                world.clock.advance(Duration::from_millis(900));
                world.refresh(refresh_token).await
            };
            Box::pin(refresh) as Boxed<'_, _>
        });
        let answers = interleave(&mut Dice::new(seed), forty.collect());
        let tokens = |answer: Result<SignedIn, _>| {
            let answer = answer.unwrap();
            (answer.access_token, answer.refresh_token)
        };
        let mut tokens: Vec<_> = answers.into_iter().map(tokens).collect();
        tokens.dedup();
        assert_eq!(tokens.len(), 1, "schedule {seed}");
    }
}

#[test]
fn a_refresh_that_was_dropped_anywhere_can_be_repeated() {
    for polls in 0..12 {
        let world = World::new(1);
        let first = block_on(world.register(EMAIL));
        drop_after(polls, world.refresh(&first.refresh_token));
        let second = block_on(world.refresh(&first.refresh_token)).unwrap();
        block_on(world.refresh(&second.refresh_token)).unwrap();
    }
}

#[test]
fn a_spent_token_is_answered_with_its_successor_for_sixty_seconds() {
    block_on(async {
        let table = [
            (Duration::ZERO, true),
            (GRACE, true),
            (GRACE + Duration::from_micros(1), false),
            (Duration::from_hours(1), false),
        ];
        for (later, repeats) in table {
            let world = World::new(1);
            let first = world.register(EMAIL).await;
            let second = world.refresh(&first.refresh_token).await.unwrap();
            let caller = world.caller(&second).await;
            let before = world.session(caller.session_id);
            world.clock.advance(later);
            if repeats {
                let again = world.refresh(&first.refresh_token).await.unwrap();
                assert_eq!(again.refresh_token, second.refresh_token, "after {later:?}");
                assert_eq!(again.access_token, second.access_token, "after {later:?}");
                let lived = i64::try_from(later.as_secs()).unwrap();
                assert_eq!(again.expires_in_seconds, second.expires_in_seconds - lived);
                assert_eq!(world.session(caller.session_id), before, "a repeat changes nothing");
                world.refresh(&again.refresh_token).await.unwrap();
            } else {
                world.refused(&first.refresh_token).await;
                assert!(world.session(caller.session_id).end_time.is_some(), "after {later:?}");
                world.refused(&second.refresh_token).await;
            }
        }
    });
}

#[test]
fn a_repeat_does_not_prolong_the_grace() {
    block_on(async {
        let world = World::new(1);
        let first = world.register(EMAIL).await;
        world.refresh(&first.refresh_token).await.unwrap();
        world.clock.advance(Duration::from_secs(40));
        world.refresh(&first.refresh_token).await.unwrap();
        world.clock.advance(Duration::from_secs(40));
        world.refused(&first.refresh_token).await;
    });
}

#[test]
fn a_token_two_generations_back_kills_the_session_at_once() {
    block_on(async {
        let world = World::new(1);
        let first = world.register(EMAIL).await;
        let other_login = world.login(EMAIL, super::world::PASSWORD).await.unwrap();
        let second = world.refresh(&first.refresh_token).await.unwrap();
        let third = world.refresh(&second.refresh_token).await.unwrap();
        world.refused(&first.refresh_token).await;
        for token in [&first, &second, &third] {
            world.refused(&token.refresh_token).await;
            let refused = world.authenticator.authenticate(&token.access_token).await.unwrap_err();
            assert_eq!(refused.describe().reason, Reason::SessionRevoked);
        }
        world.authenticator.authenticate(&other_login.access_token).await.unwrap();
        world.refresh(&other_login.refresh_token).await.unwrap();
    });
}

#[test]
fn a_killed_session_wakes_whoever_watches_it() {
    let world = World::new(1);
    let first = block_on(world.register(EMAIL));
    let bystander = block_on(world.login(EMAIL, super::world::PASSWORD)).unwrap();
    let session_id = block_on(world.caller(&first)).session_id;
    let mut watch = world.revocations.watch(session_id);
    let mut other = world.revocations.watch(block_on(world.caller(&bystander)).session_id);
    let (mut ended, mut other_ended) = (Box::pin(watch.ended()), Box::pin(other.ended()));
    assert!(poll_once(ended.as_mut()).is_pending());
    block_on(world.refresh(&first.refresh_token)).unwrap();
    world.clock.advance(GRACE + GRACE);
    assert!(poll_once(ended.as_mut()).is_pending(), "a rotation ends nothing");
    block_on(world.refused(&first.refresh_token));
    assert!(poll_once(ended.as_mut()).is_ready());
    assert!(world.revocations.has_ended(session_id));
    assert!(poll_once(other_ended.as_mut()).is_pending());
    let mut late = world.revocations.watch(session_id);
    assert!(poll_once(Box::pin(late.ended()).as_mut()).is_ready(), "whoever comes late hears of it as well");
}

#[test]
fn another_replica_learns_of_the_end_from_the_store() {
    block_on(async {
        let world = World::new(1);
        let first = world.register(EMAIL).await;
        let caller = world.caller(&first).await;
        let hub = duologue_domain::wakeup::LocalWakeUp::new();
        let access_lifetime = Duration::from_mins(15);
        let elsewhere = duologue_domain::auth::Revocations::new(hub, access_lifetime);
        let mut watch = elsewhere.watch(caller.session_id);
        let now = caller.expire_time.minus(access_lifetime);
        elsewhere.refresh(&world.store, now, None).await.unwrap();
        assert!(!elsewhere.has_ended(caller.session_id));
        world.service.revoke_session(&caller, caller.session_id).await.unwrap();
        elsewhere.refresh(&world.store, now.plus(Duration::from_secs(1)), Some(now)).await.unwrap();
        assert!(poll_once(Box::pin(watch.ended()).as_mut()).is_ready());
        let long_after = now.plus(access_lifetime * 2);
        elsewhere.refresh(&world.store, long_after, Some(long_after)).await.unwrap();
        assert!(!elsewhere.has_ended(caller.session_id), "forgotten once no token of it lives");
    });
}

#[test]
fn a_session_lives_thirty_days_from_its_last_refresh() {
    block_on(async {
        let world = World::new(1);
        let day = Duration::from_hours(24);
        let first = world.register(EMAIL).await;
        world.clock.advance(day * 29);
        let second = world.refresh(&first.refresh_token).await.unwrap();
        world.clock.advance(day * 29);
        let third = world.refresh(&second.refresh_token).await.unwrap();
        world.clock.advance(day * 30);
        world.refused(&third.refresh_token).await;
    });
}

#[test]
fn every_changed_character_is_refused_and_changes_nothing() {
    block_on(async {
        let world = World::new(1);
        let first = world.register(EMAIL).await;
        let second = world.refresh(&first.refresh_token).await.unwrap();
        world.clock.advance(GRACE + GRACE);
        let before = world.store.0.behind(|state| state.clone());
        // The spent one as well: were its forgery believed, the session would die.
        for genuine in [&first.refresh_token, &second.refresh_token] {
            let text: Vec<char> = genuine.chars().collect();
            for place in 0..text.len() {
                for candidate in ('!'..='~').chain(['é']).filter(|candidate| *candidate != text[place]) {
                    let mut changed = text.clone();
                    changed[place] = candidate;
                    world.refused(&changed.into_iter().collect::<String>()).await;
                }
            }
            for length in 1..genuine.len() {
                world.refused(&genuine[..length]).await;
            }
            world.refused(&format!("{genuine}A")).await;
            world.refused(&format!("{genuine}=")).await;
        }
        assert!(world.store.0.behind(|state| *state == before));
        world.refresh(&second.refresh_token).await.unwrap();
    });
}

#[test]
fn an_empty_field_is_a_mistake_and_any_other_text_no_token() {
    assert_eq!(RefreshToken::parse(""), Err(duologue_domain::auth::InvalidRefreshToken));
    assert_eq!(RefreshToken::parse("a\u{0}"), Err(duologue_domain::auth::InvalidRefreshToken));
    for text in ["x", " ", "duologue_refresh_1_", "🦀", &"A".repeat(10_000)] {
        assert_eq!(RefreshToken::parse(text), Ok(None), "{text:?}");
    }
}
