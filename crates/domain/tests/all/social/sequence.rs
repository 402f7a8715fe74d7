//! Any sequence of calls by three people, each predicted by the model.

use std::time::Duration;

use duologue_domain::event::Subject;
use duologue_domain::id::RequestId;
use duologue_domain::social::{Direction, FriendRequest, Pair, Status};
use futures::executor::block_on;
use proptest::prelude::*;

use super::model::{Call, Model, Outcome};
use super::{PEOPLE, World, person};

/// A call, and whether the clock moves, stands still or goes back before it.
#[derive(Debug, Clone, Copy)]
struct Step {
    call: Call,
    clock: i8,
}

fn any_step() -> impl Strategy<Value = Step> {
    let (who, whom, request) = (0..PEOPLE, 0..=PEOPLE, 0..8_usize);
    let call = prop_oneof![
        3 => (who.clone(), whom.clone()).prop_map(|(from, to)| Call::Send { from, to }),
        3 => (who.clone(), request.clone()).prop_map(|(by, request)| Call::Accept { by, request }),
        2 => (who.clone(), request.clone()).prop_map(|(by, request)| Call::Decline { by, request }),
        2 => (who.clone(), request).prop_map(|(by, request)| Call::Cancel { by, request }),
        2 => (who, whom).prop_map(|(by, friend)| Call::Remove { by, friend }),
    ];
    (call, -1..=1_i8).prop_map(|(call, clock)| Step { call, clock })
}

/// What the model has no notion of, remembered from the answers: ids and times.
#[derive(Default)]
struct Answers {
    requests: Vec<FriendRequest>,
}

impl Answers {
    fn ids(&self) -> Vec<RequestId> {
        self.requests.iter().map(|request| request.request_id).collect()
    }
}

async fn predict_lists(world: &World, model: &Model, answers: &Answers) {
    for me in 0..PEOPLE {
        for direction in [Direction::Incoming, Direction::Outgoing] {
            let mine = |request: &FriendRequest| match direction {
                Direction::Incoming => request.to == person(me),
                Direction::Outgoing => request.from == person(me),
            };
            let pending =
                |(number, _): &(usize, &FriendRequest)| model.requests[*number].status == Status::Pending;
            let all = answers.requests.iter().enumerate().filter(pending).map(|(_, request)| *request);
            let mut expected: Vec<_> = all.filter(mine).collect();
            expected.sort_by_key(|request| std::cmp::Reverse((request.create_time, request.request_id)));
            assert_eq!(world.requests(me, direction).await, expected, "{direction:?} requests of {me}");
        }
        let since = |friend: usize| {
            let between = |request: &&FriendRequest| {
                Pair::of(request.from, request.to) == Pair::of(person(me), person(friend))
            };
            let mut accepted = answers.requests.iter().filter(|request| request.status == Status::Accepted);
            accepted.rfind(between).unwrap().update_time
        };
        let mut expected: Vec<usize> =
            model.friends.iter().filter(|(left, ..)| *left == me).map(|(_, right, _)| *right).collect();
        expected.sort_by_key(|friend| std::cmp::Reverse((since(*friend), person(*friend))));
        assert_eq!(world.friends(me).await, expected, "friends of {me}");
        for friend in expected {
            assert!(
                world.friends(friend).await.contains(&me),
                "{friend} does not know of being friends with {me}"
            );
        }
    }
}

/// Between two people there is at most one pending request or one friendship.
fn one_tie_per_pair(world: &World) {
    world.store.0.behind(|state| {
        for (one, other) in [(0, 1), (0, 2), (1, 2)] {
            let pair = Pair::of(person(one), person(other)).unwrap();
            let ties = state.pending_between(pair).len() + usize::from(state.friendships.contains_key(&pair));
            assert!(ties <= 1, "{ties} ties between {one} and {other}");
        }
    });
}

async fn run(steps: &[Step]) {
    let world = World::new(1);
    let (mut model, mut answers) = (Model::default(), Answers::default());
    let mut expected_events = Vec::new();
    for step in steps {
        match step.clock {
            0 => {}
            1 => world.clock.advance(Duration::from_micros(1)),
            _ => world.clock.go_back(Duration::from_micros(1)),
        }
        let before = model.clone();
        let expected = model.call(step.call);
        let (outcome, request) = world.call(step.call, &answers.ids()).await;
        assert_eq!(outcome, expected, "{step:?}");
        match (outcome, step.call, request) {
            (Outcome::Sent, _, Some(request)) => {
                expected_events.push((
                    request.to,
                    request.from,
                    Subject::FriendRequestReceived(request.request_id),
                ));
                answers.requests.push(request);
            }
            (
                Outcome::Answered(status),
                Call::Accept { request: named, .. }
                | Call::Decline { request: named, .. }
                | Call::Cancel { request: named, .. },
                Some(request),
            ) => {
                let known = &mut answers.requests[named];
                if before.requests[named].status == status {
                    assert_eq!(request, *known, "a repeated answer changed the request");
                } else {
                    assert_eq!(request, FriendRequest { status, update_time: request.update_time, ..*known });
                    assert!(request.update_time >= request.create_time);
                    if status == Status::Accepted {
                        let accepted = Subject::FriendRequestAccepted(request.request_id);
                        expected_events.push((request.from, request.to, accepted));
                    }
                    *known = request;
                }
            }
            _ => {}
        }
        predict_lists(&world, &model, &answers).await;
        one_tie_per_pair(&world);
    }
    let told = world.store.0.behind(|state| {
        let told = state.events.iter().map(|event| (event.recipient_id, event.actor_id, event.subject));
        told.collect::<Vec<_>>()
    });
    assert_eq!(told, expected_events, "every change is told once, and nothing else");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_outcome_and_every_list_is_as_predicted(steps in prop::collection::vec(any_step(), 1..40)) {
        block_on(run(&steps));
    }
}

#[test]
fn a_repeated_accept_revives_nothing() {
    block_on(async {
        let world = World::new(2);
        let (_, request) = world.call(Call::Send { from: 0, to: 1 }, &[]).await;
        let ids = [request.unwrap().request_id];
        let accept = Call::Accept { by: 1, request: 0 };
        let (first, accepted) = world.call(accept, &ids).await;
        assert_eq!(first, Outcome::Answered(Status::Accepted));
        assert_eq!(world.call(Call::Remove { by: 0, friend: 1 }, &ids).await.0, Outcome::Removed);
        world.clock.advance(Duration::from_mins(1));
        assert_eq!(world.call(accept, &ids).await, (Outcome::Answered(Status::Accepted), accepted));
        assert_eq!((world.friends(0).await, world.friends(1).await), (vec![], vec![]));
        assert_eq!(world.store.0.behind(|state| state.events.len()), 2);
    });
}
