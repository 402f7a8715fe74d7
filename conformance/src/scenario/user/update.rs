//! Changing profiles.

use duologue_contract::errors::Reason;
use duologue_contract::user::{
    CreateProfileRequest, GetProfileByIdRequest, GetProfileByNicknameRequest, UpdateProfileRequest,
    UserProfile,
};
use tonic::Code;

use super::named;
use crate::door::Envelope;
use crate::race::{Contender, ROUNDS, race};
use crate::world::{CallResult, Outcome, Person, World};

fn own(person: &Person) -> UpdateProfileRequest {
    UpdateProfileRequest { user_id: person.user_id.clone(), ..Default::default() }
}

fn rename(person: &Person, nickname: &str) -> UpdateProfileRequest {
    UpdateProfileRequest { nickname: Some(nickname.to_owned()), ..own(person) }
}

/// What a client sees of a profile, without its times.
fn fields(profile: &UserProfile) -> (String, String, Option<String>, Option<String>) {
    (profile.user_id.clone(), profile.nickname.clone(), profile.bio.clone(), profile.avatar_url.clone())
}

/// Somebody with a bio and a picture.
async fn portrayed(world: &World) -> Outcome<(Person, UserProfile)> {
    let mut person = world.newcomer().await?;
    let request = CreateProfileRequest {
        bio: Some("first bio".to_owned()),
        avatar_url: Some("https://pictures.example/first.png".to_owned()),
        ..named(&world.session().fresh_nickname())
    };
    let profile = world.arrange(&person, &request).await?;
    person.nickname = request.nickname;
    Ok((person, profile))
}

pub(super) async fn partial(world: &World) -> Outcome {
    let (ann, mut expected) = portrayed(world).await?;
    let bio = Some("second bio".to_owned());
    let avatar_url = Some("https://pictures.example/second.png".to_owned());
    let nickname = world.session().fresh_nickname();
    let steps = [
        UpdateProfileRequest { bio: bio.clone(), ..own(&ann) },
        UpdateProfileRequest { avatar_url: avatar_url.clone(), ..own(&ann) },
        rename(&ann, &nickname),
        rename(&ann, &nickname),
        own(&ann),
    ];
    for step in steps {
        expected.bio = step.bio.clone().or(expected.bio);
        expected.avatar_url = step.avatar_url.clone().or(expected.avatar_url);
        expected.nickname = step.nickname.clone().unwrap_or(expected.nickname);
        let answered = world.ok(&ann, &step).await?;
        world.check_eq("what UpdateProfile answers", &fields(&answered), &fields(&expected));
        world.check_eq("create_time after an update", &answered.create_time, &expected.create_time);
        world.check(answered.update_time >= answered.create_time, || {
            "update_time is before create_time".to_owned()
        });
        world.check_eq("the profile after an update", &world.profile(&ann, &ann).await?, &answered);
    }
    for (field, step) in [
        ("nickname", rename(&ann, "No Nickname")),
        ("bio", UpdateProfileRequest { bio: Some("é".repeat(501)), ..own(&ann) }),
        ("avatar_url", UpdateProfileRequest { avatar_url: Some("javascript:x".to_owned()), ..own(&ann) }),
    ] {
        world.refused_field(&ann, &step, field, "against its rule").await?;
    }
    let after = world.profile(&ann, &ann).await?;
    world.check_eq("the profile after refused updates", &fields(&after), &fields(&expected));
    Ok(())
}

pub(super) async fn clear_field(world: &World) -> Outcome {
    let (ann, before) = portrayed(world).await?;
    let cleared = world.ok(&ann, &UpdateProfileRequest { bio: Some(String::new()), ..own(&ann) }).await?;
    world.check(cleared.bio.as_deref().unwrap_or_default().is_empty(), || {
        "an empty bio does not clear it".to_owned()
    });
    world.check_eq("avatar_url, which was absent", &cleared.avatar_url, &before.avatar_url);
    let step =
        UpdateProfileRequest { avatar_url: Some(String::new()), bio: Some("back".to_owned()), ..own(&ann) };
    let cleared = world.ok(&ann, &step).await?;
    world.check_eq("bio", &cleared.bio.as_deref(), &Some("back"));
    world.check(cleared.avatar_url.as_deref().unwrap_or_default().is_empty(), || {
        "an empty avatar_url does not clear it".to_owned()
    });
    let read = world.profile(&ann, &ann).await?;
    world.check_eq("the profile after clearing", &fields(&read), &fields(&cleared));
    let kept = world.ok(&ann, &rename(&ann, &world.session().fresh_nickname())).await?;
    world.check_eq("bio, which was absent", &kept.bio.as_deref(), &Some("back"));
    Ok(())
}

