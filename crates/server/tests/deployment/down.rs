//! A service that is down takes with it what depends on it, and nothing else.

use std::time::{Duration, Instant};

use duologue_contract::chat::chat_service_client::ChatServiceClient;
use duologue_contract::chat::{GetChatRequest, SendMessageRequest};
use duologue_contract::errors::{Reason, reason_of};
use duologue_contract::social::social_service_client::SocialServiceClient;
use duologue_contract::social::{ListFriendsRequest, SendFriendRequestRequest};
use duologue_contract::user::GetProfileByIdRequest;
use duologue_contract::user::user_service_client::UserServiceClient;
use tokio::task::JoinSet;
use tonic::transport::Channel;
use tonic::{Code, Status};
use tonic_types::StatusExt as _;

use crate::people::{Person, connect};
use crate::processes::PATIENCE;
use crate::server::http;
use crate::whole::Deployment;

/// Calls of a client that are its own fault.
const STORM: usize = 1_000;

/// Holds a refusal against what a client is promised of a service that is down.
fn is_down(status: &Status) {
    assert_eq!(status.code(), Code::Unavailable, "{status:?}");
    assert_eq!(reason_of(status), Some(Reason::DependencyUnavailable), "{status:?}");
    assert!(status.get_details_retry_info().is_some_and(|info| info.retry_delay.is_some()), "{status:?}");
}

/// Chats and profiles, through both doors.
async fn others_go_on(channel: &Channel, rest: &str, person: &Person, chat_id: &str) {
    let message = SendMessageRequest {
        chat_id: chat_id.to_owned(),
        text: "still here".to_owned(),
        ..Default::default()
    };
    ChatServiceClient::new(channel.clone()).send_message(person.calls(message)).await.unwrap();
    let profile = GetProfileByIdRequest { id: person.user_id.clone() };
    UserServiceClient::new(channel.clone()).get_profile_by_id(person.calls(profile)).await.unwrap();
    for path in [format!("/v1/chats/{chat_id}"), format!("/v1/profile/{}", person.user_id)] {
        let answer = get(rest, &path, person);
        assert!(answer.starts_with("HTTP/1.1 200"), "{path}: {answer}");
    }
}

fn get(rest: &str, path: &str, person: &Person) -> String {
    let authorization = format!("authorization: Bearer {}\r\n", person.token);
    tokio::task::block_in_place(|| http(rest, &format!("GET {path}"), &authorization, ""))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn with_social_down_only_what_depends_on_it_fails_until_it_is_back() {
    let mut deployment = Deployment::start(&[]).await;
    let (grpc, rest) = (&deployment.gateways[0].grpc, &deployment.gateways[0].rest);
    let channel = connect(grpc);
    let ([ada, ben], chat_id) = Person::pair(&channel).await;
    let mut social = SocialServiceClient::new(channel.clone());
    social.list_friends(ada.calls(ListFriendsRequest::default())).await.unwrap();

    deployment.social.terminate();
    assert_eq!(deployment.social.ended().await.code(), Some(0));
    let request = SendFriendRequestRequest { user_id: ben.user_id.clone() };
    is_down(&social.send_friend_request(ada.calls(request.clone())).await.unwrap_err());
    is_down(&social.list_friends(ada.calls(ListFriendsRequest::default())).await.unwrap_err());
    let answer = get(rest, "/v1/friends", &ada);
    assert!(answer.starts_with("HTTP/1.1 503"), "{answer}");
    for part in ["DEPENDENCY_UNAVAILABLE", "google.rpc.RetryInfo"] {
        assert!(answer.contains(part), "{part}: {answer}");
    }
    others_go_on(&channel, rest, &ada, &chat_id).await;

    deployment.social.start_again();
    let begin = Instant::now();
    // A client that does as it is told: it waits, and calls again.
    while let Err(status) = social.send_friend_request(ada.calls(request.clone())).await {
        is_down(&status);
        assert!(begin.elapsed() < PATIENCE, "it is back, and nobody finds it");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    let answer = get(rest, "/v1/friends/requests?box=REQUEST_BOX_OUTGOING", &ada);
    assert!(!answer.starts_with("HTTP/1.1 503"), "{answer}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn no_error_of_a_client_makes_a_gateway_refuse_another() {
    let deployment = Deployment::start(&[]).await;
    let (grpc, rest) = (&deployment.gateways[0].grpc, &deployment.gateways[0].rest);
    let channel = connect(grpc);
    let ([ada, _], chat_id) = Person::pair(&channel).await;
    let mut calls = JoinSet::new();
    for number in 0..STORM {
        let (mut chats, mut users) =
            (ChatServiceClient::new(channel.clone()), UserServiceClient::new(channel.clone()));
        let ada = ada.clone();
        calls.spawn(async move {
            let nobody = "0190a0b1-c2d3-7e4f-8a5b-6c7d8e9f0a1b".to_owned();
            let (status, expected) = match number % 3 {
                0 => {
                    let request = GetChatRequest { chat_id: nobody };
                    (chats.get_chat(ada.calls(request)).await.unwrap_err(), Code::NotFound)
                }
                1 => {
                    let request = GetProfileByIdRequest { id: nobody };
                    (users.get_profile_by_id(ada.calls(request)).await.unwrap_err(), Code::NotFound)
                }
                _ => {
                    let request = GetChatRequest { chat_id: "no id".to_owned() };
                    (chats.get_chat(ada.calls(request)).await.unwrap_err(), Code::InvalidArgument)
                }
            };
            assert_eq!(status.code(), expected, "{status:?}");
        });
        if calls.len() >= 32 {
            calls.join_next().await.unwrap().unwrap();
        }
    }
    while let Some(call) = calls.join_next().await {
        call.unwrap();
    }
    others_go_on(&channel, rest, &ada, &chat_id).await;
}
