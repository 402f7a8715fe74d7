//! What the directory promises.

use std::fs;

use super::*;

const SETTINGS: RotationSettings = RotationSettings {
    access_lifetime: Duration::from_mins(15),
    leeway: Duration::from_mins(5),
    shortest_publication: Duration::from_mins(10),
};

fn minute(minute: i64) -> Timestamp {
    Timestamp::from_unix_millis(minute * 60_000)
}

fn published(directory: &KeyDirectory) -> Vec<String> {
    directory.keys().published().iter().map(|key| key.key_id.clone()).collect()
}

fn signing(directory: &KeyDirectory) -> String {
    directory.keys().signing().public().key_id.clone()
}

fn key_files(path: &Path) -> Vec<String> {
    let names = fs::read_dir(path).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<_> = names.filter_map(|name| name.strip_suffix(".pem").map(str::to_owned)).collect();
    names.sort();
    names
}

fn sorted(mut names: Vec<String>) -> Vec<String> {
    names.sort();
    names
}

#[test]
fn a_new_directory_has_a_key_that_signs_and_the_next_one_and_keeps_both() {
    let parent = tempfile::tempdir().unwrap();
    let path = parent.path().join("keys");
    let first = KeyDirectory::open_or_create(&path, SETTINGS, minute(0)).unwrap();
    assert_eq!(published(&first).len(), 2);
    assert_eq!(published(&first)[0], signing(&first));
    assert_eq!(key_files(&path), sorted(published(&first)));
    for open in [KeyDirectory::open_or_create, KeyDirectory::open_existing] {
        let again = open(&path, SETTINGS, minute(1)).unwrap();
        assert_eq!((published(&again), signing(&again)), (published(&first), signing(&first)));
        assert_eq!(again.secrets().refresh_tokens(), first.secrets().refresh_tokens());
        assert_eq!(again.secrets().shared().cursors(), first.secrets().shared().cursors());
    }
}

#[test]
fn servers_that_start_together_agree_on_the_keys() {
    let parent = tempfile::tempdir().unwrap();
    let path = parent.path().join("keys");
    let open = || {
        KeyDirectory::open_or_create(&path, SETTINGS, minute(0))
            .map(|directory| published(&directory))
            .unwrap()
    };
    let found: Vec<_> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..8).map(|_| scope.spawn(open)).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    assert!(found.iter().all(|published| *published == found[0]), "{found:?}");
}

#[test]
fn whatever_is_missing_is_an_error_and_is_not_made() {
    let parent = tempfile::tempdir().unwrap();
    let path = parent.path().join("keys");
    let missing = |found: Result<KeyDirectory, KeyError>| match found {
        Err(KeyError::Missing { path }) => path,
        other => panic!("{other:?}"),
    };
    assert_eq!(missing(KeyDirectory::open_existing(&path, SETTINGS, minute(0))), path);
    assert!(!path.exists());
    drop(KeyDirectory::open_or_create(&path, SETTINGS, minute(0)).unwrap());
    for entry in fs::read_dir(&path).unwrap() {
        let file = entry.unwrap().path();
        if file.ends_with(".lock") {
            continue;
        }
        let bytes = files::read(&file).unwrap();
        fs::remove_file(&file).unwrap();
        assert_eq!(missing(KeyDirectory::open_existing(&path, SETTINGS, minute(0))), file);
        assert!(!file.exists());
        files::write(&path, file.file_name().unwrap().to_str().unwrap(), &bytes).unwrap();
    }
    KeyDirectory::open_existing(&path, SETTINGS, minute(0)).unwrap();
}

