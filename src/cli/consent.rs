//! `dossier consent`.

use std::{
    io::{self, Write},
    sync::Arc,
    time::Duration,
};

use anyhow::{Context, ensure};
use clap::{Args, Subcommand};
use events::id::{ClientId, ConsentId, CustomerId};
use reqwest::RequestBuilder;
use serde_json::{Map, Value};

use super::{Misused, Settings, remote::AdminPort};
use crate::{
    app, clock,
    config::Config,
    consents::{self, Act, ActError, Acted},
    folder,
};

/// How long a running service may take for one answer.
const ANSWER_TIME_MAX: Duration = Duration::from_secs(30);

#[derive(Debug, Args)]
pub(super) struct Consent {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Prints the consents that were granted and not revoked, one JSON object a line.
    List {
        /// Only those of one client.
        #[arg(long, value_name = "ID")]
        client: Option<String>,
        /// Only those over one customer.
        #[arg(long, value_name = "ID")]
        customer: Option<String>,
        #[command(flatten)]
        at: At,
    },
    /// Opens customers to a client; also anew, after a revocation.
    Grant {
        id: String,
        /// The client that the consent is given to.
        #[arg(long, value_name = "ID")]
        client: String,
        #[command(flatten)]
        terms: Terms,
        #[command(flatten)]
        at: At,
    },
    /// Changes a consent: what is given takes the place of what stood, the rest stays.
    Amend {
        id: String,
        #[command(flatten)]
        terms: Terms,
        /// It holds until it is revoked.
        #[arg(long, conflicts_with = "to")]
        endless: bool,
        #[command(flatten)]
        at: At,
    },
    /// Takes a consent back: from the very next request on nothing is seen through it.
    Revoke {
        id: String,
        #[command(flatten)]
        why: Why,
        #[command(flatten)]
        at: At,
    },
}

#[derive(Debug, Args)]
struct Terms {
    /// A customer that it opens; may be given up to 1000 times.
    #[arg(long = "customer", value_name = "ID")]
    customers: Vec<String>,
    /// What the client may do: customer:read, kyc:read, address:write, contact:write; may be given
    /// several times.
    #[arg(long = "scope", value_name = "SCOPE")]
    scopes: Vec<String>,
    /// The first instant at which it holds, as in RFC 3339 [default: it always held].
    #[arg(long, value_name = "INSTANT")]
    from: Option<String>,
    /// The first instant at which it no longer holds [default: until revoked].
    #[arg(long, value_name = "INSTANT")]
    to: Option<String>,
    #[command(flatten)]
    why: Why,
}

#[derive(Debug, Args)]
struct Why {
    /// A code or a ticket number that the event keeps; never a name.
    #[arg(long, value_name = "CODE")]
    reason: Option<String>,
}

/// Where it is done.
#[derive(Debug, Args)]
struct At {
    #[command(flatten)]
    settings: Settings,
    #[command(flatten)]
    admin: AdminPort,
}

impl Consent {
    pub(super) fn run(self) -> anyhow::Result<()> {
        let (act, id, words, at) = match self.what {
            What::List { client, customer, at } => return list(&at, client, customer),
            What::Grant { id, client, terms, at } => {
                let mut words = terms.words();
                words.insert("clientIdentification".to_owned(), client.into());
                (Act::Grant, id, words, at)
            }
            What::Amend { id, terms, endless, at } => {
                let mut words = terms.words();
                if endless {
                    words.insert("validTo".to_owned(), Value::Null);
                }
                (Act::Amend, id, words, at)
            }
            What::Revoke { id, why, at } => (Act::Revoke, id, why.words(), at),
        };
        let id = ConsentId::parse(&id).map_err(|error| misused(format!("the id {error}")))?;
        let words = Value::Object(words).to_string();
        let acted = super::runtime()?.block_on(at.act(id, act, words))?;
        let how = if acted.changed { "recorded" } else { "it was so already" };
        println!("{how}; in force at position {}", acted.position);
        Ok(())
    }
}

