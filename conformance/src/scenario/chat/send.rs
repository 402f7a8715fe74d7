//! Sending: what is echoed, what is refused.

use std::collections::BTreeSet;
use std::time::{SystemTime, UNIX_EPOCH};

use duologue_contract::Rpc;
use duologue_contract::chat::StreamMessagesRequest;
use duologue_contract::errors::Reason;

use super::{idempotency, keyed, order, still_empty, text_for, whole};
use crate::door::{Door, HttpRequest};
use crate::scenario::{Scenario, stream};
use crate::world::{Outcome, Person, World};
use crate::{cells, run};

pub(super) fn scenarios() -> Vec<Scenario> {
    vec![
        Scenario::must(
            "chat.send_echo",
            "SendMessage MUST answer the message as it was sent, from the caller, with id, time and sequence.",
            cells![ChatSendMessage: Ok],
            run!(echo),
        ),
        Scenario::must(
            "chat.send_empty",
            "SendMessage MUST refuse a text without anything but white space with INVALID_ARGUMENT.",
            cells![ChatSendMessage: InvalidArgument],
            run!(empty),
        ),
        Scenario::must(
            "chat.send_size_limits",
            "A text MUST be limited to 4000 Unicode scalar values, however many bytes they take.",
            cells![ChatSendMessage: Ok, ChatSendMessage: InvalidArgument],
            run!(size_limits),
        ),
        Scenario::must(
            "chat.send_unicode_exact",
            "A text MUST come back byte for byte from SendMessage, ListMessages and StreamMessages.",
            cells![ChatSendMessage: Ok, ChatListMessages: Ok],
            run!(unicode_exact),
        ),
        Scenario::must(
            "chat.send_nul",
            "SendMessage MUST refuse U+0000 with INVALID_ARGUMENT.",
            cells![ChatSendMessage: InvalidArgument],
            run!(nul),
        ),
        Scenario::must(
            "chat.send_huge",
            "A text of 5 MB MUST be refused as too large, and the connection MUST go on to serve.",
            cells![ChatSendMessage: ResourceExhausted],
            run!(huge),
        ),
        Scenario::must(
            "chat.send_ids_unique",
            "200 messages sent at once MUST get 200 ids and be in the chat once each.",
            cells![ChatSendMessage: Ok],
            run!(order::ids_unique),
        ),
        Scenario::must(
            "chat.sequence_gapless",
            "Sequences MUST be 1 to n without holes and create_time MUST NOT go back, whatever is refused or repeated meanwhile.",
            cells![ChatSendMessage: Ok, ChatListMessages: Ok],
            run!(order::sequence_gapless),
        ),
        Scenario::must(
            "chat.send_idempotency_key",
            "A repeated client_message_id MUST answer the first message, and INVALID_ARGUMENT with another text.",
            cells![ChatSendMessage: Ok, ChatSendMessage: InvalidArgument],
            run!(idempotency::key),
        ),
    ]
}

/// How far the clocks of suite and deployment may be apart.
const SKEW_SECONDS: i64 = 120;

async fn echo(world: &World) -> Outcome {
    let [ann, bob] = world.people().await?;
    let chat_id = world.chat(&ann, &bob).await?;
    let mut ids = BTreeSet::new();
    for (sequence, (sender, key)) in (1_i64..).zip([(&ann, None), (&bob, Some("own id")), (&ann, None)]) {
        let text = format!("message {sequence} ");
        let mut request = text_for(&chat_id, &text);
        request.client_message_id = key.map(str::to_owned);
        let message = world.ok(sender, &request).await?;
        world.check_eq("chat_id", &message.chat_id, &chat_id);
        world.check_eq("sender_id", &message.sender_id, &sender.user_id);
        world.check_eq("text", &message.text, &text);
        world.check_eq("sequence", &message.sequence, &sequence);
        world.check_eq("client_message_id", &message.client_message_id.as_deref(), &key);
        world.check(!message.message_id.is_empty() && ids.insert(message.message_id.clone()), || {
            "a message must have an id of its own".to_owned()
        });
        let time = message.create_time.unwrap_or_default();
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
        let apart = i64::try_from(now).unwrap_or_default() - time.seconds;
        world.check(apart.abs() <= SKEW_SECONDS, || {
            format!("create_time is {apart} s away from this machine's clock")
        });
        world.check(time.nanos % 1_000 == 0, || format!("create_time is finer than microseconds: {time}"));
    }
    if world.door() == Door::Rest {
        says_who_sends(world, &ann, &bob, &chat_id).await?;
    }
    Ok(())
}

