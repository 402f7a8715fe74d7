//! An adapter that does all of its work in the background, and finishes it whoever leaves, keeps every promise too.

use std::sync::Arc;

use async_trait::async_trait;
use duologue_domain::auth::{
    Account, AccountStore, EmailKey, EndSession, Generation, InsertAccount, PasswordHash,
    ReplacePasswordHash, Rotate, Session, SessionKey, SessionStore,
};
use duologue_domain::chat::{
    AppendMessage, Chat, ChatList, ChatStore, ChatWalk, DirectChat, InsertChat, Message, MessageRange,
    NewMessage, Sequence,
};
use duologue_domain::event::{ClaimedEvent, Event, EventOutbox, OutboxCounts};
use duologue_domain::id::{ChatId, EventId, NotificationId, RequestId, SessionId, UserId};
use duologue_domain::notification::{
    Inbox, InsertNotification, Notification, NotificationRange, NotificationStore, Position, ReadFilter,
};
use duologue_domain::social::{
    CommitAnswer, Direction, FriendRequest, FriendshipKey, InsertRequest, Pair, RemoveFriendship, RequestKey,
    SettledRequest, SocialStore,
};
use duologue_domain::user::{
    InsertProfile, Nickname, Profile, ProfileChange, ProfileStore, SearchPrefix, UpdateProfile,
};
use duologue_domain::{StorageError, Timestamp};
use duologue_storage_conformance::{Fixture, Storage, storage_conformance};
use tokio::task::yield_now;

use crate::memory::Memory;

/// A store whose every call is a task of its own, which waits now and then.
struct Background<T: ?Sized>(Arc<T>);

struct InBackground;

#[async_trait]
impl Fixture for InBackground {
    async fn create(&self) -> Storage {
        let memory = Memory.create().await;
        let outbox = |outbox| -> Arc<dyn EventOutbox> { Arc::new(Background(outbox)) };
        Storage::new()
            .with_accounts(Arc::new(Background(memory.accounts())))
            .with_sessions(Arc::new(Background(memory.sessions())))
            .with_profiles(Arc::new(Background(memory.profiles())))
            .with_social(Arc::new(Background(memory.social())))
            .with_chats(Arc::new(Background(memory.chats())))
            .with_notifications(Arc::new(Background(memory.notifications())))
            .with_outboxes(memory.outboxes().into_iter().map(outbox).collect())
    }
}

storage_conformance!(InBackground);

/// Does something in a task of its own, which goes on whoever leaves.
async fn in_background<T: Send + 'static>(call: impl Future<Output = T> + Send + 'static) -> T {
    let task = tokio::spawn(async move {
        yield_now().await;
        let outcome = call.await;
        yield_now().await;
        outcome
    });
    task.await.unwrap()
}

#[async_trait]
impl AccountStore for Background<dyn AccountStore> {
    async fn insert_account(
        &self,
        account: Account,
        session: Session,
    ) -> Result<InsertAccount, StorageError> {
        let inner = self.0.clone();
        in_background(async move { inner.insert_account(account, session).await }).await
    }

    async fn find_account_by_email(&self, email: &EmailKey) -> Result<Option<Account>, StorageError> {
        let email = email.clone();
        let inner = self.0.clone();
        in_background(async move { inner.find_account_by_email(&email).await }).await
    }

    async fn find_account(&self, user_id: UserId) -> Result<Option<Account>, StorageError> {
        let inner = self.0.clone();
        in_background(async move { inner.find_account(user_id).await }).await
    }

    async fn replace_password_hash(
        &self,
        user_id: UserId,
        expected: &PasswordHash,
        replacement: PasswordHash,
    ) -> Result<ReplacePasswordHash, StorageError> {
        let expected = expected.clone();
        let inner = self.0.clone();
        in_background(async move { inner.replace_password_hash(user_id, &expected, replacement).await }).await
    }
}

#[async_trait]
impl SessionStore for Background<dyn SessionStore> {
    async fn insert_session(&self, session: Session) -> Result<(), StorageError> {
        let inner = self.0.clone();
        in_background(async move { inner.insert_session(session).await }).await
    }

    async fn find_session(&self, session_id: SessionId) -> Result<Option<Session>, StorageError> {
        let inner = self.0.clone();
        in_background(async move { inner.find_session(session_id).await }).await
    }

    async fn rotate_session(
        &self,
        session_id: SessionId,
        expected: Generation,
        refresh_time: Timestamp,
        expire_time: Timestamp,
    ) -> Result<Rotate, StorageError> {
        let inner = self.0.clone();
        in_background(
            async move { inner.rotate_session(session_id, expected, refresh_time, expire_time).await },
        )
        .await
    }

