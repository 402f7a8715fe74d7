//! Social: friend requests and friends.

mod answers;
mod friends;
mod model;
mod races;
mod requests;

use super::Scenario;
use crate::{cells, run};

pub(super) fn scenarios() -> Vec<Scenario> {
    [of_requests(), of_answers(), of_friends(), of_races(), of_model()].concat()
}

fn of_requests() -> Vec<Scenario> {
    vec![
        Scenario::must(
            "social.request_and_list",
            "A friend request MUST be PENDING and be listed to its recipient, exactly once.",
            cells![SocialSendFriendRequest: Ok, SocialListRequests: Ok],
            run!(requests::request_and_list),
        ),
        Scenario::must(
            "social.request_self",
            "SendFriendRequest to oneself MUST answer INVALID_ARGUMENT.",
            cells![SocialSendFriendRequest: InvalidArgument],
            run!(requests::to_oneself),
        ),
        Scenario::must(
            "social.request_unknown_user",
            "SendFriendRequest to nobody MUST answer NOT_FOUND.",
            cells![SocialSendFriendRequest: NotFound],
            run!(requests::unknown_user),
        ),
        Scenario::must(
            "social.request_twice",
            "A second request to the same user MUST answer ALREADY_EXISTS and leave one request.",
            cells![SocialSendFriendRequest: AlreadyExists],
            run!(requests::twice),
        ),
        Scenario::must(
            "social.request_when_friends",
            "A request between friends MUST answer ALREADY_EXISTS, from either side.",
            cells![SocialSendFriendRequest: AlreadyExists],
            run!(requests::when_friends),
        ),
        Scenario::must(
            "social.cross_requests",
            "A request to somebody who has asked already MUST answer ALREADY_EXISTS and name the pending request.",
            cells![SocialSendFriendRequest: AlreadyExists],
            run!(requests::cross_requests),
        ),
        Scenario::must(
            "social.request_after_decline",
            "After DECLINED a new request MUST be possible, with a new id.",
            cells![SocialSendFriendRequest: Ok],
            run!(requests::after_decline),
        ),
        Scenario::must(
            "social.request_after_remove",
            "After RemoveFriend the two MUST be able to become friends again.",
            cells![SocialSendFriendRequest: Ok],
            run!(requests::after_remove),
        ),
    ]
}

fn of_answers() -> Vec<Scenario> {
    vec![
        Scenario::must(
            "social.accept",
            "Accepting a request MUST make the two friends, each listed once to the other.",
            cells![SocialAcceptFriendRequest: Ok, SocialListFriends: Ok],
            run!(answers::accept),
        ),
        Scenario::must(
            "social.decline",
            "Declining a request MUST settle it and make no friends.",
            cells![SocialDeclineFriendRequest: Ok],
            run!(answers::decline),
        ),
        Scenario::must(
            "social.accept_unknown",
            "AcceptFriendRequest MUST answer NOT_FOUND to an unknown id and INVALID_ARGUMENT to a malformed one.",
            cells![SocialAcceptFriendRequest: NotFound, SocialAcceptFriendRequest: InvalidArgument],
            run!(answers::accept_unknown),
        ),
        Scenario::must(
            "social.accept_by_sender",
            "The sender of a request MUST NOT accept it.",
            cells![SocialAcceptFriendRequest: PermissionDenied],
            run!(answers::accept_by_sender),
        ),
        Scenario::must(
            "social.accept_by_third",
            "A third user MUST NOT accept a request.",
            cells![SocialAcceptFriendRequest: PermissionDenied],
            run!(answers::accept_by_third),
        ),
        Scenario::must(
            "social.decline_unknown",
            "DeclineFriendRequest MUST answer NOT_FOUND to an unknown id.",
            cells![SocialDeclineFriendRequest: NotFound],
            run!(answers::decline_unknown),
        ),
        Scenario::must(
            "social.decline_by_others",
            "Neither the sender nor a third user MUST be able to decline a request.",
            cells![SocialDeclineFriendRequest: PermissionDenied],
            run!(answers::decline_by_others),
        ),
        Scenario::must(
            "social.accept_twice",
            "A repeated accept MUST answer the same FriendRequest and MUST NOT bring back a friendship removed since.",
            cells![SocialAcceptFriendRequest: Ok],
            run!(answers::accept_twice),
        ),
        Scenario::must(
            "social.accept_after_decline",
            "A declined request MUST NOT be accepted.",
            cells![SocialAcceptFriendRequest: NotFound],
            run!(answers::accept_after_decline),
        ),
        Scenario::must(
            "social.decline_after_accept",
            "An accepted request MUST NOT be declined; the friendship stays.",
            cells![SocialDeclineFriendRequest: NotFound],
            run!(answers::decline_after_accept),
        ),
        Scenario::must(
            "social.cancel",
            "The sender MUST be able to take a pending request back, and nobody else.",
            cells![SocialCancelFriendRequest: Ok, SocialCancelFriendRequest: PermissionDenied, SocialCancelFriendRequest: NotFound],
            run!(answers::cancel),
        ),
    ]
}

