//! A running service, asked through its admin port.

use std::{
    fs,
    io::{self, Write},
    path::PathBuf,
};

use anyhow::{Context, anyhow, bail, ensure};
use clap::Args;
use reqwest::{
    Certificate, Client, ClientBuilder, Identity, RequestBuilder, Url,
    header::{AUTHORIZATION, HeaderMap, HeaderValue},
    redirect::Policy,
};
use zeroize::Zeroizing;

use super::{Misused, Settings};
use crate::{admin::token, config::Secret, loopback};

/// Where a service is, and how its admin port is opened.
#[derive(Debug, Args)]
pub(super) struct AdminPort {
    /// Uses a running service, through its admin port, instead of a folder.
    #[arg(long, value_name = "URL", conflicts_with_all = ["data", "dev"])]
    url: Option<String>,
    /// A file that holds the admin port's token [default: that of the configuration, if any].
    #[arg(long, value_name = "FILE", requires = "url")]
    admin_token_file: Option<PathBuf>,
    /// A PEM file with the authorities of the admin port's certificate [default: the system's].
    #[arg(long, value_name = "FILE", requires = "url")]
    ca: Option<PathBuf>,
    /// A PEM file with the certificate to show there.
    #[arg(long, value_name = "FILE", requires = "url", requires = "key")]
    cert: Option<PathBuf>,
    /// A PEM file with its private key.
    #[arg(long, value_name = "FILE", requires = "url", requires = "cert")]
    key: Option<PathBuf>,
}

/// An admin port that can be asked.
pub(super) struct Remote {
    client: Client,
    base: String,
}

/// To nobody but who is named: what is sent opens everything, and what comes back is everything.
fn straight() -> ClientBuilder {
    Client::builder().no_proxy().redirect(Policy::none()).referer(false)
}

impl AdminPort {
    /// None where a folder is meant.
    pub(super) fn remote(&self, settings: &Settings) -> anyhow::Result<Option<Remote>> {
        let Some(url) = &self.url else { return Ok(None) };
        let remote = self.connect(url, settings).map_err(Misused)?;
        Ok(Some(remote))
    }

    fn connect(&self, text: &str, settings: &Settings) -> anyhow::Result<Remote> {
        let url = Url::parse(text).context("the argument of --url is no URL")?;
        let token = self.token(settings)?;
        let is_safe = url.scheme() == "https" || url.host_str().is_some_and(loopback::is);
        ensure!(token.is_none() || is_safe, "the admin token is sent over https only, or loopback");
        let client = self.certified(straight(), url.scheme() == "https")?;
        let client = client.default_headers(headers(token)?).build()?;
        Ok(Remote { client, base: text.trim_end_matches('/').to_owned() })
    }

    fn token(&self, settings: &Settings) -> anyhow::Result<Option<Zeroizing<String>>> {
        let mut config = settings.load()?;
        if let Some(file) = &self.admin_token_file {
            config.http.admin_token = Secret::default();
            config.http.admin_token_file.clone_from(file);
        }
        Ok(token::configured(&config.http)?)
    }

    fn certified(&self, client: ClientBuilder, is_tls: bool) -> anyhow::Result<ClientBuilder> {
        let client = match (&self.ca, is_tls) {
            (Some(file), _) => client.tls_certs_only(authorities(file)?),
            (None, true) => client,
            // Nobody's certificate is looked at.
            (None, false) => client.tls_certs_only([]),
        };
        let (Some(cert), Some(key)) = (&self.cert, &self.key) else { return Ok(client) };
        let both = Zeroizing::new([&read(cert)?[..], b"\n", &read(key)?[..]].concat());
        let identity = Identity::from_pem(&both)
            .map_err(|_| anyhow!("{} and {} are no identity", cert.display(), key.display()))?;
        Ok(client.identity(identity))
    }
}

impl Remote {
    pub(super) fn get(&self, path: &str) -> RequestBuilder {
        self.client.get(format!("{}{path}", self.base))
    }

    pub(super) fn post(&self, path: &str) -> RequestBuilder {
        self.client.post(format!("{}{path}", self.base))
    }

    /// Prints what is answered, as it comes.
    pub(super) async fn print(&self, path: &str) -> anyhow::Result<()> {
        self.copy(path, &mut io::stdout().lock()).await
    }

    /// Writes what is answered, as it comes.
    pub(super) async fn copy(&self, path: &str, out: &mut dyn Write) -> anyhow::Result<()> {
        let answer = self.get(path).send().await;
        let mut answer = answer.context("the service's admin port did not answer")?;
        let status = answer.status();
        if !status.is_success() {
            let reason = answer.text().await.unwrap_or_default();
            bail!("the service answered {status}: {}", reason.trim());
        }
        while let Some(part) = answer.chunk().await.context("the answer broke off")? {
            out.write_all(&part)?;
        }
        Ok(out.flush()?)
    }
}

fn headers(token: Option<Zeroizing<String>>) -> anyhow::Result<HeaderMap> {
    let mut headers = HeaderMap::new();
    if let Some(token) = token {
        let bearer = Zeroizing::new(format!("Bearer {}", *token));
        let mut value = HeaderValue::from_str(&bearer)?;
        value.set_sensitive(true);
        headers.insert(AUTHORIZATION, value);
    }
    Ok(headers)
}

fn authorities(file: &PathBuf) -> anyhow::Result<Vec<Certificate>> {
    let found = Certificate::from_pem_bundle(&read(file)?).unwrap_or_default();
    ensure!(!found.is_empty(), "{} holds no certificate in PEM", file.display());
    Ok(found)
}

fn read(file: &PathBuf) -> anyhow::Result<Zeroizing<Vec<u8>>> {
    let bytes = fs::read(file).with_context(|| format!("{} cannot be read", file.display()))?;
    Ok(Zeroizing::new(bytes))
}