impl Terms {
    fn words(self) -> Map<String, Value> {
        let mut words = self.why.words();
        let mut put = |name: &str, value: Option<Value>| {
            words.extend(value.map(|value| (name.to_owned(), value)));
        };
        put("validFrom", self.from.map(Value::from));
        put("validTo", self.to.map(Value::from));
        let given = |list: Vec<String>| (!list.is_empty()).then(|| Value::from(list));
        put("customerIdentifications", given(self.customers));
        put("scopes", given(self.scopes));
        words
    }
}

impl Why {
    fn words(self) -> Map<String, Value> {
        self.reason.map(|reason| ("reason".to_owned(), reason.into())).into_iter().collect()
    }
}

impl At {
    async fn act(&self, id: ConsentId, act: Act, words: String) -> anyhow::Result<Acted> {
        let Some(remote) = self.admin.remote(&self.settings)? else {
            let config = self.settings.load()?;
            return act_in_folder(&config, self.settings.dev, id, act, &words).await;
        };
        let what = match act {
            Act::Grant => "grant",
            Act::Amend => "amend",
            Act::Revoke => "revoke",
        };
        let id =
            percent_encoding::utf8_percent_encode(id.as_str(), percent_encoding::NON_ALPHANUMERIC);
        let answer = ask(remote.post(&format!("/consents/{id}/{what}")).body(words)).await?;
        serde_json::from_str(&answer).context("the answer is not the service's")
    }
}

async fn act_in_folder(
    config: &Config,
    dev: bool,
    id: ConsentId,
    act: Act,
    words: &str,
) -> anyhow::Result<Acted> {
    folder::check_exists(config).map_err(Misused)?;
    let log = folder::open_log(config, dev, false)?;
    let commands = Arc::new(app::commands(config, log.clone()));
    let acted = consents::act(&commands, id, act, words.as_bytes()).await;
    log.close();
    acted.map_err(|error| match error {
        ActError::Id(_) | ActError::Violations(_) | ActError::Unknown(_) => {
            misused(error.to_string()).into()
        }
        ActError::Command(_) => error.into(),
    })
}

fn list(at: &At, client: Option<String>, customer: Option<String>) -> anyhow::Result<()> {
    let mut out = io::stdout().lock();
    if let Some(remote) = at.admin.remote(&at.settings)? {
        let mut query = form_urlencoded::Serializer::new(String::new());
        query.extend_pairs(client.map(|client| ("client", client)));
        query.extend_pairs(customer.map(|customer| ("customer", customer)));
        let asked = remote.get(&format!("/consents?{}", query.finish()));
        let lines = super::runtime()?.block_on(ask(asked))?;
        return Ok(out.write_all(lines.as_bytes())?);
    }
    let wrong = |error| misused(format!("an id {error}"));
    let client = client.as_deref().map(ClientId::parse).transpose().map_err(wrong)?;
    let customer = customer.as_deref().map(CustomerId::parse).transpose().map_err(wrong)?;
    let config = at.settings.load()?;
    folder::check_exists(&config).map_err(Misused)?;
    let log = folder::open_log(&config, at.settings.dev, false)?;
    let projections = app::open_projections(&config, log.clone())?;
    super::runtime()?.block_on(app::caught_up(&projections, log.watermark()))?;
    for consent in projections.consents(client.as_ref(), customer.as_ref()) {
        let line = consents::line(&consent.id, consent.version, &consent.terms, clock::now());
        out.write_all(&line)?;
        out.write_all(b"\n")?;
    }
    projections.close();
    log.close();
    Ok(())
}

async fn ask(request: RequestBuilder) -> anyhow::Result<String> {
    let answer = request.timeout(ANSWER_TIME_MAX).send().await;
    let answer = answer.context("the service's admin port did not answer")?;
    let status = answer.status();
    let text = answer.text().await.context("the answer broke off")?;
    ensure!(status.is_success(), "the service answered {status}: {}", text.trim());
    Ok(text)
}

fn misused(what: String) -> Misused {
    Misused(anyhow::anyhow!(what))
}
