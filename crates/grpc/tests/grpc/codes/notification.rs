//! The codes of `api.notification.v1`.

use duologue_contract::Rpc;
use duologue_contract::errors::Reason;
use duologue_contract::notification::{
    ListNotificationsRequest, MarkNotificationsReadRequest, StreamNotificationsRequest,
};

use crate::outcome::Seen;
use crate::world::{NOBODY, World};

pub(super) async fn notification(world: &World, seen: &mut Seen) {
    let (ada, eve, chat_id) = world.pair().await;
    ada.send(&chat_id, "hello").await;
    world.dispatcher.dispatch().await.expect("delivered");
    let mut inbox = eve.notification();
    let list = inbox.list_notifications(ListNotificationsRequest::default()).await;
    let newest = seen.ok(Rpc::NotificationListNotifications, list).notifications.remove(0);
    assert_eq!((&newest.actor_user_id, newest.chat_id.as_ref()), (&ada.user_id, Some(&chat_id)));
    let mark = |id: &str| MarkNotificationsReadRequest { up_to_notification_id: id.to_owned() };
    let marking = Rpc::NotificationMarkNotificationsRead;
    let foreign = ada.notification().mark_notifications_read(mark(&newest.notification_id)).await;
    seen.refused(marking, foreign, Reason::NotificationNotFound);
    seen.refused(marking, inbox.mark_notifications_read(mark("")).await, Reason::InvalidField);
    let marked = seen.ok(marking, inbox.mark_notifications_read(mark(&newest.notification_id)).await);
    assert_eq!(marked.unread_count, 0);
    let follow =
        |id: Option<&str>| StreamNotificationsRequest { after_notification_id: id.map(ToOwned::to_owned) };
    let streaming = Rpc::NotificationStreamNotifications;
    seen.ok(streaming, inbox.stream_notifications(follow(None)).await);
    let unknown = inbox.stream_notifications(follow(Some(NOBODY))).await;
    seen.refused(streaming, unknown, Reason::NotificationNotFound);
}
