//! Search by nickname.

use duologue_contract::user::{SearchByNicknameRequest, SearchByNicknameResponse, UpdateProfileRequest};

use super::named;
use crate::door::Call;
use crate::world::{Outcome, Person, World};

fn query(query: &str, limit: i32, cursor: Option<String>) -> SearchByNicknameRequest {
    SearchByNicknameRequest { query: query.to_owned(), limit, cursor }
}

fn nicknames(reply: &SearchByNicknameResponse) -> Vec<String> {
    reply.results.iter().map(|profile| profile.nickname.clone()).collect()
}

/// People whose nicknames are a fresh stem and these endings; the nicknames in order.
async fn family(world: &World, endings: &[String]) -> Outcome<(String, Vec<String>, Person)> {
    let stem = world.session().fresh_nickname();
    let mut names: Vec<_> = endings.iter().map(|ending| format!("{stem}{ending}")).collect();
    let people = futures::future::try_join_all(names.iter().map(|name| async move {
        let person = world.newcomer().await?;
        world.arrange(&person, &named(name)).await?;
        Ok::<_, crate::world::Stop>(person)
    }));
    let reader = people.await?.into_iter().next_back().unwrap_or_default();
    names.sort_unstable();
    Ok((stem, names, reader))
}

pub(super) async fn prefix(world: &World) -> Outcome {
    let endings = ["", "0", "9", "_", "_0", "a", "z", "za"].map(str::to_owned);
    let (stem, names, reader) = family(world, &endings).await?;
    let found = world.ok(&reader, &query(&stem, 0, None)).await?;
    world.check_eq("profiles by prefix, bytewise", &nicknames(&found), &names);
    let found = world.ok(&reader, &query(&stem.to_uppercase(), 0, None)).await?;
    world.check_eq("profiles by a prefix in capitals", &nicknames(&found), &names);
    let found = world.ok(&reader, &query(&format!("{stem}z"), 0, None)).await?;
    world.check_eq(
        "an exact match comes first",
        &nicknames(&found),
        &vec![format!("{stem}z"), format!("{stem}za")],
    );
    let found = world.ok(&reader, &query(&stem[1..], 0, None)).await?;
    world.check_eq("a search for the middle of a nickname", &nicknames(&found), &Vec::<String>::new());
    Ok(())
}

pub(super) async fn wildcards_literal(world: &World) -> Outcome {
    let endings = ["a_b", "axb", "aab"].map(str::to_owned);
    let (stem, _, reader) = family(world, &endings).await?;
    let found = world.ok(&reader, &query(&format!("{stem}a_b"), 0, None)).await?;
    world.check_eq("what a_b finds", &nicknames(&found), &vec![format!("{stem}a_b")]);
    let found = world.ok(&reader, &query(&format!("{stem}a_"), 0, None)).await?;
    world.check_eq("what a_ finds", &nicknames(&found), &vec![format!("{stem}a_b")]);
    for ending in ["%", "a%b", "*", "a?b", "\\", ".", "[a]", "'", "a\\_b", "%%"] {
        let found = world.ok(&reader, &query(&format!("{stem}{ending}"), 0, None)).await?;
        world.check_eq(&format!("what {ending:?} finds"), &nicknames(&found), &Vec::<String>::new());
    }
    for everything in ["%", "_%", "*", ".*"] {
        let found = world.ok(&reader, &query(everything, 0, None)).await?;
        let all_match = nicknames(&found).iter().all(|name| name.starts_with(everything));
        world.check(all_match, || format!("{everything:?} finds what does not start with it"));
    }
    Ok(())
}

pub(super) async fn empty_and_blank(world: &World) -> Outcome {
    let ann = world.person().await?;
    let table = [
        ("empty", String::new()),
        ("a space", " ".to_owned()),
        ("spaces and a tab", "  \t ".to_owned()),
        ("an em space", "\u{2003}".to_owned()),
        ("21 characters", "a".repeat(21)),
        ("NUL", "ab\0".to_owned()),
    ];
    for (case, text) in table {
        world.refused_field(&ann, &query(&text, 0, None), "query", case).await?;
    }
    Ok(())
}

pub(super) async fn pages_exact(world: &World) -> Outcome {
    let endings: Vec<_> = (0..25).map(|number| format!("{}{number}", ["_", "a", "7"][number % 3])).collect();
    let (stem, names, reader) = family(world, &endings).await?;
    for limit in [1, 2, 7, 24, 25, 26] {
        let walk = world
            .walk(
                &reader,
                |cursor| query(&stem, limit, cursor),
                |reply: <SearchByNicknameRequest as Call>::Reply| (nicknames(&reply), reply.next_cursor),
            )
            .await?;
        let limit = usize::try_from(limit).unwrap_or_default();
        world.check_walk_equals("the search", &walk, limit, &names);
        let pages = names.len().div_ceil(limit);
        world.check_eq("pages of the search", &walk.len(), &pages);
    }
    Ok(())
}

pub(super) async fn sees_new_profile(world: &World) -> Outcome {
    let reader = world.person().await?;
    for round in 0..8 {
        let person = world.newcomer().await?;
        let nickname = world.session().fresh_nickname();
        world.arrange(&person, &named(&nickname)).await?;
        let found = world.ok(&reader, &query(&nickname, 0, None)).await?;
        world.check_eq(
            &format!("round {round}: a search right after CreateProfile"),
            &nicknames(&found),
            &vec![nickname.clone()],
        );
        let new = world.session().fresh_nickname();
        let rename = UpdateProfileRequest {
            user_id: person.user_id.clone(),
            nickname: Some(new.clone()),
            ..Default::default()
        };
        world.arrange(&person, &rename).await?;
        let found = world.ok(&reader, &query(&new, 0, None)).await?;
        world.check_eq("a search right after a new nickname", &nicknames(&found), &vec![new]);
        let found = world.ok(&reader, &query(&nickname, 0, None)).await?;
        world.check_eq("a search for a nickname given up", &nicknames(&found), &Vec::<String>::new());
    }
    Ok(())
}