#[test]
fn a_damaged_or_exchanged_file_is_refused() {
    let parent = tempfile::tempdir().unwrap();
    let path = parent.path().join("keys");
    let directory = KeyDirectory::open_or_create(&path, SETTINGS, minute(0)).unwrap();
    let names: Vec<_> = published(&directory).iter().map(|key_id| file_name(key_id)).collect();
    let other = files::read(&path.join(&names[1])).unwrap();
    for (name, damaged) in
        [(names[0].as_str(), other.as_slice()), (&names[0], b"no key"), (MANIFEST, b"{}"), (MANIFEST, b"")]
    {
        let good = files::read(&path.join(name)).unwrap();
        files::write(&path, name, damaged).unwrap();
        for open in [KeyDirectory::open_or_create, KeyDirectory::open_existing] {
            let found = open(&path, SETTINGS, minute(0));
            assert!(
                matches!(&found, Err(KeyError::Damaged { path, .. }) if path.ends_with(name)),
                "{found:?}"
            );
        }
        files::write(&path, name, &good).unwrap();
    }
    KeyDirectory::open_existing(&path, SETTINGS, minute(0)).unwrap();
}

#[cfg(unix)]
#[test]
fn files_and_directories_that_others_may_read_are_refused() {
    use std::os::unix::fs::PermissionsExt;

    let parent = tempfile::tempdir().unwrap();
    let path = parent.path().join("keys");
    drop(KeyDirectory::open_or_create(&path, SETTINGS, minute(0)).unwrap());
    let mut targets: Vec<_> = fs::read_dir(&path).unwrap().map(|entry| entry.unwrap().path()).collect();
    targets.retain(|target| !target.ends_with(".lock"));
    targets.push(path.clone());
    assert_eq!(targets.len(), 7);
    for target in targets {
        let mode = fs::metadata(&target).unwrap().permissions().mode() & 0o7777;
        assert_eq!(mode, if target == path { 0o700 } else { 0o600 }, "{target:?}");
        fs::set_permissions(&target, fs::Permissions::from_mode(mode | 0o040)).unwrap();
        for open in [KeyDirectory::open_or_create, KeyDirectory::open_existing] {
            let found = open(&path, SETTINGS, minute(0));
            assert!(
                matches!(&found, Err(KeyError::TooOpen { path, .. }) if *path == target),
                "{target:?}: {found:?}"
            );
        }
        fs::set_permissions(&target, fs::Permissions::from_mode(mode)).unwrap();
    }
    KeyDirectory::open_existing(&path, SETTINGS, minute(0)).unwrap();
}

#[test]
fn keys_rotate_through_their_lives() {
    let parent = tempfile::tempdir().unwrap();
    let path = parent.path().join("keys");
    let directory = KeyDirectory::open_or_create(&path, SETTINGS, minute(0)).unwrap();
    let [a, b] = published(&directory).try_into().unwrap();

    directory.rotate(Rotation::Safe, minute(60)).unwrap();
    let [signs, c, retired] = published(&directory).try_into().unwrap();
    assert_eq!((&signs, &retired, &signing(&directory)), (&b, &a, &b));
    assert!(c != a && c != b);

    // The last token of `a` dies at minute 75, the leeway ends at minute 80.
    assert_eq!(directory.reload(minute(79)).unwrap(), Reload::Unchanged);
    assert_eq!(directory.reload(minute(80)).unwrap(), Reload::Changed);
    assert_eq!(published(&directory), [b.clone(), c.clone()]);
    assert_eq!(key_files(&path), sorted(vec![a.clone(), b.clone(), c.clone()]));

    directory.rotate(Rotation::Safe, minute(120)).unwrap();
    let [signs, d, retired] = published(&directory).try_into().unwrap();
    assert_eq!((&signs, &retired), (&c, &b));
    assert_eq!(key_files(&path), sorted(vec![b.clone(), c.clone(), d.clone()]));
    let phases: Vec<_> =
        directory.list(minute(121)).into_iter().map(|(key, phase)| (key.key_id, phase)).collect();
    assert_eq!(phases, [(c, Phase::Signing), (d, Phase::Published), (b, Phase::Retired)]);
}

