//! Registration.

use duologue_contract::auth::{LoginRequest, RegisterRequest};
use duologue_contract::errors::Reason;
use tonic::Code;

use super::opens;
use super::tokens::claims;
use crate::check::linear::{Once, Operation, is_linearizable};
use crate::door::Credential;
use crate::race::{CONTENDERS, ROUNDS};
use crate::world::{Outcome, World};

pub(super) async fn register_login(world: &World) -> Outcome {
    let request = world.fresh_registration();
    let registered = world.ok(Credential::None, &request).await?;
    let credentials = LoginRequest { email: request.email, password: request.password };
    let login = world.ok(Credential::None, &credentials).await?;
    world.check(!registered.user_id.is_empty(), || "Register answers no user_id".to_owned());
    world.check_eq("user_id of Login", &login.user_id, &registered.user_id);
    let tokens = [
        ("access token of Register", &registered.access_token),
        ("access token of Login", &login.access_token),
        ("refresh token of Register", &registered.refresh_token),
        ("refresh token of Login", &login.refresh_token),
    ];
    for (number, (what, token)) in tokens.iter().enumerate() {
        world.check(!token.is_empty(), || format!("the {what} is empty"));
        for (other, same) in &tokens[..number] {
            world.check(token != same, || format!("the {what} equals the {other}"));
        }
    }
    for (what, token) in &tokens[..2] {
        opens(world, *token, what).await;
        let subject = claims(token).and_then(|claims| Some(claims.get("sub")?.as_str()?.to_owned()));
        world.check(subject.as_ref() == Some(&registered.user_id), || {
            format!("the subject of the {what} is not the user_id")
        });
    }
    world.check(login.expires_in_seconds > 0, || "expires_in_seconds is not positive".to_owned());
    Ok(())
}

pub(super) async fn duplicate_email(world: &World) -> Outcome {
    let ann = world.newcomer().await?;
    let again = RegisterRequest { email: ann.email.clone(), password: world.session().fresh_password() };
    world.refused_for(Credential::None, &again, Reason::EmailTaken).await?;
    world.ok(Credential::None, &ann.credentials()).await?;
    let second = LoginRequest { email: again.email, password: again.password };
    world.refused(Credential::None, &second, Code::Unauthenticated).await?;
    Ok(())
}

pub(super) async fn email_case_fold(world: &World) -> Outcome {
    let ann = world.newcomer().await?;
    for email in [ann.email.to_uppercase(), capitalised(&ann.email)] {
        world.keep_secret(&email);
        let again = RegisterRequest { email: email.clone(), password: world.session().fresh_password() };
        world.refused_for(Credential::None, &again, Reason::EmailTaken).await?;
        let login = LoginRequest { email, password: ann.password.clone() };
        let login = world.ok(Credential::None, &login).await?;
        world.check_eq("user_id of a Login in another case", &login.user_id, &ann.user_id);
    }
    for email in [format!("{}.", ann.email), format!("{} ", ann.email), format!(" {}", ann.email)] {
        let again = RegisterRequest { email: email.clone(), password: world.session().fresh_password() };
        let result = world.call(Credential::None, &again).await;
        let is_refused = matches!(&result, Err(failure) if matches!(failure.code, Code::InvalidArgument | Code::AlreadyExists));
        world.check(is_refused, || {
            "an address with a dot or a space around it made an account of its own".to_owned()
        });
    }
    Ok(())
}

