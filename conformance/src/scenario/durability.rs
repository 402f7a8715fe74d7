//! Durability: what is left after the deployment was killed. The runner runs these last and one by one.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use duologue_contract::Service;
use duologue_contract::auth::GetJwksRequest;
use duologue_contract::chat::{GetChatRequest, Message};
use duologue_contract::errors::Reason;
use tokio::sync::Mutex;

use super::Scenario;
use super::chat::{keyed, sequences_of, whole};
use crate::check::stream::check_sequences;
use crate::door::Credential;
use crate::target::Capability;
use crate::world::{CallResult, Outcome, Person, Stop, World};
use crate::{cells, run};

pub(super) fn scenarios() -> Vec<Scenario> {
    vec![
        Scenario::should(
            "durability.survives_restart",
            "Everything that was acknowledged before a kill SHOULD be there after the restart.",
            cells![ChatListMessages: Ok],
            run!(survives_restart),
        )
        .needs(&[Capability::Restart])
        .uses(&[Service::Social]),
        Scenario::should(
            "durability.ambiguous_writes",
            "A message cut off by a kill SHOULD be there once or not at all, and SHOULD be sent again safely.",
            cells![ChatSendMessage: Ok],
            run!(ambiguous_writes),
        )
        .needs(&[Capability::Restart]),
    ]
}

/// One restart at a time.
static RESTARTS: Mutex<()> = Mutex::const_new(());
/// How long a deployment may take to come back.
const BACK: Duration = Duration::from_secs(90);

