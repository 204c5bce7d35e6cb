//! How events are published, and what of that is refused.

use std::path::Path;

use super::{Config, Nats};
use crate::publisher::PublisherSettings;

impl Config {
    /// How events are published.
    pub fn publisher(&self) -> PublisherSettings {
        let nats = &self.nats;
        let file = |path: &Path| (!path.as_os_str().is_empty()).then(|| path.to_path_buf());
        PublisherSettings {
            stream: nats.stream.clone(),
            prefix: nats.prefix.clone(),
            replicas: nats.replicas,
            in_flight_max: nats.in_flight_max,
            bodies: nats.bodies.clone(),
            schemas_url: self.schemas_url(),
            credentials: file(&nats.credentials),
            root_certificates: file(&nats.root_certificates),
            ..PublisherSettings::new(&nats.urls)
        }
    }

    /// Where subscribers find the schemas: what is set, else where this service listens.
    fn schemas_url(&self) -> String {
        if !self.nats.schemas_url.is_empty() {
            return self.nats.schemas_url.clone();
        }
        let scheme = if self.http.tls.is_on() { "https" } else { "http" };
        format!("{scheme}://{}{}/schemas/", self.http.listen, self.http.base_path)
    }
}

impl Nats {
    /// `CloudEvents` wants an absolute URI, and the name of a file comes right after it.
    pub(super) fn wrong_schemas_url(&self) -> Option<String> {
        let url = &self.schemas_url;
        let plain = |byte: u8| byte.is_ascii_graphic() && !b"\"%<>\\^`{|}?#".contains(&byte);
        let scheme = |url: &str| url.starts_with("https://") || url.starts_with("http://");
        let fits = scheme(url) && url.ends_with('/') && url.bytes().all(plain);
        (!url.is_empty() && !fits).then(|| {
            "nats.schemas_url must begin with https:// or http://, end with /, and have no ? or #"
                .to_owned()
        })
    }
}
