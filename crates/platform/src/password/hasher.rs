//! The hasher: a bounded queue in front of a few threads.

use std::fmt;
use std::sync::Arc;
use std::sync::mpsc::{SyncSender, TrySendError, sync_channel};
use std::thread;

use async_trait::async_trait;
use duologue_domain::auth::{HasherBusy, Password, PasswordHash, PasswordHasher, Verification};
use parking_lot::Mutex;
use tokio::sync::oneshot;

use super::phc::{self, Recipe};
use super::worker::{Job, Queue, Worker};

/// How passwords are hashed, and with how much of the machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HasherSettings {
    /// Memory of one hash, in KiB.
    pub memory_kib: u32,
    /// Passes over the memory.
    pub passes: u32,
    /// Lanes of the memory; all are computed on one thread.
    pub lanes: u32,
    /// How many hashes are made at a time; each thread owns the memory of one hash for good.
    pub threads: usize,
    /// How many passwords may wait for a thread; one more is refused at once.
    pub queue_length: usize,
    /// The most memory, in KiB, that a stored hash of other parameters may ask for.
    pub largest_memory_kib: u32,
    /// The most passes that a stored hash of other parameters may ask for.
    pub most_passes: u32,
}

impl Default for HasherSettings {
    /// Argon2id with 19 MiB, two passes and one lane (OWASP's recommendation), on two threads.
    fn default() -> Self {
        Self {
            memory_kib: 19 * 1024,
            passes: 2,
            lanes: 1,
            threads: 2,
            queue_length: 64,
            largest_memory_kib: 64 * 1024,
            most_passes: 16,
        }
    }
}

/// The hasher cannot start.
#[derive(Debug, thiserror::Error)]
pub enum HasherError {
    /// Argon2 does not work with these parameters, or a stored hash of the same ones would be refused.
    #[error("the parameters of the password hash are out of range")]
    Parameters,
    /// There must be at least one thread and one place in the queue.
    #[error("the password hasher needs at least one thread and one place in its queue")]
    NoWorkers,
    /// The system gave no thread.
    #[error("a thread for password hashing cannot be started")]
    Thread(#[source] std::io::Error),
}

/// Hashes passwords with Argon2id on threads of its own, away from those that serve requests.
///
/// The threads end when it is dropped; it does not wait for them.
pub struct Argon2Hasher {
    jobs: SyncSender<Job>,
}

impl Argon2Hasher {
    /// Starts the threads.
    pub fn start(settings: HasherSettings) -> Result<Self, HasherError> {
        let (hasher, workers) = Self::prepare(settings)?;
        for (number, (worker, queue)) in workers.into_iter().enumerate() {
            thread::Builder::new()
                .name(format!("password-hash-{number}"))
                .spawn(move || worker.run(&queue))
                .map_err(HasherError::Thread)?;
        }
        Ok(hasher)
    }

    /// The hasher, and its workers before they begin.
    fn prepare(settings: HasherSettings) -> Result<(Self, Vec<(Worker, Queue)>), HasherError> {
        if settings.threads == 0 || settings.queue_length == 0 {
            return Err(HasherError::NoWorkers);
        }
        let recipe = Recipe::of_today(&settings).map_err(|_| HasherError::Parameters)?;
        let dummy = recipe
            .to_phc(b"duologue-nobody!", &vec![0; recipe.output_length()])
            .map_err(|_| HasherError::Parameters)?;
        phc::read(&dummy, &settings).map_err(|_| HasherError::Parameters)?;
        let (jobs, queue) = sync_channel(settings.queue_length);
        let queue: Queue = Arc::new(Mutex::new(queue));
        let worker = || Worker::new(settings, recipe.clone(), PasswordHash::from_phc(dummy.clone()));
        let workers = (0..settings.threads).map(|_| (worker(), Arc::clone(&queue))).collect();
        Ok((Self { jobs }, workers))
    }

    /// Puts a job into the queue if there is room, and waits for its answer.
    async fn ask<T>(&self, job: impl FnOnce(oneshot::Sender<T>) -> Job) -> Result<T, HasherBusy> {
        let (reply, answer) = oneshot::channel();
        match self.jobs.try_send(job(reply)) {
            Ok(()) => {}
            Err(TrySendError::Full(_)) => return Err(HasherBusy),
            Err(TrySendError::Disconnected(_)) => {
                tracing::error!("the threads that hash passwords are gone");
                return Err(HasherBusy);
            }
        }
        // A job without an answer has been logged where it failed.
        answer.await.map_err(|_| HasherBusy)
    }
}

#[async_trait]
impl PasswordHasher for Argon2Hasher {
    async fn hash(&self, password: Password, salt: [u8; 16]) -> Result<PasswordHash, HasherBusy> {
        self.ask(|reply| Job::Hash { password, salt, reply }).await
    }

    async fn verify(
        &self,
        password: Password,
        hash: Option<PasswordHash>,
    ) -> Result<Verification, HasherBusy> {
        self.ask(|reply| Job::Verify { password, hash, reply }).await
    }
}

impl fmt::Debug for Argon2Hasher {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Argon2Hasher").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
