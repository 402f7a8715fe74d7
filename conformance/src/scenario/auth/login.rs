//! Login.

use duologue_contract::auth::{LoginRequest, RefreshRequest, RegisterRequest};
use duologue_contract::errors::Reason;
use tonic::Code;

use super::opens;
use crate::door::Credential;
use crate::world::{Outcome, World};

pub(super) async fn wrong_password(world: &World) -> Outcome {
    let ann = world.newcomer().await?;
    let bob = world.newcomer().await?;
    let wrong = [
        world.session().fresh_password(),
        ann.password.to_uppercase(),
        format!("{} ", ann.password),
        ann.password[..ann.password.len() - 1].to_owned(),
        bob.password,
    ];
    for password in wrong {
        world.keep_secret(&password);
        let login = LoginRequest { email: ann.email.clone(), password };
        world.refused_for(Credential::None, &login, Reason::CredentialsInvalid).await?;
    }
    world.arrange(Credential::None, &ann.credentials()).await?;
    Ok(())
}

pub(super) async fn unknown_email_same_answer(world: &World) -> Outcome {
    let ann = world.newcomer().await?;
    let password = world.session().fresh_password();
    let wrong = LoginRequest { email: ann.email, password: password.clone() };
    let unknown = LoginRequest { email: world.session().fresh_email(), password };
    let wrong = world.refused(Credential::None, &wrong, Code::Unauthenticated).await?;
    let unknown = world.refused(Credential::None, &unknown, Code::Unauthenticated).await?;
    world.check(wrong == unknown && wrong.is_some(), || {
        format!("an unknown address and a wrong password are told apart: {unknown:?} and {wrong:?}")
    });
    Ok(())
}

pub(super) async fn malformed(world: &World) -> Outcome {
    let ann = world.newcomer().await?;
    let table = [
        ("no address", "email", LoginRequest { email: String::new(), password: ann.password.clone() }),
        ("no password", "password", LoginRequest { email: ann.email.clone(), password: String::new() }),
        ("neither", "email", LoginRequest::default()),
    ];
    for (case, field, login) in table {
        world.refused_field(Credential::None, &login, field, case).await?;
    }
    Ok(())
}

pub(super) async fn password_72_bytes(world: &World) -> Outcome {
    let start = format!("{:x<72}", world.session().fresh_password());
    let (password, twin) = (format!("{start}one"), format!("{start}two"));
    let email = world.session().fresh_email();
    let request = RegisterRequest { email: email.clone(), password: password.clone() };
    world.arrange(Credential::None, &request).await?;
    for other in [twin, start] {
        let login = LoginRequest { email: email.clone(), password: other };
        world.refused(Credential::None, &login, Code::Unauthenticated).await?;
    }
    world.arrange(Credential::None, &LoginRequest { email, password }).await?;
    Ok(())
}

pub(super) async fn password_unicode(world: &World) -> Outcome {
    let email = world.session().fresh_email();
    // Composed and decomposed: one picture, two passwords. ﬁ is a ligature that NFKC takes apart.
    let start = format!("{}👩‍👩‍👧", world.session().fresh_password());
    let password = format!("{start}é ﬁ");
    let twins = [format!("{start}e\u{301} ﬁ"), format!("{start}é fi"), format!("{start}é ﬁ ")];
    world
        .arrange(Credential::None, &RegisterRequest { email: email.clone(), password: password.clone() })
        .await?;
    world.ok(Credential::None, &LoginRequest { email: email.clone(), password }).await?;
    for password in twins {
        world
            .refused(
                Credential::None,
                &LoginRequest { email: email.clone(), password },
                Code::Unauthenticated,
            )
            .await?;
    }
    Ok(())
}

pub(super) async fn is_not_exclusive(world: &World) -> Outcome {
    let ann = world.newcomer().await?;
    let second = world.ok(Credential::None, &ann.credentials()).await?;
    let third = world.ok(Credential::None, &ann.credentials()).await?;
    opens(world, &ann.access_token, "the access token of the first session").await;
    opens(world, &second.access_token, "the access token of the second session").await;
    opens(world, &third.access_token, "the access token of the third session").await;
    let refresh = RefreshRequest { refresh_token: ann.refresh_token };
    let refreshed = world.call(Credential::None, &refresh).await;
    world.check(refreshed.is_ok(), || "the first session does not refresh after a second Login".to_owned());
    Ok(())
}
