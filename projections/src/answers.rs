//! The bytes that leave, kept in memory as far as they fit.

use std::sync::Arc;

use aws_lc_rs::digest;
use bytes::Bytes;
use events::id::{StreamId, Version};
use quick_cache::{
    Weighter,
    sync::{Cache, GuardResult},
};

use crate::{customer::CustomerAnswers, document::Document, person::PersonAnswers};

/// The format of answers; another one gives every object another `ETag`.
const FORMAT: u32 = 1;
/// What an entry takes besides its bytes, roughly.
const ENTRY_BYTES: u64 = 256;
/// Bytes of an answer, as a first guess of how many there will be.
const ENTRY_BYTES_GUESSED: u64 = 2048;

/// A body as it leaves, and its `ETag`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// JSON.
    pub body: Bytes,
    /// Strong, with its quotation marks.
    pub etag: Bytes,
}

impl Answer {
    pub(crate) fn new(body: impl Into<Bytes>, changed: Version) -> Self {
        let body = body.into();
        Self { etag: etag_of(changed, &body).into(), body }
    }

    pub(crate) fn weight(&self) -> u64 {
        u64::try_from(self.body.len() + self.etag.len()).unwrap_or(u64::MAX)
    }
}

/// The `ETag` of an object that a version of its stream changed last.
///
/// It tells what the object says, too: a folder restored as it was earlier gives the same versions
/// again, and what is said under them then is not to be taken for what was.
pub fn etag_of(changed: Version, body: &[u8]) -> String {
    etag(changed, digest::digest(&digest::SHA256, body))
}

/// The version in an `ETag` of ours.
pub fn version_of(etag: &str) -> Option<Version> {
    let versions = etag.strip_prefix('"')?.strip_suffix('"')?;
    let mut parts = versions.split('-').map(str::parse::<u64>);
    let format = parts.next()?.ok()?;
    (format == u64::from(FORMAT)).then_some(Version(parts.next()?.ok()?))
}

pub(crate) fn etag(changed: Version, said: digest::Digest) -> String {
    let short = hex::encode(said.as_ref().get(..8).unwrap_or_default());
    format!("\"{FORMAT}-{changed}-{short}\"")
}

/// Everything that is answered about one stream.
#[derive(Debug, Clone)]
pub(crate) enum Answers {
    Customer(Arc<CustomerAnswers>),
    Person(Arc<PersonAnswers>),
}

impl Answers {
    /// None where there is nothing to answer.
    pub(crate) fn of(document: &Document) -> Option<Self> {
        match document {
            Document::Customer(_, customer) => {
                customer.as_ref().map(|customer| Self::Customer(customer.answers().into()))
            }
            Document::Person(_, person) => {
                person.as_ref()?.answers().map(|answers| Self::Person(answers.into()))
            }
            Document::Consent(..) => None,
        }
    }

    fn weight(&self) -> u64 {
        ENTRY_BYTES
            + match self {
                Self::Customer(answers) => answers.weight(),
                Self::Person(answers) => answers.weight(),
            }
    }
}

/// The answers that are in memory.
///
/// No entry outlives its document. A reader that finds nothing leaves a placeholder, reads the
/// document, and puts what it read in place of *its* placeholder only. Whoever applies an event puts
/// the new document in place first and then removes the entry, placeholder or not: a reader that
/// read the old document finds its placeholder gone and keeps nothing, one that was faster is
/// removed, one that comes later reads the new document. Readers that waited at the same placeholder get the old
/// answer; they asked before `applied` moved.
#[derive(Debug)]
pub(crate) struct AnswerCache(Cache<StreamId, Answers, Weight>);

#[derive(Debug, Clone)]
struct Weight;

impl Weighter<StreamId, Answers> for Weight {
    fn weight(&self, _: &StreamId, answers: &Answers) -> u64 {
        answers.weight()
    }
}

impl AnswerCache {
    pub(crate) fn new(bytes_max: u64) -> Self {
        let items = usize::try_from(bytes_max / ENTRY_BYTES_GUESSED).unwrap_or(usize::MAX);
        Self(Cache::with_weighter(items, bytes_max, Weight))
    }

    /// What is kept, else what `load` finds, which is kept from then on.
    pub(crate) fn get_or_load<E>(
        &self,
        stream: &StreamId,
        load: impl FnOnce() -> Result<Option<Answers>, E>,
    ) -> Result<Option<Answers>, E> {
        let guard = match self.0.get_value_or_guard(stream, None) {
            GuardResult::Value(answers) => return Ok(Some(answers)),
            GuardResult::Guard(guard) => guard,
            GuardResult::Timeout => return load(),
        };
        let Some(answers) = load()? else { return Ok(None) };
        // Refused when the entry was removed meanwhile: then what was read may be old.
        let _ = guard.insert(answers.clone());
        Ok(Some(answers))
    }

    pub(crate) fn remove(&self, stream: &StreamId) {
        self.0.remove(stream);
    }
}
