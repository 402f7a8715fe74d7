//! Races between two friends to be.

use duologue_contract::errors::Reason;
use duologue_contract::social::friend_request::Status;
use duologue_contract::social::{
    AcceptFriendRequestRequest, CancelFriendRequestRequest, DeclineFriendRequestRequest, FriendRequest,
    RemoveFriendRequest, RemoveFriendResponse, SendFriendRequestRequest,
};
use tonic::Code;

use crate::door::Envelope;
use crate::race::{CONTENDERS, Contender, ROUNDS, race};
use crate::world::{CallResult, Outcome, Person, World};

fn to(person: &Person) -> SendFriendRequestRequest {
    SendFriendRequestRequest { user_id: person.user_id.clone() }
}

/// Asserts that both agree on whether they are friends.
async fn agree(world: &World, one: &Person, other: &Person, are_friends: bool, round: usize) -> Outcome {
    for (person, peer) in [(one, other), (other, one)] {
        let expected = if are_friends { vec![peer.user_id.clone()] } else { Vec::new() };
        world.check_eq(&format!("round {round}: friends"), &world.friends(person).await?, &expected);
    }
    Ok(())
}

async fn part(world: &World, one: &Person, other: &Person) -> Outcome {
    world.arrange(one, &RemoveFriendRequest { user_id: other.user_id.clone() }).await?;
    Ok(())
}

pub(super) async fn cross_requests(world: &World) -> Outcome {
    let [ann, bob] = world.people().await?;
    for round in 0..ROUNDS {
        let mut calls: Vec<(Envelope, _)> = Vec::new();
        for number in 0..CONTENDERS {
            let (from, whom) = if (number + round) % 2 == 0 { (&ann, &bob) } else { (&bob, &ann) };
            calls.push((from.into(), to(whom)));
        }
        let ended = world.race::<SendFriendRequestRequest>(calls).await;
        let results: Vec<_> = ended.into_iter().map(|operation| operation.what).collect();
        let named: Vec<_> = results
            .iter()
            .filter_map(|result| result.as_ref().err())
            .filter(|failure| failure.has_reason(Reason::ReverseRequestPending))
            .map(|failure| failure.metadata.get("request_id").cloned())
            .collect();
        let winners = world.tally::<SendFriendRequestRequest>(results, Code::AlreadyExists)?;
        world.require(winners.len() == 1, || {
            format!("round {round}: {} requests between two people", winners.len())
        })?;
        let request = &winners[0];
        let all_name_it = named.iter().all(|id| id.as_ref() == Some(&request.request_id));
        world.check(all_name_it, || {
            format!("round {round}: a loser is told of another request than the one that won")
        });
        let pending = [world.incoming(&ann).await?, world.incoming(&bob).await?].concat();
        world.check_eq(&format!("round {round}: requests that exist"), &pending, &winners);
        let sender = if request.from_user_id == ann.user_id { &ann } else { &bob };
        world.arrange(sender, &CancelFriendRequestRequest { request_id: request.request_id.clone() }).await?;
    }
    Ok(())
}

pub(super) async fn accept_accept(world: &World) -> Outcome {
    let [ann, bob] = world.people().await?;
    let sessions = [bob.clone(), bob.in_session(&world.login(&bob).await?)];
    for round in 0..ROUNDS {
        let request = world.ask(&ann, &bob).await?;
        let accept = AcceptFriendRequestRequest { request_id: request.request_id };
        let calls = (0..CONTENDERS).map(|number| ((&sessions[number % 2]).into(), accept.clone())).collect();
        let mut answers = Vec::new();
        for operation in world.race::<AcceptFriendRequestRequest>(calls).await {
            answers.push(world.expect_ok::<AcceptFriendRequestRequest>(operation.what)?);
        }
        answers.dedup();
        world.check(answers.len() == 1 && answers[0].status() == Status::Accepted, || {
            format!("round {round}: simultaneous accepts answer differently")
        });
        agree(world, &ann, &bob, true, round).await?;
        world.check_eq("requests left", &world.incoming(&bob).await?, &Vec::new());
        part(world, &ann, &bob).await?;
    }
    Ok(())
}

