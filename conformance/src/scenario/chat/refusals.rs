//! Strangers, and chats that do not exist.

use duologue_contract::chat::{GetChatRequest, ListChatMembersRequest, MessageOrder};
use duologue_contract::errors::Reason;

use super::{keyed, page_of, still_empty, text_for, whole};
use crate::door::Failure;
use crate::world::{Outcome, World};

pub(super) async fn get_unknown(world: &World) -> Outcome {
    let ann = world.person().await?;
    world.refused_for(&ann, &GetChatRequest { chat_id: world.unknown_id() }, Reason::ChatNotFound).await?;
    let long = "7".repeat(10_000);
    let cut = world.unknown_id()[1..].to_owned();
    for chat_id in ["", "x", "0", "-1", "null", "'; --", "%2F", "\0", "ä", &long, &cut] {
        let request = GetChatRequest { chat_id: chat_id.to_owned() };
        if world.can_say(&request) {
            let case: String = chat_id.chars().take(40).collect();
            world.refused_field(&ann, &request, "chat_id", &format!("chat_id {case:?}")).await?;
        }
    }
    Ok(())
}

pub(super) async fn get_non_member(world: &World) -> Outcome {
    let [ann, bob, carol] = world.people().await?;
    let chat_id = world.chat(&ann, &bob).await?;
    let of_carol = world.chat(&carol, &ann).await?;
    world.refused_for(&carol, &GetChatRequest { chat_id: chat_id.clone() }, Reason::NotAMember).await?;
    world.refused_for(&bob, &GetChatRequest { chat_id: of_carol }, Reason::NotAMember).await?;
    world.arrange(&bob, &GetChatRequest { chat_id }).await?;
    Ok(())
}

/// Asserts that two refusals say the same, so that nobody learns which chats exist.
fn check_alike(world: &World, foreign: Option<Box<Failure>>, unknown: Option<Box<Failure>>) {
    let (Some(foreign), Some(unknown)) = (foreign, unknown) else { return };
    let said = |failure: &Failure| {
        let Failure { code, message, reason, metadata, violations, http_status, .. } = failure.clone();
        (code, message, reason, metadata, violations, http_status)
    };
    world.check(said(&foreign) == said(&unknown), || {
        format!(
            "a stranger's chat and none at all are told apart: {:?} and {:?}",
            foreign.message, unknown.message
        )
    });
}

pub(super) async fn members_non_member(world: &World) -> Outcome {
    let [ann, bob, carol] = world.people().await?;
    let chat_id = world.chat(&ann, &bob).await?;
    let foreign = world.refused_for(&carol, &ListChatMembersRequest { chat_id }, Reason::NotAMember).await?;
    let unknown = ListChatMembersRequest { chat_id: world.unknown_id() };
    check_alike(world, foreign, world.refused_for(&carol, &unknown, Reason::NotAMember).await?);
    Ok(())
}

pub(super) async fn send_non_member(world: &World) -> Outcome {
    let [ann, bob, carol] = world.people().await?;
    let chat_id = world.chat(&ann, &bob).await?;
    for request in [text_for(&chat_id, "let me in"), keyed(&chat_id, "let me in", "key")] {
        world.refused_for(&carol, &request, Reason::NotAMember).await?;
    }
    still_empty(world, &bob, &chat_id, "a stranger's message").await
}

pub(super) async fn send_unknown_chat(world: &World) -> Outcome {
    let [ann, bob, carol] = world.people().await?;
    let chat_id = world.chat(&ann, &bob).await?;
    let foreign = world.refused_for(&carol, &text_for(&chat_id, "hello"), Reason::NotAMember).await?;
    let unknown = text_for(&world.unknown_id(), "hello");
    check_alike(world, foreign, world.refused_for(&carol, &unknown, Reason::NotAMember).await?);
    let malformed = text_for("no-chat", "hello");
    world.refused_field(&carol, &malformed, "chat_id", "malformed").await
}

pub(super) async fn history_non_member(world: &World) -> Outcome {
    let [ann, bob, carol] = world.people().await?;
    let chat_id = world.chat(&ann, &bob).await?;
    let text = format!("between the two of us {}", world.unknown_id());
    for _ in 0..3 {
        world.send(&ann, &chat_id, &text).await?;
    }
    let mut foreign = None;
    for order in [MessageOrder::Unspecified, MessageOrder::OldestFirst] {
        foreign = world.refused_for(&carol, &page_of(&chat_id, 1, None, order), Reason::NotAMember).await?;
        let is_silent = foreign.as_ref().is_none_or(|failure| !failure.raw.contains(&text));
        world.check(is_silent, || "the refusal shows the text of a message to a stranger".to_owned());
    }
    let unknown = page_of(&world.unknown_id(), 1, None, MessageOrder::OldestFirst);
    check_alike(world, foreign, world.refused_for(&carol, &unknown, Reason::NotAMember).await?);
    world.check_eq("messages that a member reads", &whole(world, &bob, &chat_id).await?.len(), &3);
    Ok(())
}