/// A body that names somebody else as the sender: it is a field that nobody knows.
async fn says_who_sends(world: &World, ann: &Person, bob: &Person, chat_id: &str) -> Outcome {
    let body = serde_json::json!({ "text": "from whom", "senderId": bob.user_id, "sender_id": bob.user_id });
    let request = HttpRequest::new("POST", format!("/v1/chats/{chat_id}/message"))
        .header("authorization", &format!("Bearer {}", ann.access_token))
        .json(body.to_string());
    let (response, _) = world.http(Some(Rpc::ChatSendMessage), request).await?;
    let sender = response.json().ok().and_then(|json| Some(json.get("senderId")?.as_str()?.to_owned()));
    world.check_eq("sender of a message whose body names another", &sender.as_ref(), &Some(&ann.user_id));
    Ok(())
}

async fn empty(world: &World) -> Outcome {
    let [ann, bob] = world.people().await?;
    let chat_id = world.chat(&ann, &bob).await?;
    let blank = ["", " ", "\t", "\r\n", "   \n\t  ", "\u{a0}", "\u{2003}\u{3000}", "\u{85}\u{2028}"];
    for text in blank {
        world.refused_field(&ann, &text_for(&chat_id, text), "text", &format!("text {text:?}")).await?;
    }
    still_empty(world, &bob, &chat_id, "texts of white space").await
}

async fn size_limits(world: &World) -> Outcome {
    let [ann, bob] = world.people().await?;
    let chat_id = world.chat(&ann, &bob).await?;
    let mut kept = Vec::new();
    for unit in ["a", "é", "€", "😀", "e\u{301}", "\u{1f468}\u{200d}\u{1f469}\u{200d}"] {
        let whole = 4_000 / unit.chars().count();
        let fits = unit.repeat(whole);
        let message = world.ok(&ann, &text_for(&chat_id, &fits)).await?;
        world.check(message.text == fits, || format!("4000 scalar values of {unit:?} came back changed"));
        kept.push(fits.clone());
        let case = format!("4001 scalar values of {unit:?}");
        world.refused_field(&ann, &text_for(&chat_id, &format!("{fits}x")), "text", &case).await?;
    }
    for (key, fits) in
        [("k".repeat(64), true), ("😀".repeat(64), true), ("k".repeat(65), false), (String::new(), false)]
    {
        let request = keyed(&chat_id, "with a key", &key);
        if fits {
            world.ok(&ann, &request).await?;
            kept.push("with a key".to_owned());
        } else {
            let case = format!("a client_message_id of {} characters", key.chars().count());
            world.refused_field(&ann, &request, "client_message_id", &case).await?;
        }
    }
    let texts: Vec<_> = whole(world, &bob, &chat_id).await?.into_iter().map(|message| message.text).collect();
    world.check(texts == kept, || {
        format!("{} of {} texts are in the chat as they were sent", texts.len(), kept.len())
    });
    Ok(())
}

