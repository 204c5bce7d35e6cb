//! A message as it lies in a stream, also one whose delivery would break the connection.
//!
//! The client library ends the connection over a head that it cannot read, at every delivery anew.
//! Asked for by the JSON API, such a message comes with its head in base64, and harms nobody.

use async_nats::jetstream::{
    Context, ErrorCode, message::StreamMessage, response::Response, stream::RawMessage,
};
use serde::{Deserialize, Serialize};

/// Which message is asked for, in the words of the API.
#[derive(Debug, Clone, Copy, Serialize)]
#[serde(untagged)]
pub(crate) enum Which<'a> {
    At { seq: u64 },
    From { seq: u64, next_by_subj: &'a str },
    LastOf { last_by_subj: &'a str },
}

impl Which<'_> {
    /// The first message from a sequence on, whatever its subject.
    pub(crate) fn from(seq: u64) -> Self {
        Self::From { seq, next_by_subj: ">" }
    }
}

#[derive(Debug)]
pub(crate) struct Stored {
    /// Without headers, where they cannot be read.
    pub(crate) message: StreamMessage,
    /// Why it cannot be delivered.
    pub(crate) undeliverable: Option<String>,
}

#[derive(Deserialize)]
struct Answer {
    message: RawMessage,
}

/// The message, if it is there.
pub(crate) async fn stored(
    jetstream: &Context,
    stream: &str,
    which: Which<'_>,
) -> Result<Option<Stored>, async_nats::Error> {
    match jetstream.request(format!("STREAM.MSG.GET.{stream}"), &which).await? {
        Response::Ok(Answer { message }) => Ok(Some(Stored::read(message)?)),
        Response::Err { error } if error.error_code() == ErrorCode::NO_MESSAGE_FOUND => Ok(None),
        Response::Err { error } => Err(error.into()),
    }
}

impl Stored {
    fn read(raw: RawMessage) -> Result<Self, async_nats::Error> {
        let undeliverable =
            is_broken(&raw.subject).then(|| "its subject holds a blank or is no UTF-8".to_owned());
        Ok(match StreamMessage::try_from(raw.clone()) {
            Ok(message) => Self { message, undeliverable },
            Err(error) => {
                let message = StreamMessage::try_from(RawMessage { headers: None, ..raw })?;
                let why = format!("its headers cannot be read: {error}");
                Self { message, undeliverable: Some(why) }
            }
        })
    }
}

/// Whether the library cannot tell the subject from what stands beside it. What is no UTF-8 was
/// replaced in the answer.
fn is_broken(subject: &str) -> bool {
    subject.contains(|letter: char| letter.is_whitespace() || letter == char::REPLACEMENT_CHARACTER)
}
