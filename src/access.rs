//! Who is asking: a bearer token becomes a caller.
//!
//! A token is checked once and then remembered for as long as the answer cannot have changed:
//! under its SHA-256, since the token itself opens doors and need not lie about.

mod claims;
mod error;
mod fault;
mod fetch;
mod introspection;
mod issuer;
mod jwks;
mod jwt;
mod keys;

#[cfg(test)]
mod tests;

use std::sync::Arc;

use aws_lc_rs::digest::{self, SHA256};
use chrono::{DateTime, Utc};
use events::{consent::Scope, id::ClientId};
use quick_cache::sync::Cache;
use tokio::sync::Semaphore;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

pub(crate) use self::fetch::may_be_asked;
pub use self::{
    error::AccessError,
    fault::TokenError,
    issuer::{AUDIENCE, Issuer, TOKEN_LIFE_S},
};
use self::{fault::Fault, introspection::Introspection, jwt::Jwt};
use crate::{clock, config, shares::Shares};

/// Tokens that were checked and need not be again.
const KNOWN_TOKENS_MAX: usize = 4096;
/// Longest token that is looked at, in bytes.
const TOKEN_BYTES_MAX: usize = 8192;

/// What a token is known by.
type Print = [u8; 32];

/// Who is asking, and what the token lets it ask for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    pub client: ClientId,
    pub scopes: Vec<Scope>,
    /// The SHA-256 of the one certificate with which the token may be used (RFC 8705).
    pub certificate: Option<[u8; 32]>,
    /// After the leeway.
    pub expires: DateTime<Utc>,
}

/// What senders are told apart by; none where nobody knows who sends.
pub type SenderKey = Option<Vec<u8>>;

/// Checks tokens, and remembers those that it has checked.
#[derive(Debug)]
pub struct Tokens {
    source: Source,
    /// For those whose token is not known and who may have to wait for the issuer.
    waiting: Semaphore,
    shares: Shares<Vec<u8>>,
    known: Cache<Print, Known>,
}

/// How it is found out whether a token is good.
#[derive(Debug)]
enum Source {
    /// By its signature.
    Signed(Jwt),
    /// By asking the issuer.
    Opaque(Introspection),
}

/// What a token was found to be, and for how long that stands.
#[derive(Debug, Clone)]
struct Known {
    identity: Arc<Identity>,
    from: DateTime<Utc>,
    until: DateTime<Utc>,
    generation: u64,
}

impl Known {
    /// A clock that was set back makes what was found out later void, too.
    fn holds(&self, now: DateTime<Utc>, generation: u64) -> bool {
        (self.from..self.until).contains(&now) && self.generation == generation
    }
}

impl Tokens {
    /// Believes tokens that the development issuer signed.
    pub fn development(issuer: &Issuer) -> Self {
        let all = Semaphore::MAX_PERMITS;
        Self::by(Source::Signed(Jwt::development(issuer)), all, all)
    }

    /// Believes the configured issuer. What it reads is what the settings name; nobody is asked.
    pub fn configured(settings: &config::Access) -> Result<Self, AccessError> {
        let source = if settings.introspection_url.is_empty() {
            Source::Signed(Jwt::configured(settings)?)
        } else {
            Source::Opaque(Introspection::configured(settings)?)
        };
        Ok(Self::by(source, settings.waiting_max, settings.waiting_per_sender_max))
    }

    fn by(source: Source, waiting_max: usize, each_max: usize) -> Self {
        let (waiting, shares) = (Semaphore::new(waiting_max), Shares::new(each_max));
        Self { source, waiting, shares, known: Cache::new(KNOWN_TOKENS_MAX) }
    }

    /// Fetches the issuer's keys, now and again and again, until `stop`.
    pub fn keep_fresh(&self, stop: CancellationToken, tasks: &TaskTracker) {
        if let Source::Signed(jwt) = &self.source {
            let keys = Arc::clone(&jwt.keys);
            tasks.spawn(async move { stop.run_until_cancelled(keys.keep_fresh()).await });
        }
    }

    /// Who sent this token, if it is still good now. Waits for nobody if the token is known.
    pub async fn identify(
        &self,
        token: &str,
        sender: impl FnOnce() -> SenderKey,
    ) -> Result<Arc<Identity>, TokenError> {
        let print = print(token);
        let known = self.known.get(&print);
        if let Some(known) = known.filter(|known| known.holds(clock::now(), self.generation())) {
            return Ok(known.identity);
        }
        // In a box: this way is rare, and every request would carry room for it.
        let found = Box::pin(self.find_out(token, print, sender())).await;
        found.map_err(|fault| {
            fault.count();
            fault.into()
        })
    }

    async fn find_out(
        &self,
        token: &str,
        print: Print,
        sender: SenderKey,
    ) -> Result<Arc<Identity>, Fault> {
        if !is_bearer_token(token) {
            return Err(Fault::Malformed);
        }
        // A request that waits takes the place of one that could be answered, and the issuer may
        // be slow, and anybody can make up tokens.
        let share = |sender| self.shares.take(sender).ok_or(Fault::Busy);
        let _share = sender.map(share).transpose()?;
        let _place = self.waiting.try_acquire().map_err(|_| Fault::Busy)?;
        // Before the keys are looked at: if they change meanwhile, what comes out is not kept.
        let generation = self.generation();
        match &self.source {
            Source::Signed(jwt) => {
                let known = known(jwt.check(token).await?, DateTime::<Utc>::MAX_UTC, generation);
                self.known.insert(print, known.clone());
                Ok(known.identity)
            }
            Source::Opaque(introspection) => {
                // By the clock of that moment: what was found out meanwhile stays.
                self.known.remove_if(&print, |known| !known.holds(clock::now(), generation));
                // Who comes meanwhile with the same token waits for the same answer.
                let asked = async {
                    let identity = introspection.check(token, print).await?;
                    Ok(known(identity, introspection.remembered_until(), generation))
                };
                Ok(self.known.get_or_insert_async(&print, asked).await?.identity)
            }
        }
    }

    /// Changes whenever a signature that was good need not be good any more.
    fn generation(&self) -> u64 {
        match &self.source {
            Source::Signed(jwt) => jwt.keys.generation(),
            Source::Opaque(_) => 0,
        }
    }
}

fn known(identity: Identity, at_most: DateTime<Utc>, generation: u64) -> Known {
    let until = identity.expires.min(at_most);
    Known { identity: Arc::new(identity), from: clock::now(), until, generation }
}

fn print(token: &str) -> Print {
    let digest = digest::digest(&SHA256, token.as_bytes());
    digest.as_ref().try_into().expect("SHA-256 has 32 bytes")
}

/// As RFC 6750 draws one, so that nothing else is brought before the issuer.
fn is_bearer_token(token: &str) -> bool {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~+/".contains(&byte);
    let bare = token.trim_end_matches('=');
    token.len() <= TOKEN_BYTES_MAX && !bare.is_empty() && bare.bytes().all(fits)
}
