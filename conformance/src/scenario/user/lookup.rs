//! Finding one profile, or many by their ids.

use duologue_contract::errors::Reason;
use duologue_contract::user::{BatchGetProfilesRequest, GetProfileByIdRequest, GetProfileByNicknameRequest};
use tonic::Code;

use super::named;
use crate::world::{Outcome, World};

pub(super) async fn unknown_id(world: &World) -> Outcome {
    let ann = world.person().await?;
    let nobody = world.newcomer().await?;
    for id in [world.unknown_id(), nobody.user_id] {
        world.refused_for(&ann, &GetProfileByIdRequest { id }, Reason::ProfileNotFound).await?;
    }
    let table = [
        ("empty", String::new()),
        ("no id", "no-id".to_owned()),
        ("a number", "1".to_owned()),
        ("too short", ann.user_id[..ann.user_id.len() - 1].to_owned()),
        ("too long", format!("{}0", ann.user_id)),
        ("a letter beyond f", format!("g{}", &ann.user_id[1..])),
        ("SQL", "' OR '1'='1".to_owned()),
        ("NUL", format!("{}\0", ann.user_id)),
        ("a space", format!("{} ", ann.user_id)),
        ("10 kB", "a".repeat(10_240)),
    ];
    for (case, id) in table {
        let request = GetProfileByIdRequest { id };
        if world.can_say(&request) {
            world.refused_field(&ann, &request, "id", case).await?;
        }
    }
    Ok(())
}

pub(super) async fn unknown_nickname(world: &World) -> Outcome {
    let ann = world.person().await?;
    let unknown = [
        world.session().fresh_nickname(),
        String::new(),
        "a".to_owned(),
        "a".repeat(21),
        "Not A Nickname".to_owned(),
        "ünïcödé".to_owned(),
        ann.nickname.to_uppercase(),
        format!("{} ", ann.nickname),
    ];
    for nickname in unknown {
        let request = GetProfileByNicknameRequest { nickname };
        if world.can_say(&request) {
            world.refused_for(&ann, &request, Reason::ProfileNotFound).await?;
        }
    }
    Ok(())
}

pub(super) async fn is_exact(world: &World) -> Outcome {
    let stem = world.session().fresh_nickname();
    for ending in ["abcd", "xbc"] {
        let person = world.newcomer().await?;
        world.arrange(&person, &named(&format!("{stem}{ending}"))).await?;
    }
    let ann = world.person().await?;
    for ending in ["abc", "abcde", "a%", "%", "_bcd", "x_c", "abc_", "ABCD", "", "xbC"] {
        let request = GetProfileByNicknameRequest { nickname: format!("{stem}{ending}") };
        world.refused(&ann, &request, Code::NotFound).await?;
    }
    let found = world.arrange(&ann, &GetProfileByNicknameRequest { nickname: format!("{stem}abcd") }).await?;
    world.check_eq("the nickname found", &found.nickname, &format!("{stem}abcd"));
    Ok(())
}

pub(super) async fn batch_get(world: &World) -> Outcome {
    let people = world.crowd(4).await?;
    let nobody = world.newcomer().await?;
    let id = |index: usize| people[index].user_id.clone();
    let ids = vec![id(2), world.unknown_id(), id(0), nobody.user_id, id(2), id(3)];
    let found = world.ok(&people[1], &BatchGetProfilesRequest { ids }).await?.profiles;
    let found_ids: Vec<_> = found.iter().map(|profile| profile.user_id.clone()).collect();
    world.check_eq("who is found, in the order asked for, each once", &found_ids, &vec![id(2), id(0), id(3)]);
    for profile in &found {
        let person = people.iter().find(|person| person.user_id == profile.user_id);
        world.check(person.is_some_and(|person| person.nickname == profile.nickname), || {
            "a profile of somebody else".to_owned()
        });
    }
    let unknown = |count: usize| -> Vec<String> { (0..count).map(|_| world.unknown_id()).collect() };
    let mut hundred = unknown(99);
    hundred.push(id(0));
    let found = world.ok(&people[1], &BatchGetProfilesRequest { ids: hundred }).await?.profiles;
    world.check_eq("profiles found among 100 ids", &found.len(), &1);
    world.refused_field(&people[1], &BatchGetProfilesRequest { ids: unknown(101) }, "ids", "101 ids").await?;
    let malformed = BatchGetProfilesRequest { ids: vec![id(0), "no-id".to_owned()] };
    world.refused_field(&people[1], &malformed, "ids", "a malformed id").await?;
    let none = world.ok(&people[1], &BatchGetProfilesRequest { ids: Vec::new() }).await?.profiles;
    world.check(none.is_empty(), || "no id at all finds somebody".to_owned());
    Ok(())
}
