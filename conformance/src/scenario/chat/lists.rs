//! Lists of chats.

use std::collections::BTreeSet;

use duologue_contract::chat::{ListUserChatsRequest, ListUserChatsResponse};
use duologue_contract::errors::Reason;

use super::chats_of;
use crate::check::pages::{Page, check_walk};
use crate::world::{Outcome, Person, World};

fn page(limit: i32, cursor: Option<String>) -> ListUserChatsRequest {
    ListUserChatsRequest { user_id: String::new(), limit, cursor }
}

fn items(reply: ListUserChatsResponse) -> (Vec<String>, Option<String>) {
    (reply.chats.into_iter().map(|chat| chat.chat_id).collect(), reply.next_cursor)
}

/// A person with six chats, half of them made by the others; newest first.
async fn six_chats(world: &World) -> Outcome<(Person, Vec<Person>, Vec<String>)> {
    let ann = world.person().await?;
    let others = world.crowd(6).await?;
    let mut chats = Vec::new();
    for (index, other) in others.iter().enumerate() {
        let (by, whom) = if index % 2 == 0 { (&ann, other) } else { (other, &ann) };
        chats.insert(0, world.chat(by, whom).await?);
    }
    Ok((ann, others, chats))
}

pub(super) async fn list_chats(world: &World) -> Outcome {
    let fresh = world.person().await?;
    let none = world.ok(&fresh, &page(0, None)).await?;
    world.check(none.chats.is_empty() && none.next_cursor.is_none(), || "a fresh user has chats".to_owned());
    let (ann, others, chats) = six_chats(world).await?;
    for limit in [1, 2, 5, 6, 7, 0] {
        let walk = world.walk(&ann, |cursor| page(limit, cursor), items).await?;
        let most = usize::try_from(limit).ok().filter(|limit| *limit > 0).unwrap_or(50);
        world.check_walk_equals("chats, the newest first", &walk, most, &chats);
    }
    let full =
        world.ok(&ann, &ListUserChatsRequest { user_id: ann.user_id.clone(), ..page(0, None) }).await?;
    for (chat, other) in full.chats.iter().zip(others.iter().rev()) {
        let members: BTreeSet<_> = chat.participant_ids.iter().collect();
        world.check_eq("participants in the list", &members, &BTreeSet::from([&ann.user_id, &other.user_id]));
        let of_other = world.ok(other, &page(0, None)).await?.chats;
        world.check_eq("the other member's list", &of_other, &vec![chat.clone()]);
    }
    Ok(())
}

pub(super) async fn by_activity(world: &World) -> Outcome {
    let (ann, others, mut chats) = six_chats(world).await?;
    let initial = chats.clone();
    for turn in 0..12 {
        let index = if turn < 6 { chats.len() - 1 } else { world.random().below(chats.len()) };
        let chat_id = chats.remove(index);
        let place = initial.iter().position(|initial| *initial == chat_id).unwrap_or_default();
        let other = &others[others.len() - 1 - place];
        let sender = if turn % 2 == 0 { &ann } else { other };
        let message = world.send(sender, &chat_id, &format!("turn {turn}")).await?;
        chats.insert(0, chat_id.clone());
        world.check_eq("chats after a message", &chats_of(world, &ann).await?, &chats);
        for person in [&ann, other] {
            let listed = world.ok(person, &page(1, None)).await?.chats;
            let first = listed
                .first()
                .map(|chat| (chat.chat_id.as_str(), chat.last_sequence, chat.last_message.clone()));
            let expected = Some((chat_id.as_str(), message.sequence, Some(message.clone())));
            world.check_eq("the first chat of a list after a message in it", &first, &expected);
        }
    }
    for limit in [1, 2, 3] {
        walk_amid_messages(world, &ann, &mut chats, limit).await?;
    }
    Ok(())
}

/// Walks while a message is sent into the last chat, then the one before it, and so on: none comes twice or never.
async fn walk_amid_messages(world: &World, ann: &Person, chats: &mut Vec<String>, limit: i32) -> Outcome {
    let (before, mut walk, mut cursor) = (chats.clone(), Vec::<Page>::new(), None);
    loop {
        let (ids, next_cursor) = items(world.ok(ann, &page(limit, cursor)).await?);
        walk.push(Page { ids, next_cursor: next_cursor.clone() });
        if next_cursor.is_none() || walk.len() > 20 {
            break;
        }
        cursor = next_cursor;
        if let Some(chat_id) = chats.pop() {
            world.send(ann, &chat_id, "meanwhile").await?;
            chats.insert(0, chat_id);
        }
    }
    let most = usize::try_from(limit).unwrap_or_default();
    let faults = check_walk(&walk, most);
    world.check(faults.is_empty(), || format!("chats while messages come, limit {limit}: {faults:?}"));
    let found: BTreeSet<_> = walk.iter().flat_map(|page| &page.ids).collect();
    world.check_eq("chats found by a walk while messages come", &found, &before.iter().collect());
    Ok(())
}

pub(super) async fn of_another(world: &World) -> Outcome {
    let [ann, bob] = world.people().await?;
    let chat_id = world.chat(&ann, &bob).await?;
    let nobody = world.newcomer().await?;
    for user_id in [bob.user_id.clone(), nobody.user_id, world.unknown_id()] {
        world.refused_for(&ann, &ListUserChatsRequest { user_id, ..page(0, None) }, Reason::NotYours).await?;
    }
    let own =
        world.arrange(&ann, &ListUserChatsRequest { user_id: ann.user_id.clone(), ..page(0, None) }).await?;
    world.check_eq("chats with one's own user_id", &items(own).0, &vec![chat_id]);
    Ok(())
}
