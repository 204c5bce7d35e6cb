//! What is left of a folder after a power cut: what was synced, and by chance more.

use std::{
    collections::BTreeMap,
    fmt::Write,
    fs,
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
    process::Command,
};

use rand::Rng;

use super::Disk;

/// What reaches a disk in one go.
const PAGE: usize = 4096;

/// What a power cut leaves of what was not synced.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Survives {
    Nothing,
    /// Each page and each name by chance: a system writes when it likes, in any order.
    ByChance,
}

impl Disk {
    /// Keeps apart from now on what is lasting; what is there now, is.
    pub(crate) fn keep(&self, command: &mut Command) {
        let kept = self.kept();
        if kept.exists() {
            fs::remove_dir_all(&kept).unwrap();
        }
        fs::create_dir(&kept).unwrap();
        keep(&self.dir, &kept);
        command.env("DISK_KEPT", &kept);
    }

    fn kept(&self) -> PathBuf {
        self.file("kept")
    }
}

/// Leaves of the folder what a power cut would; whoever wrote to it must be gone.
pub(crate) fn power_cut(disk: &Disk, survives: Survives) {
    let cut = disk.dir.with_extension("cut");
    leave(&disk.kept(), Some(&disk.dir), inode(&disk.dir), &cut, survives);
    fs::remove_dir_all(&disk.dir).unwrap();
    fs::rename(&cut, &disk.dir).unwrap();
}

/// As the shim does at a sync: a file's bytes, or a folder's names, under the inode.
fn keep(dir: &Path, kept: &Path) {
    let mut names = String::new();
    for (name, inode) in entries(dir) {
        writeln!(names, "{inode} {name}").unwrap();
        match name.strip_suffix('/') {
            Some(name) => keep(&dir.join(name), kept),
            None => drop(fs::copy(dir.join(name), kept.join(inode.to_string())).unwrap()),
        }
    }
    fs::write(kept.join(inode(dir).to_string()), names).unwrap();
}

/// Makes at `to` what is left of the folder that had an inode, and is at `live` if it still is.
fn leave(kept: &Path, live: Option<&Path>, folder: u64, to: &Path, survives: Survives) {
    fs::create_dir(to).unwrap();
    let names = fs::read_to_string(kept.join(folder.to_string())).unwrap_or_default();
    let lasting = names.lines().map(|line| {
        let (inode, name) = line.split_once(' ').unwrap();
        (name.to_owned(), inode.parse().unwrap())
    });
    let lasting: BTreeMap<String, u64> = lasting.collect();
    let now = live.map(entries).unwrap_or_default();
    let mut left = lasting.clone();
    if let Survives::ByChance = survives {
        // Made, replaced or removed, and never synced.
        left.retain(|name, inode| now.get(name) == Some(inode) || rand::random());
        let made = now.iter().filter(|(name, inode)| lasting.get(*name) != Some(inode));
        left.extend(made.filter(|_| rand::random()).map(|(name, inode)| (name.clone(), *inode)));
    }
    for (name, inode) in left {
        let live = live.map(|live| live.join(&name)).filter(|_| now.get(&name) == Some(&inode));
        let bytes = kept.join(inode.to_string());
        match name.strip_suffix('/') {
            Some(name) => leave(kept, live.as_deref(), inode, &to.join(name), survives),
            None => fs::write(to.join(&name), contents(&bytes, live.as_deref(), survives)).unwrap(),
        }
    }
}

fn contents(kept: &Path, live: Option<&Path>, survives: Survives) -> Vec<u8> {
    let mut bytes = fs::read(kept).unwrap_or_default();
    let (Survives::ByChance, Some(live)) = (survives, live) else { return bytes };
    let live = fs::read(live).unwrap();
    let mut chance = rand::rng();
    if live.len() != bytes.len() && chance.random() {
        bytes.resize(live.len(), 0);
    }
    // Few, some or most: each says something else about the order.
    let likely = chance.random();
    for (page, new) in bytes.chunks_mut(PAGE).zip(live.chunks(PAGE)) {
        if page.len() == new.len() && chance.random_bool(likely) {
            page.copy_from_slice(new);
        }
    }
    bytes
}

/// The names in a folder, those of folders with a slash behind, and their inodes.
fn entries(dir: &Path) -> BTreeMap<String, u64> {
    let entries = fs::read_dir(dir).unwrap().map(Result::unwrap);
    let entries = entries.map(|entry| {
        let (path, mut name) = (entry.path(), entry.file_name().into_string().unwrap());
        if path.is_dir() {
            name.push('/');
        }
        (name, inode(&path))
    });
    entries.collect()
}

fn inode(path: &Path) -> u64 {
    fs::symlink_metadata(path).unwrap().ino()
}
