//! The stream in NATS: made as it should be where it is missing, never changed, and its end.

use std::time::Duration;

use async_nats::jetstream::{
    Context, ErrorCode,
    context::GetStreamErrorKind,
    message::StreamMessage,
    stream::{
        Config, DiscardPolicy, LastRawMessageErrorKind, RetentionPolicy, StorageType, Stream,
    },
};

use super::settings::PublisherSettings;

/// Within which the server recognizes the same message id; a second net only.
const DUPLICATE_WINDOW: Duration = Duration::from_mins(2);

/// What lies at the end of a stream.
#[derive(Debug)]
pub(super) struct End {
    /// The last that was given out, whether or not that message is still there.
    pub(super) sequence: u64,
    /// The last message that is still there.
    pub(super) message: Option<StreamMessage>,
}

/// Finds the stream, or makes it.
pub(super) async fn open(
    jetstream: &Context,
    settings: &PublisherSettings,
) -> Result<Stream, async_nats::Error> {
    let error = match jetstream.get_stream(&settings.stream).await {
        Ok(stream) => return Ok(stream),
        Err(error) => error,
    };
    let missing = matches!(
        error.kind(),
        GetStreamErrorKind::JetStream(error) if error.error_code() == ErrorCode::STREAM_NOT_FOUND
    );
    if !missing {
        return Err(error.into());
    }
    tracing::info!(stream = settings.stream, "The stream is not there; making it.");
    Ok(jetstream.create_stream(config(settings)).await?)
}

/// The names of the settings in which a stream is not as it would have been made.
pub(super) fn differences(found: &Config, settings: &PublisherSettings) -> Vec<&'static str> {
    let wanted = config(settings);
    let limited = |limit: i64| limit > 0;
    let checks = [
        ("subjects", found.subjects == wanted.subjects),
        ("storage", found.storage == wanted.storage),
        ("retention", found.retention == wanted.retention),
        ("discard", found.discard == wanted.discard),
        ("max_msgs", !limited(found.max_messages)),
        ("max_msgs_per_subject", !limited(found.max_messages_per_subject)),
        ("max_bytes", !limited(found.max_bytes)),
        ("max_msg_size", !limited(found.max_message_size.into())),
        ("max_age", found.max_age.is_zero()),
        ("duplicate_window", found.duplicate_window == wanted.duplicate_window),
        ("deny_delete", found.deny_delete),
        ("deny_purge", !found.deny_purge),
        ("allow_direct", found.allow_direct),
        ("allow_rollup_hdrs", !found.allow_rollup),
        ("no_ack", !found.no_ack),
        ("num_replicas", found.num_replicas == wanted.num_replicas),
    ];
    checks.into_iter().filter(|(_, same)| !same).map(|(name, _)| name).collect()
}

/// Reads the end from the leader, not from a copy that may be behind.
pub(super) async fn end(
    stream: &Stream,
    settings: &PublisherSettings,
) -> Result<End, async_nats::Error> {
    let state = stream.get_info().await?.state;
    let sequence = state.last_sequence;
    if state.messages == 0 {
        return Ok(End { sequence, message: None });
    }
    let message = match stream.get_raw_message(sequence).await {
        Ok(message) => message,
        // Forgetting purges subjects, the last message's perhaps among them.
        Err(error) if error.kind() == LastRawMessageErrorKind::NoMessageFound => {
            stream.get_last_raw_message_by_subject(&subjects(settings)).await?
        }
        Err(error) => return Err(error.into()),
    };
    Ok(End { sequence, message: Some(message) })
}

pub(super) fn config(settings: &PublisherSettings) -> Config {
    Config {
        name: settings.stream.clone(),
        description: Some("Events of dossier, in the order of its log".to_owned()),
        subjects: vec![subjects(settings)],
        storage: StorageType::File,
        retention: RetentionPolicy::Limits,
        discard: DiscardPolicy::New,
        duplicate_window: DUPLICATE_WINDOW,
        deny_delete: true,
        // Forgetting a person purges what was published about that person.
        deny_purge: false,
        allow_direct: true,
        num_replicas: settings.replicas,
        ..Config::default()
    }
}

fn subjects(settings: &PublisherSettings) -> String {
    format!("{}.>", settings.prefix)
}
