//! How the stream in NATS is set up: made so where it is missing, compared, never changed.

use std::fmt::Debug;

use async_nats::jetstream::{
    Context, ErrorCode,
    context::GetStreamErrorKind,
    stream::{Config, DiscardPolicy, RetentionPolicy, StorageType, Stream},
};
use serde::{Deserialize, Serialize};

use super::settings::{Discard, PublisherSettings};

/// A setting in which a stream is not as it would have been made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Difference {
    pub setting: String,
    pub found: String,
    pub wanted: String,
}

/// Finds the stream, or makes it.
pub(super) async fn open(
    jetstream: &Context,
    settings: &PublisherSettings,
) -> Result<Stream, async_nats::Error> {
    if let Some(stream) = find(jetstream, settings).await? {
        return Ok(stream);
    }
    tracing::info!(stream = settings.stream, "The stream is not there; making it.");
    Ok(jetstream.create_stream(config(settings)).await?)
}

/// The stream, if it is there.
pub(super) async fn find(
    jetstream: &Context,
    settings: &PublisherSettings,
) -> Result<Option<Stream>, async_nats::Error> {
    let error = match jetstream.get_stream(&settings.stream).await {
        Ok(stream) => return Ok(Some(stream)),
        Err(error) => error,
    };
    let is_missing = matches!(
        error.kind(),
        GetStreamErrorKind::JetStream(error) if error.error_code() == ErrorCode::STREAM_NOT_FOUND
    );
    if is_missing { Ok(None) } else { Err(error.into()) }
}

/// In what a stream is not as it would have been made.
pub(super) fn differences(found: &Config, settings: &PublisherSettings) -> Vec<Difference> {
    let wanted = config(settings);
    // The server says -1 where nothing is limited.
    let limit = |limit: i64| limit.max(0);
    let mut found_differences = Vec::new();
    let mut compare = |setting: &str, found: &dyn Debug, wanted: &dyn Debug| {
        let (found, wanted) = (format!("{found:?}"), format!("{wanted:?}"));
        if found != wanted {
            found_differences.push(Difference { setting: setting.to_owned(), found, wanted });
        }
    };
    compare("subjects", &found.subjects, &wanted.subjects);
    compare("storage", &found.storage, &wanted.storage);
    compare("retention", &found.retention, &wanted.retention);
    compare("discard", &found.discard, &wanted.discard);
    compare("max_msgs", &limit(found.max_messages), &0);
    compare("max_msgs_per_subject", &limit(found.max_messages_per_subject), &0);
    compare("max_bytes", &limit(found.max_bytes), &wanted.max_bytes);
    compare("max_msg_size", &limit(found.max_message_size.into()), &0);
    compare("max_age", &found.max_age, &wanted.max_age);
    compare("duplicate_window", &found.duplicate_window, &wanted.duplicate_window);
    compare("deny_delete", &found.deny_delete, &wanted.deny_delete);
    compare("deny_purge", &found.deny_purge, &wanted.deny_purge);
    compare("allow_direct", &found.allow_direct, &wanted.allow_direct);
    compare("allow_rollup_hdrs", &found.allow_rollup, &wanted.allow_rollup);
    compare("allow_atomic", &found.allow_atomic_publish, &wanted.allow_atomic_publish);
    compare("no_ack", &found.no_ack, &wanted.no_ack);
    compare("sealed", &found.sealed, &wanted.sealed);
    compare("num_replicas", &found.num_replicas, &wanted.num_replicas);
    found_differences
}

pub(super) fn config(settings: &PublisherSettings) -> Config {
    Config {
        name: settings.stream.clone(),
        description: Some("Events of dossier, in the order of its log".to_owned()),
        subjects: vec![subjects(settings)],
        storage: StorageType::File,
        retention: RetentionPolicy::Limits,
        discard: match settings.discard {
            Discard::New => DiscardPolicy::New,
            Discard::Old => DiscardPolicy::Old,
        },
        max_bytes: i64::try_from(settings.bytes_max).unwrap_or(i64::MAX),
        max_age: settings.age_max,
        duplicate_window: settings.duplicate_window,
        deny_delete: true,
        // Forgetting a person purges what was published about that person.
        deny_purge: false,
        allow_direct: true,
        allow_atomic_publish: settings.atomic_batches,
        num_replicas: settings.replicas,
        ..Config::default()
    }
}

/// All that is published.
pub(super) fn subjects(settings: &PublisherSettings) -> String {
    format!("{}.>", settings.prefix)
}
