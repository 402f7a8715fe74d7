//! `api.social.v1.SocialService`: friend requests and friendships.

use std::sync::Arc;

use async_trait::async_trait;
use duologue_contract::Rpc;
use duologue_contract::social::friend_request::Status as WireStatus;
use duologue_contract::social::social_service_server::SocialService;
use duologue_contract::social::{
    AcceptFriendRequestRequest, CancelFriendRequestRequest, DeclineFriendRequestRequest, FriendRequest,
    ListFriendsRequest, ListFriendsResponse, ListRequestsRequest, ListRequestsResponse, RemoveFriendRequest,
    RemoveFriendResponse, RequestDirection, SendFriendRequestRequest,
};
use duologue_domain::error::Together as _;
use duologue_domain::id::{Id as _, UserId};
use duologue_domain::page::PageRequest;
use duologue_domain::social::{self, Answer, Direction, Service};
use tonic::{Request, Response, Status};

use crate::entry::{Call, Entry};
use crate::parse;

/// Binds `api.social.v1.SocialService` to its use cases.
#[derive(Debug)]
pub struct SocialBinding {
    service: Arc<Service>,
    entry: Entry,
}

impl SocialBinding {
    /// A binding of these use cases, behind this entry.
    #[must_use]
    pub fn new(service: Service, entry: Entry) -> Self {
        Self { service: Arc::new(service), entry }
    }

    /// The three answers differ in nothing but the answer.
    async fn answer<In: Send + 'static>(
        &self,
        rpc: Rpc,
        request: Request<In>,
        request_id: fn(In) -> String,
        answer: Answer,
    ) -> Result<Response<FriendRequest>, Status> {
        let service = self.service.clone();
        let answer_friend_request = move |call: Call, message: In| async move {
            let request_id = parse::id(&request_id(message), "request_id")?;
            Ok(friend_request(service.answer_friend_request(&call.caller()?, request_id, answer).await?))
        };
        self.entry.unary(rpc, request, answer_friend_request).await
    }
}

#[async_trait]
impl SocialService for SocialBinding {
    async fn send_friend_request(
        &self,
        request: Request<SendFriendRequestRequest>,
    ) -> Result<Response<FriendRequest>, Status> {
        let service = self.service.clone();
        let send_friend_request = move |call: Call, message: SendFriendRequestRequest| async move {
            let to = parse::id(&message.user_id, "user_id")?;
            Ok(friend_request(service.send_friend_request(&call.caller()?, to).await?))
        };
        self.entry.unary(Rpc::SocialSendFriendRequest, request, send_friend_request).await
    }

    async fn list_requests(
        &self,
        request: Request<ListRequestsRequest>,
    ) -> Result<Response<ListRequestsResponse>, Status> {
        let service = self.service.clone();
        let list_requests = move |call: Call, message: ListRequestsRequest| async move {
            let caller = call.caller()?;
            let (user_id, direction, page) = (
                parse::id_or_empty::<UserId>(&message.user_id, "user_id"),
                parse::choice::<RequestDirection>(message.direction, "direction"),
                PageRequest::parse(message.limit, message.cursor),
            )
                .together()?;
            caller.acting_for(user_id)?;
            let direction = match direction {
                RequestDirection::Unspecified | RequestDirection::Incoming => Direction::Incoming,
                RequestDirection::Outgoing => Direction::Outgoing,
            };
            let page = service.list_requests(&caller, direction, &page).await?;
            Ok(ListRequestsResponse {
                requests: page.items.into_iter().map(friend_request).collect(),
                next_cursor: parse::next_cursor(page.next_cursor),
            })
        };
        self.entry.unary(Rpc::SocialListRequests, request, list_requests).await
    }

    async fn accept_friend_request(
        &self,
        request: Request<AcceptFriendRequestRequest>,
    ) -> Result<Response<FriendRequest>, Status> {
        let rpc = Rpc::SocialAcceptFriendRequest;
        self.answer(rpc, request, |message| message.request_id, Answer::Accept).await
    }

    async fn decline_friend_request(
        &self,
        request: Request<DeclineFriendRequestRequest>,
    ) -> Result<Response<FriendRequest>, Status> {
        let rpc = Rpc::SocialDeclineFriendRequest;
        self.answer(rpc, request, |message| message.request_id, Answer::Decline).await
    }

    async fn cancel_friend_request(
        &self,
        request: Request<CancelFriendRequestRequest>,
    ) -> Result<Response<FriendRequest>, Status> {
        let rpc = Rpc::SocialCancelFriendRequest;
        self.answer(rpc, request, |message| message.request_id, Answer::Cancel).await
    }

    async fn remove_friend(
        &self,
        request: Request<RemoveFriendRequest>,
    ) -> Result<Response<RemoveFriendResponse>, Status> {
        let service = self.service.clone();
        let remove_friend = move |call: Call, message: RemoveFriendRequest| async move {
            let friend_id = parse::id(&message.user_id, "user_id")?;
            service.remove_friend(&call.caller()?, friend_id).await?;
            Ok(RemoveFriendResponse {})
        };
        self.entry.unary(Rpc::SocialRemoveFriend, request, remove_friend).await
    }

    async fn list_friends(
        &self,
        request: Request<ListFriendsRequest>,
    ) -> Result<Response<ListFriendsResponse>, Status> {
        let service = self.service.clone();
        let list_friends = move |call: Call, message: ListFriendsRequest| async move {
            let caller = call.caller()?;
            let (user_id, page) = (
                parse::id_or_empty::<UserId>(&message.user_id, "user_id"),
                PageRequest::parse(message.limit, message.cursor),
            )
                .together()?;
            caller.acting_for(user_id)?;
            let page = service.list_friends(&caller, &page).await?;
            Ok(ListFriendsResponse {
                friend_user_ids: page.items.iter().copied().map(UserId::to_text).collect(),
                next_cursor: parse::next_cursor(page.next_cursor),
            })
        };
        self.entry.unary(Rpc::SocialListFriends, request, list_friends).await
    }
}

fn friend_request(request: social::FriendRequest) -> FriendRequest {
    let status = match request.status {
        social::Status::Pending => WireStatus::Pending,
        social::Status::Accepted => WireStatus::Accepted,
        social::Status::Declined => WireStatus::Declined,
        social::Status::Canceled => WireStatus::Canceled,
    };
    FriendRequest {
        request_id: request.request_id.to_text(),
        status: status.into(),
        from_user_id: request.from.to_text(),
        to_user_id: request.to.to_text(),
        create_time: Some(parse::timestamp(request.create_time)),
        update_time: Some(parse::timestamp(request.update_time)),
    }
}
