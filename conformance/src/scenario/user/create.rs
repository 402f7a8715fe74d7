//! Making profiles.

use duologue_contract::Rpc;
use duologue_contract::errors::Reason;
use duologue_contract::user::{
    CreateProfileRequest, GetProfileByIdRequest, GetProfileByNicknameRequest, UserProfile,
};
use tonic::Code;

use super::named;
use crate::check::linear::{Once, Operation, is_linearizable};
use crate::race::{CONTENDERS, ROUNDS};
use crate::random::base36;
use crate::world::{Outcome, Person, World};

pub(super) async fn create_and_get(world: &World) -> Outcome {
    let [reader, bare] = world.people().await?;
    let ann = world.newcomer().await?;
    let request = CreateProfileRequest {
        user_id: ann.user_id.clone(),
        nickname: world.session().fresh_nickname(),
        bio: Some("Says «hello» & <waves>.".to_owned()),
        avatar_url: Some("https://pictures.example/ann.png?size=64#top".to_owned()),
    };
    let created = world.ok(&ann, &request).await?;
    let fields = |profile: &UserProfile| {
        (profile.user_id.clone(), profile.nickname.clone(), profile.bio.clone(), profile.avatar_url.clone())
    };
    let expected = (ann.user_id.clone(), request.nickname.clone(), request.bio, request.avatar_url);
    world.check_eq("what CreateProfile answers", &fields(&created), &expected);
    for caller in [&ann, &reader] {
        let by_id = world.ok(caller, &GetProfileByIdRequest { id: ann.user_id.clone() }).await?;
        world.check_eq("the profile by id", &by_id, &created);
        let request = GetProfileByNicknameRequest { nickname: request.nickname.clone() };
        let by_nickname = world.ok(caller, &request).await?;
        world.check_eq("the profile by nickname", &by_nickname, &created);
    }
    let plain = world.profile(&ann, &bare).await?;
    world.check_eq("bio and avatar_url that were never set", &(plain.bio, plain.avatar_url), &(None, None));
    let times = [created.create_time, created.update_time];
    let is_time = |time: &Option<_>| {
        time.is_some_and(|time: duologue_contract::Timestamp| {
            time.seconds > 1_700_000_000 && time.nanos % 1_000 == 0
        })
    };
    world.check(times.iter().all(is_time), || {
        format!("times must be whole microseconds of now, they are {times:?}")
    });
    Ok(())
}

pub(super) async fn duplicate_profile(world: &World) -> Outcome {
    let ann = world.person().await?;
    let before = world.profile(&ann, &ann).await?;
    let request =
        CreateProfileRequest { bio: Some("second".to_owned()), ..named(&world.session().fresh_nickname()) };
    world.refused_for(&ann, &request, Reason::ProfileExists).await?;
    world.refused(&ann, &named(&ann.nickname), Code::AlreadyExists).await?;
    world.check_eq("the profile after a second CreateProfile", &world.profile(&ann, &ann).await?, &before);
    let freed = world.call(&ann, &GetProfileByNicknameRequest { nickname: request.nickname }).await;
    world.check(freed.is_err(), || "the nickname of a refused CreateProfile has an owner".to_owned());
    Ok(())
}

pub(super) async fn duplicate_nickname(world: &World) -> Outcome {
    let ann = world.person().await?;
    let bob = world.newcomer().await?;
    world.refused_for(&bob, &named(&ann.nickname), Reason::NicknameTaken).await?;
    world.refused(&ann, &GetProfileByIdRequest { id: bob.user_id.clone() }, Code::NotFound).await?;
    let owner = world.arrange(&bob, &GetProfileByNicknameRequest { nickname: ann.nickname.clone() }).await?;
    world.check_eq("the owner of the nickname", &owner.user_id, &ann.user_id);
    world.arrange(&bob, &named(&world.session().fresh_nickname())).await?;
    Ok(())
}