    async fn end_session(&self, session_id: SessionId, now: Timestamp) -> Result<EndSession, StorageError> {
        let inner = self.0.clone();
        in_background(async move { inner.end_session(session_id, now).await }).await
    }

    async fn end_sessions_of_user(
        &self,
        user_id: UserId,
        except: Option<SessionId>,
        now: Timestamp,
    ) -> Result<Vec<SessionId>, StorageError> {
        let inner = self.0.clone();
        in_background(async move { inner.end_sessions_of_user(user_id, except, now).await }).await
    }

    async fn list_sessions(
        &self,
        user_id: UserId,
        now: Timestamp,
        before: Option<SessionKey>,
        limit: usize,
    ) -> Result<Vec<Session>, StorageError> {
        let inner = self.0.clone();
        in_background(async move { inner.list_sessions(user_id, now, before, limit).await }).await
    }

    async fn list_ended_sessions(
        &self,
        since: Timestamp,
    ) -> Result<Vec<(SessionId, Timestamp)>, StorageError> {
        let inner = self.0.clone();
        in_background(async move { inner.list_ended_sessions(since).await }).await
    }
}

#[async_trait]
impl ProfileStore for Background<dyn ProfileStore> {
    async fn insert_profile(&self, profile: Profile) -> Result<InsertProfile, StorageError> {
        let inner = self.0.clone();
        in_background(async move { inner.insert_profile(profile).await }).await
    }

    async fn update_profile(
        &self,
        user_id: UserId,
        change: ProfileChange,
        now: Timestamp,
    ) -> Result<UpdateProfile, StorageError> {
        let inner = self.0.clone();
        in_background(async move { inner.update_profile(user_id, change, now).await }).await
    }

    async fn find_profile(&self, user_id: UserId) -> Result<Option<Profile>, StorageError> {
        let inner = self.0.clone();
        in_background(async move { inner.find_profile(user_id).await }).await
    }

    async fn find_profile_by_nickname(&self, nickname: &Nickname) -> Result<Option<Profile>, StorageError> {
        let nickname = nickname.clone();
        let inner = self.0.clone();
        in_background(async move { inner.find_profile_by_nickname(&nickname).await }).await
    }

    async fn find_profiles(&self, user_ids: &[UserId]) -> Result<Vec<Profile>, StorageError> {
        let user_ids = user_ids.to_vec();
        let inner = self.0.clone();
        in_background(async move { inner.find_profiles(&user_ids).await }).await
    }

    async fn list_profiles_by_prefix(
        &self,
        prefix: &SearchPrefix,
        after: Option<Nickname>,
        limit: usize,
    ) -> Result<Vec<Profile>, StorageError> {
        let prefix = prefix.clone();
        let inner = self.0.clone();
        in_background(async move { inner.list_profiles_by_prefix(&prefix, after, limit).await }).await
    }
}

#[async_trait]
impl SocialStore for Background<dyn SocialStore> {
    async fn insert_request(
        &self,
        request: FriendRequest,
        event: Event,
    ) -> Result<InsertRequest, StorageError> {
        let inner = self.0.clone();
        in_background(async move { inner.insert_request(request, event).await }).await
    }

    async fn find_request(&self, request_id: RequestId) -> Result<Option<FriendRequest>, StorageError> {
        let inner = self.0.clone();
        in_background(async move { inner.find_request(request_id).await }).await
    }

    async fn commit_answer(&self, settled: SettledRequest) -> Result<CommitAnswer, StorageError> {
        let inner = self.0.clone();
        in_background(async move { inner.commit_answer(settled).await }).await
    }

    async fn remove_friendship(&self, pair: Pair) -> Result<RemoveFriendship, StorageError> {
        let inner = self.0.clone();
        in_background(async move { inner.remove_friendship(pair).await }).await
    }

    async fn are_friends(&self, pair: Pair) -> Result<bool, StorageError> {
        let inner = self.0.clone();
        in_background(async move { inner.are_friends(pair).await }).await
    }

    async fn list_requests(
        &self,
        user_id: UserId,
        direction: Direction,
        before: Option<RequestKey>,
        limit: usize,
    ) -> Result<Vec<FriendRequest>, StorageError> {
        let inner = self.0.clone();
        in_background(async move { inner.list_requests(user_id, direction, before, limit).await }).await
    }

    async fn list_friends(
        &self,
        user_id: UserId,
        before: Option<FriendshipKey>,
        limit: usize,
    ) -> Result<Vec<FriendshipKey>, StorageError> {
        let inner = self.0.clone();
        in_background(async move { inner.list_friends(user_id, before, limit).await }).await
    }
}

#[async_trait]
impl ChatStore for Background<dyn ChatStore> {
    async fn insert_chat(&self, chat: DirectChat) -> Result<InsertChat, StorageError> {
        let inner = self.0.clone();
        in_background(async move { inner.insert_chat(chat).await }).await
    }

