//! Walks through a chat.

use duologue_contract::auth::LogoutRequest;
use duologue_contract::chat::{ListMessagesResponse, MessageOrder};
use duologue_contract::errors::Reason;

use super::{ids_of, page_of, whole};
use crate::check::pages::{Page, check_walk, missing_or_repeated};
use crate::world::{Outcome, Person, World};

fn items(reply: ListMessagesResponse) -> (Vec<String>, Option<String>) {
    (ids_of(&reply.messages), reply.next_cursor)
}

/// Fills a chat, from both sides; ids, oldest first.
async fn filled(world: &World, ann: &Person, bob: &Person, count: usize) -> Outcome<(String, Vec<String>)> {
    let chat_id = world.chat(ann, bob).await?;
    let mut ids = Vec::new();
    for index in 0..count {
        let sender = if index % 2 == 0 { ann } else { bob };
        ids.push(world.send(sender, &chat_id, &format!("message {index}")).await?.message_id);
    }
    Ok((chat_id, ids))
}

pub(super) async fn pages_exact(world: &World) -> Outcome {
    let [ann, bob] = world.people().await?;
    let (chat_id, ids) = filled(world, &ann, &bob, 23).await?;
    let reversed: Vec<_> = ids.iter().rev().cloned().collect();
    for limit in [1, 2, 7, 22, 23, 24] {
        for (order, expected) in [(MessageOrder::Unspecified, &reversed), (MessageOrder::OldestFirst, &ids)] {
            let walk = world.walk(&bob, |cursor| page_of(&chat_id, limit, cursor, order), items).await?;
            let most = usize::try_from(limit).unwrap_or_default();
            world.check_walk_equals(&format!("messages, {}", order.as_str_name()), &walk, most, expected);
        }
    }
    Ok(())
}

pub(super) async fn pages_under_writes(world: &World) -> Outcome {
    let [ann, bob] = world.people().await?;
    let (chat_id, before) = filled(world, &ann, &bob, 40).await?;
    let reversed: Vec<_> = before.iter().rev().cloned().collect();
    for order in [MessageOrder::Unspecified, MessageOrder::OldestFirst] {
        let (mut walk, mut cursor) = (Vec::<Page>::new(), None);
        loop {
            let (ids, next_cursor) = items(world.ok(&bob, &page_of(&chat_id, 3, cursor, order)).await?);
            walk.push(Page { ids, next_cursor: next_cursor.clone() });
            cursor = next_cursor;
            if cursor.is_none() || walk.len() > 200 {
                break;
            }
            if walk.len() < 10 {
                // At once, so that the writes of both fall between two pages in either order.
                let (one, other) =
                    tokio::join!(world.send(&ann, &chat_id, "new"), world.send(&bob, &chat_id, "newer"));
                one.and(other)?;
            }
        }
        let name = order.as_str_name();
        let faults = check_walk(&walk, 3);
        world.check(faults.is_empty(), || format!("{name}, while messages come: {faults:?}"));
        let wrong = missing_or_repeated(&walk, &before);
        world.check(wrong.is_empty(), || {
            format!("{name}: {} messages missing or repeated while others come", wrong.len())
        });
        let old: Vec<_> =
            walk.into_iter().flat_map(|page| page.ids).filter(|id| before.contains(id)).collect();
        let expected = if order == MessageOrder::OldestFirst { &before } else { &reversed };
        world.check(old == *expected, || {
            format!("{name}: messages that were there before the walk came in another order")
        });
    }
    Ok(())
}

pub(super) async fn cursor_stable(world: &World) -> Outcome {
    let [ann, bob] = world.people().await?;
    let (chat_id, ids) = filled(world, &ann, &bob, 13).await?;
    for order in [MessageOrder::NewestFirst, MessageOrder::OldestFirst] {
        let bob = bob.in_session(&world.login(&bob).await?);
        let first = world.ok(&bob, &page_of(&chat_id, 4, None, order)).await?;
        let cursor = first.next_cursor.clone();
        world.require(cursor.is_some(), || "the first page of four has no next_cursor".to_owned())?;
        let second = world.ok(&bob, &page_of(&chat_id, 4, cursor.clone(), order)).await?;
        world.check_eq("messages of the second page", &second.messages.len(), &4);
        let again = world.ok(&bob, &page_of(&chat_id, 4, cursor.clone(), order)).await?;
        world.check_eq("the page of a cursor used again", &again.messages, &second.messages);
        world.send(&ann, &chat_id, "later").await?;
        let later = bob.in_session(&world.login(&bob).await?);
        let logout = LogoutRequest { refresh_token: bob.refresh_token.clone(), all_sessions: false };
        world.arrange(&bob, &logout).await?;
        let mut found = ids_of(&first.messages);
        let walk = world
            .walk(&later, |next| page_of(&chat_id, 4, next.or_else(|| cursor.clone()), order), items)
            .await?;
        world.check_eq("the page of a cursor in another session", &walk[0].ids, &ids_of(&second.messages));
        found.extend(walk.into_iter().flat_map(|page| page.ids).filter(|id| ids.contains(id)));
        found.retain(|id| ids.contains(id));
        if order == MessageOrder::NewestFirst {
            found.reverse();
        }
        world.check_eq("the messages of a walk over two sessions", &found, &ids);
    }
    Ok(())
}

pub(super) async fn isolated(world: &World) -> Outcome {
    let [ann, bob, carol] = world.people().await?;
    let (with_bob, of_bob) = filled(world, &ann, &bob, 6).await?;
    let (with_carol, of_carol) = filled(world, &ann, &carol, 6).await?;
    for reader in [&ann, &bob] {
        world.check_eq("the chat with one", &ids_of(&whole(world, reader, &with_bob).await?), &of_bob);
    }
    for reader in [&ann, &carol] {
        world.check_eq(
            "the chat with the other",
            &ids_of(&whole(world, reader, &with_carol).await?),
            &of_carol,
        );
    }
    let newest = MessageOrder::NewestFirst;
    let cursor = world.ok(&ann, &page_of(&with_bob, 2, None, newest)).await?.next_cursor;
    world.require(cursor.is_some(), || "a page of two out of six has no next_cursor".to_owned())?;
    let elsewhere = page_of(&with_carol, 2, cursor.clone(), newest);
    world.refused_for(&ann, &elsewhere, Reason::CursorInvalid).await?;
    let of_another = page_of(&with_bob, 2, cursor.clone(), newest);
    world.refused_for(&bob, &of_another, Reason::CursorInvalid).await?;
    let backwards = page_of(&with_bob, 2, cursor.clone(), MessageOrder::OldestFirst);
    world.refused_for(&ann, &backwards, Reason::CursorInvalid).await?;
    // The limit of a page is no part of the walk.
    let rest = world.ok(&ann, &page_of(&with_bob, 10, cursor, newest)).await?;
    let expected: Vec<_> = of_bob[..4].iter().rev().cloned().collect();
    world.check_eq("the rest of a walk in a longer page", &ids_of(&rest.messages), &expected);
    Ok(())
}
