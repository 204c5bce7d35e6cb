//! Messages that were rejected: kept as they came, with every reason, for a human to look at.

use async_nats::{
    HeaderMap, header,
    jetstream::{Context, Message, context::GetStreamByNameErrorKind, stream::Config},
};

use super::{session::SessionError, settings::IntakeSettings};
use crate::feed::Reason;

const REASONS: &str = "Dossier-Reasons";
const STREAM: &str = "Dossier-Stream";
const SEQUENCE: &str = "Dossier-Sequence";
const SUBJECT: &str = "Dossier-Subject";

/// Makes a stream for them, unless one holds their subject.
pub(super) async fn open(
    jetstream: &Context,
    settings: &IntakeSettings,
) -> Result<(), SessionError> {
    match jetstream.stream_by_subject(settings.parked_subject.clone()).await {
        Ok(_) => return Ok(()),
        Err(error) if error.kind() == GetStreamByNameErrorKind::NotFound => {}
        Err(error) => return Err(SessionError::nats(error)),
    }
    let config = Config {
        name: settings.parked_stream.clone(),
        subjects: vec![settings.parked_subject.clone()],
        num_replicas: settings.nats.replicas,
        ..Config::default()
    };
    jetstream.create_stream(config).await.map_err(SessionError::nats)?;
    Ok(())
}

/// Returns when it is stored.
pub(super) async fn park(
    jetstream: &Context,
    settings: &IntakeSettings,
    message: &Message,
    (sequence, reasons): (u64, &[Reason]),
) -> Result<(), SessionError> {
    let told = serde_json::to_string(reasons).expect("reasons are plain JSON");
    let mut headers = HeaderMap::new();
    headers.insert(REASONS, told.as_str());
    headers.insert(STREAM, settings.stream.as_str());
    headers.insert(SEQUENCE, sequence.to_string().as_str());
    headers.insert(SUBJECT, message.subject.as_str());
    // Parked again after a crash, it is the same message.
    let id = format!("{}:{sequence}", settings.stream);
    headers.insert(header::NATS_MESSAGE_ID, id.as_str());
    let sent = jetstream.publish_with_headers(
        settings.parked_subject.clone(),
        headers,
        message.payload.clone(),
    );
    sent.await.map_err(SessionError::nats)?.await.map_err(SessionError::nats)?;
    tracing::warn!(sequence, "A statement from NATS was rejected; it is parked with its reasons.");
    Ok(())
}