    async fn find_direct_chat(&self, chat_id: ChatId) -> Result<Option<DirectChat>, StorageError> {
        let inner = self.0.clone();
        in_background(async move { inner.find_direct_chat(chat_id).await }).await
    }

    async fn find_chat(&self, chat_id: ChatId) -> Result<Option<Chat>, StorageError> {
        let inner = self.0.clone();
        in_background(async move { inner.find_chat(chat_id).await }).await
    }

    async fn append_message(&self, message: NewMessage) -> Result<AppendMessage, StorageError> {
        let inner = self.0.clone();
        in_background(async move { inner.append_message(message).await }).await
    }

    async fn list_messages(
        &self,
        chat_id: ChatId,
        range: MessageRange,
        limit: usize,
    ) -> Result<Vec<Message>, StorageError> {
        let inner = self.0.clone();
        in_background(async move { inner.list_messages(chat_id, range, limit).await }).await
    }

    async fn find_first_sequence_since(
        &self,
        chat_id: ChatId,
        since: Timestamp,
    ) -> Result<Option<Sequence>, StorageError> {
        let inner = self.0.clone();
        in_background(async move { inner.find_first_sequence_since(chat_id, since).await }).await
    }

    async fn list_newest_sequences(
        &self,
        chat_ids: &[ChatId],
    ) -> Result<Vec<(ChatId, Sequence)>, StorageError> {
        let chat_ids = chat_ids.to_vec();
        let inner = self.0.clone();
        in_background(async move { inner.list_newest_sequences(&chat_ids).await }).await
    }

    async fn list_chats(
        &self,
        user_id: UserId,
        walk: ChatWalk,
        limit: usize,
    ) -> Result<ChatList, StorageError> {
        let inner = self.0.clone();
        in_background(async move { inner.list_chats(user_id, walk, limit).await }).await
    }
}

#[async_trait]
impl NotificationStore for Background<dyn NotificationStore> {
    async fn insert_notification(&self, event: Event) -> Result<InsertNotification, StorageError> {
        let inner = self.0.clone();
        in_background(async move { inner.insert_notification(event).await }).await
    }

    async fn find_position(
        &self,
        user_id: UserId,
        notification_id: NotificationId,
    ) -> Result<Option<Position>, StorageError> {
        let inner = self.0.clone();
        in_background(async move { inner.find_position(user_id, notification_id).await }).await
    }

    async fn find_inbox(&self, user_id: UserId) -> Result<Inbox, StorageError> {
        let inner = self.0.clone();
        in_background(async move { inner.find_inbox(user_id).await }).await
    }

    async fn list_notifications(
        &self,
        user_id: UserId,
        range: NotificationRange,
        filter: ReadFilter,
        limit: usize,
    ) -> Result<Vec<Notification>, StorageError> {
        let inner = self.0.clone();
        in_background(async move { inner.list_notifications(user_id, range, filter, limit).await }).await
    }

    async fn mark_read(&self, user_id: UserId, up_to: Position) -> Result<Inbox, StorageError> {
        let inner = self.0.clone();
        in_background(async move { inner.mark_read(user_id, up_to).await }).await
    }

    async fn list_newest_positions(
        &self,
        user_ids: &[UserId],
    ) -> Result<Vec<(UserId, Position)>, StorageError> {
        let user_ids = user_ids.to_vec();
        let inner = self.0.clone();
        in_background(async move { inner.list_newest_positions(&user_ids).await }).await
    }
}

#[async_trait]
impl EventOutbox for Background<dyn EventOutbox> {
    async fn claim_events(
        &self,
        limit: usize,
        now: Timestamp,
        lease_end: Timestamp,
    ) -> Result<Vec<ClaimedEvent>, StorageError> {
        let inner = self.0.clone();
        in_background(async move { inner.claim_events(limit, now, lease_end).await }).await
    }

    async fn acknowledge_events(&self, event_ids: &[EventId]) -> Result<(), StorageError> {
        let event_ids = event_ids.to_vec();
        let inner = self.0.clone();
        in_background(async move { inner.acknowledge_events(&event_ids).await }).await
    }

    async fn defer_event(&self, event_id: EventId, until: Timestamp) -> Result<(), StorageError> {
        let inner = self.0.clone();
        in_background(async move { inner.defer_event(event_id, until).await }).await
    }

    async fn park_event(&self, event_id: EventId) -> Result<(), StorageError> {
        let inner = self.0.clone();
        in_background(async move { inner.park_event(event_id).await }).await
    }

    async fn count_events(&self) -> Result<OutboxCounts, StorageError> {
        let inner = self.0.clone();
        in_background(async move { inner.count_events().await }).await
    }
}
