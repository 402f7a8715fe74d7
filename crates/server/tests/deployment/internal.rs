//! What services ask each other, nobody else may ask.

use duologue_contract::errors::reason_of;
use duologue_contract::internal::ended_sessions_service_client::EndedSessionsServiceClient;
use duologue_contract::internal::event_receiver_service_client::EventReceiverServiceClient;
use duologue_contract::internal::friendship_directory_service_client::FriendshipDirectoryServiceClient;
use duologue_contract::internal::user_directory_service_client::UserDirectoryServiceClient;
use duologue_contract::internal::{
    AreFriendsRequest, ListEndedSessionsRequest, ReceiveEventRequest, UserExistsRequest,
};
use tonic::{Code, Request};

use crate::people::{Person, connect};
use crate::whole::Deployment;

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn internal_services_refuse_whoever_is_no_service() {
    let deployment = Deployment::start(&[]).await;
    let person = Person::register(&connect(&deployment.gateways[0].grpc)).await;
    macro_rules! refuses {
        ($($client:ident.$rpc:ident($request:ident) at $process:ident),* $(,)?) => {$(
            let mut client = $client::new(connect(&deployment.$process.grpc));
            for request in [Request::new($request::default()), person.calls($request::default())] {
                let status = client.$rpc(request).await.unwrap_err();
                assert_eq!(status.code(), Code::Unauthenticated, "{}: {status:?}", stringify!($rpc));
                assert!(reason_of(&status).is_some(), "{status:?}");
            }
        )*};
    }
    refuses!(
        EndedSessionsServiceClient.list_ended_sessions(ListEndedSessionsRequest) at auth,
        UserDirectoryServiceClient.user_exists(UserExistsRequest) at user,
        FriendshipDirectoryServiceClient.are_friends(AreFriendsRequest) at social,
        EventReceiverServiceClient.receive_event(ReceiveEventRequest) at notification,
    );
}