pub(super) async fn accept_decline(world: &World) -> Outcome {
    let [ann, bob] = world.people().await?;
    for round in 0..ROUNDS {
        let request = world.ask(&ann, &bob).await?;
        let mut contenders: Vec<Contender<(bool, CallResult<FriendRequest>)>> = Vec::new();
        for number in 0..CONTENDERS {
            let (world, envelope) = (world.clone(), Envelope::from(&bob));
            let request_id = request.request_id.clone();
            contenders.push(Box::pin(async move {
                if (number + round) % 2 == 0 {
                    (true, world.call(envelope, &AcceptFriendRequestRequest { request_id }).await)
                } else {
                    (false, world.call(envelope, &DeclineFriendRequestRequest { request_id }).await)
                }
            }));
        }
        let ended = race(contenders).await.into_iter().map(|operation| operation.what);
        let (accepts, declines): (Vec<_>, Vec<_>) = ended.partition(|(is_accept, _)| *is_accept);
        let results = |side: Vec<(bool, _)>| side.into_iter().map(|(_, result)| result).collect();
        let yes = world.tally::<AcceptFriendRequestRequest>(results(accepts), Code::NotFound)?.len();
        let no = world.tally::<DeclineFriendRequestRequest>(results(declines), Code::NotFound)?.len();
        let half = CONTENDERS / 2;
        world.check(matches!((yes, no), (won, 0) | (0, won) if won == half), || {
            format!("round {round}: {yes} accepts and {no} declines of {half} each succeeded")
        });
        agree(world, &ann, &bob, yes > 0, round).await?;
        world.check_eq("requests left", &world.incoming(&bob).await?, &Vec::new());
        if yes > 0 {
            part(world, &bob, &ann).await?;
        }
    }
    // Chance may have let one side win every time: once in a fixed order.
    let request_id = world.ask(&ann, &bob).await?.request_id;
    world.ok(&bob, &AcceptFriendRequestRequest { request_id: request_id.clone() }).await?;
    world.refused(&bob, &DeclineFriendRequestRequest { request_id }, Code::NotFound).await?;
    agree(world, &ann, &bob, true, ROUNDS).await
}

enum Did {
    Removed(CallResult<RemoveFriendResponse>),
    Accepted(CallResult<FriendRequest>),
    Asked(CallResult<FriendRequest>),
}

pub(super) async fn remove_accept(world: &World) -> Outcome {
    let [ann, bob] = world.people().await?;
    for round in 0..ROUNDS {
        let request_id = world.befriend(&ann, &bob).await?.request_id;
        let (user_id, asked) = (bob.user_id.clone(), to(&ann));
        let (one, two, three) = (world.clone(), world.clone(), world.clone());
        let (by_ann, by_bob, by_bob_too) = (Envelope::from(&ann), Envelope::from(&bob), Envelope::from(&bob));
        let contenders: Vec<Contender<Did>> = vec![
            Box::pin(async move { Did::Removed(one.call(by_ann, &RemoveFriendRequest { user_id }).await) }),
            Box::pin(async move {
                Did::Accepted(two.call(by_bob, &AcceptFriendRequestRequest { request_id }).await)
            }),
            Box::pin(async move { Did::Asked(three.call(by_bob_too, &asked).await) }),
        ];
        let mut asked = Vec::new();
        for operation in race(contenders).await {
            match operation.what {
                Did::Removed(result) => {
                    world.expect_ok::<RemoveFriendRequest>(result)?;
                }
                Did::Accepted(result) => {
                    let repeated = world.expect_ok::<AcceptFriendRequestRequest>(result)?;
                    world.check_eq("a repeated accept", &repeated.status(), &Status::Accepted);
                }
                Did::Asked(result) => asked.push(result),
            }
        }
        let asked = world.tally::<SendFriendRequestRequest>(asked, Code::AlreadyExists)?;
        agree(world, &ann, &bob, false, round).await?;
        world.check_eq(&format!("round {round}: requests that exist"), &world.incoming(&ann).await?, &asked);
        for request in asked {
            world.arrange(&bob, &CancelFriendRequestRequest { request_id: request.request_id }).await?;
        }
    }
    Ok(())
}
