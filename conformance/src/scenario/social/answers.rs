//! Accepting, declining, cancelling.

use duologue_contract::errors::Reason;
use duologue_contract::social::friend_request::Status;
use duologue_contract::social::{
    AcceptFriendRequestRequest, CancelFriendRequestRequest, DeclineFriendRequestRequest, FriendRequest,
    ListFriendsRequest, RemoveFriendRequest,
};

use crate::world::{Outcome, Person, World};

fn accepting(request: &FriendRequest) -> AcceptFriendRequestRequest {
    AcceptFriendRequestRequest { request_id: request.request_id.clone() }
}

fn declining(request: &FriendRequest) -> DeclineFriendRequestRequest {
    DeclineFriendRequestRequest { request_id: request.request_id.clone() }
}

fn cancelling(request: &FriendRequest) -> CancelFriendRequestRequest {
    CancelFriendRequestRequest { request_id: request.request_id.clone() }
}

/// Asserts what both see of each other: whether they are friends, and that nothing is pending.
async fn are_settled(world: &World, one: &Person, other: &Person, are_friends: bool) -> Outcome {
    for (person, peer) in [(one, other), (other, one)] {
        let expected = if are_friends { vec![peer.user_id.clone()] } else { Vec::new() };
        world.check_eq("friends", &world.friends(person).await?, &expected);
        world.check_eq("incoming requests", &world.incoming(person).await?, &Vec::new());
        world.check_eq("outgoing requests", &world.outgoing(person).await?, &Vec::new());
    }
    Ok(())
}

/// Asserts that the request still waits, and that the two are no friends.
async fn is_pending(world: &World, request: &FriendRequest, from: &Person, to: &Person) -> Outcome {
    world.check_eq("the pending request", &world.incoming(to).await?, &vec![request.clone()]);
    for person in [from, to] {
        world.check_eq("friends while the request waits", &world.friends(person).await?, &Vec::new());
    }
    Ok(())
}

pub(super) async fn accept(world: &World) -> Outcome {
    let [ann, bob] = world.people().await?;
    let request = world.ask(&ann, &bob).await?;
    let accepted = world.ok(&bob, &accepting(&request)).await?;
    world.check_eq("status", &accepted.status(), &Status::Accepted);
    world.check_eq("request_id", &accepted.request_id, &request.request_id);
    world.check_eq("from_user_id", &accepted.from_user_id, &ann.user_id);
    world.check_eq("to_user_id", &accepted.to_user_id, &bob.user_id);
    for (person, friend) in [(&ann, &bob), (&bob, &ann)] {
        let listed = world.ok(person, &ListFriendsRequest::default()).await?;
        world.check_eq("friends", &listed.friend_user_ids, &vec![friend.user_id.clone()]);
        world.check(listed.next_cursor.is_none(), || "a single friend has a next page".to_owned());
    }
    are_settled(world, &ann, &bob, true).await
}

pub(super) async fn decline(world: &World) -> Outcome {
    let [ann, bob] = world.people().await?;
    let request = world.ask(&ann, &bob).await?;
    let declined = world.ok(&bob, &declining(&request)).await?;
    world.check_eq("status", &declined.status(), &Status::Declined);
    world.check_eq("request_id", &declined.request_id, &request.request_id);
    are_settled(world, &ann, &bob, false).await?;
    let again = world.ok(&bob, &declining(&request)).await?;
    world.check_eq("the same decline again", &again, &declined);
    Ok(())
}

pub(super) async fn accept_unknown(world: &World) -> Outcome {
    let ann = world.person().await?;
    let unknown = AcceptFriendRequestRequest { request_id: world.unknown_id() };
    world.refused_for(&ann, &unknown, Reason::FriendRequestNotFound).await?;
    for (case, request_id) in
        [("malformed", "no-id".to_owned()), ("empty", String::new()), ("long", "a".repeat(4_000))]
    {
        let request = AcceptFriendRequestRequest { request_id };
        if world.can_say(&request) {
            world.refused_field(&ann, &request, "request_id", case).await?;
        }
    }
    Ok(())
}

pub(super) async fn accept_by_sender(world: &World) -> Outcome {
    let [ann, bob] = world.people().await?;
    let request = world.ask(&ann, &bob).await?;
    world.refused_for(&ann, &accepting(&request), Reason::NotRecipient).await?;
    is_pending(world, &request, &ann, &bob).await
}

