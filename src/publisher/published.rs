//! What subscribers are told of how events are published.

use std::collections::BTreeSet;

use super::settings::{BodyClass, PublisherSettings};

/// The settings that every message shows.
#[derive(Debug, Clone)]
pub struct Published {
    pub stream: String,
    pub prefix: String,
    pub source: String,
    pub bodies: BTreeSet<BodyClass>,
    pub schemas_url: String,
}

impl Published {
    pub fn of(settings: &PublisherSettings) -> Self {
        Self {
            stream: settings.stream.clone(),
            prefix: settings.prefix.clone(),
            source: settings.source.clone(),
            bodies: settings.bodies.clone(),
            schemas_url: settings.schemas_url.clone(),
        }
    }

    /// Where the schema of a tag is.
    pub fn schema_of(&self, tag: &str) -> String {
        format!("{}{tag}.json", self.schemas_url)
    }
}
