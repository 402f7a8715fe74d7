//! The codes of `api.social.v1`.

use duologue_contract::Rpc;
use duologue_contract::errors::Reason;
use duologue_contract::social::{
    AcceptFriendRequestRequest, CancelFriendRequestRequest, DeclineFriendRequestRequest, ListFriendsRequest,
    ListRequestsRequest, RemoveFriendRequest, SendFriendRequestRequest,
};

use super::metadata;
use crate::outcome::Seen;
use crate::world::{NOBODY, World};

pub(super) async fn social(world: &World, seen: &mut Seen) {
    let (ada, eve, third) = (world.user().await, world.user().await, world.user().await);
    let ask = |user_id: &str| SendFriendRequestRequest { user_id: user_id.to_owned() };
    let accept = |request_id: &str| AcceptFriendRequestRequest { request_id: request_id.to_owned() };
    let decline = |request_id: &str| DeclineFriendRequestRequest { request_id: request_id.to_owned() };
    let cancel = |request_id: &str| CancelFriendRequestRequest { request_id: request_id.to_owned() };
    let (mut of_ada, mut of_eve, mut of_third) = (ada.social(), eve.social(), third.social());
    let send = Rpc::SocialSendFriendRequest;
    seen.refused(send, of_ada.send_friend_request(ask(&ada.user_id)).await, Reason::SelfRequest);
    seen.refused(send, of_ada.send_friend_request(ask(NOBODY)).await, Reason::UserNotFound);
    seen.refused(send, of_ada.send_friend_request(ask("")).await, Reason::InvalidField);
    let request = seen.ok(send, of_ada.send_friend_request(ask(&eve.user_id)).await);
    let id = request.request_id.as_str();
    seen.refused(send, of_ada.send_friend_request(ask(&eve.user_id)).await, Reason::FriendRequestPending);
    let reverse = of_eve.send_friend_request(ask(&ada.user_id)).await;
    let reverse = seen.refused(send, reverse, Reason::ReverseRequestPending);
    assert_eq!(metadata(&reverse, "request_id").as_deref(), Some(id));
    let listed = seen.ok(Rpc::SocialListRequests, of_eve.list_requests(ListRequestsRequest::default()).await);
    assert_eq!(listed.requests, std::slice::from_ref(&request));
    let foreign = ListRequestsRequest { user_id: ada.user_id.clone(), ..ListRequestsRequest::default() };
    seen.refused(Rpc::SocialListRequests, of_eve.list_requests(foreign).await, Reason::NotYours);
    let odd = ListRequestsRequest { direction: 7, ..ListRequestsRequest::default() };
    seen.refused(Rpc::SocialListRequests, of_eve.list_requests(odd).await, Reason::InvalidField);

    let (accepting, declining) = (Rpc::SocialAcceptFriendRequest, Rpc::SocialDeclineFriendRequest);
    let canceling = Rpc::SocialCancelFriendRequest;
    seen.refused(accepting, of_third.accept_friend_request(accept(id)).await, Reason::NotRecipient);
    seen.refused(accepting, of_ada.accept_friend_request(accept(id)).await, Reason::NotRecipient);
    seen.refused(declining, of_ada.decline_friend_request(decline(id)).await, Reason::NotRecipient);
    seen.refused(canceling, of_eve.cancel_friend_request(cancel(id)).await, Reason::NotSender);
    for unknown in [NOBODY, ""] {
        let reason = if unknown.is_empty() { Reason::InvalidField } else { Reason::FriendRequestNotFound };
        seen.refused(accepting, of_eve.accept_friend_request(accept(unknown)).await, reason);
        seen.refused(declining, of_eve.decline_friend_request(decline(unknown)).await, reason);
        seen.refused(canceling, of_eve.cancel_friend_request(cancel(unknown)).await, reason);
    }
    seen.ok(accepting, of_eve.accept_friend_request(accept(id)).await);
    let late = of_eve.decline_friend_request(decline(id)).await;
    seen.refused(declining, late, Reason::FriendRequestNotPending);
    seen.refused(send, of_eve.send_friend_request(ask(&ada.user_id)).await, Reason::AlreadyFriends);
    let friends = seen.ok(Rpc::SocialListFriends, of_ada.list_friends(ListFriendsRequest::default()).await);
    assert_eq!(friends.friend_user_ids, std::slice::from_ref(&eve.user_id));
    let foreign = ListFriendsRequest { user_id: eve.user_id.clone(), ..ListFriendsRequest::default() };
    seen.refused(Rpc::SocialListFriends, of_ada.list_friends(foreign).await, Reason::NotYours);
    let remove = RemoveFriendRequest { user_id: eve.user_id.clone() };
    seen.ok(Rpc::SocialRemoveFriend, of_ada.remove_friend(remove.clone()).await);
    seen.refused(Rpc::SocialRemoveFriend, of_ada.remove_friend(remove).await, Reason::NotFriends);
    let second = seen.ok(send, of_ada.send_friend_request(ask(&eve.user_id)).await).request_id;
    seen.ok(declining, of_eve.decline_friend_request(decline(&second)).await);
    let third_time = seen.ok(send, of_ada.send_friend_request(ask(&eve.user_id)).await).request_id;
    seen.ok(canceling, of_ada.cancel_friend_request(cancel(&third_time)).await);
}
