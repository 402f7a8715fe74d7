//! Logging in and changing the password: what is answered, what it costs, and which sessions survive.

use std::sync::atomic::Ordering;

use duologue_domain::Reason;
use duologue_domain::auth::error::RegisterError;
use duologue_domain::auth::{Password, SignedIn, Standing};
use duologue_domain::error::Failure;
use duologue_domain::time::Clock;
use futures::executor::block_on;

use super::world::{PASSWORD, Work, World};
use crate::support::schedule::{Boxed, Dice, interleave};

const EMAIL: &str = "ada@example.org";
const NEW: &str = "battery staple";

fn password(text: &str) -> Password {
    Password::parse_existing(text).unwrap()
}

#[test]
fn an_unknown_address_and_a_wrong_password_look_alike_and_cost_the_same() {
    block_on(async {
        let world = World::new(1);
        world.register(EMAIL).await;
        world.hasher.version.store(1, Ordering::Relaxed);
        let before = world.store.0.behind(|state| state.clone());
        let mut answers = Vec::new();
        for (email, text) in [(EMAIL, "wrong password"), ("nobody@example.org", PASSWORD)] {
            *world.hasher.work.lock() = Work::default();
            let operations = world.store.0.faults.operations();
            let error = world.login(email, text).await.unwrap_err();
            let asked = world.store.0.faults.operations() - operations;
            answers.push((error.describe(), error.to_string(), *world.hasher.work.lock(), asked));
        }
        assert_eq!(answers[0], answers[1]);
        assert_eq!(answers[0].0.reason, Reason::CredentialsInvalid);
        assert_eq!(answers[0].2, Work { hashes: 0, verifications: 1 });
        assert!(world.store.0.behind(|state| *state == before));
    });
}

#[test]
fn a_hash_of_old_parameters_is_renewed_by_the_next_login() {
    block_on(async {
        let world = World::new(1);
        world.register(EMAIL).await;
        world.hasher.version.store(1, Ordering::Relaxed);
        *world.hasher.work.lock() = Work::default();
        world.login("ADA@example.org", PASSWORD).await.unwrap();
        assert_eq!(*world.hasher.work.lock(), Work { hashes: 1, verifications: 1 });
        world.login(EMAIL, PASSWORD).await.unwrap();
        assert_eq!(*world.hasher.work.lock(), Work { hashes: 1, verifications: 2 });
    });
}

#[test]
fn of_many_registrations_of_one_address_at_once_exactly_one_succeeds() {
    for seed in 0..100 {
        let world = World::new(seed);
        let emails = ["ada@example.org", "Ada@Example.org", "ADA@EXAMPLE.ORG", "ada@example.org"];
        let register =
            |email: &str| world.service.register(email.parse().unwrap(), PASSWORD.parse().unwrap());
        let contenders: Vec<Boxed<'_, Result<SignedIn, RegisterError>>> =
            emails.into_iter().map(|email| Box::pin(register(email)) as Boxed<'_, _>).collect();
        let outcomes = interleave(&mut Dice::new(seed), contenders);
        let (winners, refusals): (Vec<_>, Vec<_>) = outcomes.into_iter().partition(Result::is_ok);
        assert_eq!(winners.len(), 1, "schedule {seed}");
        for refusal in refusals {
            assert_eq!(refusal.unwrap_err().describe().reason, Reason::EmailTaken);
        }
        assert_eq!(world.store.0.behind(|state| (state.accounts.len(), state.sessions.len())), (1, 1));
    }
}

#[test]
fn a_new_password_ends_all_other_sessions_of_that_user_only() {
    block_on(async {
        let world = World::new(1);
        let here = world.register(EMAIL).await;
        let there = world.login(EMAIL, PASSWORD).await.unwrap();
        let elsewhere = world.login(EMAIL, PASSWORD).await.unwrap();
        let bob = world.register("bob@example.org").await;
        let caller = world.caller(&here).await;
        let before = world.store.0.behind(|state| state.clone());
        let refused = world.service.change_password(&caller, password("wrong one"), password(NEW)).await;
        assert_eq!(refused.unwrap_err().describe().reason, Reason::CredentialsInvalid);
        assert!(world.store.0.behind(|state| *state == before), "a refused change changes nothing");

        world.service.change_password(&caller, password(PASSWORD), password(NEW)).await.unwrap();
        let expected = [Standing::Live, Standing::Ended, Standing::Ended, Standing::Live];
        for (signed_in, expected) in [&here, &there, &elsewhere, &bob].into_iter().zip(expected) {
            assert_eq!(world.caller(signed_in).await.standing, expected);
        }
        assert_eq!(
            world.login(EMAIL, PASSWORD).await.unwrap_err().describe().reason,
            Reason::CredentialsInvalid
        );
        world.login(EMAIL, NEW).await.unwrap();
    });
}

#[test]
fn no_login_with_the_old_password_outlives_its_change() {
    for seed in 0..400 {
        let world = World::new(seed);
        let here = block_on(world.register(EMAIL));
        let caller = block_on(world.caller(&here));
        let world = &world;
        // With other parameters, the login writes a new hash of the old password as well.
        world.hasher.version.store(usize::from(seed % 2 == 0), Ordering::Relaxed);
        let change = async move {
            let changed = world.service.change_password(&caller, password(PASSWORD), password(NEW)).await;
            assert!(changed.is_ok(), "schedule {seed}: the right password was refused: {changed:?}");
            None
        };
        let login = || async move { world.login(EMAIL, PASSWORD).await.ok() };
        let contenders: Vec<Boxed<'_, _>> = vec![Box::pin(change), Box::pin(login()), Box::pin(login())];
        interleave(&mut Dice::new(seed), contenders);
        let now = world.clock.now();
        world.store.0.behind(|state| {
            for session in state.sessions.values().filter(|session| session.session_id != caller.session_id) {
                assert!(!session.is_live(now), "schedule {seed}: a session of the old password lives on");
            }
        });
        block_on(world.login(EMAIL, NEW)).unwrap();
    }
}
