//! No path leads out of the project, whatever its folders become meanwhile.

use std::os::unix::fs::{PermissionsExt, symlink};
use std::sync::atomic::AtomicBool;
use std::thread;

use rustix::fs::RenameFlags;

use super::*;

/// A folder with a project in it, and a secret beside the project.
fn scene() -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("secret.txt"), "secret").unwrap();
    let root = folder.path().join("project");
    fs::create_dir_all(root.join("data_loaders/eu")).unwrap();
    fs::write(root.join("data_loaders/eu/load.py"), "x = 1").unwrap();
    (folder, root)
}

fn resolved(root: &Path, given: &str, way: Way) -> Result<ProjectPath, PathError> {
    let mut path = ProjectPath::resolve(root, given)?;
    path.way = way;
    Ok(path)
}

/// A path that passed before its folders changed.
fn unchecked(root: &Path, path: &str, way: Way) -> ProjectPath {
    ProjectPath {
        root: root.canonicalize().unwrap(),
        path: path.to_owned(),
        way,
    }
}

#[test]
fn texts_are_judged() {
    let (_folder, root) = scene();
    for (given, expected) in [
        ("data_loaders/eu/load.py", Some("data_loaders/eu/load.py")),
        (
            "./data_loaders//eu/./load.py",
            Some("data_loaders/eu/load.py"),
        ),
        ("new/folder/file.py", Some("new/folder/file.py")),
        ("a b/é 😀.py", Some("a b/é 😀.py")),
        ("..hidden", Some("..hidden")),
        ("a..b/c...d", Some("a..b/c...d")),
        ("~/x", Some("~/x")),
        ("console.py", Some("console.py")),
        ("common.py", Some("common.py")),
        ("com10.py", Some("com10.py")),
        ("100%.sql", Some("100%.sql")),
        ("", None),
        (".", None),
        ("///", None),
        ("/etc/passwd", None),
        ("//etc/passwd", None),
        ("..", None),
        ("../secret.txt", None),
        ("data_loaders/../../secret.txt", None),
        ("data_loaders/../data_loaders/eu/load.py", None),
        ("data_loaders/..", None),
        ("..\\secret.txt", None),
        ("data_loaders\\eu", None),
        ("C:/x", None),
        ("c:x", None),
        ("a\0b", None),
        ("a\nb", None),
        ("a\u{7f}", None),
        // Decoded once by the server; these were encoded twice.
        ("%2e%2e/secret.txt", None),
        ("..%2fsecret.txt", None),
        ("%2E%2E%2Fsecret.txt", None),
        ("..%5Csecret.txt", None),
        ("a%00.py", None),
        ("nul", None),
        ("CON.py", None),
        ("data_loaders/aux.tar.gz", None),
        ("Com1.txt", None),
        ("lpt9", None),
        ("prn /x", None),
    ] {
        let found = ProjectPath::resolve(&root, given).ok();
        assert_eq!(
            found.as_ref().map(ProjectPath::as_str),
            expected,
            "{given:?}"
        );
    }
    assert!(ProjectPath::resolve(&root, &"a".repeat(256)).is_err());
    assert!(ProjectPath::resolve(&root, &"a/".repeat(2000)).is_err());
    let error = ProjectPath::resolve(&root, "../x\u{202e}").unwrap_err();
    assert_eq!(error.class(), Class::Denied);
    assert_eq!(
        error.to_string(),
        "use the path `../x\\u{202e}`: it leads out of the project"
    );
}

#[test]
fn files_are_read_written_and_deleted() {
    for way in [Way::Beneath, Way::Steps] {
        let (_folder, root) = scene();
        let path = resolved(&root, "data_loaders/eu/load.py", way).unwrap();
        assert_eq!(path.read().unwrap(), b"x = 1");
        let mode = fs::Permissions::from_mode(0o640);
        fs::set_permissions(path.shown(), mode.clone()).unwrap();
        path.write(b"x = 2").unwrap();
        assert_eq!(fs::read(path.shown()).unwrap(), b"x = 2");
        let kept = fs::metadata(path.shown()).unwrap().permissions();
        assert_eq!(kept.mode() & 0o777, mode.mode());
        path.remove().unwrap();
        let gone = path.read().unwrap_err();
        assert!(matches!(gone, PathError::File(error) if error.kind() == io::ErrorKind::NotFound));
        assert!(path.remove().is_err());
        let new = resolved(&root, "a/b/c/new.py", way).unwrap();
        new.write(b"").unwrap();
        assert_eq!(new.read().unwrap(), b"");
        let top = resolved(&root, "metadata.yaml", way).unwrap();
        top.write(b"a: 1").unwrap();
        let names: Vec<_> = fs::read_dir(root.join("a/b/c")).unwrap().collect();
        assert_eq!(names.len(), 1, "nothing is left behind");
    }
}

