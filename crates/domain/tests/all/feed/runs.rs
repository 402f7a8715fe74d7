//! Many seeds: the feed never fails, and each shortcut is caught.

use std::thread;

use super::history::judge;
use super::shortcut::Variant;
use super::simulation::run;

/// Seeds of an ordinary test run.
const SEEDS: u64 = 10_000;

/// Seeds to run: as many as the environment says, for a long run.
fn seeds() -> u64 {
    let wanted = std::env::var("DUOLOGUE_SIMULATION_SEEDS").ok();
    wanted.map_or(SEEDS, |wanted| wanted.parse().expect("DUOLOGUE_SIMULATION_SEEDS must be a number"))
}

#[test]
fn every_reader_receives_exactly_what_comes_after_its_start() {
    let seeds = seeds();
    let workers = u64::try_from(thread::available_parallelism().map_or(2, usize::from)).unwrap();
    let delivered: usize = thread::scope(|scope| {
        let worker = |worker: u64| {
            scope.spawn(move || {
                (worker..seeds).step_by(usize::try_from(workers).unwrap()).map(sound).sum::<usize>()
            })
        };
        let workers: Vec<_> = (0..workers).map(worker).collect();
        workers.into_iter().map(|worker| worker.join().unwrap()).sum()
    });
    assert!(delivered > 0, "no seed delivered anything");
    println!("{seeds} seeds, {delivered} deliveries");
}

/// Runs the real feed under a seed, and tells how much it delivered.
fn sound(seed: u64) -> usize {
    let history = run(Variant::Sound, seed);
    if let Err(violation) = judge(&history) {
        panic!("seed {seed}: {violation:?} in {history:?}");
    }
    let sessions = history.readers.iter().flat_map(|reader| &reader.sessions);
    sessions.map(|session| session.delivered.len()).sum()
}

#[test]
fn one_seed_is_one_history() {
    for seed in 0..50 {
        assert_eq!(run(Variant::Sound, seed), run(Variant::Sound, seed), "seed {seed}");
    }
}

#[test]
fn every_shortcut_is_caught() {
    for shortcut in Variant::SHORTCUTS {
        let caught = (0..SEEDS).find_map(|seed| Some((seed, judge(&run(shortcut, seed)).err()?)));
        let (seed, violation) = caught.unwrap_or_else(|| panic!("{shortcut:?} goes unnoticed"));
        println!("{shortcut:?}: caught after {} seeds: {violation:?}", seed + 1);
    }
}

#[test]
fn without_a_shortcut_the_same_feed_is_never_caught() {
    for seed in 0..SEEDS / 10 {
        assert_eq!(judge(&run(Variant::NoShortcut, seed)), Ok(()), "seed {seed}");
    }
}
