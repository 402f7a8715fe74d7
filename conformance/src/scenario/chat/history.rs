//! Reading: what was sent is there, once, in order.

use duologue_contract::chat::MessageOrder;

use super::{model, order, page_of, text_for, walks, whole};
use crate::door::Envelope;
use crate::scenario::Scenario;
use crate::world::{Outcome, World};
use crate::{cells, run};

pub(super) fn scenarios() -> Vec<Scenario> {
    vec![
        Scenario::must(
            "chat.history_round_trip",
            "Both members MUST read exactly what was sent, in its order.",
            cells![ChatListMessages: Ok],
            run!(round_trip),
        ),
        Scenario::must(
            "chat.history_pages_exact",
            "Pages of messages MUST keep to their limit and together be the chat, in either order.",
            cells![ChatListMessages: Ok],
            run!(walks::pages_exact),
        ),
        Scenario::must(
            "chat.history_order_total",
            "The messages of a chat MUST have one order, the same in every read, that keeps to each sender's own.",
            cells![ChatListMessages: Ok],
            run!(order::order_total),
        ),
        Scenario::must(
            "chat.history_pages_under_writes",
            "A walk MUST return every message that was there before it exactly once, whatever is sent meanwhile.",
            cells![ChatListMessages: Ok],
            run!(walks::pages_under_writes),
        ),
        Scenario::must(
            "chat.history_cursor_stable",
            "A cursor MUST lead to the same page again, also after new messages and with another session's token.",
            cells![ChatListMessages: Ok],
            run!(walks::cursor_stable),
        ),
        Scenario::must(
            "chat.history_empty",
            "A new chat MUST be an empty page without next_cursor.",
            cells![ChatListMessages: Ok],
            run!(empty),
        ),
        Scenario::must(
            "chat.history_isolated",
            "Chats MUST NOT mix, and a cursor MUST be refused outside of the walk that it was made for.",
            cells![ChatListMessages: Ok],
            run!(walks::isolated),
        ),
        Scenario::must(
            "chat.read_your_writes",
            "A message MUST be in every read that begins after SendMessage has answered.",
            cells![ChatListMessages: Ok],
            run!(read_your_writes),
        ),
        Scenario::must(
            "chat.model",
            "Random calls of three people MUST be answered as by an append-only log.",
            cells![ChatSendMessage: Ok, ChatListMessages: Ok, ChatCreateDirectChat: Ok],
            run!(model::model),
        ),
    ]
}

async fn round_trip(world: &World) -> Outcome {
    let [ann, bob] = world.people().await?;
    let chat_id = world.chat(&ann, &bob).await?;
    let mut sent = Vec::new();
    for index in 0..12 {
        let sender = if index % 3 == 0 { &bob } else { &ann };
        sent.push(world.arrange(sender, &text_for(&chat_id, &format!("message {index}"))).await?);
    }
    let newest_first: Vec<_> = sent.iter().rev().cloned().collect();
    for reader in [&bob, &ann] {
        for (order, expected) in [
            (MessageOrder::Unspecified, &newest_first),
            (MessageOrder::NewestFirst, &newest_first),
            (MessageOrder::OldestFirst, &sent),
        ] {
            let page = world.ok(reader, &page_of(&chat_id, 0, None, order)).await?;
            world.check_eq(&format!("messages, {}", order.as_str_name()), &page.messages, expected);
            world.check_eq("next_cursor of the only page", &page.next_cursor, &None);
        }
    }
    Ok(())
}

async fn empty(world: &World) -> Outcome {
    let [ann, bob] = world.people().await?;
    let chat_id = world.chat(&ann, &bob).await?;
    for reader in [&ann, &bob] {
        for order in [MessageOrder::Unspecified, MessageOrder::OldestFirst] {
            let page = world.ok(reader, &page_of(&chat_id, 1, None, order)).await?;
            world.check_eq("messages of a new chat", &page.messages, &Vec::new());
            world.check_eq("next_cursor of an empty page", &page.next_cursor, &None);
        }
    }
    Ok(())
}

async fn read_your_writes(world: &World) -> Outcome {
    let [ann, bob] = world.people().await?;
    let chat_id = world.chat(&ann, &bob).await?;
    for index in 0..50 {
        let (sender, peer) = if index % 2 == 0 { (&ann, &bob) } else { (&bob, &ann) };
        let message = world.send(sender, &chat_id, &format!("message {index}")).await?;
        for (reader, replica) in [(sender, index), (peer, index + 1)] {
            let newest = page_of(&chat_id, 1, None, MessageOrder::NewestFirst);
            let page = world.ok(Envelope::by(reader).to_replica(replica), &newest).await?;
            world.check(page.messages.first() == Some(&message), || {
                format!("message {index} is not the newest although it was acknowledged before the read")
            });
        }
    }
    world.check_eq("messages in the chat", &whole(world, &bob, &chat_id).await?.len(), &50);
    Ok(())
}
