//! One hashing thread: its memory, and the jobs it does.

use std::sync::Arc;
use std::sync::mpsc::Receiver;

use argon2::Block;
use argon2::password_hash::phc::Output;
use duologue_domain::auth::{Password, PasswordHash, Verification};
use parking_lot::Mutex;
use tokio::sync::oneshot;
use zeroize::Zeroizing;

use super::HasherSettings;
use super::phc::{self, Recipe};

/// Where the threads take their jobs from, one at a time.
pub(super) type Queue = Arc<Mutex<Receiver<Job>>>;

/// What is asked of a thread, and whom to tell. Passwords wipe themselves when the job is dropped.
pub(super) enum Job {
    /// Make a hash.
    Hash { password: Password, salt: [u8; 16], reply: oneshot::Sender<PasswordHash> },
    /// Check a password.
    Verify { password: Password, hash: Option<PasswordHash>, reply: oneshot::Sender<Verification> },
}

/// A hashing thread and the memory it owns.
pub(super) struct Worker {
    settings: HasherSettings,
    recipe: Recipe,
    /// What an unknown account is checked against: the work is the same, and nothing matches.
    dummy: PasswordHash,
    /// Made once and used for every hash: fresh memory for each costs more than half of the speed.
    memory: Box<[Block]>,
}

impl Worker {
    /// A thread's state before its first job.
    pub(super) fn new(settings: HasherSettings, recipe: Recipe, dummy: PasswordHash) -> Self {
        let memory = vec![Block::new(); recipe.params.block_count()].into_boxed_slice();
        Self { settings, recipe, dummy, memory }
    }

    /// Does jobs until nobody can send any more.
    pub(super) fn run(mut self, queue: &Queue) {
        loop {
            // Only one thread waits in `recv`, the others for their turn; the lock is free while a job is done.
            let job = queue.lock().recv();
            match job {
                Ok(job) => self.work(job),
                Err(_) => return,
            }
        }
    }

    fn work(&mut self, job: Job) {
        match job {
            // Who went away before the work began does not keep the others waiting.
            Job::Hash { reply, .. } if reply.is_closed() => {}
            Job::Verify { reply, .. } if reply.is_closed() => {}
            Job::Hash { password, salt, reply } => match self.hash(&password, salt) {
                Ok(hash) => {
                    // Nobody may be left to hear it.
                    let _ = reply.send(hash);
                }
                Err(error) => tracing::error!(%error, "a password could not be hashed"),
            },
            Job::Verify { password, hash, reply } => {
                let _ = reply.send(self.verify(&password, hash.as_ref()));
            }
        }
    }

    pub(super) fn hash(
        &mut self,
        password: &Password,
        salt: [u8; 16],
    ) -> Result<PasswordHash, argon2::password_hash::Error> {
        let recipe = self.recipe.clone();
        let output = self.compute(&recipe, password, &salt)?;
        Ok(PasswordHash::from_phc(recipe.to_phc(&salt, &output)?))
    }

    pub(super) fn verify(&mut self, password: &Password, hash: Option<&PasswordHash>) -> Verification {
        let Some(hash) = hash else { return self.pretend(password) };
        let recorded = match phc::read(hash.as_str(), &self.settings) {
            Ok(recorded) => recorded,
            Err(error) => {
                tracing::error!(%error, "a stored password hash cannot be checked");
                return self.pretend(password);
            }
        };
        let output = match self.compute(&recorded.recipe, password, &recorded.salt) {
            Ok(output) => output,
            Err(error) => {
                tracing::error!(%error, "a stored password hash cannot be made again");
                return Verification::Mismatch;
            }
        };
        // Outputs compare in constant time.
        match Output::new(&output).is_ok_and(|output| output == recorded.output) {
            false => Verification::Mismatch,
            true if recorded.recipe == self.recipe => Verification::Match,
            true => Verification::MatchOutdated,
        }
    }

    /// Does the work of a check, and finds a mismatch.
    fn pretend(&mut self, password: &Password) -> Verification {
        let dummy = self.dummy.clone();
        if let Ok(recorded) = phc::read(dummy.as_str(), &self.settings) {
            let output = self.compute(&recorded.recipe, password, &recorded.salt);
            std::hint::black_box(output.is_ok_and(|output| *output == recorded.output.as_bytes()));
        }
        Verification::Mismatch
    }

    fn compute(
        &mut self,
        recipe: &Recipe,
        password: &Password,
        salt: &[u8],
    ) -> Result<Zeroizing<Vec<u8>>, argon2::Error> {
        let mut output = Zeroizing::new(vec![0; recipe.output_length()]);
        let needed = recipe.params.block_count();
        // An old hash may need more than today's; that memory is not kept.
        let mut larger = vec![Block::new(); if needed > self.memory.len() { needed } else { 0 }];
        let memory = self.memory.get_mut(..needed).unwrap_or(&mut larger);
        recipe.argon2().hash_password_into_with_memory(password.as_bytes(), salt, &mut output, memory)?;
        Ok(output)
    }

    /// Where the memory is, for tests that it stays.
    #[cfg(test)]
    pub(super) fn memory_address(&self) -> *const Block {
        self.memory.as_ptr()
    }
}