fn of_friends() -> Vec<Scenario> {
    vec![
        Scenario::must(
            "social.remove",
            "RemoveFriend MUST end the friendship for both, from either side.",
            cells![SocialRemoveFriend: Ok],
            run!(friends::remove),
        ),
        Scenario::must(
            "social.remove_not_friend",
            "RemoveFriend of somebody who is no friend MUST answer NOT_FOUND.",
            cells![SocialRemoveFriend: NotFound],
            run!(friends::remove_not_friend),
        ),
        Scenario::must(
            "social.friendship_symmetric",
            "Friendship MUST be mutual whatever was done before.",
            cells![SocialListFriends: Ok],
            run!(friends::symmetric),
        ),
        Scenario::must(
            "social.list_requests_only_incoming_pending",
            "ListRequests MUST list pending requests only, incoming ones unless asked otherwise.",
            cells![SocialListRequests: Ok],
            run!(friends::only_incoming_pending),
        ),
        Scenario::must(
            "social.list_requests_of_another",
            "ListRequests of another user MUST answer PERMISSION_DENIED.",
            cells![SocialListRequests: PermissionDenied],
            run!(friends::requests_of_another),
        ),
        Scenario::must(
            "social.list_friends_of_another",
            "ListFriends of another user MUST answer PERMISSION_DENIED.",
            cells![SocialListFriends: PermissionDenied],
            run!(friends::friends_of_another),
        ),
        Scenario::must(
            "social.list_friends_pages_exact",
            "A walk through friends MUST return each exactly once, newest friendship first.",
            cells![SocialListFriends: Ok],
            run!(friends::pages_exact),
        ),
        Scenario::must(
            "social.list_friends_pages_under_change",
            "Every friend who stays throughout a walk MUST be returned exactly once.",
            cells![SocialListFriends: Ok],
            run!(friends::pages_under_change),
        ),
    ]
}

fn of_races() -> Vec<Scenario> {
    vec![
        Scenario::must(
            "social.cross_requests_race",
            "Of requests that cross exactly one MUST exist afterwards.",
            cells![SocialSendFriendRequest: Ok, SocialSendFriendRequest: AlreadyExists],
            run!(races::cross_requests),
        ),
        Scenario::must(
            "social.accept_accept_race",
            "Simultaneous accepts MUST answer alike and make one friendship.",
            cells![SocialAcceptFriendRequest: Ok],
            run!(races::accept_accept),
        ),
        Scenario::must(
            "social.accept_decline_race",
            "Of simultaneous accept and decline exactly one MUST win, and both users' lists agree with it.",
            cells![SocialAcceptFriendRequest: Ok, SocialDeclineFriendRequest: NotFound],
            run!(races::accept_decline),
        ),
        Scenario::should(
            "social.remove_accept_race",
            "RemoveFriend that races with other calls SHOULD leave a state that a serial order explains.",
            cells![SocialRemoveFriend: Ok],
            run!(races::remove_accept),
        ),
    ]
}

fn of_model() -> Vec<Scenario> {
    vec![Scenario::must(
        "social.model",
        "Every code and every list MUST be what the reference model says, for random sequences of calls.",
        cells![SocialSendFriendRequest: Ok, SocialAcceptFriendRequest: Ok, SocialDeclineFriendRequest: Ok, SocialRemoveFriend: Ok],
        run!(model::model),
    )]
}
