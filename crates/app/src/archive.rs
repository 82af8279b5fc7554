//! Zip archives of files of a project, in memory and within limits: what an archive says about its sizes is not believed.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{Cursor, Read, Write};

use zip::result::ZipError;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipArchive, ZipWriter};

use crate::failure::Failure;

/// The largest archive that is read.
pub const LARGEST_ARCHIVE: usize = 64 << 20;

/// How much an archive may hold.
#[derive(Clone, Copy, Debug)]
struct Limits {
    /// Most files.
    files: usize,
    /// The largest file, unpacked.
    file: u64,
    /// The most that all files may be, unpacked.
    content: u64,
}

const LIMITS: Limits = Limits {
    files: 2_000,
    file: 16 << 20,
    content: 128 << 20,
};

/// Bits of a Unix mode that say what something is, and what they are of a regular file.
const KIND: u32 = 0o170_000;
const REGULAR: u32 = 0o100_000;

/// The files by their paths.
pub(crate) type Files = BTreeMap<String, Vec<u8>>;

fn refused(what: impl Into<String>) -> Failure {
    Failure::usage(what, "make the archive anew, or export the pipeline again")
}

fn unreadable(error: &ZipError) -> Failure {
    refused(format!(
        "the body is no zip archive that can be read: {error}"
    ))
}

/// Packs files.
pub(crate) fn pack(files: &Files) -> Result<Vec<u8>, Failure> {
    let packed = || -> Result<Vec<u8>, ZipError> {
        let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
        // No dates: the same files make the same archive.
        let options = SimpleFileOptions::default()
            .compression_method(CompressionMethod::Deflated)
            .unix_permissions(0o644);
        for (path, content) in files {
            archive.start_file(path.as_str(), options)?;
            archive.write_all(content)?;
        }
        Ok(archive.finish()?.into_inner())
    };
    packed().map_err(|error| Failure::bug(format!("the archive was not made: {error}")))
}

/// Unpacks files. Folders are left out; links and the like, names that appear twice, and too much of anything are refused.
pub(crate) fn unpack(bytes: &[u8]) -> Result<Files, Failure> {
    unpack_within(bytes, LIMITS)
}

fn unpack_within(bytes: &[u8], limits: Limits) -> Result<Files, Failure> {
    let mut archive = ZipArchive::new(Cursor::new(bytes)).map_err(|error| unreadable(&error))?;
    if archive.len() > limits.files {
        return Err(refused(format!(
            "the archive has more than {} files",
            limits.files
        )));
    }
    let mut files = Files::new();
    // A file system may hold names for the same that differ in case only.
    let mut names = BTreeSet::new();
    let mut left = limits.content;
    for index in 0..archive.len() {
        let file = archive
            .by_index(index)
            .map_err(|error| unreadable(&error))?;
        let Ok(path) = std::str::from_utf8(file.name_raw()).map(str::to_owned) else {
            return Err(refused("a name in the archive is not UTF-8"));
        };
        if file.is_dir() {
            continue;
        }
        let kind = file.unix_mode().map_or(REGULAR, |mode| mode & KIND);
        if file.is_symlink() || (kind != 0 && kind != REGULAR) {
            return Err(refused(format!(
                "`{}` in the archive is no regular file",
                path.escape_debug()
            )));
        }
        let most = left.min(limits.file);
        let mut content = Vec::new();
        let read = file.take(most + 1).read_to_end(&mut content);
        read.map_err(|error| refused(format!("`{}`: {error}", path.escape_debug())))?;
        let size = content.len() as u64;
        if size > most {
            return Err(refused(format!(
                "the archive holds too much: a file may have {} KB, all together {} KB",
                limits.file >> 10,
                limits.content >> 10
            )));
        }
        left -= size;
        if !names.insert(path.to_lowercase()) {
            return Err(refused(format!(
                "`{}` is in the archive twice",
                path.escape_debug()
            )));
        }
        files.insert(path, content);
    }
    Ok(files)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An archive as somebody else would make it.
    fn made(entries: &[(&str, u32, &[u8])]) -> Vec<u8> {
        let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
        for (name, mode, content) in entries {
            let options = SimpleFileOptions::default().unix_permissions(*mode);
            archive.start_file(*name, options).unwrap();
            archive.write_all(content).unwrap();
        }
        archive.finish().unwrap().into_inner()
    }

    #[test]
    fn what_is_packed_is_unpacked() {
        let files: Files = [("a/b.py", "x = 1\n"), ("ä.md", "")]
            .map(|(path, text)| (path.to_owned(), text.as_bytes().to_vec()))
            .into();
        let packed = pack(&files).unwrap();
        assert_eq!(unpack(&packed).unwrap(), files);
        assert_eq!(pack(&files).unwrap(), packed);
    }

    #[test]
    fn what_could_do_harm_is_refused() {
        let small = Limits {
            files: 3,
            file: 1 << 20,
            content: 3 << 19,
        };
        let zeros = |bytes: usize| vec![0; bytes];
        let files = |sizes: &[usize]| -> Vec<u8> {
            let files = sizes.iter().enumerate();
            let files = files.map(|(number, size)| (format!("{number}.py"), zeros(*size)));
            pack(&files.collect()).unwrap()
        };
        let bomb = files(&[(1 << 20) + 1]);
        assert!(bomb.len() < 1 << 14, "{}", bomb.len());
        let mut link = ZipWriter::new(Cursor::new(Vec::new()));
        let options = SimpleFileOptions::default();
        link.add_symlink("link.py", "/etc/passwd", options).unwrap();
        let link = link.finish().unwrap().into_inner();
        let mut cut = made(&[("a.py", 0o644, b"x")]);
        cut.truncate(cut.len() / 2);
        for (bytes, expected) in [
            (bomb, "holds too much"),
            // Too much only all together.
            (files(&[1 << 20, (1 << 19) + 1]), "holds too much"),
            (files(&[1; 4]), "more than 3 files"),
            (link, "is no regular file"),
            (
                made(&[("a.py", 0o644, b"1"), ("A.py", 0o644, b"2")]),
                "twice",
            ),
            (cut, "no zip archive"),
            (b"PK".to_vec(), "no zip archive"),
        ] {
            let failure = unpack_within(&bytes, small).unwrap_err();
            assert!(failure.message.contains(expected), "{}", failure.message);
        }
        assert_eq!(
            unpack_within(&files(&[1 << 20, 1 << 19]), small)
                .unwrap()
                .len(),
            2
        );
    }
}
