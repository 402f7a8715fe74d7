//! The limits of production, and their absence in development.

use duologue_contract::auth::{ChangePasswordRequest, GetJwksRequest, LoginRequest, RegisterRequest};
use duologue_contract::chat::{ListUserChatsRequest, StreamMessagesRequest};
use duologue_contract::errors::Reason;
use duologue_grpc::{Limits, ServerConfig};
use tonic::Status;
use tonic_types::StatusExt as _;

use crate::outcome::refused;
use crate::world::{Options, PASSWORD, World, connect};

fn production() -> Options {
    Options { limits: Limits::production(), ..Options::default() }
}

fn wait_of(status: &Status) -> std::time::Duration {
    status.get_details_retry_info().and_then(|info| info.retry_delay).expect("a time to wait")
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_passwords_slow_that_account_and_no_other_known_or_not() {
    let world = World::with(production()).await;
    let (ada, eve) = (world.stranger().await, world.stranger().await);
    let login =
        |email: &str, password: &str| LoginRequest { email: email.to_owned(), password: password.to_owned() };
    for email in [ada.email.as_str(), "nobody@example.org"] {
        // The registration of Ada was her first of ten.
        let left = if email == ada.email { 9 } else { 10 };
        for _ in 0..left {
            refused(world.auth().login(login(email, "wrong")).await, Reason::CredentialsInvalid);
        }
        let status = refused(world.auth().login(login(email, PASSWORD)).await, Reason::RateLimited);
        assert!(wait_of(&status) > std::time::Duration::from_secs(4), "one every six seconds");
    }
    world.auth().login(login(&eve.email, PASSWORD)).await.expect("another account");
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_address_registers_and_guesses_a_hundred_times_a_minute_and_no_more() {
    let world = World::with(production()).await;
    for number in 0..50 {
        let email = format!("nobody_{number}@example.org");
        let request = LoginRequest { email, password: "wrong".to_owned() };
        refused(world.auth().login(request).await, Reason::CredentialsInvalid);
        let email = format!("someone_{number}@example.org");
        let request = RegisterRequest { email, password: PASSWORD.to_owned() };
        world.auth().register(request).await.expect("registered");
        // Calls are limited to fifty a second, too.
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    // The allowance grows by less than two a second meanwhile.
    let mut outcomes = Vec::new();
    for number in 0..30 {
        let email = format!("late_{number}@example.org");
        outcomes.push(world.auth().register(RegisterRequest { email, password: PASSWORD.to_owned() }).await);
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    let limited = outcomes.into_iter().find(Result::is_err).expect("a limit");
    refused(limited, Reason::RateLimited);
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stolen_token_guesses_the_password_ten_times_a_minute() {
    let world = World::with(production()).await;
    let user = world.stranger().await;
    let guess =
        ChangePasswordRequest { current_password: "wrong".to_owned(), new_password: PASSWORD.to_owned() };
    for _ in 0..10 {
        refused(user.auth().change_password(guess.clone()).await, Reason::CredentialsInvalid);
    }
    refused(user.auth().change_password(guess).await, Reason::RateLimited);
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flood_of_one_user_is_told_to_wait_and_stops_nobody_else() {
    let world = World::with(production()).await;
    let (ada, eve) = (world.stranger().await, world.stranger().await);
    let mut limited = None;
    for _ in 0..1_000 {
        if let Err(status) = ada.chat().list_user_chats(ListUserChatsRequest::default()).await {
            limited = Some(status);
            break;
        }
    }
    let status = refused(Err::<tonic::Response<()>, _>(limited.expect("a limit")), Reason::RateLimited);
    assert!(wait_of(&status) <= std::time::Duration::from_millis(20));
    eve.chat().list_user_chats(ListUserChatsRequest::default()).await.expect("another user");
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flood_without_tokens_is_limited_by_address() {
    let world = World::with(production()).await;
    let mut limited = false;
    for _ in 0..1_000 {
        limited = world.auth().get_jwks(GetJwksRequest {}).await.is_err();
        if limited {
            break;
        }
    }
    assert!(limited, "a thousand calls at once are too many");
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_twenty_first_stream_of_a_user_is_refused_until_another_is_dropped() {
    let world = World::with(production()).await;
    let (ada, eve, chat_id) = world.pair().await;
    let follow = StreamMessagesRequest { chat_id, ..StreamMessagesRequest::default() };
    let mut open = Vec::new();
    for _ in 0..20 {
        open.push(ada.chat().stream_messages(follow.clone()).await.expect("a stream"));
    }
    refused(ada.chat().stream_messages(follow.clone()).await, Reason::TooManyStreams);
    eve.chat().stream_messages(follow.clone()).await.expect("another user");
    drop(open.pop());
    for attempt in 0.. {
        assert!(attempt < 500, "the slot is never released");
        if ada.chat().stream_messages(follow.clone()).await.is_ok() {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_address_has_only_so_many_connections() {
    let mut server = ServerConfig::development();
    server.listener.connections_per_address = 3;
    let world = World::with(Options { server, ..Options::default() }).await;
    let (second, third) = (connect(world.address).await, connect(world.address).await);
    let mut socket = tokio::net::TcpStream::connect(world.address).await.expect("accepted by the system");
    let read = tokio::io::AsyncReadExt::read(&mut socket, &mut [0; 64]).await;
    assert!(matches!(read, Ok(0) | Err(_)), "closed at once: {read:?}");
    drop((second, third));
    world.auth().get_jwks(GetJwksRequest {}).await.expect("the first connection still serves");
    world.finish().await;
}
