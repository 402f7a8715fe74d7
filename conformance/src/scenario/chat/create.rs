//! Making chats.

use std::collections::BTreeSet;

use duologue_contract::chat::{CreateDirectChatRequest, GetChatRequest, ListChatMembersRequest};
use duologue_contract::errors::Reason;
use tonic::Code;

use super::chats_of;
use crate::door::Failure;
use crate::race::{CONTENDERS, ROUNDS};
use crate::scenario::Scenario;
use crate::world::{Outcome, Person, World};
use crate::{cells, run};

pub(super) fn scenarios() -> Vec<Scenario> {
    vec![
        Scenario::must(
            "chat.create_and_get",
            "Both members of a new chat MUST find it by its id, with exactly the two of them in it.",
            cells![ChatCreateDirectChat: Ok, ChatGetChat: Ok, ChatListChatMembers: Ok],
            run!(create_and_get),
        ),
        Scenario::must(
            "chat.create_twice",
            "CreateDirectChat for a pair that has a chat MUST answer ALREADY_EXISTS and the chat's id, or the id alone with allow_existing.",
            cells![ChatCreateDirectChat: AlreadyExists, ChatCreateDirectChat: Ok],
            run!(create_twice),
        ),
        Scenario::must(
            "chat.create_reverse",
            "A pair MUST have one chat, whichever of them asks for it.",
            cells![ChatCreateDirectChat: AlreadyExists],
            run!(create_reverse),
        ),
        Scenario::must(
            "chat.create_race",
            "A pair that makes its chat from both sides at once MUST get one chat.",
            cells![ChatCreateDirectChat: Ok, ChatCreateDirectChat: AlreadyExists],
            run!(create_race),
        ),
        Scenario::must(
            "chat.create_self",
            "CreateDirectChat with oneself MUST answer INVALID_ARGUMENT.",
            cells![ChatCreateDirectChat: InvalidArgument],
            run!(create_self),
        ),
        Scenario::must(
            "chat.create_unknown_participant",
            "CreateDirectChat with somebody who does not exist MUST answer INVALID_ARGUMENT and make no chat.",
            cells![ChatCreateDirectChat: InvalidArgument],
            run!(create_unknown_participant),
        ),
    ]
}

fn with(person: &Person) -> CreateDirectChatRequest {
    CreateDirectChatRequest { participant_id: person.user_id.clone(), allow_existing: false }
}

fn with_or_existing(person: &Person) -> CreateDirectChatRequest {
    CreateDirectChatRequest { allow_existing: true, ..with(person) }
}

async fn create_and_get(world: &World) -> Outcome {
    let [ann, bob] = world.people().await?;
    let chat_id = world.ok(&ann, &with(&bob)).await?.chat_id;
    let members = BTreeSet::from([ann.user_id.clone(), bob.user_id.clone()]);
    let is_the_pair =
        |ids: &[String]| ids.len() == 2 && ids.iter().cloned().collect::<BTreeSet<_>>() == members;
    let mut seen = Vec::new();
    for person in [&ann, &bob] {
        let chat = world.ok(person, &GetChatRequest { chat_id: chat_id.clone() }).await?;
        world.check_eq("chat_id of GetChat", &chat.chat_id, &chat_id);
        world.check(is_the_pair(&chat.participant_ids), || {
            format!("participants are {:?}", chat.participant_ids)
        });
        world.check(chat.create_time.is_some(), || "a chat must have a create_time".to_owned());
        world.check_eq("last_message of a chat without one", &chat.last_message, &None);
        world.check_eq("last_sequence of a chat without messages", &chat.last_sequence, &0);
        let listed = world.ok(person, &ListChatMembersRequest { chat_id: chat_id.clone() }).await?.user_ids;
        world.check(is_the_pair(&listed), || format!("members are {listed:?}, not the two of the chat"));
        seen.push(chat);
    }
    world.check_eq("the chat as its two members see it", &seen[1], &seen[0]);
    Ok(())
}

/// Asserts that a refusal names the chat that there is.
fn check_names(world: &World, failure: Option<Box<Failure>>, chat_id: &str) {
    let Some(failure) = failure else { return };
    let named = failure.metadata.get("chat_id").map(String::as_str);
    world.check_eq("metadata.chat_id of CHAT_EXISTS", &named, &Some(chat_id));
}

/// Asserts that the two have this one chat.
async fn check_only_chat(world: &World, people: [&Person; 2], chat_id: &str) -> Outcome {
    for person in people {
        world.check_eq("the chats of a member", &chats_of(world, person).await?, &vec![chat_id.to_owned()]);
    }
    Ok(())
}

