//! Files that only their owner may read, written so that a crash leaves the old or the new one.

use std::fs::{self, DirBuilder, File, Metadata, OpenOptions};
use std::io::{self, ErrorKind, Read, Write};
use std::path::Path;

use zeroize::Zeroizing;

use super::KeyError;

/// No file here is larger; a larger one is something else.
const LARGEST: u64 = 1024 * 1024;

/// Makes the directory, for its owner only, unless it is there.
pub(super) fn create_directory(path: &Path) -> Result<(), KeyError> {
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path).map_err(|source| failed(path, source))
}

/// Refuses a directory that is not there, or that others than its owner may look into.
pub(super) fn check_directory(path: &Path) -> Result<(), KeyError> {
    let metadata = fs::metadata(path).map_err(|source| failed(path, source))?;
    if !metadata.is_dir() {
        return Err(KeyError::Damaged { path: path.to_owned(), what: "is no directory" });
    }
    refuse_open(path, &metadata)
}

/// Reads a file that only its owner may read.
pub(super) fn read(path: &Path) -> Result<Zeroizing<Vec<u8>>, KeyError> {
    let file = File::open(path).map_err(|source| failed(path, source))?;
    // Of the file that was opened, not of what may be in its place by now.
    let metadata = file.metadata().map_err(|source| failed(path, source))?;
    refuse_open(path, &metadata)?;
    if !metadata.is_file() || metadata.len() > LARGEST {
        return Err(KeyError::Damaged { path: path.to_owned(), what: "is no file of keys" });
    }
    let mut bytes = Zeroizing::new(Vec::with_capacity(usize::try_from(metadata.len()).unwrap_or(0) + 1));
    file.take(LARGEST).read_to_end(&mut bytes).map_err(|source| failed(path, source))?;
    Ok(bytes)
}

/// Writes a file whole or not at all, and returns when it is durable.
///
/// Only one process may write in a directory at a time: see [`lock`].
pub(super) fn write(directory: &Path, name: &str, bytes: &[u8]) -> Result<(), KeyError> {
    let path = directory.join(name);
    let temporary = directory.join(format!(".{name}.new"));
    let written = remove_if_there(&temporary).and_then(|()| {
        let mut file = private().create_new(true).open(&temporary)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        fs::rename(&temporary, &path)?;
        sync_directory(directory)
    });
    written.map_err(|source| failed(&path, source))
}

/// Deletes a file; one that is not there is deleted already.
pub(super) fn remove(path: &Path) -> Result<(), KeyError> {
    remove_if_there(path).map_err(|source| failed(path, source))
}

/// Waits until no other process changes the directory, and keeps others out until it is dropped.
pub(super) fn lock(directory: &Path) -> Result<File, KeyError> {
    let path = directory.join(".lock");
    let locked =
        private().create(true).truncate(false).open(&path).and_then(|file| file.lock().map(|()| file));
    locked.map_err(|source| failed(&path, source))
}

fn remove_if_there(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        other => other,
    }
}

/// Options of a new file for its owner only.
fn private() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.write(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}

#[cfg(unix)]
fn refuse_open(path: &Path, metadata: &Metadata) -> Result<(), KeyError> {
    let mode = std::os::unix::fs::PermissionsExt::mode(&metadata.permissions()) & 0o7777;
    match mode & 0o077 {
        0 => Ok(()),
        _ => Err(KeyError::TooOpen { path: path.to_owned(), mode }),
    }
}

/// Elsewhere access is not told by a mode: who sets the machine up has to see to it.
#[cfg(not(unix))]
#[expect(clippy::unnecessary_wraps, reason = "the same signature as where it can fail")]
fn refuse_open(_path: &Path, _metadata: &Metadata) -> Result<(), KeyError> {
    Ok(())
}

/// Makes the names in the directory durable.
#[cfg(unix)]
fn sync_directory(directory: &Path) -> io::Result<()> {
    File::open(directory)?.sync_all()
}

#[cfg(not(unix))]
#[expect(clippy::unnecessary_wraps, reason = "the same signature as where it can fail")]
fn sync_directory(_directory: &Path) -> io::Result<()> {
    Ok(())
}

fn failed(path: &Path, source: io::Error) -> KeyError {
    let path = path.to_owned();
    match source.kind() {
        ErrorKind::NotFound => KeyError::Missing { path },
        _ => KeyError::Io { path, source },
    }
}

#[cfg(all(test, unix))]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn what_is_written_is_private_whole_and_alone() {
        let directory = tempfile::tempdir().unwrap();
        fs::write(directory.path().join(".name.new"), "left by a crash").unwrap();
        write(directory.path(), "name", b"first").unwrap();
        write(directory.path(), "name", b"second").unwrap();
        let path = directory.path().join("name");
        assert_eq!(read(&path).unwrap().as_slice(), b"second");
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o7777, 0o600);
        assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_file_is_refused_as_soon_as_anybody_else_may_read_or_write_it() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("name");
        write(directory.path(), "name", b"secret").unwrap();
        for (mode, allowed) in [
            (0o600, true),
            (0o400, true),
            (0o640, false),
            (0o604, false),
            (0o620, false),
            (0o644, false),
            (0o777, false),
        ] {
            fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
            match read(&path) {
                Ok(bytes) => assert!(allowed && bytes.as_slice() == b"secret", "{mode:o}"),
                Err(KeyError::TooOpen { mode: found, .. }) => assert!(!allowed && found == mode, "{mode:o}"),
                Err(error) => panic!("{mode:o}: {error}"),
            }
        }
    }

    #[test]
    fn a_new_directory_is_private_and_an_open_one_is_refused() {
        let parent = tempfile::tempdir().unwrap();
        let path = parent.path().join("a/b");
        assert!(matches!(check_directory(&path), Err(KeyError::Missing { .. })));
        create_directory(&path).unwrap();
        check_directory(&path).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o750)).unwrap();
        create_directory(&path).unwrap();
        assert!(matches!(check_directory(&path), Err(KeyError::TooOpen { mode: 0o750, .. })));
    }
}