/// Runs the operator's command, which kills and starts the deployment, and waits until it serves.
async fn restart(world: &World) -> Outcome {
    let command = world.session().target.value(Capability::Restart).unwrap_or_default().to_owned();
    let ran = tokio::task::spawn_blocking(move || {
        std::process::Command::new("sh").arg("-c").arg(command).stdin(std::process::Stdio::null()).status()
    });
    let status = ran.await.map_err(|error| Stop::Broken(error.to_string()))?;
    let status =
        status.map_err(|error| Stop::Broken(format!("the restart command cannot be run: {error}")))?;
    if !status.success() {
        return Err(Stop::Broken(format!("the restart command ended with {status}")));
    }
    let began = Instant::now();
    while let Err(failure) = world.call(Credential::None, &GetJwksRequest {}).await {
        if began.elapsed() > BACK {
            return Err(Stop::Broken(format!(
                "nobody answers {} s after the restart: {failure}",
                BACK.as_secs()
            )));
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    Ok(())
}

/// The same person after a restart: by the token of before, or, if that is refused as it should be, by a new one.
async fn again(world: &World, person: &Person) -> Outcome<Person> {
    let request = duologue_contract::chat::ListUserChatsRequest::default();
    match world.call(person, &request).await {
        Ok(_) => Ok(person.clone()),
        Err(failure) if failure.code == Reason::TokenInvalid.code() => {
            Ok(person.in_session(&world.login(person).await?))
        }
        Err(failure) => {
            world.violation(format!("a token of before the restart is answered with {failure}"));
            Err(Stop::Violated)
        }
    }
}

async fn survives_restart(world: &World) -> Outcome {
    let alone = RESTARTS.lock().await;
    let [ann, bob] = world.people().await?;
    world.befriend(&ann, &bob).await?;
    let chat_id = world.chat(&ann, &bob).await?;
    let mut sent = Vec::new();
    for index in 0..50 {
        let sender = if index % 2 == 0 { &ann } else { &bob };
        let request = keyed(&chat_id, &format!("message {index}"), &format!("key {index}"));
        sent.push(world.arrange(sender, &request).await?);
    }
    let before = world.profile(&bob, &ann).await?;
    restart(world).await?;
    drop(alone);
    let (ann, bob) = (again(world, &ann).await?, again(world, &bob).await?);
    world.check_eq("a profile after the restart", &world.profile(&bob, &ann).await?, &before);
    world.check_eq("friends after the restart", &world.friends(&ann).await?, &vec![bob.user_id.clone()]);
    let page = super::chat::page_of(&chat_id, 100, None, duologue_contract::chat::MessageOrder::OldestFirst);
    let found = world.ok(&bob, &page).await?.messages;
    world.check(found == sent, || {
        format!("{} messages were acknowledged, {} are left", sent.len(), found.len())
    });
    let repeated = world.arrange(&ann, &keyed(&chat_id, "message 0", "key 0")).await?;
    world.check_eq("a message sent again after the restart", &Some(&repeated), &sent.first());
    let next = world.send(&ann, &chat_id, "after the restart").await?;
    world.check_eq("sequence after the restart", &next.sequence, &51);
    Ok(())
}

/// Sends one message after the other until one has no answer, because the deployment is gone, or until told to end.
async fn send_until_gone(
    world: World,
    sender: Person,
    chat_id: String,
    number: usize,
    is_back: Arc<AtomicBool>,
) -> Vec<(String, CallResult<Message>)> {
    let mut sent = Vec::new();
    while !is_back.load(Ordering::Relaxed) {
        let key = format!("{number} {}", sent.len());
        let result = world.call(&sender, &keyed(&chat_id, &key, &key)).await;
        let is_gone = result.is_err();
        sent.push((key, result));
        if is_gone {
            break;
        }
    }
    sent
}

async fn ambiguous_writes(world: &World) -> Outcome {
    let alone = RESTARTS.lock().await;
    let [ann, bob] = world.people().await?;
    let chat_id = world.chat(&ann, &bob).await?;
    let is_back = Arc::new(AtomicBool::new(false));
    let writers: Vec<_> = (0..4)
        .map(|number| {
            let sender = if number % 2 == 0 { &ann } else { &bob };
            let is_back = Arc::clone(&is_back);
            tokio::spawn(send_until_gone(world.clone(), sender.clone(), chat_id.clone(), number, is_back))
        })
        .collect();
    restart(world).await?;
    is_back.store(true, Ordering::Relaxed);
    let mut sent = Vec::new();
    for (number, writer) in writers.into_iter().enumerate() {
        let written = writer.await.map_err(|error| Stop::Broken(error.to_string()))?;
        sent.push((if number % 2 == 0 { &ann } else { &bob }, written));
    }
    drop(alone);
    let (reader, found) = {
        let reader = again(world, &bob).await?;
        let found = whole(world, &reader, &chat_id).await?;
        (reader, found)
    };
    let faults = check_sequences(0, &sequences_of(&found));
    world.check(faults.is_empty(), || format!("sequences after the restart: {faults:?}"));
    let chat = world.arrange(&reader, &GetChatRequest { chat_id: chat_id.clone() }).await?;
    world.check_eq("last_message after the restart", &chat.last_message.as_ref(), &found.last());
    for (sender, written) in sent {
        let sender = again(world, sender).await?;
        for (key, result) in written {
            let there: Vec<_> = found.iter().filter(|message| message.text == key).collect();
            let Ok(acknowledged) = result else {
                world.check(there.len() <= 1, || {
                    format!("a message cut off by the kill is there {} times", there.len())
                });
                let repeated = world.ok(&sender, &keyed(&chat_id, &key, &key)).await?;
                world.check(there.first().is_none_or(|there| **there == repeated), || {
                    "a message that was there is answered by another when it is sent again".to_owned()
                });
                continue;
            };
            world.check(there == [&acknowledged], || {
                format!("the acknowledged message {} is there {} times", acknowledged.sequence, there.len())
            });
        }
    }
    let fence = world.ok(&reader, &keyed(&chat_id, "the last", "the last")).await?;
    let left = whole(world, &reader, &chat_id).await?;
    let faults = check_sequences(0, &sequences_of(&left));
    world.check(faults.is_empty() && left.last() == Some(&fence), || {
        format!("after sending again: {faults:?}")
    });
    Ok(())
}
