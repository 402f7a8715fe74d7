//! Ports of the domain that another service answers.

use std::sync::Arc;

use async_trait::async_trait;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use duologue_contract::Timestamp as TimestampMessage;
use duologue_contract::auth::auth_service_client::AuthServiceClient;
use duologue_contract::auth::{GetJwksRequest, Jwk};
use duologue_contract::bridge::Connection;
use duologue_contract::internal::ended_sessions_service_client::EndedSessionsServiceClient;
use duologue_contract::internal::event_receiver_service_client::EventReceiverServiceClient;
use duologue_contract::internal::friendship_directory_service_client::FriendshipDirectoryServiceClient;
use duologue_contract::internal::receive_event_request::Subject as SubjectMessage;
use duologue_contract::internal::user_directory_service_client::UserDirectoryServiceClient;
use duologue_contract::internal::{
    AreFriendsRequest, EndedSession, ListEndedSessionsRequest, MessageReceived, ReceiveEventRequest,
    UserExistsRequest,
};
use duologue_domain::auth::{EndedSessions, PublicKey};
use duologue_domain::event::{Event, Subject};
use duologue_domain::id::{SessionId, UserId};
use duologue_domain::notification::EventReceiver;
use duologue_domain::social::{FriendshipDirectory, Pair};
use duologue_domain::user::UserDirectory;
use duologue_domain::{StorageError, Timestamp};
use duologue_platform::token::{KeySource, KeysUnavailable};

use crate::identity::{ServiceIdentity, broken};

macro_rules! ports {
    ($($(#[$doc:meta])* $name:ident: $client:ident;)*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone)]
        pub struct $name<C> {
            client: $client<C>,
            identity: ServiceIdentity,
        }

        impl<C: Connection> $name<C> {
            /// Asks over this connection, under this identity.
            #[must_use]
            pub fn new(connection: C, identity: ServiceIdentity) -> Self {
                Self { client: $client::new(connection), identity }
            }
        }
    )*};
}

ports! {
    /// Asks User who exists.
    RemoteUsers: UserDirectoryServiceClient;
    /// Asks Social who is friends.
    RemoteFriendships: FriendshipDirectoryServiceClient;
    /// Asks Auth which sessions have ended.
    RemoteEndedSessions: EndedSessionsServiceClient;
    /// Tells Notification what happened.
    RemoteEvents: EventReceiverServiceClient;
    /// Asks Auth for the keys that verify access tokens.
    RemoteKeys: AuthServiceClient;
}

#[async_trait]
impl<C: Connection> UserDirectory for RemoteUsers<C> {
    async fn user_exists(&self, user_id: UserId) -> Result<bool, StorageError> {
        let message = UserExistsRequest { user_id: user_id.to_string() };
        let call = |request| {
            let mut client = self.client.clone();
            async move { client.user_exists(request).await }
        };
        Ok(self.identity.ask(message, call).await?.exists)
    }
}

#[async_trait]
impl<C: Connection> FriendshipDirectory for RemoteFriendships<C> {
    async fn friends(&self, pair: Pair) -> Result<bool, StorageError> {
        let message = AreFriendsRequest { user_ids: pair.both().map(|user_id| user_id.to_string()).into() };
        let call = |request| {
            let mut client = self.client.clone();
            async move { client.are_friends(request).await }
        };
        Ok(self.identity.ask(message, call).await?.are_friends)
    }
}

#[async_trait]
impl<C: Connection> EndedSessions for RemoteEndedSessions<C> {
    async fn ended_sessions(&self, since: Timestamp) -> Result<Vec<(SessionId, Timestamp)>, StorageError> {
        let message = ListEndedSessionsRequest { since: Some(timestamp(since)) };
        let call = |request| {
            let mut client = self.client.clone();
            async move { client.list_ended_sessions(request).await }
        };
        let answer = self.identity.ask(message, call).await?;
        let read = |session: EndedSession| {
            let end_time = session.end_time.ok_or_else(|| broken("an ended session without its end"))?;
            let session_id = session.session_id.parse().map_err(|_| broken("a session without its id"))?;
            Ok((session_id, Timestamp::from_unix_micros(end_time.unix_micros())))
        };
        answer.sessions.into_iter().map(read).collect()
    }
}

#[async_trait]
impl<C: Connection> EventReceiver for RemoteEvents<C> {
    async fn receive_event(&self, event: Event) -> Result<(), StorageError> {
        let subject = match event.subject {
            Subject::FriendRequestReceived(id) => SubjectMessage::FriendRequestReceived(id.to_string()),
            Subject::FriendRequestAccepted(id) => SubjectMessage::FriendRequestAccepted(id.to_string()),
            Subject::MessageReceived(chat_id, message_id) => {
                SubjectMessage::MessageReceived(MessageReceived {
                    chat_id: chat_id.to_string(),
                    message_id: message_id.to_string(),
                })
            }
        };
        let message = ReceiveEventRequest {
            event_id: event.event_id.to_string(),
            recipient_id: event.recipient_id.to_string(),
            actor_id: event.actor_id.to_string(),
            occur_time: Some(timestamp(event.occur_time)),
            subject: Some(subject),
        };
        let call = |request| {
            let mut client = self.client.clone();
            async move { client.receive_event(request).await }
        };
        self.identity.ask(message, call).await.map(drop)
    }
}

#[async_trait]
impl<C: Connection> KeySource for RemoteKeys<C> {
    async fn keys(&self) -> Result<Arc<[PublicKey]>, KeysUnavailable> {
        let call = |request| {
            let mut client = self.client.clone();
            async move { client.get_jwks(request).await }
        };
        let answer = self.identity.ask(GetJwksRequest {}, call).await;
        let keys = answer.map_err(|error| KeysUnavailable(error.into()))?.keys;
        // A key of another kind is one that a newer Auth publishes: it verifies nothing that is ours to accept.
        Ok(keys.into_iter().filter_map(public_key).collect())
    }
}

fn public_key(key: Jwk) -> Option<PublicKey> {
    let is_ours = key.kty == "OKP" && key.crv == "Ed25519";
    let bytes = URL_SAFE_NO_PAD.decode(key.x).ok()?.try_into().ok()?;
    is_ours.then_some(PublicKey { key_id: key.kid, bytes })
}

fn timestamp(moment: Timestamp) -> TimestampMessage {
    TimestampMessage::from_unix_micros(moment.unix_micros())
}
