//! `api.notification.v1.NotificationService`: what happened to a user while they were away.

use std::sync::Arc;

use async_trait::async_trait;
use duologue_contract::Rpc;
use duologue_contract::notification::notification::Kind;
use duologue_contract::notification::notification_service_server::NotificationService;
use duologue_contract::notification::{
    ListNotificationsRequest, ListNotificationsResponse, MarkNotificationsReadRequest,
    MarkNotificationsReadResponse, Notification, StreamNotificationsRequest,
};
use duologue_domain::event::Subject;
use duologue_domain::id::Id;
use duologue_domain::notification::{self, NotificationFeed, ReadFilter, Service};
use duologue_domain::page::PageRequest;
use tonic::{Request, Response, Status};

use crate::entry::{Call, Entry};
use crate::parse;
use crate::status::Refusal;
use crate::stream::{Feed, Messages};

/// Binds `api.notification.v1.NotificationService` to its use cases.
#[derive(Debug)]
pub struct NotificationBinding {
    service: Arc<Service>,
    entry: Entry,
}

impl NotificationBinding {
    /// A binding of these use cases, behind this entry.
    #[must_use]
    pub fn new(service: Service, entry: Entry) -> Self {
        Self { service: Arc::new(service), entry }
    }
}

#[async_trait]
impl NotificationService for NotificationBinding {
    type StreamNotificationsStream = Messages<Notification>;

    async fn list_notifications(
        &self,
        request: Request<ListNotificationsRequest>,
    ) -> Result<Response<ListNotificationsResponse>, Status> {
        let service = self.service.clone();
        let list_notifications = move |call: Call, message: ListNotificationsRequest| async move {
            let page = PageRequest::parse(message.limit, message.cursor)?;
            let filter = if message.unread_only { ReadFilter::UnreadOnly } else { ReadFilter::All };
            let page = service.list_notifications(&call.caller()?, filter, &page).await?;
            Ok(ListNotificationsResponse {
                notifications: page.items.iter().map(wire).collect(),
                next_cursor: parse::next_cursor(page.next_cursor),
            })
        };
        self.entry.unary(Rpc::NotificationListNotifications, request, list_notifications).await
    }

    async fn stream_notifications(
        &self,
        request: Request<StreamNotificationsRequest>,
    ) -> Result<Response<Self::StreamNotificationsStream>, Status> {
        let service = self.service.clone();
        let stream_notifications = move |call: Call, message: StreamNotificationsRequest| async move {
            let after =
                parse::id_if_present(message.after_notification_id.as_deref(), "after_notification_id")?;
            Ok(service.stream_notifications(&call.caller()?, after).await?)
        };
        self.entry.streaming(Rpc::NotificationStreamNotifications, request, stream_notifications).await
    }

    async fn mark_notifications_read(
        &self,
        request: Request<MarkNotificationsReadRequest>,
    ) -> Result<Response<MarkNotificationsReadResponse>, Status> {
        let service = self.service.clone();
        let mark_notifications_read = move |call: Call, message: MarkNotificationsReadRequest| async move {
            let up_to = parse::id(&message.up_to_notification_id, "up_to_notification_id")?;
            let unread_count = service.mark_notifications_read(&call.caller()?, up_to).await?;
            Ok(MarkNotificationsReadResponse { unread_count })
        };
        self.entry.unary(Rpc::NotificationMarkNotificationsRead, request, mark_notifications_read).await
    }
}

impl Feed for NotificationFeed {
    type Record = notification::Notification;
    type Message = Notification;

    async fn next(&mut self) -> Result<Vec<notification::Notification>, Refusal> {
        Ok(Self::next(self).await?)
    }

    fn message(record: notification::Notification) -> Notification {
        wire(&record)
    }
}

/// A notification in the contract's words.
fn wire(notification: &notification::Notification) -> Notification {
    let event = &notification.event;
    let (kind, request_id, chat_id, message_id) = match event.subject {
        Subject::FriendRequestReceived(request_id) => {
            (Kind::FriendRequestReceived, Some(request_id), None, None)
        }
        Subject::FriendRequestAccepted(request_id) => {
            (Kind::FriendRequestAccepted, Some(request_id), None, None)
        }
        Subject::MessageReceived(chat_id, message_id) => {
            (Kind::MessageReceived, None, Some(chat_id), Some(message_id))
        }
    };
    Notification {
        notification_id: notification.notification_id().to_text(),
        kind: kind.into(),
        create_time: Some(parse::timestamp(event.occur_time)),
        read: notification.read,
        actor_user_id: event.actor_id.to_text(),
        request_id: request_id.map(Id::to_text),
        chat_id: chat_id.map(Id::to_text),
        message_id: message_id.map(Id::to_text),
    }
}
