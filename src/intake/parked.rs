//! Messages that were rejected: kept as they came, with every reason, for a human to look at.

use async_nats::{
    HeaderMap, header,
    jetstream::{
        Context,
        context::GetStreamByNameErrorKind,
        stream::{Config, DiscardPolicy},
    },
};

use bytes::Bytes;

use super::{session::SessionError, settings::IntakeSettings};
use crate::feed::Reason;

const REASONS: &str = "Dossier-Reasons";
const STREAM: &str = "Dossier-Stream";
const SEQUENCE: &str = "Dossier-Sequence";
const SUBJECT: &str = "Dossier-Subject";
const BODY: &str = "Dossier-Body";

/// A message, and why it is not taken.
pub(super) struct Rejected<'a> {
    pub(super) sequence: u64,
    /// What it is known by.
    pub(super) key: &'a [u8],
    pub(super) reasons: &'a [Reason],
    pub(super) subject: &'a str,
    pub(super) body: &'a Bytes,
}

/// Bytes of reasons that are told, at most, and of all headers.
const REASONS_BYTES: usize = 8 * 1024;
const HEADERS_BYTES: usize = 16 * 1024;

/// As many as fit, each of them whole.
fn told(reasons: &[Reason]) -> String {
    let fits = |count: &usize| {
        let told = serde_json::to_string(&reasons[..*count]).expect("reasons are plain JSON");
        (told.len() <= REASONS_BYTES).then_some(told)
    };
    let counts = (0..=reasons.len().min(100)).rev();
    counts.into_iter().find_map(|count| fits(&count)).unwrap_or_default()
}

/// Makes a stream for them, unless one holds their subject.
pub(super) async fn open(
    jetstream: &Context,
    settings: &IntakeSettings,
) -> Result<(), SessionError> {
    match jetstream.stream_by_subject(settings.parked_subject.clone()).await {
        Ok(holds) if [&settings.stream, &settings.nats.stream].contains(&&holds) => {
            return Err(SessionError::Parked(holds));
        }
        Ok(_) => return Ok(()),
        Err(error) if error.kind() == GetStreamByNameErrorKind::NotFound => {}
        Err(error) => return Err(SessionError::nats(error)),
    }
    let config = Config {
        name: settings.parked_stream.clone(),
        subjects: vec![settings.parked_subject.clone()],
        num_replicas: settings.nats.replicas,
        max_age: settings.parked_age_max,
        max_bytes: i64::try_from(settings.parked_bytes_max).unwrap_or(i64::MAX),
        // What was rejected is not dropped unseen: a full stream holds up the feed.
        discard: DiscardPolicy::New,
        ..Config::default()
    };
    jetstream.create_stream(config).await.map_err(SessionError::nats)?;
    Ok(())
}

/// Returns when it is stored.
pub(super) async fn park(
    jetstream: &Context,
    settings: &IntakeSettings,
    rejected: Rejected<'_>,
) -> Result<(), SessionError> {
    let Rejected { sequence, key, reasons, subject, body } = rejected;
    let mut headers = HeaderMap::new();
    headers.insert(REASONS, told(reasons).as_str());
    headers.insert(STREAM, settings.stream.as_str());
    headers.insert(SEQUENCE, sequence.to_string().as_str());
    headers.insert(SUBJECT, subject);
    // Parked again after a crash, it is the same message.
    headers.insert(header::NATS_MESSAGE_ID, hex::encode(key).as_str());
    let mut body = body.clone();
    if body.len() + HEADERS_BYTES > jetstream.client().server_info().max_payload {
        // The original is found by stream and sequence.
        headers.insert(BODY, "omitted");
        body = Bytes::new();
    }
    let sent = jetstream.publish_with_headers(settings.parked_subject.clone(), headers, body);
    sent.await.map_err(SessionError::nats)?.await.map_err(SessionError::nats)?;
    tracing::warn!(sequence, "A statement from NATS was rejected; it is parked with its reasons.");
    Ok(())
}
