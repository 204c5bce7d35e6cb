//! JSON written member by member, so that its order is the order of the code.

use std::ops::Deref;

use bytes::Bytes;
use minicbor::{
    Decode, Decoder, Encode, Encoder,
    decode::Error as DecodeError,
    encode::{Error as EncodeError, Write},
};
use serde::Serialize;

/// JSON, or a piece of it, as it leaves; clones share the bytes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Json(Bytes);

impl From<Vec<u8>> for Json {
    fn from(bytes: Vec<u8>) -> Self {
        // Kept for long: without the room that writing left over.
        Self(bytes.into_boxed_slice().into())
    }
}

impl From<Json> for Bytes {
    fn from(json: Json) -> Self {
        json.0
    }
}

impl Deref for Json {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.0
    }
}

impl AsRef<[u8]> for Json {
    fn as_ref(&self) -> &[u8] {
        self
    }
}

impl<C> Encode<C> for Json {
    fn encode<W: Write>(&self, e: &mut Encoder<W>, _: &mut C) -> Result<(), EncodeError<W::Error>> {
        e.bytes(self)?.ok()
    }
}

impl<'b, C> Decode<'b, C> for Json {
    fn decode(d: &mut Decoder<'b>, _: &mut C) -> Result<Self, DecodeError> {
        Ok(Self(Bytes::copy_from_slice(d.bytes()?)))
    }
}

/// Members of an object, each with a comma before it; a fragment that others can follow.
#[derive(Debug)]
pub(crate) struct Members(Vec<u8>);

/// Room for most objects, so that writing them seldom moves them.
const OBJECT_BYTES: usize = 512;

impl Default for Members {
    fn default() -> Self {
        Self(Vec::with_capacity(OBJECT_BYTES))
    }
}

impl Members {
    pub(crate) fn with(mut self, name: &str, value: &(impl Serialize + ?Sized)) -> Self {
        self.name(name);
        write(&mut self.0, value);
        self
    }

    pub(crate) fn maybe(self, name: &str, value: Option<&impl Serialize>) -> Self {
        match value {
            Some(value) => self.with(name, value),
            None => self,
        }
    }

    /// A member whose value is JSON already.
    pub(crate) fn raw(mut self, name: &str, json: &[u8]) -> Self {
        self.name(name);
        self.0.extend(json);
        self
    }

    /// Members that were written before.
    pub(crate) fn fragment(mut self, members: &[u8]) -> Self {
        self.0.extend(members);
        self
    }

    pub(crate) fn into_fragment(self) -> Json {
        self.0.into()
    }

    pub(crate) fn into_object(mut self) -> Json {
        match self.0.first_mut() {
            Some(comma) => *comma = b'{',
            None => self.0.push(b'{'),
        }
        self.0.push(b'}');
        self.0.into()
    }

    fn name(&mut self, name: &str) {
        self.0.extend(b",\"");
        self.0.extend(name.as_bytes());
        self.0.extend(b"\":");
    }
}

/// An array of values that are JSON already.
pub(crate) fn array<T: AsRef<[u8]>>(items: impl IntoIterator<Item = T>) -> Json {
    let mut bytes = Vec::with_capacity(OBJECT_BYTES);
    bytes.push(b'[');
    for (nth, item) in items.into_iter().enumerate() {
        if nth > 0 {
            bytes.push(b',');
        }
        bytes.extend(item.as_ref());
    }
    bytes.push(b']');
    bytes.into()
}

/// One value.
pub(crate) fn of(value: &impl Serialize) -> Json {
    let mut bytes = Vec::with_capacity(OBJECT_BYTES);
    write(&mut bytes, value);
    bytes.into()
}

fn write(bytes: &mut Vec<u8>, value: &(impl Serialize + ?Sized)) {
    serde_json::to_writer(bytes, value).expect("values of events are plain JSON");
}

/// For values that know JSON only, inside documents that are CBOR.
pub(crate) mod in_cbor {
    use minicbor::{
        Decoder, Encoder,
        decode::Error as DecodeError,
        encode::{Error as EncodeError, Write},
    };
    use serde::{Serialize, de::DeserializeOwned};

    pub(crate) fn encode<T: Serialize, C, W: Write>(
        value: &T,
        e: &mut Encoder<W>,
        _: &mut C,
    ) -> Result<(), EncodeError<W::Error>> {
        let json = serde_json::to_vec(value).expect("values of events are plain JSON");
        e.bytes(&json)?.ok()
    }

    pub(crate) fn decode<T: DeserializeOwned, C>(
        d: &mut Decoder<'_>,
        _: &mut C,
    ) -> Result<T, DecodeError> {
        // The cause is not kept: it may quote personal data.
        serde_json::from_slice(d.bytes()?).map_err(|_| DecodeError::message("not its JSON"))
    }
}
