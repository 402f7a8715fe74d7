//! Streams: from the wake-up to the delivery, and the replay of 10,000 messages.

use std::time::{Duration, Instant};

use axum::body::Body;
use duologue_contract::chat::StreamMessagesRequest;
use duologue_domain::chat::{AppendMessage, DirectChat, FeedStart, Sequence};
use duologue_domain::time::Clock as _;
use duologue_domain::wakeup::{Topic, WakeUp as _};
use duologue_platform::SystemClock;
use http_body_util::BodyExt as _;
use tonic::Streaming;

use crate::doors::{Grpc, InProcess};
use crate::harness::{Bench, Group, Reader};
use crate::seed::{message, person};
use crate::world::World;

pub(super) const GROUP: Group = Group { name: "chat/stream", is_stored: true, run };

fn run(bench: &mut Bench<'_>) {
    let (backend, runtime) = (bench.backend(), bench.runtime);
    let count: i64 = bench.scale.pick(10_000, 250);
    let world = runtime.block_on(async { World::over(backend) });
    let reader = person(1);
    let (told, live) = runtime.block_on(async {
        let told = world.backend.seed_chat(1, reader, person(2)).await;
        world.backend.seed_messages(told, count).await;
        (told, world.backend.seed_chat(2, reader, person(3)).await)
    });
    let token = world.token(reader);
    let grpc = runtime.block_on(async { Grpc::connect(world.listen().await.grpc, &token).await });
    let in_process = InProcess::new(&world.router, &token);
    let (mut group, Reader { runtime }) = bench.group();

    group.bench_function(format!("replay/use-case/{count}"), |bencher| {
        bencher.to_async(runtime).iter(|| replay_use_case(&world, told, count));
    });
    group.bench_function(format!("replay/grpc/{count}"), |bencher| {
        bencher.to_async(runtime).iter(|| replay_grpc(&grpc, told, count));
    });
    group.bench_function(format!("replay/rest-in-process/{count}"), |bencher| {
        bencher.to_async(runtime).iter(|| replay_rest(&in_process, told, count));
    });

    group.bench_function("wake-up/use-case", |bencher| {
        bencher.iter_custom(|iterations| {
            runtime.block_on(async {
                let start = FeedStart::Now;
                let feed = world.chat.stream_messages(&world.caller(reader), live.chat_id, start).await;
                let mut feed = feed.expect("a feed");
                let mut elapsed = Duration::ZERO;
                for _ in 0..iterations {
                    let (sequence, begin) = wake(&world, live).await;
                    let messages = feed.next().await.expect("a message");
                    elapsed += begin.elapsed();
                    assert_eq!(
                        messages.iter().map(|message| message.sequence).collect::<Vec<_>>(),
                        [sequence]
                    );
                }
                elapsed
            })
        });
    });
    group.bench_function("wake-up/grpc", |bencher| {
        bencher.iter_custom(|iterations| {
            runtime.block_on(async {
                let mut stream = follow(&grpc, live, None).await;
                let mut elapsed = Duration::ZERO;
                for _ in 0..iterations {
                    let (sequence, begin) = wake(&world, live).await;
                    let message = stream.message().await.expect("a stream").expect("a message");
                    elapsed += begin.elapsed();
                    assert_eq!(message.sequence, sequence.0);
                }
                elapsed
            })
        });
    });
    group.bench_function("wake-up/rest-in-process", |bencher| {
        bencher.iter_custom(|iterations| {
            runtime.block_on(async {
                let mut body = in_process.stream(&format!("/v1/chats/{}/stream", live.chat_id)).await;
                let mut elapsed = Duration::ZERO;
                for _ in 0..iterations {
                    let (sequence, begin) = wake(&world, live).await;
                    let line = next_lines(&mut body).await;
                    elapsed += begin.elapsed();
                    let expected = format!(r#""sequence":"{}""#, sequence.0);
                    assert!(line.contains(&expected), "{line} is not {expected}");
                }
                elapsed
            })
        });
    });
}

/// Stores a message, and then tells of it.
async fn wake(world: &World, chat: DirectChat) -> (Sequence, Instant) {
    let message = message(chat.chat_id, chat.members.lower(), None, SystemClock.now());
    let stored = world.stores.chats.append_message(message).await.expect("a storage");
    let AppendMessage::Stored(message) = stored else { panic!("not stored: {stored:?}") };
    let begin = Instant::now();
    world.hub.publish(Topic::Chat(chat.chat_id), message.sequence.0);
    (message.sequence, begin)
}

async fn replay_use_case(world: &World, chat: DirectChat, count: i64) {
    let start = FeedStart::After { sequence: Sequence::ZERO, message_id: None };
    let feed = world.chat.stream_messages(&world.caller(chat.members.lower()), chat.chat_id, start).await;
    let mut feed = feed.expect("a feed");
    let mut last = 0;
    while last < count {
        for message in feed.next().await.expect("messages") {
            last += 1;
            assert_eq!(message.sequence.0, last);
        }
    }
}

async fn follow(
    grpc: &Grpc,
    chat: DirectChat,
    after: Option<i64>,
) -> Streaming<duologue_contract::chat::Message> {
    let message = StreamMessagesRequest {
        chat_id: chat.chat_id.to_string(),
        after_sequence: after,
        ..StreamMessagesRequest::default()
    };
    grpc.chat().stream_messages(grpc.request(message)).await.expect("a stream").into_inner()
}

async fn replay_grpc(grpc: &Grpc, chat: DirectChat, count: i64) {
    let mut stream = follow(grpc, chat, Some(0)).await;
    for sequence in 1..=count {
        let message = stream.message().await.expect("a stream").expect("a message");
        assert_eq!(message.sequence, sequence);
    }
}

async fn replay_rest(in_process: &InProcess, chat: DirectChat, count: i64) {
    let mut body = in_process.stream(&format!("/v1/chats/{}/stream?afterSequence=0", chat.chat_id)).await;
    let mut lines = 0;
    let mut last = String::new();
    while lines < count {
        last = next_lines(&mut body).await;
        lines += i64::try_from(last.lines().count()).unwrap_or(0);
    }
    assert!(last.contains(&format!(r#""sequence":"{count}""#)), "{last}");
}

/// What comes next that is not silence.
async fn next_lines(body: &mut Body) -> String {
    loop {
        let frame = body.frame().await.expect("a stream that goes on").expect("a frame");
        let data = frame.into_data().expect("data");
        if !data.trim_ascii().is_empty() {
            return String::from_utf8(data.to_vec()).expect("text");
        }
    }
}
