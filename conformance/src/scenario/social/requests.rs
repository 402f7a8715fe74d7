//! Sending friend requests.

use duologue_contract::errors::Reason;
use duologue_contract::social::friend_request::Status;
use duologue_contract::social::{
    AcceptFriendRequestRequest, DeclineFriendRequestRequest, ListRequestsRequest, RemoveFriendRequest,
    SendFriendRequestRequest,
};

use crate::world::{Outcome, Person, World};

fn to(person: &Person) -> SendFriendRequestRequest {
    SendFriendRequestRequest { user_id: person.user_id.clone() }
}

pub(super) async fn request_and_list(world: &World) -> Outcome {
    let [ann, bob, carol] = world.people().await?;
    let sent = world.ok(&ann, &to(&bob)).await?;
    world.check(!sent.request_id.is_empty(), || "the request has no id".to_owned());
    world.check_eq("status of a new request", &sent.status(), &Status::Pending);
    let parties = (sent.from_user_id.clone(), sent.to_user_id.clone());
    world.check_eq("sender and recipient", &parties, &(ann.user_id.clone(), bob.user_id.clone()));
    world.check(sent.create_time.is_some(), || "the request has no create_time".to_owned());
    let listed = world.ok(&bob, &ListRequestsRequest::default()).await?;
    world.check_eq("the requests to the recipient", &listed.requests, &vec![sent.clone()]);
    world.check(listed.next_cursor.is_none(), || "a single request has a next page".to_owned());
    let own = ListRequestsRequest { user_id: bob.user_id.clone(), ..Default::default() };
    world.check_eq(
        "the same with one's own user_id",
        &world.ok(&bob, &own).await?.requests,
        &vec![sent.clone()],
    );
    world.check_eq("the requests to the sender", &world.incoming(&ann).await?, &Vec::new());
    world.check_eq("the requests from the sender", &world.outgoing(&ann).await?, &vec![sent]);
    world.check_eq("the requests to somebody else", &world.incoming(&carol).await?, &Vec::new());
    world.check_eq("friends after a mere request", &world.friends(&ann).await?, &Vec::new());
    Ok(())
}

pub(super) async fn to_oneself(world: &World) -> Outcome {
    let ann = world.person().await?;
    world.refused_for(&ann, &to(&ann), Reason::SelfRequest).await?;
    world.check_eq("the requests to oneself", &world.incoming(&ann).await?, &Vec::new());
    world.check_eq("the requests from oneself", &world.outgoing(&ann).await?, &Vec::new());
    Ok(())
}

pub(super) async fn unknown_user(world: &World) -> Outcome {
    let ann = world.person().await?;
    let bare = world.newcomer().await?;
    for user_id in [world.unknown_id(), bare.user_id] {
        world.refused_for(&ann, &SendFriendRequestRequest { user_id }, Reason::UserNotFound).await?;
    }
    for (case, user_id) in
        [("empty", String::new()), ("malformed", "no-id".to_owned()), ("SQL", "' OR 1=1".to_owned())]
    {
        let request = SendFriendRequestRequest { user_id };
        if world.can_say(&request) {
            world.refused_field(&ann, &request, "user_id", case).await?;
        }
    }
    world.check_eq("requests to nobody", &world.outgoing(&ann).await?, &Vec::new());
    Ok(())
}

pub(super) async fn twice(world: &World) -> Outcome {
    let [ann, bob] = world.people().await?;
    let first = world.ask(&ann, &bob).await?;
    for _ in 0..2 {
        world.refused_for(&ann, &to(&bob), Reason::FriendRequestPending).await?;
    }
    world.check_eq("the requests to the recipient", &world.incoming(&bob).await?, &vec![first]);
    Ok(())
}

pub(super) async fn when_friends(world: &World) -> Outcome {
    let [ann, bob] = world.people().await?;
    world.befriend(&ann, &bob).await?;
    world.refused_for(&ann, &to(&bob), Reason::AlreadyFriends).await?;
    world.refused_for(&bob, &to(&ann), Reason::AlreadyFriends).await?;
    for person in [&ann, &bob] {
        world.check_eq("requests between friends", &world.incoming(person).await?, &Vec::new());
        world.check_eq("friends", &world.friends(person).await?.len(), &1);
    }
    Ok(())
}

pub(super) async fn cross_requests(world: &World) -> Outcome {
    let [ann, bob] = world.people().await?;
    let first = world.ask(&ann, &bob).await?;
    let refusal = world.refused_for(&bob, &to(&ann), Reason::ReverseRequestPending).await?;
    let named = refusal.and_then(|refusal| refusal.metadata.get("request_id").cloned());
    world.check_eq("metadata.request_id", &named, &Some(first.request_id.clone()));
    world.check_eq("the requests to the first sender", &world.incoming(&ann).await?, &Vec::new());
    world.check_eq("the requests to the second", &world.incoming(&bob).await?, &vec![first.clone()]);
    world
        .arrange(&bob, &AcceptFriendRequestRequest { request_id: named.unwrap_or(first.request_id) })
        .await?;
    world.check_eq("friends of the first", &world.friends(&ann).await?, &vec![bob.user_id.clone()]);
    world.check_eq("friends of the second", &world.friends(&bob).await?, &vec![ann.user_id.clone()]);
    world.check_eq("requests left", &world.incoming(&bob).await?, &Vec::new());
    Ok(())
}

pub(super) async fn after_decline(world: &World) -> Outcome {
    let [ann, bob] = world.people().await?;
    let first = world.ask(&ann, &bob).await?;
    world.arrange(&bob, &DeclineFriendRequestRequest { request_id: first.request_id.clone() }).await?;
    let second = world.ok(&ann, &to(&bob)).await?;
    world.check(second.request_id != first.request_id, || "the new request has the old id".to_owned());
    world.check_eq("status of the new request", &second.status(), &Status::Pending);
    world.check_eq("the requests to the recipient", &world.incoming(&bob).await?, &vec![second.clone()]);
    world.arrange(&bob, &DeclineFriendRequestRequest { request_id: second.request_id.clone() }).await?;
    // The other way round as well.
    let third = world.ok(&bob, &to(&ann)).await?;
    world.check(third.request_id != second.request_id, || "the reverse request has the old id".to_owned());
    Ok(())
}

pub(super) async fn after_remove(world: &World) -> Outcome {
    let [ann, bob] = world.people().await?;
    let mut before = world.befriend(&ann, &bob).await?;
    for (asker, asked) in [(&ann, &bob), (&bob, &ann)] {
        world.arrange(asker, &RemoveFriendRequest { user_id: asked.user_id.clone() }).await?;
        let again = world.ok(asker, &to(asked)).await?;
        world.check(again.request_id != before.request_id, || "the new request has the old id".to_owned());
        before = world.arrange(asked, &AcceptFriendRequestRequest { request_id: again.request_id }).await?;
        world.check_eq("friends again", &world.friends(asker).await?, &vec![asked.user_id.clone()]);
        world.check_eq(
            "friends again, other side",
            &world.friends(asked).await?,
            &vec![asker.user_id.clone()],
        );
    }
    Ok(())
}
