//! Notifications: what happened to a user while they were away.

use duologue_contract::chat::Message;
use duologue_contract::errors::Reason;
use duologue_contract::notification::notification::Kind;
use duologue_contract::notification::{
    ListNotificationsRequest, ListNotificationsResponse, MarkNotificationsReadRequest, Notification,
    StreamNotificationsRequest,
};
use duologue_contract::social::{
    AcceptFriendRequestRequest, DeclineFriendRequestRequest, FriendRequest, RemoveFriendRequest,
};
use duologue_contract::{Rpc, Service};

use super::chat::keyed;
use super::stream::{ARRIVAL, follow, next, take};
use super::{Cell, Scenario};
use crate::door::{Live, Next};
use crate::world::{Outcome, Person, World};
use crate::{cells, run};

pub(super) fn scenarios() -> Vec<Scenario> {
    vec![
        Scenario::must(
            "notification.friend_request",
            "A friend request MUST tell its recipient once and its acceptance its sender once, and nobody else.",
            cells![NotificationListNotifications: Ok, NotificationStreamNotifications: Ok],
            run!(friend_request),
        )
        .uses(&[Service::Social]),
        Scenario::must(
            "notification.message",
            "A message MUST tell the other member exactly once; marking as read MUST count down.",
            cells![
                NotificationListNotifications: Ok,
                NotificationStreamNotifications: Ok,
                NotificationStreamNotifications: PermissionDenied,
                NotificationMarkNotificationsRead: Ok,
                NotificationMarkNotificationsRead: PermissionDenied,
            ],
            run!(message),
        )
        .uses(&[Service::Chat]),
    ]
}

fn page(limit: i32, cursor: Option<String>, unread_only: bool) -> ListNotificationsRequest {
    ListNotificationsRequest { limit, cursor, unread_only }
}

fn items(reply: ListNotificationsResponse) -> (Vec<String>, Option<String>) {
    (
        reply.notifications.into_iter().map(|notification| notification.notification_id).collect(),
        reply.next_cursor,
    )
}

async fn listed(world: &World, person: &Person) -> Outcome<Vec<Notification>> {
    Ok(world.ok(person, &page(100, None, false)).await?.notifications)
}

/// What a notification says, without its own id and time.
type Said = (i32, String, Option<String>, Option<String>, Option<String>);

fn said(notification: &Notification) -> Said {
    let Notification { kind, actor_user_id, request_id, chat_id, message_id, .. } = notification.clone();
    (kind, actor_user_id, request_id, chat_id, message_id)
}

fn of_request(kind: Kind, actor: &Person, request: &FriendRequest) -> Said {
    (kind.into(), actor.user_id.clone(), Some(request.request_id.clone()), None, None)
}

fn of_message(message: &Message) -> Said {
    let Message { sender_id, chat_id, message_id, .. } = message.clone();
    (Kind::MessageReceived.into(), sender_id, None, Some(chat_id), Some(message_id))
}

/// Asserts that a person was told exactly this, newest last, by the stream and by the list.
async fn check_told(
    world: &World,
    person: &Person,
    live: &mut Live<StreamNotificationsRequest>,
    expected: &[Said],
    whose: &str,
) -> Outcome<Vec<Notification>> {
    let streamed = take(world, live, expected.len()).await?;
    let told: Vec<_> = streamed.iter().map(said).collect();
    world.check(told == expected, || format!("the stream of {whose}: expected {expected:?}, told {told:?}"));
    let mut list = listed(world, person).await?;
    list.reverse();
    let told: Vec<_> = list.iter().map(said).collect();
    world.check(told == expected, || format!("the list of {whose}: expected {expected:?}, told {told:?}"));
    let are_unread = list.iter().all(|notification| !notification.read && notification.create_time.is_some());
    world.check(are_unread, || format!("the notifications of {whose} must be unread and have a time"));
    world.check(list == streamed, || format!("stream and list of {whose} show different notifications"));
    Ok(list)
}

async fn friend_request(world: &World) -> Outcome {
    let [ann, bob, carol, dave] = world.people().await?;
    let mut of_ann = follow(world, &ann, &StreamNotificationsRequest::default()).await?;
    let mut of_bob = follow(world, &bob, &StreamNotificationsRequest::default()).await?;
    let mut of_carol = follow(world, &carol, &StreamNotificationsRequest::default()).await?;

    let asked = world.ask(&ann, &bob).await?;
    let accept = AcceptFriendRequestRequest { request_id: asked.request_id.clone() };
    world.arrange(&bob, &accept).await?;
    // Nothing of this happens to anybody: an answer repeated, a friend removed, a request declined.
    world.arrange(&bob, &accept).await?;
    world.arrange(&bob, &RemoveFriendRequest { user_id: ann.user_id.clone() }).await?;
    let declined = world.ask(&bob, &carol).await?;
    world.arrange(&carol, &DeclineFriendRequestRequest { request_id: declined.request_id.clone() }).await?;

    // The fences: from another side, and last.
    let (to_ann, to_bob, to_carol) =
        (world.ask(&dave, &ann).await?, world.ask(&dave, &bob).await?, world.ask(&dave, &carol).await?);
    let fence = |request: &FriendRequest| of_request(Kind::FriendRequestReceived, &dave, request);
    let expected = [of_request(Kind::FriendRequestAccepted, &bob, &asked), fence(&to_ann)];
    check_told(world, &ann, &mut of_ann, &expected, "the one who asked").await?;
    let expected = [of_request(Kind::FriendRequestReceived, &ann, &asked), fence(&to_bob)];
    check_told(world, &bob, &mut of_bob, &expected, "the one who was asked").await?;
    let expected = [of_request(Kind::FriendRequestReceived, &bob, &declined), fence(&to_carol)];
    check_told(world, &carol, &mut of_carol, &expected, "the one who declined").await?;
    let of_dave = listed(world, &dave).await?;
    world.check(of_dave.is_empty(), || format!("somebody whom nobody did anything to is told {of_dave:?}"));
    Ok(())
}

