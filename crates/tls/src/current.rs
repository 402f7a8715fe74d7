//! What is made of the files, and made again when they change.

use std::convert::Infallible;
use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use aws_lc_rs::digest::Digest;
use parking_lot::{Mutex, RwLock};

use crate::error::InvalidTls;
use crate::files::{Contents, Files};

/// What became of a second look at the files.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reload {
    /// The files hold what is in use already.
    Unchanged,
    /// New handshakes use what the files hold now.
    Changed,
}

type Make<C> = Box<dyn Fn(&Contents) -> Result<C, InvalidTls> + Send + Sync>;

/// A configuration made of files.
pub(crate) struct Current<C> {
    files: Files,
    make: Make<C>,
    in_use: RwLock<Arc<C>>,
    /// Of the contents that `in_use` was made of. Held through a reload: there is one at a time.
    digest: Mutex<Digest>,
}

impl<C: Send + Sync + 'static> Current<C> {
    pub(crate) fn open(
        files: Files,
        make: impl Fn(&Contents) -> Result<C, InvalidTls> + Send + Sync + 'static,
    ) -> Result<Self, InvalidTls> {
        let contents = files.read()?;
        let in_use = RwLock::new(Arc::new(make(&contents)?));
        Ok(Self { files, make: Box::new(make), in_use, digest: Mutex::new(contents.digest()) })
    }

    pub(crate) fn get(&self) -> Arc<C> {
        self.in_use.read().clone()
    }

    /// Looks at the files again. They are a few kilobytes, so their content decides and not their time: a clock that
    /// ticks too slowly, or a link that is moved to an older file, hides nothing.
    pub(crate) fn reload(&self) -> Result<Reload, InvalidTls> {
        let mut digest = self.digest.lock();
        let contents = self.files.read()?;
        let found = contents.digest();
        if found.as_ref() == digest.as_ref() {
            return Ok(Reload::Unchanged);
        }
        let made = Arc::new((self.make)(&contents)?);
        *self.in_use.write() = made;
        *digest = found;
        Ok(Reload::Changed)
    }

    /// Looks at the files `every` so often, for ever. The same complaint is logged once.
    pub(crate) async fn watch(self: Arc<Self>, end: &'static str, every: Duration) -> Infallible {
        let mut complaint = None;
        loop {
            tokio::time::sleep(every).await;
            let current = self.clone();
            match tokio::task::spawn_blocking(move || current.reload()).await {
                Ok(Ok(Reload::Unchanged)) => complaint = None,
                Ok(Ok(Reload::Changed)) => {
                    complaint = None;
                    tracing::info!(end, "new TLS files are in use");
                }
                Ok(Err(error)) => {
                    let text = error.to_string();
                    if complaint.as_ref() != Some(&text) {
                        let error = &error as &dyn Error;
                        tracing::error!(end, error, "new TLS files are broken: the old ones stay in use");
                    }
                    complaint = Some(text);
                }
                Err(error) => tracing::error!(end, %error, "the TLS files could not be looked at"),
            }
        }
    }
}
