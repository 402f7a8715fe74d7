//! Many messages at once: ids, sequences, times.

use std::collections::{BTreeMap, BTreeSet};

use duologue_contract::chat::{Message, MessageOrder, SendMessageRequest};
use duologue_contract::errors::Reason;
use futures::future::{join_all, try_join_all};

use super::{ids_of, keyed, page_of, sequences_of, text_for, whole};
use crate::world::{Outcome, Person, World};

pub(super) async fn ids_unique(world: &World) -> Outcome {
    let [ann, bob] = world.people().await?;
    let chat_id = world.chat(&ann, &bob).await?;
    let requests: Vec<_> = (0..200).map(|number| text_for(&chat_id, &format!("message {number}"))).collect();
    let calls = requests.iter().enumerate().map(|(number, request)| {
        let sender = if number % 2 == 0 { &ann } else { &bob };
        world.call(sender, request)
    });
    let mut sent = BTreeMap::new();
    for result in join_all(calls).await {
        let message = world.expect_ok::<SendMessageRequest>(result)?;
        sent.insert(message.message_id.clone(), message);
    }
    world.check_eq("different ids of 200 messages", &sent.len(), &200);
    let found = whole(world, &bob, &chat_id).await?;
    let found_ids: BTreeSet<_> = ids_of(&found).into_iter().collect();
    world.check(found.len() == found_ids.len(), || "a message is in the chat twice".to_owned());
    let lost: Vec<_> = sent.keys().filter(|id| !found_ids.contains(*id)).collect();
    world.check(lost.is_empty(), || {
        format!("{} acknowledged messages are not in the chat: {lost:?}", lost.len())
    });
    world.check_eq("messages in the chat", &found.len(), &200);
    let differing =
        found.iter().find(|message| sent.get(&message.message_id).is_some_and(|sent| sent != *message));
    world.check(differing.is_none(), || format!("a message is not as it was acknowledged: {differing:?}"));
    Ok(())
}

/// How many messages each of four senders gets stored.
const EACH: usize = 50;

pub(super) async fn sequence_gapless(world: &World) -> Outcome {
    let [ann, bob, carol] = world.people().await?;
    let chat_id = world.chat(&ann, &bob).await?;
    let senders = [&ann, &bob, &ann, &bob];
    let sending = senders.iter().enumerate().map(|(number, sender)| {
        let (sender, chat_id, carol) = (Person::clone(sender), chat_id.clone(), carol.clone());
        let world = world.clone();
        async move { send_with_failures(&world, &sender, &carol, &chat_id, number).await }
    });
    let running: Vec<_> = sending.map(tokio::spawn).collect();
    let mut sequences = Vec::new();
    for ended in join_all(running).await {
        let messages = ended.map_err(|error| crate::world::Stop::Broken(error.to_string()))??;
        let in_order = sequences_of(&messages);
        world.check(in_order.is_sorted(), || "the sequences of one sender's messages go back".to_owned());
        sequences.extend(in_order);
    }
    sequences.sort_unstable();
    let expected: Vec<i64> = (1..).take(senders.len() * EACH).collect();
    world.check(sequences == expected, || {
        format!("the sequences that were answered are not 1 to 200: {sequences:?}")
    });
    let request = page_of(&chat_id, 100, None, MessageOrder::OldestFirst);
    world.ok(&bob, &request).await?;
    let found = whole(world, &ann, &chat_id).await?;
    world.check(sequences_of(&found) == expected, || {
        format!("the sequences of the chat are not 1 to 200: {:?}", sequences_of(&found))
    });
    for two in found.windows(2) {
        world.check(two[0].create_time <= two[1].create_time, || {
            format!("create_time goes back between the sequences {} and {}", two[0].sequence, two[1].sequence)
        });
    }
    Ok(())
}

/// Sends, and amid it what is refused and what is repeated; answers what was stored.
async fn send_with_failures(
    world: &World,
    sender: &Person,
    stranger: &Person,
    chat_id: &str,
    number: usize,
) -> Outcome<Vec<Message>> {
    let mut stored: Vec<Message> = Vec::new();
    for index in 0..EACH {
        let (text, key) = (format!("message {index}"), format!("{number} {index}"));
        let message = world.ok(sender, &keyed(chat_id, &text, &key)).await?;
        match index % 5 {
            0 => world.refused_field(sender, &text_for(chat_id, "\n"), "text", "white space").await?,
            1 => {
                let again = world.ok(sender, &keyed(chat_id, &text, &key)).await?;
                world.check_eq("a repeated message", &again, &message);
            }
            2 => {
                world
                    .refused_for(sender, &keyed(chat_id, "other", &key), Reason::ClientMessageIdReused)
                    .await?;
            }
            3 => {
                world.refused_for(stranger, &text_for(chat_id, "let me in"), Reason::NotAMember).await?;
            }
            _ => {}
        }
        stored.push(message);
    }
    Ok(stored)
}

pub(super) async fn order_total(world: &World) -> Outcome {
    let [ann, bob] = world.people().await?;
    let chat_id = world.chat(&ann, &bob).await?;
    let senders = [&ann, &bob, &ann, &bob];
    let sending = senders.iter().enumerate().map(|(number, sender)| {
        let chat_id = &chat_id;
        async move {
            let mut sent = Vec::new();
            for index in 0..25 {
                sent.push(world.send(sender, chat_id, &format!("{number}/{index}")).await?.message_id);
            }
            Ok(sent)
        }
    });
    let sent = try_join_all(sending).await?;
    let newest_first =
        world.ok(&bob, &page_of(&chat_id, 100, None, MessageOrder::NewestFirst)).await?.messages;
    let oldest_first: Vec<_> = newest_first.iter().rev().cloned().collect();
    world.check_eq("messages in the chat", &oldest_first.len(), &100);
    for reader in [&ann, &bob, &ann, &bob] {
        let again =
            world.ok(reader, &page_of(&chat_id, 100, None, MessageOrder::OldestFirst)).await?.messages;
        world.check(again == oldest_first, || "two reads of one chat are in different order".to_owned());
    }
    world.check(sequences_of(&oldest_first).is_sorted_by(|one, next| one < next), || {
        format!("the chat is not in the order of its sequences: {:?}", sequences_of(&oldest_first))
    });
    let place: BTreeMap<_, _> = ids_of(&oldest_first).into_iter().zip(0..).collect();
    for own in sent {
        let places: Vec<Option<&i32>> = own.iter().map(|id| place.get(id)).collect();
        world.check(places.iter().all(Option::is_some) && places.is_sorted(), || {
            format!("the messages of one sender are not in the order of their sending: {places:?}")
        });
    }
    Ok(())
}
