//! Friendships and lists.

use std::collections::BTreeSet;

use duologue_contract::errors::Reason;
use duologue_contract::social::{
    AcceptFriendRequestRequest, DeclineFriendRequestRequest, FriendRequest, ListFriendsRequest,
    ListFriendsResponse, ListRequestsRequest, RemoveFriendRequest, RequestDirection,
    SendFriendRequestRequest,
};
use tonic::Code;

use super::model::{Step, random_steps, take};
use crate::check::pages::{Page, missing_or_repeated};
use crate::world::{Outcome, Person, World};

fn removing(person: &Person) -> RemoveFriendRequest {
    RemoveFriendRequest { user_id: person.user_id.clone() }
}

fn page(limit: i32, cursor: Option<String>) -> ListFriendsRequest {
    ListFriendsRequest { limit, cursor, ..Default::default() }
}

pub(super) async fn remove(world: &World) -> Outcome {
    let [ann, bob, carol] = world.people().await?;
    world.befriend(&ann, &carol).await?;
    for (remover, removed) in [(&ann, &bob), (&bob, &ann)] {
        world.befriend(&ann, &bob).await?;
        world.ok(remover, &removing(removed)).await?;
        world.check_eq("friends of the sender", &world.friends(&ann).await?, &vec![carol.user_id.clone()]);
        world.check_eq("friends of the recipient", &world.friends(&bob).await?, &Vec::new());
    }
    world.check_eq("friends of a friend", &world.friends(&carol).await?, &vec![ann.user_id]);
    Ok(())
}

pub(super) async fn remove_not_friend(world: &World) -> Outcome {
    let [ann, bob, carol, dave] = world.people().await?;
    world.refused_for(&ann, &removing(&bob), Reason::NotFriends).await?;
    let pending = world.ask(&ann, &bob).await?;
    for (one, other) in [(&ann, &bob), (&bob, &ann)] {
        world.refused_for(one, &removing(other), Reason::NotFriends).await?;
    }
    world.check_eq("the request that a refused removal met", &world.incoming(&bob).await?, &vec![pending]);
    world.befriend(&ann, &carol).await?;
    world.arrange(&ann, &removing(&carol)).await?;
    for (one, other) in [(&ann, &carol), (&carol, &ann), (&ann, &ann), (&dave, &ann)] {
        world.refused(one, &removing(other), Code::NotFound).await?;
    }
    world.refused(&ann, &RemoveFriendRequest { user_id: world.unknown_id() }, Code::NotFound).await?;
    world
        .refused_field(&ann, &RemoveFriendRequest { user_id: "no-id".to_owned() }, "user_id", "malformed")
        .await
}

pub(super) async fn symmetric(world: &World) -> Outcome {
    let people: [Person; 3] = world.people().await?;
    let mut requests = Vec::new();
    for (number, step) in random_steps(world, 40).into_iter().enumerate() {
        take(world, &people, &mut requests, step).await?;
        if number % 5 == 4 {
            check_symmetry(world, &people, step).await?;
        }
    }
    crossing(world).await?;
    // Whatever chance made of it, one friendship there is at the end.
    let [ann, bob, carol] = world.people().await?;
    world.befriend(&ann, &bob).await?;
    world.befriend(&carol, &ann).await?;
    world.arrange(&bob, &removing(&ann)).await?;
    check_symmetry(world, &[ann, bob, carol], Step::Remove(1, 0)).await
}

/// Two who ask each other: both may be answered, and no more than one friendship comes of it.
async fn crossing(world: &World) -> Outcome {
    let people: [Person; 3] = world.people().await?;
    let [ann, bob, _] = &people;
    let asked = world.ask(ann, bob).await?;
    let back = SendFriendRequestRequest { user_id: ann.user_id.clone() };
    // Elsewhere it is said that this one is refused; here only what comes of it counts.
    let asked_back = world.call(bob, &back).await.ok();
    world.arrange(bob, &AcceptFriendRequestRequest { request_id: asked.request_id }).await?;
    if let Some(FriendRequest { request_id, .. }) = asked_back {
        let _ = world.call(ann, &AcceptFriendRequestRequest { request_id }).await;
    }
    check_symmetry(world, &people, Step::Accept(1, 0)).await?;
    for (one, other) in [(ann, bob), (bob, ann)] {
        world.check_eq(
            "friends after crossing requests",
            &world.friends(one).await?,
            &vec![other.user_id.clone()],
        );
    }
    world.arrange(ann, &removing(bob)).await?;
    for one in [ann, bob] {
        world.check_eq("friends after one removal", &world.friends(one).await?, &Vec::new());
    }
    Ok(())
}

async fn check_symmetry(world: &World, people: &[Person; 3], after: Step) -> Outcome {
    let mut lists = Vec::new();
    for person in people {
        let friends = world.ok(person, &page(100, None)).await?.friend_user_ids;
        let distinct: BTreeSet<_> = friends.iter().cloned().collect();
        world.check(distinct.len() == friends.len(), || format!("a friend is listed twice after {after:?}"));
        world.check(!distinct.contains(&person.user_id), || {
            format!("somebody is their own friend after {after:?}")
        });
        lists.push(distinct);
    }
    for one in 0..people.len() {
        for other in 0..one {
            let (there, back) =
                (lists[one].contains(&people[other].user_id), lists[other].contains(&people[one].user_id));
            world.check(there == back, || format!("a friendship of one side only, after {after:?}"));
        }
    }
    Ok(())
}