pub(super) async fn nickname_taken(world: &World) -> Outcome {
    let (ann, before) = portrayed(world).await?;
    let bob = world.person().await?;
    let step = UpdateProfileRequest {
        bio: Some("never seen".to_owned()),
        avatar_url: Some("https://pictures.example/never.png".to_owned()),
        ..rename(&ann, &bob.nickname)
    };
    world.refused_for(&ann, &step, Reason::NicknameTaken).await?;
    world.check_eq("the profile after a refused update", &world.profile(&ann, &ann).await?, &before);
    let owner = world.arrange(&ann, &GetProfileByNicknameRequest { nickname: bob.nickname.clone() }).await?;
    world.check_eq("the owner of the taken nickname", &owner.user_id, &bob.user_id);
    Ok(())
}

pub(super) async fn nickname_frees_old(world: &World) -> Outcome {
    let [ann, bob] = world.people().await?;
    let new = world.session().fresh_nickname();
    world.ok(&ann, &rename(&ann, &new)).await?;
    let lookup = GetProfileByNicknameRequest { nickname: ann.nickname.clone() };
    world.refused_for(&bob, &lookup, Reason::ProfileNotFound).await?;
    world.ok(&bob, &rename(&bob, &ann.nickname)).await?;
    world.check_eq("the new owner", &world.arrange(&ann, &lookup).await?.user_id, &bob.user_id);
    let carol = world.newcomer().await?;
    world.arrange(&carol, &named(&bob.nickname)).await?;
    // There and back again.
    world.refused(&ann, &rename(&ann, &bob.nickname), Code::AlreadyExists).await?;
    Ok(())
}

pub(super) async fn missing_profile(world: &World) -> Outcome {
    let ann = world.newcomer().await?;
    let step = UpdateProfileRequest { bio: Some("of nobody".to_owned()), ..own(&ann) };
    world.refused_for(&ann, &step, Reason::ProfileNotFound).await?;
    world.refused(&ann, &rename(&ann, &world.session().fresh_nickname()), Code::NotFound).await?;
    world.refused(&ann, &GetProfileByIdRequest { id: ann.user_id.clone() }, Code::NotFound).await?;
    Ok(())
}

pub(super) async fn of_another(world: &World) -> Outcome {
    let ann = world.person().await?;
    let (bob, before) = portrayed(world).await?;
    let nobody = world.newcomer().await?;
    for other in [bob.user_id.clone(), nobody.user_id, world.unknown_id()] {
        let step = UpdateProfileRequest {
            user_id: other,
            nickname: Some(world.session().fresh_nickname()),
            bio: Some("by a stranger".to_owned()),
            avatar_url: None,
        };
        world.refused(&ann, &step, Code::PermissionDenied).await?;
    }
    world.check_eq("the profile that a stranger tried to change", &world.profile(&bob, &bob).await?, &before);
    Ok(())
}

pub(super) async fn rename_race(world: &World) -> Outcome {
    let renamers: [Person; 3] = world.people().await?;
    let mut creator = world.newcomer().await?;
    for round in 0..ROUNDS {
        let nickname = world.session().fresh_nickname();
        let mut contenders: Vec<Contender<CallResult<UserProfile>>> = Vec::new();
        for renamer in &renamers {
            let (world, envelope, request) =
                (world.clone(), Envelope::from(renamer), rename(renamer, &nickname));
            contenders.push(Box::pin(async move { world.call(envelope, &request).await }));
        }
        let (other, envelope, request) = (world.clone(), Envelope::from(&creator), named(&nickname));
        contenders.push(Box::pin(async move { other.call(envelope, &request).await }));
        let mut results: Vec<_> =
            race(contenders).await.into_iter().map(|operation| operation.what).collect();
        let created =
            world.tally::<CreateProfileRequest>(results.split_off(renamers.len()), Code::AlreadyExists)?;
        let renamed = world.tally::<UpdateProfileRequest>(results, Code::AlreadyExists)?;
        let owners: Vec<_> = created.iter().chain(&renamed).map(|profile| profile.user_id.clone()).collect();
        world.require(owners.len() == 1, || {
            format!("round {round}: {} owners of one nickname", owners.len())
        })?;
        let found =
            world.arrange(&creator, &GetProfileByNicknameRequest { nickname: nickname.clone() }).await?;
        world.check_eq("the owner by nickname", &found.user_id, &owners[0]);
        for renamer in &renamers {
            let profile = world.profile(renamer, renamer).await?;
            let expected = if renamer.user_id == owners[0] { &nickname } else { &renamer.nickname };
            world.check_eq("the nickname by id", &profile.nickname, expected);
            if renamer.user_id == owners[0] {
                world.ok(renamer, &rename(renamer, &renamer.nickname)).await?;
            }
        }
        if !created.is_empty() {
            creator = world.newcomer().await?;
        }
    }
    Ok(())
}
