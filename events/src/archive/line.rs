//! The lines of an archive, drawn in `archive.rs`.

use base64::{Engine, engine::general_purpose::STANDARD};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};

use crate::{id::Position, record::LeafHash};

/// Any line.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) enum Line {
    Archive(Header),
    Event(EventLine),
    Receipt(ReceiptLine),
    Keys(KeyLine),
    End(End),
}

/// What an archive holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Kind {
    Events,
    Keys,
}

/// The first line: what an archive is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Header {
    pub kind: Kind,
    pub format: u32,
    /// Names the log; the same for all archives of one.
    #[serde(with = "hex::serde")]
    pub log: [u8; 32],
    /// The last position before the archive.
    pub after: Position,
    #[serde(with = "hex::serde")]
    pub after_hash: LeafHash,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct EventLine {
    pub(crate) position: Position,
    #[serde(with = "hex::serde")]
    pub(crate) hash: LeafHash,
    #[serde(serialize_with = "encode", deserialize_with = "decode")]
    pub(crate) record: Vec<u8>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct ReceiptLine {
    #[serde(with = "hex::serde")]
    pub(crate) key: [u8; 32],
    #[serde(serialize_with = "encode", deserialize_with = "decode")]
    pub(crate) value: Vec<u8>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct KeyLine {
    pub(crate) slot: u32,
    #[serde(serialize_with = "encode", deserialize_with = "decode")]
    pub(crate) bytes: Vec<u8>,
}

/// The last line: that all is there.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct End {
    /// Before this one.
    pub(crate) lines: u64,
    #[serde(with = "hex::serde")]
    pub(crate) mac: [u8; 32],
    #[serde(with = "hex::serde")]
    pub(crate) digest: [u8; 32],
}

impl Line {
    pub(crate) fn encode(&self) -> Vec<u8> {
        let mut bytes = serde_json::to_vec(self).expect("a line is plain JSON");
        bytes.push(b'\n');
        bytes
    }
}

fn encode<S: Serializer>(bytes: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&STANDARD.encode(bytes))
}

fn decode<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<u8>, D::Error> {
    let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
    STANDARD.decode(&*text).map_err(D::Error::custom)
}
