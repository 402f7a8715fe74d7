//! What the hasher promises.

use std::time::{Duration, Instant};

use argon2::{Algorithm, Argon2, Params, PasswordHasher as _, PasswordVerifier as _, Version};

use super::*;

/// Parameters so small that a hash takes less than a millisecond.
const QUICK: HasherSettings = HasherSettings {
    memory_kib: 64,
    passes: 1,
    lanes: 1,
    threads: 1,
    queue_length: 4,
    largest_memory_kib: 1024,
    most_passes: 4,
};

fn password(text: &str) -> Password {
    text.parse().unwrap()
}

fn worker(settings: HasherSettings) -> Worker {
    let recipe = Recipe::of_today(&settings).unwrap();
    let dummy = PasswordHash::from_phc(recipe.to_phc(&[0; 16], &[0; 32]).unwrap());
    Worker::new(settings, recipe, dummy)
}

/// The hash that the library's own API makes, with parameters of its own.
fn foreign(text: &str, memory_kib: u32, passes: u32, lanes: u32, length: usize) -> PasswordHash {
    let params = Params::new(memory_kib, passes, lanes, Some(length)).unwrap();
    let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
    PasswordHash::from_phc(argon2.hash_password_with_salt(text.as_bytes(), &[3; 16]).unwrap().to_string())
}