pub(super) async fn accept_by_third(world: &World) -> Outcome {
    let [ann, bob, carol] = world.people().await?;
    let request = world.ask(&ann, &bob).await?;
    world.refused_for(&carol, &accepting(&request), Reason::NotRecipient).await?;
    is_pending(world, &request, &ann, &bob).await?;
    world.check_eq("friends of the third", &world.friends(&carol).await?, &Vec::new());
    world.arrange(&bob, &accepting(&request)).await?;
    are_settled(world, &ann, &bob, true).await
}

pub(super) async fn decline_unknown(world: &World) -> Outcome {
    let ann = world.person().await?;
    let unknown = DeclineFriendRequestRequest { request_id: world.unknown_id() };
    world.refused_for(&ann, &unknown, Reason::FriendRequestNotFound).await?;
    let malformed = DeclineFriendRequestRequest { request_id: "no-id".to_owned() };
    world.refused_field(&ann, &malformed, "request_id", "malformed").await
}

pub(super) async fn decline_by_others(world: &World) -> Outcome {
    let [ann, bob, carol] = world.people().await?;
    let request = world.ask(&ann, &bob).await?;
    for other in [&ann, &carol] {
        world.refused_for(other, &declining(&request), Reason::NotRecipient).await?;
        is_pending(world, &request, &ann, &bob).await?;
    }
    Ok(())
}

pub(super) async fn accept_twice(world: &World) -> Outcome {
    let [ann, bob] = world.people().await?;
    let request = world.ask(&ann, &bob).await?;
    let first = world.ok(&bob, &accepting(&request)).await?;
    let second = world.ok(&bob, &accepting(&request)).await?;
    world.check_eq("the same accept again", &second, &first);
    are_settled(world, &ann, &bob, true).await?;
    world.arrange(&ann, &RemoveFriendRequest { user_id: bob.user_id.clone() }).await?;
    let third = world.ok(&bob, &accepting(&request)).await?;
    world.check_eq("the same accept after RemoveFriend", &third, &first);
    are_settled(world, &ann, &bob, false).await
}

pub(super) async fn accept_after_decline(world: &World) -> Outcome {
    let [ann, bob] = world.people().await?;
    let request = world.ask(&ann, &bob).await?;
    world.arrange(&bob, &declining(&request)).await?;
    world.refused_for(&bob, &accepting(&request), Reason::FriendRequestNotPending).await?;
    are_settled(world, &ann, &bob, false).await
}

pub(super) async fn decline_after_accept(world: &World) -> Outcome {
    let [ann, bob] = world.people().await?;
    let request = world.ask(&ann, &bob).await?;
    world.arrange(&bob, &accepting(&request)).await?;
    world.refused_for(&bob, &declining(&request), Reason::FriendRequestNotPending).await?;
    are_settled(world, &ann, &bob, true).await
}

pub(super) async fn cancel(world: &World) -> Outcome {
    let [ann, bob, carol] = world.people().await?;
    let first = world.ask(&ann, &bob).await?;
    for other in [&bob, &carol] {
        world.refused_for(other, &cancelling(&first), Reason::NotSender).await?;
        is_pending(world, &first, &ann, &bob).await?;
    }
    let canceled = world.ok(&ann, &cancelling(&first)).await?;
    world.check_eq("status", &canceled.status(), &Status::Canceled);
    are_settled(world, &ann, &bob, false).await?;
    let again = world.ok(&ann, &cancelling(&first)).await?;
    world.check_eq("the same cancel again", &again, &canceled);
    world.refused_for(&bob, &accepting(&first), Reason::FriendRequestNotPending).await?;
    world.refused_for(&bob, &declining(&first), Reason::FriendRequestNotPending).await?;
    let second = world.ask(&ann, &bob).await?;
    world.check(second.request_id != first.request_id, || "the new request has the old id".to_owned());
    world.arrange(&bob, &accepting(&second)).await?;
    world.refused_for(&ann, &cancelling(&second), Reason::FriendRequestNotPending).await?;
    let unknown = CancelFriendRequestRequest { request_id: world.unknown_id() };
    world.refused_for(&ann, &unknown, Reason::FriendRequestNotFound).await?;
    let malformed = CancelFriendRequestRequest { request_id: "no-id".to_owned() };
    world.refused_field(&ann, &malformed, "request_id", "malformed").await?;
    are_settled(world, &ann, &bob, true).await
}