#[test]
fn what_is_no_file_is_refused() {
    for way in [Way::Beneath, Way::Steps] {
        let (_folder, root) = scene();
        let fifo = root.join("pipe");
        rustix::fs::mknodat(
            rustix::fs::CWD,
            &fifo,
            FileType::Fifo,
            Mode::from_raw_mode(0o600),
            0,
        )
        .unwrap();
        for given in ["data_loaders", "pipe"] {
            let path = resolved(&root, given, way).unwrap();
            let refused =
                |result: Result<(), PathError>| matches!(result, Err(PathError::NoFile { .. }));
            assert!(refused(path.read().map(drop)), "{given}");
            assert!(refused(path.write(b"x")), "{given}");
        }
        let folder = resolved(&root, "data_loaders", way).unwrap();
        assert!(matches!(folder.remove(), Err(PathError::NoFile { .. })));
    }
}

#[test]
fn links_lead_nowhere_else() {
    let (folder, root) = scene();
    symlink(folder.path(), root.join("up")).unwrap();
    symlink("..", root.join("relative")).unwrap();
    symlink("../secret.txt", root.join("file")).unwrap();
    symlink("../nothing", root.join("dangling")).unwrap();
    symlink("circle", root.join("circle")).unwrap();
    symlink("data_loaders", root.join("inside")).unwrap();
    symlink("/proc/self/root", root.join("magic")).unwrap();
    for given in [
        "up/secret.txt",
        "up/new.txt",
        "up/new/file.txt",
        "relative/secret.txt",
        "file",
        "dangling",
        "circle",
        "circle/x",
        "magic/etc/passwd",
        "inside/../../secret.txt",
    ] {
        let found = ProjectPath::resolve(&root, given);
        assert!(matches!(found, Err(PathError::Outside { .. })), "{given}");
        for way in [Way::Beneath, Way::Steps] {
            let path = unchecked(&root, given, way);
            assert!(path.read().is_err(), "{given}");
            if given != "dangling" && given != "circle" && given != "file" {
                assert!(path.remove().is_err(), "{given}");
            }
            assert!(path.write(b"overwritten").is_err(), "{given}");
        }
    }
    assert_eq!(
        fs::read(folder.path().join("secret.txt")).unwrap(),
        b"secret"
    );
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2);
    // A link inside of the project is followed where the kernel can see that it stays there.
    let path = resolved(&root, "inside/eu/load.py", Way::Beneath).unwrap();
    #[cfg(target_os = "linux")]
    assert_eq!(path.read().unwrap(), b"x = 1");
    let steps = unchecked(&root, path.as_str(), Way::Steps).read();
    assert!(matches!(steps, Err(PathError::Outside { .. })));
    // Deleting a link deletes the link.
    unchecked(&root, "file", Way::Beneath).remove().unwrap();
    assert!(folder.path().join("secret.txt").exists());
}

/// While one thread exchanges a folder for a link out of the project, no read or write ever gets there.
#[cfg(target_os = "linux")]
#[test]
fn a_folder_that_becomes_a_link_is_no_way_out() {
    for way in [Way::Beneath, Way::Steps] {
        let (folder, root) = scene();
        let target = folder.path().join("outside");
        fs::create_dir(&target).unwrap();
        fs::write(target.join("f"), "secret").unwrap();
        fs::create_dir(root.join("real")).unwrap();
        fs::write(root.join("real/f"), "public").unwrap();
        symlink(&target, root.join("link")).unwrap();
        let done = AtomicBool::new(false);
        thread::scope(|scope| {
            scope.spawn(|| {
                let (real, link) = (root.join("real"), root.join("link"));
                let (here, exchange) = (rustix::fs::CWD, RenameFlags::EXCHANGE);
                while !done.load(Ordering::Relaxed) {
                    rustix::fs::renameat_with(here, &real, here, &link, exchange).unwrap();
                }
            });
            let path = unchecked(&root, "real/f", way);
            let mut read = 0;
            for round in 0..3000 {
                if let Ok(bytes) = path.read() {
                    assert_eq!(bytes, b"public");
                    read += 1;
                }
                if round % 10 == 0 {
                    // Whether it comes through is chance; where it arrives is not.
                    drop(path.write(b"public"));
                }
            }
            done.store(true, Ordering::Relaxed);
            assert!(read > 0);
        });
        assert_eq!(fs::read(target.join("f")).unwrap(), b"secret");
        assert_eq!(fs::read_dir(&target).unwrap().count(), 1);
    }
}