const TEXTS: [&str; 16] = [
    "caf\u{e9}",
    "cafe\u{301}",
    "\u{1f468}\u{200d}\u{1f469}\u{200d}\u{1f467}\u{200d}\u{1f466} \u{1f3f4}\u{e0067}\u{e0062}\u{e007f}",
    "\u{202e}right to left\u{202c} \u{5e9}\u{5dc}\u{5d5}\u{5dd} \u{200f}",
    "one\r\ntwo\rthree\nfour",
    "  leading and trailing \t\n",
    "<script>alert(\"1\")</script> &amp; &#0;",
    "\"}],{\"text\":\"\\u0041 \\\\ \\n",
    "'; DROP TABLE messages; -- $1 %s {0}",
    "data: x\n\nid: 7\nevent: error\n: comment",
    "\u{feff}byte order mark",
    "\u{fb01} \u{212b} \u{1e9b}\u{323}",
    "\u{1}\u{7f}\u{9b} controls",
    "\u{fffd}\u{ffff}\u{10ffff}\u{e000}",
    "\u{2028}\u{2029} separators",
    "%00 %2F + \\0 \\u0000",
];

async fn unicode_exact(world: &World) -> Outcome {
    let [ann, bob] = world.people().await?;
    let chat_id = world.chat(&ann, &bob).await?;
    for text in TEXTS {
        let message = world.ok(&ann, &text_for(&chat_id, text)).await?;
        world.check_eq("text in the answer of SendMessage", &message.text.as_str(), &text);
        let keyed = world.ok(&bob, &keyed(&chat_id, "keyed", text)).await?;
        world.check_eq("client_message_id", &keyed.client_message_id.as_deref(), &Some(text));
    }
    let request = super::page_of(&chat_id, 100, None, duologue_contract::chat::MessageOrder::OldestFirst);
    let listed = world.ok(&bob, &request).await?.messages;
    let texts =
        listed.iter().filter(|message| message.sender_id == ann.user_id).map(|message| message.text.as_str());
    world.check_eq("texts that ListMessages answers", &texts.collect::<Vec<_>>(), &TEXTS.to_vec());
    let request = StreamMessagesRequest { chat_id, after_sequence: Some(0), ..Default::default() };
    let mut live = stream::follow(world, &bob, &request).await?;
    let streamed = stream::take(world, &mut live, listed.len()).await?;
    world.check(streamed == listed, || {
        let differing = streamed.iter().zip(&listed).find(|(streamed, listed)| streamed != listed);
        format!("the stream delivers another message than ListMessages: {differing:?}")
    });
    Ok(())
}

async fn nul(world: &World) -> Outcome {
    let [ann, bob] = world.people().await?;
    let chat_id = world.chat(&ann, &bob).await?;
    for text in ["\0", "a\0b", "ab\0", "\0ab"] {
        world.refused_field(&ann, &text_for(&chat_id, text), "text", &format!("text {text:?}")).await?;
    }
    world.refused_field(&ann, &keyed(&chat_id, "fine", "k\0"), "client_message_id", "U+0000").await?;
    world.refused_field(&ann, &text_for(&format!("{chat_id}\0"), "fine"), "chat_id", "U+0000").await?;
    still_empty(world, &bob, &chat_id, "texts with U+0000").await
}

async fn huge(world: &World) -> Outcome {
    let [ann, bob] = world.people().await?;
    let chat_id = world.chat(&ann, &bob).await?;
    let mut live = stream::follow(world, &bob, &stream::live_of(&chat_id)).await?;
    let reason = match world.door() {
        Door::Grpc => Reason::MessageTooLarge,
        Door::Rest => Reason::BodyTooLarge,
    };
    world.refused_alive(&ann, &text_for(&chat_id, &"x".repeat(5_000_000)), reason).await?;
    // Through gRPC the stream shares the connection that carried the text, and tells whether it lives.
    let message = world.send(&ann, &chat_id, "still here").await?;
    world.check_eq("sequence after a refused message", &message.sequence, &1);
    world.check_eq("what an open stream delivers next", &stream::next(world, &mut live).await?, &message);
    Ok(())
}
