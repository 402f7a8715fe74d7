//! The directory that keys and secrets live in.
//!
//! One PKCS#8 file for each key, named by the key; `keys.json`, which says what each is for; and a file for each
//! secret. `keys.json` is replaced at once, so that whoever reads sees the keys before or after a rotation, never
//! in between.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use duologue_domain::Timestamp;
use duologue_domain::auth::PublicKey;
use parking_lot::Mutex;

use super::key::SigningKey;
use super::manifest::{KeyRecord, Manifest, Phase};
use super::{KeyError, KeySet, RotateError, Secrets, files};

const MANIFEST: &str = "keys.json";

/// How often the keys are read anew while somebody else changes them.
const ATTEMPTS: usize = 5;

/// How long keys are published before and after they sign.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RotationSettings {
    /// How long an access token lives.
    pub access_lifetime: Duration,
    /// How much longer a retired key stays published: for clocks that differ, and for servers that have not yet
    /// read the directory again and still sign with it.
    pub leeway: Duration,
    /// How long a key must have been published before it signs: as long as a verifier may go without asking.
    pub shortest_publication: Duration,
}

impl Default for RotationSettings {
    /// 15 minutes, 5 minutes and 10 minutes.
    fn default() -> Self {
        Self {
            access_lifetime: Duration::from_mins(15),
            leeway: Duration::from_mins(5),
            shortest_publication: Duration::from_mins(10),
        }
    }
}

impl RotationSettings {
    /// How long after a key stopped signing a token of it may be alive.
    fn last_token(&self) -> Duration {
        self.access_lifetime.saturating_add(self.leeway)
    }
}

/// Whether a rotation heeds how long the next key has been published.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rotation {
    /// It does: no verifier ever meets a key that it could not know.
    Safe,
    /// It does not: verifiers may refuse genuine tokens until they have asked for the keys again.
    ///
    /// No help against a key that has leaked: the next one lies beside it. That takes a new directory.
    Forced,
}

/// What reading the directory again found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reload {
    /// The same keys sign and are published.
    Unchanged,
    /// Others.
    Changed,
}

/// Keys and secrets in a directory that only its owner may look into.
///
/// All of it is blocking file access, a few small files at the most.
pub struct KeyDirectory {
    path: PathBuf,
    settings: RotationSettings,
    keys: Arc<KeySet>,
    secrets: Secrets,
    loaded: Mutex<Loaded>,
}

/// What was read last.
struct Loaded {
    bytes: Vec<u8>,
    manifest: Manifest,
    signing: Arc<SigningKey>,
    alive: Vec<Alive>,
}

/// A key that is not dead, and what is known of it.
struct Alive {
    record: KeyRecord,
    public: PublicKey,
}

impl KeyDirectory {
    /// Opens the directory; makes it, the first keys and the secrets where they are missing.
    pub fn open_or_create(path: &Path, settings: RotationSettings, now: Timestamp) -> Result<Self, KeyError> {
        files::create_directory(path)?;
        files::check_directory(path)?;
        // Two servers that start together make one set of keys.
        let lock = files::lock(path)?;
        Secrets::create_missing(path)?;
        if let Err(KeyError::Missing { .. }) = files::read(&path.join(MANIFEST)) {
            let (signing, next) = (create_key(path)?, create_key(path)?);
            write_manifest(path, &Manifest::first(signing, next, now))?;
        }
        drop(lock);
        Self::open_existing(path, settings, now)
    }

    /// Opens a directory that somebody has made on purpose; whatever is missing is an error.
    pub fn open_existing(path: &Path, settings: RotationSettings, now: Timestamp) -> Result<Self, KeyError> {
        files::check_directory(path)?;
        let secrets = Secrets::read(path)?;
        let loaded = Loaded::read(path, now, settings)?;
        let (signing, published) = loaded.in_use(now, settings);
        let keys = Arc::new(KeySet::new(signing, published));
        Ok(Self { path: path.to_owned(), settings, keys, secrets, loaded: Mutex::new(loaded) })
    }

    /// The keys in use; [`KeyDirectory::reload`] and [`KeyDirectory::rotate`] exchange them.
    #[must_use]
    pub fn keys(&self) -> Arc<KeySet> {
        Arc::clone(&self.keys)
    }

    /// The secrets that are no keys.
    #[must_use]
    pub fn secrets(&self) -> &Secrets {
        &self.secrets
    }

    /// Every key that is remembered, and where in its life it is.
    #[must_use]
    pub fn list(&self, now: Timestamp) -> Vec<(KeyRecord, Phase)> {
        let loaded = self.loaded.lock();
        loaded.manifest.keys().map(|key| (key.clone(), key.phase(now, self.settings.last_token()))).collect()
    }

    /// Looks whether the keys were rotated, and stops publishing those that are dead.
    ///
    /// To be called every few seconds, always well within [`RotationSettings::leeway`]; costs one small file when
    /// nothing has changed. If it fails, the keys stay as they were.
    pub fn reload(&self, now: Timestamp) -> Result<Reload, KeyError> {
        let mut loaded = self.loaded.lock();
        if *files::read(&self.path.join(MANIFEST))? != loaded.bytes {
            *loaded = Loaded::read(&self.path, now, self.settings)?;
        }
        Ok(self.publish(&loaded, now))
    }

