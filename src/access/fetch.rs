//! What is asked of the issuer over HTTP, and the bounds of that: time, bytes, no way elsewhere.

use std::{fs, io, path::Path, time::Duration};

use bytes::Bytes;
use reqwest::{
    Certificate, Client, RequestBuilder, StatusCode, Url,
    header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderValue},
    redirect,
};
use serde_json::error::Category;

use super::AccessError;
use crate::{config, loopback};

/// Who asks, in the issuer's log.
const USER_AGENT: &str = concat!("dossier/", env!("CARGO_PKG_VERSION"));

/// Why the issuer's answer cannot be used; says nothing of what was asked.
#[derive(Debug, thiserror::Error)]
pub(super) enum FetchError {
    #[error("there was no answer")]
    Request(#[source] reqwest::Error),
    #[error("the answer was {0}")]
    Status(StatusCode),
    #[error("the answer has more bytes than access.fetch_bytes_max")]
    TooLarge,
    /// Where it stops being that, but not what stands there: that may be a name or a key.
    #[error("the answer is not what was asked for ({fault}, line {line}, column {column})")]
    Content { fault: &'static str, line: usize, column: usize },
    #[error("it cannot be read")]
    File(#[from] io::Error),
    #[error("too many questions are waiting")]
    Busy,
}

impl From<serde_json::Error> for FetchError {
    fn from(error: serde_json::Error) -> Self {
        let fault = match error.classify() {
            Category::Data => "it holds something else",
            Category::Eof => "it ends too early",
            Category::Syntax | Category::Io => "it is no JSON",
        };
        Self::Content { fault, line: error.line(), column: error.column() }
    }
}

/// Asks one address.
#[derive(Debug)]
pub(super) struct Fetcher {
    client: Client,
    url: Url,
    bytes_max: usize,
}

impl Fetcher {
    pub(super) fn new(settings: &config::Access, url: &str) -> Result<Self, AccessError> {
        let url: Url = url.parse().map_err(|_| AccessError::Url)?;
        let time_max = Duration::from_millis(settings.fetch_ms_max.into());
        let builder = Client::builder()
            .user_agent(USER_AGENT)
            // Whatever proxy the environment names for others would read tokens and secrets.
            .no_proxy()
            .redirect(redirect::Policy::none())
            .referer(false)
            .timeout(time_max);
        let roots = &settings.root_certificates;
        let builder = if !roots.as_os_str().is_empty() {
            builder.tls_certs_only(authorities(roots)?)
        } else if url.scheme() == "http" {
            // Nobody's certificate is looked at, and a small container has no authorities.
            builder.tls_certs_only([])
        } else {
            builder
        };
        let client = builder.build().map_err(AccessError::Client)?;
        Ok(Self { client, url, bytes_max: settings.fetch_bytes_max })
    }

    pub(super) async fn get(&self) -> Result<Vec<u8>, FetchError> {
        self.answer(self.client.get(self.url.clone())).await
    }

    /// Posts a form.
    pub(super) async fn post(
        &self,
        authorization: HeaderValue,
        form: Bytes,
    ) -> Result<Vec<u8>, FetchError> {
        let request = self.client.post(self.url.clone()).header(AUTHORIZATION, authorization);
        let request = request.header(CONTENT_TYPE, "application/x-www-form-urlencoded").body(form);
        self.answer(request).await
    }

    async fn answer(&self, request: RequestBuilder) -> Result<Vec<u8>, FetchError> {
        let request = request.header(ACCEPT, "application/json");
        let mut answer = request.send().await.map_err(without_url)?;
        if answer.status() != StatusCode::OK {
            return Err(FetchError::Status(answer.status()));
        }
        let mut bytes = Vec::new();
        while let Some(chunk) = answer.chunk().await.map_err(without_url)? {
            if bytes.len() + chunk.len() > self.bytes_max {
                return Err(FetchError::TooLarge);
            }
            bytes.extend_from_slice(&chunk);
        }
        Ok(bytes)
    }
}

/// A URL may hold what is not for the log.
fn without_url(error: reqwest::Error) -> FetchError {
    FetchError::Request(error.without_url())
}

fn authorities(path: &Path) -> Result<Vec<Certificate>, AccessError> {
    let pem = fs::read(path).map_err(|error| AccessError::file(path, error))?;
    let certificates = Certificate::from_pem_bundle(&pem).unwrap_or_default();
    if certificates.is_empty() {
        return Err(AccessError::NoCertificate(path.to_path_buf()));
    }
    Ok(certificates)
}

/// Whether a URL is one that tokens and keys may travel to and from.
pub(crate) fn may_be_asked(url: &str) -> bool {
    let Ok(url) = Url::parse(url) else { return false };
    let Some(host) = url.host_str() else { return false };
    let is_bare = url.username().is_empty() && url.password().is_none();
    is_bare && (url.scheme() == "https" || (url.scheme() == "http" && loopback::is(host)))
}

/// Fetches of the issuer's, as metrics count them.
pub(super) fn count(what: &'static str, is_ok: bool) {
    let outcome = if is_ok { "ok" } else { "failed" };
    metrics::counter!("dossier_issuer_fetches_total", "what" => what, "outcome" => outcome)
        .increment(1);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::access::jwks::KeySet;

    #[test]
    fn only_https_or_this_machine_is_asked() {
        for good in ["https://as/jwks", "http://127.0.0.1:1/", "http://localhost/", "http://[::1]/"]
        {
            assert!(may_be_asked(good), "{good}");
        }
        for wrong in [
            "",
            "as/jwks",
            "http://as/jwks",
            "http://127.0.0.1@as/",
            "https://user@as/",
            "https://:secret@as/",
            "file:///etc/jwks.json",
            "data:application/json,{}",
        ] {
            assert!(!may_be_asked(wrong), "{wrong}");
        }
    }

    #[test]
    fn an_answer_that_is_something_else_is_not_quoted() {
        for wrong in ["\"hunter2\"", "{\"hunter2\"", "hunter2", "{\"keys\": \"hunter2\"}"] {
            let error = FetchError::from(KeySet::parse(wrong.as_bytes()).unwrap_err());
            let told = format!("{error:?} {error}");
            assert!(told.contains("line") && !told.contains("hunter2"), "{told}");
        }
    }

    #[test]
    fn a_file_without_certificates_is_refused() {
        let file = tempfile::NamedTempFile::new().unwrap();
        assert!(matches!(authorities(file.path()), Err(AccessError::NoCertificate(_))));
        assert!(matches!(authorities(Path::new("/nowhere.pem")), Err(AccessError::File { .. })));
    }
}
