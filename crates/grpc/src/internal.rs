//! What the services of one deployment ask each other: bindings of the internal contract.
//!
//! Every call shows the identity of the service that makes it. None of it is for clients, and a client's access token
//! opens none of it.

use std::sync::Arc;

use async_trait::async_trait;
use duologue_contract::errors::Reason;
use duologue_contract::internal::ended_sessions_service_server::EndedSessionsService;
use duologue_contract::internal::event_receiver_service_server::EventReceiverService;
use duologue_contract::internal::friendship_directory_service_server::FriendshipDirectoryService;
use duologue_contract::internal::receive_event_request::Subject as SubjectMessage;
use duologue_contract::internal::user_directory_service_server::UserDirectoryService;
use duologue_contract::internal::{
    AreFriendsRequest, AreFriendsResponse, EndedSession, ListEndedSessionsRequest, ListEndedSessionsResponse,
    ReceiveEventRequest, ReceiveEventResponse, UserExistsRequest, UserExistsResponse,
};
use duologue_domain::auth::{EndedSessions, ServiceTokenVerifier};
use duologue_domain::error::InField as _;
use duologue_domain::event::{Event, Subject};
use duologue_domain::id::Id as _;
use duologue_domain::notification::EventReceiver;
use duologue_domain::social::{FriendshipDirectory, Pair};
use duologue_domain::user::UserDirectory;
use duologue_domain::{Environment, InvalidFields, Timestamp};
use tonic::metadata::MetadataMap;
use tonic::{Request, Response, Status};

use crate::entry::bearer;
use crate::parse;
use crate::status::Refusal;

/// What this process tells other services of its deployment, and how it knows them.
#[derive(Clone)]
pub struct Internal {
    /// Proves that another service calls.
    pub verifier: Arc<dyn ServiceTokenVerifier>,
    /// Where the present moment is known.
    pub environment: Environment,
    /// The ended sessions, where Auth is served.
    pub ended_sessions: Option<Arc<dyn EndedSessions>>,
    /// Who exists, where User is served.
    pub users: Option<Arc<dyn UserDirectory>>,
    /// Who is friends, where Social is served.
    pub friendships: Option<Arc<dyn FriendshipDirectory>>,
    /// Who applies events, where Notification is served.
    pub events: Option<Arc<dyn EventReceiver>>,
}

impl std::fmt::Debug for Internal {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Internal").finish_non_exhaustive()
    }
}

impl Internal {
    fn authenticate(&self, metadata: &MetadataMap) -> Result<(), Status> {
        let token = bearer(metadata).map_err(|error| Refusal::from(error).into_status())?;
        self.verifier
            .verify(token, self.environment.now())
            .map_err(|_| Reason::TokenInvalid.status("only services of the deployment may call this"))
    }
}

/// What is asked for is not served here.
fn not_served() -> Status {
    Reason::MethodUnknown.status("this process does not serve that")
}

fn refused<F: duologue_domain::Failure>(failure: F) -> Status {
    Refusal::from(failure).into_status()
}

#[async_trait]
impl EndedSessionsService for Internal {
    async fn list_ended_sessions(
        &self,
        request: Request<ListEndedSessionsRequest>,
    ) -> Result<Response<ListEndedSessionsResponse>, Status> {
        self.authenticate(request.metadata())?;
        let source = self.ended_sessions.as_ref().ok_or_else(not_served)?;
        let since = moment(request.get_ref().since);
        let sessions = source.ended_sessions(since).await.map_err(refused)?;
        let sessions = sessions.into_iter().map(|(session_id, end_time)| EndedSession {
            session_id: session_id.to_text(),
            end_time: Some(parse::timestamp(end_time)),
        });
        Ok(Response::new(ListEndedSessionsResponse { sessions: sessions.collect() }))
    }
}

#[async_trait]
impl UserDirectoryService for Internal {
    async fn user_exists(
        &self,
        request: Request<UserExistsRequest>,
    ) -> Result<Response<UserExistsResponse>, Status> {
        self.authenticate(request.metadata())?;
        let users = self.users.as_ref().ok_or_else(not_served)?;
        let user_id = parse::id(&request.get_ref().user_id, "user_id").map_err(refused)?;
        let exists = users.user_exists(user_id).await.map_err(refused)?;
        Ok(Response::new(UserExistsResponse { exists }))
    }
}

#[async_trait]
impl FriendshipDirectoryService for Internal {
    async fn are_friends(
        &self,
        request: Request<AreFriendsRequest>,
    ) -> Result<Response<AreFriendsResponse>, Status> {
        self.authenticate(request.metadata())?;
        let friendships = self.friendships.as_ref().ok_or_else(not_served)?;
        let pair = pair(&request.get_ref().user_ids).map_err(refused)?;
        let are_friends = friendships.friends(pair).await.map_err(refused)?;
        Ok(Response::new(AreFriendsResponse { are_friends }))
    }
}

#[async_trait]
impl EventReceiverService for Internal {
    async fn receive_event(
        &self,
        request: Request<ReceiveEventRequest>,
    ) -> Result<Response<ReceiveEventResponse>, Status> {
        self.authenticate(request.metadata())?;
        let events = self.events.as_ref().ok_or_else(not_served)?;
        let event = event(request.into_inner()).map_err(refused)?;
        events.receive_event(event).await.map_err(refused)?;
        Ok(Response::new(ReceiveEventResponse {}))
    }
}

fn moment(timestamp: Option<duologue_contract::Timestamp>) -> Timestamp {
    Timestamp::from_unix_micros(timestamp.map_or(0, |timestamp| timestamp.unix_micros()))
}

fn pair(user_ids: &[String]) -> Result<Pair, InvalidFields> {
    let [one, other] = user_ids else { return parse::broken("user_ids", "must be two") };
    let (one, other) = (parse::id(one, "user_ids")?, parse::id(other, "user_ids")?);
    Pair::of(one, other).or_else(|_| parse::broken("user_ids", "must be two different ones"))
}

fn event(message: ReceiveEventRequest) -> Result<Event, InvalidFields> {
    let subject = match message.subject {
        Some(SubjectMessage::FriendRequestReceived(id)) => {
            Subject::FriendRequestReceived(id.parse().in_field("friend_request_received")?)
        }
        Some(SubjectMessage::FriendRequestAccepted(id)) => {
            Subject::FriendRequestAccepted(id.parse().in_field("friend_request_accepted")?)
        }
        Some(SubjectMessage::MessageReceived(message)) => Subject::MessageReceived(
            parse::id(&message.chat_id, "message_received.chat_id")?,
            parse::id(&message.message_id, "message_received.message_id")?,
        ),
        None => return parse::broken("subject", "must be one that the contract names"),
    };
    Ok(Event {
        event_id: parse::id(&message.event_id, "event_id")?,
        recipient_id: parse::id(&message.recipient_id, "recipient_id")?,
        actor_id: parse::id(&message.actor_id, "actor_id")?,
        subject,
        occur_time: moment(message.occur_time),
    })
}