fn capitalised(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

pub(super) async fn invalid_email(world: &World) -> Outcome {
    let fresh = || world.session().fresh_email();
    let (local, _) = fresh()
        .split_once('@')
        .map(|(local, domain)| (local.to_owned(), domain.to_owned()))
        .unwrap_or_default();
    let table = [
        ("empty", String::new()),
        ("no @", fresh().replace('@', ".")),
        ("nothing before the @", "@conformance.example".to_owned()),
        ("nothing after the @", format!("{local}@")),
        ("two @", fresh().replace('@', "@x@")),
        ("a space inside", fresh().replace('@', " @")),
        ("a space after it", format!("{} ", fresh())),
        ("a line feed", format!("{}\n", fresh())),
        ("a control character", fresh().replace('@', "\u{7}@")),
        ("NUL", fresh().replace('@', "\0@")),
        ("255 characters", format!("{local}@{}.example", vec!["a".repeat(60); 4].join("."))),
        ("far too long", format!("{local}@{}.example", "a.".repeat(2_000))),
    ];
    for (case, email) in table {
        let request = RegisterRequest { email: email.clone(), password: world.session().fresh_password() };
        world.refused_field(Credential::None, &request, "email", case).await?;
        let login = LoginRequest { email, password: request.password };
        let login = world.call(Credential::None, &login).await;
        world.check(login.is_err(), || format!("{case}: what is no address logs in"));
    }
    Ok(())
}

pub(super) async fn invalid_password(world: &World) -> Outcome {
    let table = [
        ("empty", String::new()),
        ("7 characters", "aB3$xY9".to_owned()),
        ("7 scalar values of 4 bytes", "🦀🐙🦑🦐🦞🐚🐡".to_owned()),
        ("129 characters", format!("{}!", "aB3$xY9z".repeat(16))),
        ("129 scalar values of 2 bytes", "é".repeat(129)),
    ];
    for (case, password) in table {
        world.keep_secret(&password);
        let request = RegisterRequest { email: world.session().fresh_email(), password };
        world.refused_field(Credential::None, &request, "password", case).await?;
    }
    for password in ["12345678", "password123"] {
        let request = RegisterRequest { email: world.session().fresh_email(), password: password.to_owned() };
        let failure = world.refused(Credential::None, &request, Code::InvalidArgument).await?;
        let has_reason = failure.is_some_and(|failure| failure.has_reason(Reason::PasswordTooCommon));
        world.check(has_reason, || {
            format!("{password:?} is very common: the reason must be PASSWORD_TOO_COMMON")
        });
    }
    let marker = world.session().fresh_password();
    let longest: String = marker.chars().chain(std::iter::repeat('🦀')).take(128).collect();
    for password in ["🦀🐙🦑🦐🦞🐚🐡🦈".to_owned(), longest] {
        world.keep_secret(&password);
        let request = RegisterRequest { email: world.session().fresh_email(), password };
        world.ok(Credential::None, &request).await?;
    }
    Ok(())
}

pub(super) async fn race(world: &World) -> Outcome {
    for round in 0..ROUNDS {
        let email = world.session().fresh_email();
        let requests: Vec<_> = (0..CONTENDERS)
            .map(|_| RegisterRequest { email: email.clone(), password: world.session().fresh_password() })
            .collect();
        let calls = requests.iter().map(|request| (Credential::None.into(), request.clone())).collect();
        let ended = world.race::<RegisterRequest>(calls).await;
        let history: Vec<_> = ended
            .iter()
            .enumerate()
            .map(|(contender, operation)| Operation {
                began: operation.began,
                ended: operation.ended,
                what: (contender, operation.what.is_ok()),
            })
            .collect();
        world.check(is_linearizable(&Once, &history, Option::is_some), || {
            format!("round {round}: no serial order explains these answers: {:?}", told(&history))
        });
        let winner = history.iter().find(|operation| operation.what.1).map(|operation| operation.what.0);
        let results = ended.into_iter().map(|operation| operation.what).collect();
        let winners = world.tally::<RegisterRequest>(results, Code::AlreadyExists)?;
        world.require(winners.len() == 1, || {
            format!("round {round}: {} registrations of one address", winners.len())
        })?;
        let winner = winner.unwrap_or_default();
        let credentials = |contender: usize| LoginRequest {
            email: email.clone(),
            password: requests.get(contender).map(|request| request.password.clone()).unwrap_or_default(),
        };
        let login = world.arrange(Credential::None, &credentials(winner)).await?;
        world.check(winners.iter().all(|reply| reply.user_id == login.user_id), || {
            format!("round {round}: the winner's user_id is not the one that logs in")
        });
        let loser = world.call(Credential::None, &credentials((winner + 1) % CONTENDERS)).await;
        world.check(loser.is_err(), || format!("round {round}: a loser's password logs in"));
    }
    Ok(())
}

fn told(history: &[Operation<(usize, bool)>]) -> Vec<(usize, bool)> {
    history.iter().map(|operation| operation.what).collect()
}
