//! As much of sled as the log's store uses, in memory.

use std::{
    fs, io,
    ops::{Bound, RangeBounds},
    path::{Path, PathBuf},
    sync::Arc,
};

pub(crate) use ::sled::Error;

use super::disk::Disk;

type Pair = Result<(Vec<u8>, Vec<u8>), Error>;

#[derive(Debug, Default)]
pub(crate) struct Batch(pub(super) Vec<(Vec<u8>, Option<Vec<u8>>)>);

impl Batch {
    pub(crate) fn insert(&mut self, key: &[u8], value: &[u8]) {
        self.0.push((key.to_vec(), Some(value.to_vec())));
    }

    pub(crate) fn remove(&mut self, key: &[u8]) {
        self.0.push((key.to_vec(), None));
    }
}

#[derive(Debug, Default)]
pub(crate) struct Config(PathBuf);

impl Config {
    pub(crate) fn new() -> Self {
        Self::default()
    }

    pub(crate) fn path(self, path: &Path) -> Self {
        Self(path.to_path_buf())
    }

    pub(crate) fn cache_capacity(self, _: u64) -> Self {
        self
    }

    pub(crate) fn segment_size(self, _: usize) -> Self {
        self
    }

    pub(crate) fn flush_every_ms(self, _: Option<u64>) -> Self {
        self
    }

    pub(crate) fn open(&self) -> Result<Db, Error> {
        fs::create_dir_all(&self.0)?;
        fs::File::options().create(true).append(true).open(self.0.join("db"))?;
        Ok(Db(Disk::at(&self.0)))
    }
}

#[derive(Debug, Clone)]
pub(crate) struct Db(Arc<Disk>);

impl Db {
    pub(crate) fn get(&self, key: impl AsRef<[u8]>) -> Result<Option<Vec<u8>>, Error> {
        Ok(self.0.seen(|pairs| pairs.get(key.as_ref()).cloned()))
    }

    pub(crate) fn apply_batch(&self, batch: Batch) -> Result<(), Error> {
        self.0.apply(batch);
        Ok(())
    }

    pub(crate) fn flush(&self) -> io::Result<usize> {
        self.0.flush().map(|()| 0)
    }

    pub(crate) fn range<K: AsRef<[u8]>>(
        &self,
        range: impl RangeBounds<K>,
    ) -> std::vec::IntoIter<Pair> {
        let bounds = (range.start_bound().map(K::as_ref), range.end_bound().map(K::as_ref));
        self.0.seen(|pairs| pairs_in(pairs.range::<[u8], _>(bounds)))
    }

    pub(crate) fn scan_prefix(&self, prefix: impl AsRef<[u8]>) -> std::vec::IntoIter<Pair> {
        let prefix = prefix.as_ref();
        let from = (Bound::Included(prefix), Bound::Unbounded);
        self.0.seen(|pairs| {
            pairs_in(pairs.range::<[u8], _>(from).take_while(|(key, _)| key.starts_with(prefix)))
        })
    }
}

fn pairs_in<'a>(
    pairs: impl Iterator<Item = (&'a Vec<u8>, &'a Vec<u8>)>,
) -> std::vec::IntoIter<Pair> {
    let pairs: Vec<_> = pairs.map(|(key, value)| Ok((key.clone(), value.clone()))).collect();
    pairs.into_iter()
}