pub(super) async fn nickname_race(world: &World) -> Outcome {
    let mut contenders = Vec::<Person>::new();
    for round in 0..ROUNDS {
        while contenders.len() < CONTENDERS {
            contenders.push(world.newcomer().await?);
        }
        let request = named(&world.session().fresh_nickname());
        let calls = contenders.iter().map(|contender| (contender.into(), request.clone())).collect();
        let ended = world.race::<CreateProfileRequest>(calls).await;
        let claim = |(contender, operation): (usize, &Operation<_>)| {
            let result: &crate::world::CallResult<UserProfile> = &operation.what;
            Operation { began: operation.began, ended: operation.ended, what: (contender, result.is_ok()) }
        };
        let history: Vec<_> = ended.iter().enumerate().map(claim).collect();
        world.check(is_linearizable(&Once, &history, Option::is_some), || {
            let told: Vec<_> = history.iter().map(|operation| operation.what).collect();
            format!("round {round}: no serial order explains who got the nickname: {told:?}")
        });
        let winners = world.tally::<CreateProfileRequest>(
            ended.into_iter().map(|operation| operation.what).collect(),
            Code::AlreadyExists,
        )?;
        world.require(winners.len() == 1, || {
            format!("round {round}: {} owners of one nickname", winners.len())
        })?;
        let request = GetProfileByNicknameRequest { nickname: request.nickname };
        let owner = world.arrange(&contenders[0], &request).await?;
        world.check_eq("the owner of the nickname", &owner, &winners[0]);
        contenders.retain(|contender| contender.user_id != owner.user_id);
    }
    Ok(())
}

pub(super) async fn nickname_format(world: &World) -> Outcome {
    let ann = world.newcomer().await?;
    let fresh = || world.session().fresh_nickname();
    let table = [
        ("empty", String::new()),
        ("2 characters", base36(world.random().next(), 2)),
        ("21 characters", format!("{:_<21}", fresh())),
        ("upper case", fresh().to_uppercase()),
        ("one capital", format!("{}A", fresh())),
        ("a dash", format!("{}-a", fresh())),
        ("a dot", format!("{}.a", fresh())),
        ("a space inside", format!("{} a", fresh())),
        ("a space after", format!("{} ", fresh())),
        ("a space before", format!(" {}", fresh())),
        ("a line feed after", format!("{}\n", fresh())),
        ("a line feed inside", format!("{}\nabc", &fresh()[..10])),
        ("Cyrillic а", format!("{}а", fresh())),
        ("full-width digit", format!("{}７", fresh())),
        ("Arabic digit", format!("{}٣", fresh())),
        ("emoji", format!("{}🦀", fresh())),
    ];
    for (case, nickname) in table {
        world.refused_field(&ann, &named(&nickname), "nickname", case).await?;
    }
    world.refused(&ann, &GetProfileByIdRequest { id: ann.user_id.clone() }, Code::NotFound).await?;
    let digits = format!("{:020}", crate::random::entropy());
    let accepted = [
        ("20 characters", format!("{:_<20}", fresh())),
        ("digits only", digits),
        ("it starts with _", format!("_{}", fresh())),
    ];
    for (case, nickname) in accepted {
        let person = world.newcomer().await?;
        let profile = world.arrange(&person, &named(&nickname)).await?;
        world.check_eq(case, &profile.nickname, &nickname);
    }
    // Three characters may well be taken: that is no format error.
    for nickname in [base36(crate::random::entropy(), 3), "___".to_owned(), "_".repeat(20)] {
        let person = world.newcomer().await?;
        if let Err(failure) = world.call(&person, &named(&nickname)).await {
            world.check(failure.has_reason(Reason::NicknameTaken), || {
                format!("{nickname:?} must be free or taken, it is {failure}")
            });
        }
    }
    Ok(())
}

pub(super) async fn for_another(world: &World) -> Outcome {
    let [ann, bob] = [world.newcomer().await?, world.newcomer().await?];
    let carol = world.person().await?;
    for other in [&bob.user_id, &carol.user_id, &world.unknown_id()] {
        let request =
            CreateProfileRequest { user_id: other.clone(), ..named(&world.session().fresh_nickname()) };
        world.refused(&ann, &request, Code::PermissionDenied).await?;
        let taken = world.call(&ann, &GetProfileByNicknameRequest { nickname: request.nickname }).await;
        world.check(taken.is_err(), || "a refused CreateProfile took the nickname".to_owned());
    }
    for nobody in [&ann, &bob] {
        let request = GetProfileByIdRequest { id: nobody.user_id.clone() };
        let result = world.call(&carol, &request).await.map(|_| ());
        world.expect_refused(Rpc::UserGetProfileById, result, Code::NotFound)?;
    }
    Ok(())
}