async fn message(world: &World) -> Outcome {
    let [ann, bob, carol] = world.people().await?;
    let chat_id = world.chat(&ann, &bob).await?;
    let mut of_ann = follow(world, &ann, &StreamNotificationsRequest::default()).await?;
    let mut of_bob = follow(world, &bob, &StreamNotificationsRequest::default()).await?;
    let mut expected = Vec::new();
    for index in 0..6 {
        let request = keyed(&chat_id, &format!("message {index}"), &format!("key {index}"));
        let sent = world.arrange(&ann, &request).await?;
        // Sent again, as after a lost answer: one message, one notification.
        world.arrange(&ann, &request).await?;
        expected.push(of_message(&sent));
    }
    let list = check_told(world, &bob, &mut of_bob, &expected, "the other member").await?;
    let back = world.send(&bob, &chat_id, "the fence").await?;
    check_told(world, &ann, &mut of_ann, &[of_message(&back)], "the sender").await?;
    let of_carol = listed(world, &carol).await?;
    world.check(of_carol.is_empty(), || format!("a stranger is told {of_carol:?}"));
    pages(world, &bob, &list).await?;
    mark(world, &bob, &list).await?;
    resume(world, [&ann, &bob], &chat_id, &list).await?;
    strangers(world, &carol, &list[2].notification_id).await
}

async fn pages(world: &World, bob: &Person, list: &[Notification]) -> Outcome {
    let ids: Vec<_> = list.iter().rev().map(|notification| notification.notification_id.clone()).collect();
    for limit in [1, 2, 5, 6, 7] {
        let walk = world.walk(bob, |cursor| page(limit, cursor, false), items).await?;
        world.check_walk_equals("notifications", &walk, usize::try_from(limit).unwrap_or_default(), &ids);
    }
    Ok(())
}

async fn mark(world: &World, bob: &Person, list: &[Notification]) -> Outcome {
    // Up to the third; again; up to one before it, which changes nothing; up to the last.
    for (index, unread) in [(2, 3), (2, 3), (0, 3), (5, 0), (4, 0)] {
        let request =
            MarkNotificationsReadRequest { up_to_notification_id: list[index].notification_id.clone() };
        let reply = world.ok(bob, &request).await?;
        world.check_eq(
            &format!("unread_count after reading up to {}", index + 1),
            &reply.unread_count,
            &unread,
        );
        let (left, _) = items(world.ok(bob, &page(100, None, true)).await?);
        world.check_eq(
            "unread notifications listed",
            &i64::try_from(left.len()).unwrap_or_default(),
            &unread,
        );
        let is_as_marked: Vec<_> =
            listed(world, bob).await?.iter().rev().map(|notification| notification.read).collect();
        let read = list.len() - usize::try_from(unread).unwrap_or_default();
        let expected: Vec<_> = (0..list.len()).map(|index| index < read).collect();
        world.check_eq("which notifications are read, oldest first", &is_as_marked, &expected);
    }
    Ok(())
}

async fn resume(world: &World, [ann, bob]: [&Person; 2], chat_id: &str, list: &[Notification]) -> Outcome {
    let request = StreamNotificationsRequest { after_notification_id: Some(list[1].notification_id.clone()) };
    let mut live = follow(world, bob, &request).await?;
    let mut resumed = take(world, &mut live, list.len() - 2).await?;
    let sent = world.send(ann, chat_id, "one more").await?;
    resumed.push(next(world, &mut live).await?);
    let expected: Vec<_> = list[2..].iter().map(said).chain([of_message(&sent)]).collect();
    world.check_eq("what a resumed stream tells", &resumed.iter().map(said).collect::<Vec<_>>(), &expected);
    Ok(())
}

/// A notification of somebody else, and one that nobody has, are refused alike.
async fn strangers(world: &World, carol: &Person, foreign: &str) -> Outcome {
    let (reason, rpc) = (Reason::NotificationNotFound, Rpc::NotificationStreamNotifications);
    for id in [foreign.to_owned(), world.unknown_id()] {
        let mark = MarkNotificationsReadRequest { up_to_notification_id: id.clone() };
        world.refused_for(carol, &mark, reason).await?;
        let request = StreamNotificationsRequest { after_notification_id: Some(id) };
        let failure = match world.open(carol, &request).await {
            Err(failure) => Some(failure),
            Ok(mut live) => match live.next(ARRIVAL).await {
                Next::Refused(failure) => Some(failure),
                _ => None,
            },
        };
        let is_refused = failure.as_ref().is_some_and(|failure| failure.has_reason(reason));
        if world.check(is_refused, || {
            format!("a stream after a stranger's notification must be refused: {failure:?}")
        }) {
            world.assert_cell(Cell::new(rpc, reason.code()));
        }
    }
    Ok(())
}