    /// The published next key begins to sign, a new next key is published, and the old one stays published until
    /// its last token has died.
    ///
    /// Servers that run learn of it by [`KeyDirectory::reload`].
    pub fn rotate(&self, rotation: Rotation, now: Timestamp) -> Result<(), RotateError> {
        let mut loaded = self.loaded.lock();
        let lock = files::lock(&self.path)?;
        // Another process may have rotated since.
        let present = Loaded::read(&self.path, now, self.settings)?;
        let wait = present.manifest.wait(now, self.settings.shortest_publication);
        if rotation == Rotation::Safe && !wait.is_zero() {
            return Err(RotateError::TooSoon { wait });
        }
        let new = create_key(&self.path)?;
        let rotated = present.manifest.clone().rotate(new, now, self.settings.last_token());
        write_manifest(&self.path, &rotated)?;
        *loaded = Loaded::read(&self.path, now, self.settings)?;
        self.publish(&loaded, now);
        // From here on the rotation has happened; a file that stays behind harms nobody.
        for forgotten in
            present.manifest.keys().filter(|key| rotated.keys().all(|kept| kept.key_id != key.key_id))
        {
            if let Err(error) = files::remove(&key_path(&self.path, &forgotten.key_id)) {
                tracing::warn!(%error, "the file of a dead key cannot be deleted");
            }
        }
        drop(lock);
        Ok(())
    }

    fn publish(&self, loaded: &Loaded, now: Timestamp) -> Reload {
        let (signing, published) = loaded.in_use(now, self.settings);
        if self.keys.replace(signing, published) { Reload::Changed } else { Reload::Unchanged }
    }
}

impl Loaded {
    /// Reads `keys.json` and the keys it names.
    fn read(path: &Path, now: Timestamp, settings: RotationSettings) -> Result<Self, KeyError> {
        let (bytes, (manifest, signing, alive)) = read_with(&path.join(MANIFEST), |bytes| {
            let damaged = || KeyError::Damaged { path: path.join(MANIFEST), what: "is no list of keys" };
            let manifest = Manifest::from_bytes(bytes).ok_or_else(damaged)?;
            let (signing, alive) = Self::read_keys(path, &manifest, now, settings)?;
            Ok((manifest, signing, alive))
        })?;
        Ok(Self { bytes, manifest, signing, alive })
    }

    /// The key that signs, and the public half of all that are alive.
    fn read_keys(
        path: &Path,
        manifest: &Manifest,
        now: Timestamp,
        settings: RotationSettings,
    ) -> Result<(Arc<SigningKey>, Vec<Alive>), KeyError> {
        let signing = read_key(path, &manifest.signing.key_id)?;
        let alive = manifest
            .keys()
            .filter(|record| record.phase(now, settings.last_token()) != Phase::Dead)
            .map(|record| {
                let public = read_key(path, &record.key_id)?.public().clone();
                Ok(Alive { record: record.clone(), public })
            })
            .collect::<Result<_, KeyError>>()?;
        Ok((Arc::new(signing), alive))
    }

    /// The key that signs, and those that are published at `now`.
    fn in_use(&self, now: Timestamp, settings: RotationSettings) -> (Arc<SigningKey>, Vec<PublicKey>) {
        let published = self
            .alive
            .iter()
            .filter(|key| key.record.phase(now, settings.last_token()) != Phase::Dead)
            .map(|key| key.public.clone())
            .collect();
        (Arc::clone(&self.signing), published)
    }
}

/// Reads a file and what it leads to; begins anew if that fails because the file has changed meanwhile.
fn read_with<T>(
    path: &Path,
    mut read: impl FnMut(&[u8]) -> Result<T, KeyError>,
) -> Result<(Vec<u8>, T), KeyError> {
    let mut bytes = files::read(path)?;
    let mut attempt = 1;
    loop {
        match read(&bytes) {
            Ok(found) => return Ok((bytes.to_vec(), found)),
            Err(error) => {
                let again = files::read(path)?;
                if again == bytes || attempt == ATTEMPTS {
                    return Err(error);
                }
                bytes = again;
                attempt += 1;
            }
        }
    }
}

/// Makes a key and its file, and tells its name.
fn create_key(directory: &Path) -> Result<String, KeyError> {
    let key = SigningKey::generate()?;
    let key_id = key.public().key_id.clone();
    files::write(directory, &file_name(&key_id), key.to_pem().as_bytes())?;
    Ok(key_id)
}

fn read_key(directory: &Path, key_id: &str) -> Result<SigningKey, KeyError> {
    let path = key_path(directory, key_id);
    let key = SigningKey::from_pem(&files::read(&path)?);
    key.filter(|key| key.public().key_id == key_id)
        .ok_or(KeyError::Damaged { path, what: "does not hold the Ed25519 key that it is named by" })
}

fn write_manifest(directory: &Path, manifest: &Manifest) -> Result<(), KeyError> {
    let bytes = manifest.to_bytes().map_err(|_| KeyError::Damaged {
        path: directory.join(MANIFEST),
        what: "cannot be written as JSON",
    })?;
    files::write(directory, MANIFEST, &bytes)
}

fn key_path(directory: &Path, key_id: &str) -> PathBuf {
    directory.join(file_name(key_id))
}

fn file_name(key_id: &str) -> String {
    format!("{key_id}.pem")
}

impl fmt::Debug for KeyDirectory {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("KeyDirectory").field("path", &self.path).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