async fn create_twice(world: &World) -> Outcome {
    let [ann, bob] = world.people().await?;
    let chat_id = world.ok(&ann, &with(&bob)).await?.chat_id;
    check_names(world, world.refused_for(&ann, &with(&bob), Reason::ChatExists).await?, &chat_id);
    let again = world.ok(&ann, &with_or_existing(&bob)).await?;
    world.check_eq("chat_id with allow_existing", &again.chat_id, &chat_id);
    check_only_chat(world, [&ann, &bob], &chat_id).await
}

async fn create_reverse(world: &World) -> Outcome {
    let [ann, bob] = world.people().await?;
    let chat_id = world.ok(&ann, &with_or_existing(&bob)).await?.chat_id;
    check_names(world, world.refused_for(&bob, &with(&ann), Reason::ChatExists).await?, &chat_id);
    let again = world.ok(&bob, &with_or_existing(&ann)).await?;
    world.check_eq("chat_id with allow_existing, from the other side", &again.chat_id, &chat_id);
    check_only_chat(world, [&ann, &bob], &chat_id).await
}

async fn create_race(world: &World) -> Outcome {
    // Nine people make 36 pairs: one a round, and six for allow_existing.
    let people = world.crowd(9).await?;
    let pairs = (0..people.len()).flat_map(|one| (0..one).map(move |other| (one, other)));
    let mut chats = vec![BTreeSet::new(); people.len()];
    for (round, (one, other)) in pairs.enumerate() {
        let is_strict = round < ROUNDS;
        let side = |number: usize| if number.is_multiple_of(2) { (one, other) } else { (other, one) };
        let calls = (0..CONTENDERS).map(side).map(|(by, whom)| {
            let request = if is_strict { with(&people[whom]) } else { with_or_existing(&people[whom]) };
            ((&people[by]).into(), request)
        });
        let ended = world.race::<CreateDirectChatRequest>(calls.collect()).await;
        let results: Vec<_> = ended.into_iter().map(|operation| operation.what).collect();
        let named: Vec<_> = results
            .iter()
            .filter_map(|result| result.as_ref().err())
            .map(|failure| failure.metadata.get("chat_id").cloned())
            .collect();
        let winners = world.tally::<CreateDirectChatRequest>(results, Code::AlreadyExists)?;
        let expected = if is_strict { 1 } else { CONTENDERS };
        world.require(winners.len() == expected, || {
            format!("round {round}: {} of {CONTENDERS} calls succeeded, {expected} must", winners.len())
        })?;
        let chat_id = &winners[0].chat_id;
        let are_one = winners.iter().all(|winner| winner.chat_id == *chat_id);
        world.check(are_one, || format!("round {round}: one pair was given several chats"));
        let all_name_it = named.iter().all(|named| named.as_ref() == Some(chat_id));
        world.check(all_name_it, || {
            format!("round {round}: a refusal names another chat than the one that was made")
        });
        chats[one].insert(chat_id.clone());
        chats[other].insert(chat_id.clone());
    }
    for (person, expected) in people.iter().zip(&chats) {
        let found = chats_of(world, person).await?;
        world.check(
            found.len() == expected.len() && found.iter().all(|chat_id| expected.contains(chat_id)),
            || format!("somebody with {} chats has {} in their list", expected.len(), found.len()),
        );
    }
    Ok(())
}

async fn create_self(world: &World) -> Outcome {
    let ann = world.person().await?;
    for request in [with(&ann), with_or_existing(&ann)] {
        world.refused_for(&ann, &request, Reason::ParticipantIsSelf).await?;
    }
    world.check_eq(
        "the chats of somebody who tried to chat with oneself",
        &chats_of(world, &ann).await?,
        &Vec::new(),
    );
    Ok(())
}

async fn create_unknown_participant(world: &World) -> Outcome {
    let ann = world.person().await?;
    let without_profile = world.newcomer().await?;
    for participant_id in [world.unknown_id(), without_profile.user_id] {
        for allow_existing in [false, true] {
            let request = CreateDirectChatRequest { participant_id: participant_id.clone(), allow_existing };
            world.refused_for(&ann, &request, Reason::ParticipantUnknown).await?;
        }
    }
    for (participant_id, case) in
        [("", "empty"), ("nobody", "malformed"), ("%00", "malformed"), ("\0", "U+0000")]
    {
        let request =
            CreateDirectChatRequest { participant_id: participant_id.to_owned(), allow_existing: false };
        world.refused_field(&ann, &request, "participant_id", case).await?;
    }
    world.check_eq("chats after refused calls", &chats_of(world, &ann).await?, &Vec::new());
    Ok(())
}
