//! What is read, and where what was rejected goes.

use std::time::Duration;

use crate::publisher::{PublisherError, PublisherSettings, is_token};

#[derive(Debug, Clone)]
pub struct IntakeSettings {
    /// Where NATS is, and how to get in.
    pub nats: PublisherSettings,
    /// The stream that holds the statements; the bank's own, and only read.
    pub stream: String,
    /// The durable consumer that remembers how far it was read.
    pub consumer: String,
    /// Where messages go that were rejected.
    pub parked_subject: String,
    /// The stream that is made for them, where none holds that subject.
    pub parked_stream: String,
    /// How old a message may get in it; zero is no limit.
    pub parked_age_max: Duration,
    /// Bytes that it may hold; zero is no limit.
    pub parked_bytes_max: u64,
}

/// Why nothing is even tried: exit code 2.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum IntakeError {
    #[error(
        "nats.feed.stream is given, and no server: name one in nats.urls, or say --nats off to do \
             without both"
    )]
    NoServer,
    #[error("nats.feed.{0} must be of letters, digits, dashes and underscores")]
    Name(&'static str),
    #[error("nats.feed.parked_subject must be of such names with points between them")]
    Subject,
    #[error("nats.feed.{0} must be neither the stream that is published to nor the other one")]
    Taken(&'static str),
    #[error("nats.feed.parked_subject must not stand under nats.prefix")]
    Published,
    #[error(transparent)]
    Server(#[from] PublisherError),
}

impl IntakeSettings {
    pub(super) fn check(&self) -> Result<(), IntakeError> {
        if self.nats.urls.is_empty() {
            return Err(IntakeError::NoServer);
        }
        let names = [
            ("stream", &self.stream),
            ("consumer", &self.consumer),
            ("parked_stream", &self.parked_stream),
        ];
        if let Some((name, _)) = names.into_iter().find(|(_, text)| !is_token(text)) {
            return Err(IntakeError::Name(name));
        }
        if !self.parked_subject.split('.').all(is_token) {
            return Err(IntakeError::Subject);
        }
        if [&self.nats.stream, &self.parked_stream].contains(&&self.stream) {
            return Err(IntakeError::Taken("stream"));
        }
        if self.parked_stream == self.nats.stream {
            return Err(IntakeError::Taken("parked_stream"));
        }
        let below = self.parked_subject.strip_prefix(&self.nats.prefix);
        if below.is_some_and(|rest| rest.is_empty() || rest.starts_with('.')) {
            return Err(IntakeError::Published);
        }
        Ok(())
    }
}
