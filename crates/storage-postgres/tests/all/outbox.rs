//! Events that wait for delivery.

use std::collections::HashSet;

use crate::harness::{CONTENDERS, chat, fixture, id, micros, race, say};

#[tokio::test(flavor = "multi_thread")]
async fn an_event_is_claimed_by_one_at_a_time_oldest_first() {
    let fixture = fixture().await;
    let chat = chat(&fixture.storage).await;
    for number in 0..40 {
        say(&fixture.storage, chat, "news", 100 + number).await;
    }
    let outbox = fixture.storage.outboxes().remove(1);
    let first = outbox.claim_events(3, micros(5), micros(6)).await.unwrap();
    let times: Vec<_> = first.iter().map(|claimed| claimed.event.occur_time.unix_micros()).collect();
    assert_eq!(times, [100, 101, 102]);
    let results = race(CONTENDERS, |_| {
        let outbox = outbox.clone();
        async move {
            let mut claimed = Vec::new();
            loop {
                let events = outbox.claim_events(2, micros(5), micros(10)).await.unwrap();
                if events.is_empty() {
                    return claimed;
                }
                claimed.extend(events.into_iter().map(|claimed| claimed.event.event_id));
            }
        }
    })
    .await;
    let claimed: Vec<_> = results.into_iter().flatten().collect();
    assert_eq!(claimed.len(), 37);
    assert_eq!(claimed.iter().collect::<HashSet<_>>().len(), 37);
}

#[tokio::test]
async fn an_event_that_is_not_acknowledged_comes_again_after_its_lease() {
    let fixture = fixture().await;
    let chat = chat(&fixture.storage).await;
    say(&fixture.storage, chat, "one", 100).await;
    say(&fixture.storage, chat, "two", 200).await;
    let outbox = fixture.storage.outboxes().remove(1);
    let claim = |now, lease_end| {
        let outbox = outbox.clone();
        async move { outbox.claim_events(10, micros(now), micros(lease_end)).await.unwrap() }
    };
    let events = claim(1, 5).await;
    assert_eq!(events.len(), 2);
    assert_eq!(claim(4, 9).await, []);
    assert_eq!(claim(5, 9).await, events);
    outbox.acknowledge_events(&[events[0].event.event_id, id()]).await.unwrap();
    outbox.acknowledge_events(&[events[0].event.event_id]).await.unwrap();
    outbox.acknowledge_events(&[]).await.unwrap();
    assert_eq!(claim(9, 10).await, events[1..]);
    assert_eq!(fixture.storage.outboxes()[0].claim_events(10, micros(0), micros(1)).await.unwrap(), []);
    assert_eq!(claim(10, 11).await.len(), 1);
}