#[tokio::test]
async fn a_hash_is_what_the_library_itself_makes_with_todays_parameters() {
    let hasher = Argon2Hasher::start(HasherSettings::default()).unwrap();
    let hash = hasher.hash(password("correct horse"), [3; 16]).await.unwrap();
    assert_eq!(hash, foreign("correct horse", 19 * 1024, 2, 1, 32));
    assert!(hash.as_str().starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{}", hash.as_str());
    let parsed = argon2::PasswordHash::new(hash.as_str()).unwrap();
    assert_eq!(Argon2::default().verify_password(b"correct horse", &parsed), Ok(()));
}

#[tokio::test]
async fn a_password_is_told_from_every_other() {
    let hasher = Argon2Hasher::start(QUICK).unwrap();
    let hash = hasher.hash(password("correct horse"), [1; 16]).await.unwrap();
    for (text, expected) in [
        ("correct horse", Verification::Match),
        ("correct horse ", Verification::Mismatch),
        ("Correct horse", Verification::Mismatch),
        ("correct hors", Verification::Mismatch),
    ] {
        assert_eq!(hasher.verify(password(text), Some(hash.clone())).await, Ok(expected), "{text:?}");
    }
}

#[tokio::test]
async fn every_byte_of_the_longest_password_counts() {
    let hasher = Argon2Hasher::start(QUICK).unwrap();
    let (long, other) = ("🔑".repeat(128), format!("{}🔒", "🔑".repeat(127)));
    let hash = hasher.hash(password(&long), [1; 16]).await.unwrap();
    assert_eq!(hasher.verify(password(&long), Some(hash.clone())).await, Ok(Verification::Match));
    assert_eq!(hasher.verify(password(&other), Some(hash)).await, Ok(Verification::Mismatch));
}

#[tokio::test]
async fn a_hash_of_other_parameters_matches_and_is_outdated() {
    let hasher = Argon2Hasher::start(QUICK).unwrap();
    for (memory_kib, passes, lanes, length) in
        [(32, 1, 1, 32), (64, 2, 1, 32), (64, 1, 2, 32), (1024, 1, 1, 32), (64, 1, 1, 16), (64, 1, 1, 64)]
    {
        let hash = foreign("correct horse", memory_kib, passes, lanes, length);
        let found = hasher.verify(password("correct horse"), Some(hash.clone())).await;
        assert_eq!(found, Ok(Verification::MatchOutdated), "{}", hash.as_str());
        let found = hasher.verify(password("wrong horse"), Some(hash.clone())).await;
        assert_eq!(found, Ok(Verification::Mismatch), "{}", hash.as_str());
    }
    let same = foreign("correct horse", 64, 1, 1, 32);
    assert_eq!(hasher.verify(password("correct horse"), Some(same)).await, Ok(Verification::Match));
}

#[tokio::test]
async fn a_damaged_or_absurd_hash_matches_nothing() {
    let hasher = Argon2Hasher::start(QUICK).unwrap();
    let absurd = foreign("correct horse", 1025, 1, 1, 32);
    for hash in
        [absurd, PasswordHash::from_phc(String::new()), PasswordHash::from_phc("correct horse".to_owned())]
    {
        assert_eq!(hasher.verify(password("correct horse"), Some(hash)).await, Ok(Verification::Mismatch));
    }
}

#[tokio::test]
async fn an_unknown_account_is_a_mismatch_after_the_same_work() {
    let hasher = Argon2Hasher::start(HasherSettings { threads: 1, ..HasherSettings::default() }).unwrap();
    let hash = hasher.hash(password("correct horse"), [1; 16]).await.unwrap();
    let mut fastest = [Duration::MAX; 2];
    for _ in 0..5 {
        for (known, fastest) in [Some(hash.clone()), None].into_iter().zip(&mut fastest) {
            let start = Instant::now();
            assert_eq!(hasher.verify(password("wrong horse"), known).await, Ok(Verification::Mismatch));
            *fastest = start.elapsed().min(*fastest);
        }
    }
    // Without the work it would be a thousand times quicker: a wide margin proves it on a busy machine.
    let [known, unknown] = fastest;
    assert!(unknown * 3 > known, "{unknown:?} without a hash, {known:?} with one");
}

#[test]
fn a_thread_hashes_in_the_same_memory_for_ever() {
    let mut worker = worker(QUICK);
    let address = worker.memory_address();
    for round in 0..20 {
        worker.hash(&password("correct horse"), [round; 16]).unwrap();
        worker.verify(&password("correct horse"), None);
        // Larger and smaller ones come and go.
        worker.verify(&password("correct horse"), Some(&foreign("correct horse", 1024, 1, 1, 32)));
        worker.verify(&password("correct horse"), Some(&foreign("correct horse", 8, 1, 1, 32)));
        assert_eq!(worker.memory_address(), address);
    }
}

#[test]
fn reused_memory_leaves_no_trace_in_the_next_hash() {
    let mut worker = worker(QUICK);
    let first = worker.hash(&password("correct horse"), [3; 16]).unwrap();
    worker.hash(&password("another horse"), [4; 16]).unwrap();
    worker.verify(&password("third horse"), Some(&foreign("correct horse", 1024, 2, 1, 32)));
    assert_eq!(worker.hash(&password("correct horse"), [3; 16]).unwrap(), first);
    assert_eq!(first, foreign("correct horse", 64, 1, 1, 32));
}

#[tokio::test]
async fn a_full_queue_refuses_at_once_and_serves_again_when_it_has_room() {
    let (hasher, workers) = Argon2Hasher::prepare(QUICK).unwrap();
    let hasher = Arc::new(hasher);
    let waiting: Vec<_> = (0..QUICK.queue_length)
        .map(|_| {
            let hasher = Arc::clone(&hasher);
            tokio::spawn(async move { hasher.verify(password("correct horse"), None).await })
        })
        .collect();
    tokio::task::yield_now().await;
    assert_eq!(hasher.verify(password("correct horse"), None).await, Err(HasherBusy));
    assert_eq!(hasher.hash(password("correct horse"), [0; 16]).await, Err(HasherBusy));
    let threads: Vec<_> =
        workers.into_iter().map(|(worker, queue)| thread::spawn(move || worker.run(&queue))).collect();
    for waiting in waiting {
        assert_eq!(waiting.await.unwrap(), Ok(Verification::Mismatch));
    }
    assert_eq!(hasher.verify(password("correct horse"), None).await, Ok(Verification::Mismatch));
    drop(hasher);
    for thread in threads {
        thread.join().unwrap();
    }
}

#[tokio::test]
async fn who_went_away_before_the_work_began_costs_none() {
    // Each of these hashes would take seconds.
    let slow = HasherSettings {
        memory_kib: 64 * 1024,
        passes: 16,
        threads: 1,
        queue_length: 64,
        ..HasherSettings::default()
    };
    let (hasher, workers) = Argon2Hasher::prepare(slow).unwrap();
    for _ in 0..30 {
        let mut hash = hasher.hash(password("correct horse"), [0; 16]);
        assert!(tokio::time::timeout(Duration::ZERO, &mut hash).await.is_err());
        let mut verify = hasher.verify(password("correct horse"), None);
        assert!(tokio::time::timeout(Duration::ZERO, &mut verify).await.is_err());
    }
    drop(hasher);
    let start = Instant::now();
    for (worker, queue) in workers {
        worker.run(&queue);
    }
    assert!(start.elapsed() < Duration::from_secs(2), "{:?}", start.elapsed());
}

#[tokio::test]
async fn the_threads_end_with_the_hasher() {
    let (hasher, workers) = Argon2Hasher::prepare(HasherSettings { threads: 3, ..QUICK }).unwrap();
    let threads: Vec<_> =
        workers.into_iter().map(|(worker, queue)| thread::spawn(move || worker.run(&queue))).collect();
    hasher.hash(password("correct horse"), [0; 16]).await.unwrap();
    assert!(!threads.iter().any(thread::JoinHandle::is_finished));
    drop(hasher);
    // Hangs if one does not.
    for thread in threads {
        thread.join().unwrap();
    }
}

#[test]
fn settings_that_cannot_work_are_refused() {
    let refused = |settings| Argon2Hasher::start(settings).err().map(|error| error.to_string());
    let parameters = Some(HasherError::Parameters.to_string());
    let workers = Some(HasherError::NoWorkers.to_string());
    assert_eq!(refused(HasherSettings { memory_kib: 7, ..QUICK }), parameters);
    assert_eq!(refused(HasherSettings { passes: 0, ..QUICK }), parameters);
    assert_eq!(refused(HasherSettings { lanes: 0, ..QUICK }), parameters);
    assert_eq!(refused(HasherSettings { memory_kib: 2048, ..QUICK }), parameters);
    assert_eq!(refused(HasherSettings { passes: 5, ..QUICK }), parameters);
    assert_eq!(refused(HasherSettings { threads: 0, ..QUICK }), workers);
    assert_eq!(refused(HasherSettings { queue_length: 0, ..QUICK }), workers);
    assert_eq!(refused(QUICK), None);
}
