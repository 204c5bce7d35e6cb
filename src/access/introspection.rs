//! Opaque tokens: the issuer is asked what is behind one (RFC 7662).

use std::{fs, time::Duration};

use base64::{Engine, engine::general_purpose::STANDARD};
use bytes::Bytes;
use chrono::{DateTime, TimeDelta, Utc};
use quick_cache::sync::Cache;
use reqwest::header::HeaderValue;
use serde_json::Value;
use tokio::{sync::Semaphore, time::timeout};
use zeroize::Zeroizing;

use super::{
    AccessError, Identity, Print,
    claims::{Claims, Rules},
    fault::Fault,
    fetch::{self, FetchError, Fetcher},
};
use crate::{
    clock,
    config::{self, Secret},
    discretion,
    seldom::Seldom,
};

/// Refusals that are remembered, apart from the good tokens, which they must not crowd out.
const REFUSALS_MAX: usize = 4096;
/// How long nobody is asked again about a token for which there was no answer.
const UNANSWERED_REMEMBERED: TimeDelta = TimeDelta::seconds(1);
/// How often a failure is told in the log, at most.
const TOLD_EVERY: Duration = Duration::from_mins(1);

#[derive(Debug)]
pub(super) struct Introspection {
    fetcher: Fetcher,
    client: String,
    secret: Secret,
    rules: Rules,
    remembered: TimeDelta,
    refusals: Cache<Print, Refusal>,
    places: Semaphore,
    wait_max: Duration,
    told: Seldom,
}

/// What a token was found not to be, and for how long that stands.
#[derive(Debug, Clone, Copy)]
struct Refusal {
    fault: Fault,
    from: DateTime<Utc>,
    until: DateTime<Utc>,
}

impl Introspection {
    pub(super) fn configured(settings: &config::Access) -> Result<Self, AccessError> {
        Ok(Self {
            fetcher: Fetcher::new(settings, &settings.introspection_url)?,
            client: settings.introspection_client.clone(),
            secret: secret(settings)?,
            rules: Rules::of(settings, false),
            remembered: TimeDelta::seconds(settings.introspection_cache_s.into()),
            refusals: Cache::new(REFUSALS_MAX),
            places: Semaphore::new(settings.introspections_max),
            wait_max: Duration::from_millis(settings.fetch_ms_max.into()),
            told: Seldom::every(TOLD_EVERY),
        })
    }

    /// Until when what is found out now stands.
    pub(super) fn remembered_until(&self) -> DateTime<Utc> {
        clock::now() + self.remembered
    }

    /// Who sent this token; asks nobody if it was refused a moment ago.
    pub(super) async fn check(&self, token: &str, print: Print) -> Result<Identity, Fault> {
        let refusal = self.refusals.get(&print);
        if let Some(refusal) = refusal.filter(|it| (it.from..it.until).contains(&clock::now())) {
            return Err(refusal.fault);
        }
        let found = self.ask(token).await;
        if let Err(fault) = found {
            let now = clock::now();
            let is_unanswered = fault == Fault::Unreachable;
            let until = now + if is_unanswered { UNANSWERED_REMEMBERED } else { self.remembered };
            self.refusals.insert(print, Refusal { fault, from: now, until });
        }
        found
    }

    async fn ask(&self, token: &str) -> Result<Identity, Fault> {
        let answer = self.answer(token).await;
        self.report(&answer);
        let claims = answer.map_err(|_| Fault::Unreachable)?;
        if claims.get("active") != Some(&Value::Bool(true)) {
            return Err(Fault::Inactive);
        }
        self.rules.identity(&claims, clock::now())
    }

    async fn answer(&self, token: &str) -> Result<Claims, FetchError> {
        let place = timeout(self.wait_max, self.places.acquire()).await;
        let Ok(Ok(_place)) = place else { return Err(FetchError::Busy) };
        let answer = self.fetcher.post(self.authorization(), form(token)).await;
        let claims: Claims = serde_json::from_slice(&answer?)?;
        Ok(claims)
    }

    /// Client and secret as RFC 6749 has them: encoded as in a form, each for itself.
    fn authorization(&self) -> HeaderValue {
        let encoded = |text: &str| -> Zeroizing<String> {
            Zeroizing::new(form_urlencoded::byte_serialize(text.as_bytes()).collect())
        };
        let (client, secret) = (encoded(&self.client), encoded(self.secret.expose()));
        let pair = Zeroizing::new([client.as_str(), ":", secret.as_str()].concat());
        let encoded = Zeroizing::new(STANDARD.encode(pair.as_bytes()));
        let basic = Zeroizing::new(["Basic ", encoded.as_str()].concat().into_bytes());
        let value = HeaderValue::from_maybe_shared(Bytes::from_owner(basic));
        let mut value = value.expect("base64 is visible ASCII");
        value.set_sensitive(true);
        value
    }

    /// Counts every answer, and tells of failures now and then: whoever sends tokens that the
    /// issuer stumbles over should not fill the log.
    fn report(&self, answer: &Result<Claims, FetchError>) {
        fetch::count("introspection", answer.is_ok());
        let Err(error) = answer else { return };
        if let Some(untold) = self.told.turn() {
            let reason = events::causes::chain(error);
            tracing::warn!(reason, untold, "The issuer does not tell about a token.");
        }
    }
}

/// The question, wiped once it is sent.
fn form(token: &str) -> Bytes {
    const HEAD: &str = "token_type_hint=access_token&token=";
    // A token's characters become three each at most, so that nothing is left behind in growing.
    let mut form = Zeroizing::new(String::with_capacity(HEAD.len() + 3 * token.len()));
    form.push_str(HEAD);
    form_urlencoded::byte_serialize(token.as_bytes()).for_each(|part| form.push_str(part));
    Bytes::from_owner(Zeroizing::new(std::mem::take(&mut *form).into_bytes()))
}

fn secret(settings: &config::Access) -> Result<Secret, AccessError> {
    let path = &settings.introspection_secret_file;
    if path.as_os_str().is_empty() {
        return Ok(settings.introspection_secret.clone());
    }
    discretion::look_at(path);
    let text = fs::read_to_string(path).map_err(|error| AccessError::file(path, error))?;
    let text = Zeroizing::new(text);
    let secret = text.trim_end_matches(['\r', '\n']);
    if secret.is_empty() {
        return Err(AccessError::NoSecret(path.clone()));
    }
    Ok(Secret::new(secret.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_question_names_the_token_and_nothing_leaves_it_undecided() {
        let form = form("a+b/c=");
        assert_eq!(&form[..], b"token_type_hint=access_token&token=a%2Bb%2Fc%3D");
    }
}