#[test]
fn a_key_signs_only_after_it_was_published_long_enough_unless_forced() {
    let parent = tempfile::tempdir().unwrap();
    let path = parent.path().join("keys");
    let directory = KeyDirectory::open_or_create(&path, SETTINGS, minute(0)).unwrap();
    let before = (published(&directory), key_files(&path));
    match directory.rotate(Rotation::Safe, minute(4)) {
        Err(RotateError::TooSoon { wait }) => assert_eq!(wait, Duration::from_mins(6)),
        other => panic!("{other:?}"),
    }
    assert_eq!((published(&directory), key_files(&path)), before);
    directory.rotate(Rotation::Forced, minute(4)).unwrap();
    assert_eq!(signing(&directory), before.0[1]);
    assert!(matches!(directory.rotate(Rotation::Safe, minute(13)), Err(RotateError::TooSoon { .. })));
    directory.rotate(Rotation::Safe, minute(14)).unwrap();
}

#[test]
fn a_running_server_learns_of_a_rotation_and_keeps_its_keys_when_it_cannot_read() {
    let parent = tempfile::tempdir().unwrap();
    let path = parent.path().join("keys");
    let server = KeyDirectory::open_or_create(&path, SETTINGS, minute(0)).unwrap();
    let operator = KeyDirectory::open_existing(&path, SETTINGS, minute(0)).unwrap();
    let next = published(&server)[1].clone();

    assert_eq!(server.reload(minute(59)).unwrap(), Reload::Unchanged);
    operator.rotate(Rotation::Safe, minute(60)).unwrap();
    assert_ne!(signing(&server), next);
    assert_eq!(server.reload(minute(60)).unwrap(), Reload::Changed);
    assert_eq!(signing(&server), next);
    assert_eq!(published(&server), published(&operator));
    assert_eq!(server.reload(minute(60)).unwrap(), Reload::Unchanged);

    // The operator's view is older than the server's rotation: it decides on what is there.
    server.rotate(Rotation::Safe, minute(70)).unwrap();
    assert!(matches!(operator.rotate(Rotation::Safe, minute(71)), Err(RotateError::TooSoon { .. })));

    let before = (signing(&server), published(&server));
    files::write(&path, MANIFEST, b"{}").unwrap();
    assert!(matches!(server.reload(minute(72)), Err(KeyError::Damaged { .. })));
    assert_eq!((signing(&server), published(&server)), before);
}

#[test]
fn a_key_that_vanished_because_of_a_rotation_is_no_error() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join(MANIFEST);
    let missing = || KeyError::Missing { path: path.clone() };
    let write = |text: &str| files::write(directory.path(), MANIFEST, text.as_bytes()).unwrap();
    write("old");
    let found = read_with(&path, |bytes| {
        write("new");
        if bytes == b"new" { Ok(()) } else { Err(missing()) }
    });
    assert_eq!(found.unwrap().0, b"new");

    // One that vanished without a rotation is, at once, and rotations without end do not hold a server up.
    let mut read = 0;
    let found = read_with(&path, |_| {
        read += 1;
        Err::<(), _>(missing())
    });
    assert!(matches!(found, Err(KeyError::Missing { .. })) && read == 1, "{read}");
    let found = read_with(&path, |_| {
        read += 1;
        write(&read.to_string());
        Err::<(), _>(missing())
    });
    assert!(matches!(found, Err(KeyError::Missing { .. })) && read == 1 + ATTEMPTS, "{read}");
}

#[test]
fn whoever_reads_during_rotations_sees_whole_sets() {
    let parent = tempfile::tempdir().unwrap();
    let path = parent.path().join("keys");
    // Keys die at once, so that files vanish under the reader.
    let settings = RotationSettings { access_lifetime: Duration::ZERO, leeway: Duration::ZERO, ..SETTINGS };
    let writer = KeyDirectory::open_or_create(&path, settings, minute(0)).unwrap();
    std::thread::scope(|scope| {
        let rotations = scope.spawn(|| {
            for round in 1..40 {
                writer.rotate(Rotation::Forced, minute(round)).unwrap();
            }
        });
        while !rotations.is_finished() {
            let reader = KeyDirectory::open_existing(&path, settings, minute(100)).unwrap();
            assert_eq!(published(&reader).len(), 2);
        }
    });
    let reader = KeyDirectory::open_existing(&path, settings, minute(100)).unwrap();
    assert_eq!(published(&reader), published(&writer)[..2]);
}