pub(super) async fn only_incoming_pending(world: &World) -> Outcome {
    let [ann, bob, carol, dave, eve] = world.people().await?;
    world.ask(&ann, &bob).await?;
    world.befriend(&carol, &ann).await?;
    let declined = world.ask(&dave, &ann).await?;
    world.arrange(&ann, &DeclineFriendRequestRequest { request_id: declined.request_id }).await?;
    let first = world.ask(&eve, &ann).await?;
    let frank = world.person().await?;
    let second = world.ask(&frank, &ann).await?;
    for direction in [RequestDirection::Unspecified, RequestDirection::Incoming] {
        let request = ListRequestsRequest { direction: direction.into(), ..Default::default() };
        let listed = world.ok(&ann, &request).await?.requests;
        world.check_eq("incoming requests, newest first", &listed, &vec![second.clone(), first.clone()]);
    }
    let request = ListRequestsRequest { direction: RequestDirection::Outgoing.into(), ..Default::default() };
    let outgoing: Vec<_> =
        world.ok(&ann, &request).await?.requests.into_iter().map(|request| request.to_user_id).collect();
    world.check_eq("outgoing requests", &outgoing, &vec![bob.user_id.clone()]);
    Ok(())
}

pub(super) async fn requests_of_another(world: &World) -> Outcome {
    let [ann, bob, carol] = world.people().await?;
    world.ask(&carol, &bob).await?;
    for user_id in [bob.user_id, carol.user_id, world.unknown_id()] {
        let request = ListRequestsRequest { user_id, ..Default::default() };
        world.refused(&ann, &request, Code::PermissionDenied).await?;
    }
    let own = ListRequestsRequest { user_id: ann.user_id.clone(), ..Default::default() };
    world.arrange(&ann, &own).await?;
    Ok(())
}

pub(super) async fn friends_of_another(world: &World) -> Outcome {
    let [ann, bob, carol] = world.people().await?;
    world.befriend(&ann, &bob).await?;
    for user_id in [bob.user_id, carol.user_id, world.unknown_id()] {
        world.refused(&ann, &ListFriendsRequest { user_id, ..page(0, None) }, Code::PermissionDenied).await?;
    }
    world.arrange(&ann, &ListFriendsRequest { user_id: ann.user_id.clone(), ..page(0, None) }).await?;
    Ok(())
}

fn ids(reply: ListFriendsResponse) -> (Vec<String>, Option<String>) {
    (reply.friend_user_ids, reply.next_cursor)
}

pub(super) async fn pages_exact(world: &World) -> Outcome {
    let ann = world.person().await?;
    let crowd = world.crowd(23).await?;
    for (number, friend) in crowd.iter().enumerate() {
        if number % 2 == 0 {
            world.befriend(&ann, friend).await?
        } else {
            world.befriend(friend, &ann).await?
        };
    }
    let newest_first: Vec<_> = crowd.iter().rev().map(|friend| friend.user_id.clone()).collect();
    for limit in [1, 2, 7, 22, 23, 24] {
        let walk = world.walk(&ann, |cursor| page(limit, cursor), ids).await?;
        let limit = usize::try_from(limit).unwrap_or_default();
        world.check_walk_equals("friends", &walk, limit, &newest_first);
        world.check_eq("pages of friends", &walk.len(), &newest_first.len().div_ceil(limit));
    }
    Ok(())
}

pub(super) async fn pages_under_change(world: &World) -> Outcome {
    let ann = world.person().await?;
    let crowd = world.crowd(18).await?;
    for friend in &crowd {
        world.befriend(friend, &ann).await?;
    }
    // Every third one leaves during the walk: of the newest, the oldest and the middle.
    let (leaving, staying): (Vec<_>, Vec<_>) =
        crowd.iter().enumerate().partition(|(number, _)| number % 3 == 0);
    let mut leaving: Vec<_> = leaving.into_iter().map(|(_, person)| person).collect();
    let staying: Vec<_> = staying.into_iter().map(|(_, person)| person.user_id.clone()).collect();
    let (mut walk, mut cursor) = (Vec::new(), None);
    loop {
        let (found, next_cursor) = ids(world.ok(&ann, &page(4, cursor)).await?);
        walk.push(Page { ids: found, next_cursor: next_cursor.clone() });
        if next_cursor.is_none() || walk.len() > 50 {
            break;
        }
        cursor = next_cursor;
        let newcomer = world.person().await?;
        world.befriend(&ann, &newcomer).await?;
        for _ in 0..2 {
            let last = if walk.len() % 2 == 0 { leaving.pop() } else { leaving.first().copied() };
            if let Some(person) = last {
                leaving.retain(|other| other.user_id != person.user_id);
                world.arrange(person, &removing(&ann)).await?;
            }
        }
    }
    let wrong = missing_or_repeated(&walk, &staying);
    world.check(wrong.is_empty(), || {
        format!("of {} who stayed these are missing or repeated: {wrong:?}", staying.len())
    });
    Ok(())
}
