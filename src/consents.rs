//! Consents by an operator's hand: granted, amended, revoked; and those that stand.

use chrono::{DateTime, SecondsFormat, Utc};
use events::{
    consent::{ConsentTerms, Scope},
    envelope::{Actor, Cause},
    id::{ClientId, ConsentId, CustomerId, Position, Version},
    text::{Reason, Unfit},
};
use serde::{Deserialize, Serialize};

use crate::{
    commands::{Command, CommandError, Commands, Done, Order, consent::ConsentCommand},
    parse::{
        self, Parsed, Violations,
        consent::{self, Word},
    },
};

/// What is done to a consent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Act {
    Grant,
    Amend,
    Revoke,
}

/// What came of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Acted {
    pub consent_identification: ConsentId,
    /// False where it was so before.
    pub changed: bool,
    /// How far the log goes with it.
    pub position: Position,
}

#[derive(Debug, thiserror::Error)]
pub enum ActError {
    #[error("the id {0}")]
    Id(#[from] Unfit),
    #[error(transparent)]
    Violations(#[from] Violations),
    #[error("nobody knows these members: {}", .0.join(", "))]
    Unknown(Vec<String>),
    #[error(transparent)]
    Command(#[from] CommandError),
}

/// Carries out what `words`, a JSON object, say; what this returns is safe on the disk.
pub async fn act(
    commands: &Commands,
    id: ConsentId,
    act: Act,
    words: &[u8],
) -> Result<Acted, ActError> {
    let (command, reason) = match act {
        Act::Grant => {
            parse::no_step(id.as_str())?;
            read(consent::grant(words)?, ConsentCommand::Grant)?
        }
        Act::Amend => read(consent::amendment(words)?, ConsentCommand::Amend)?,
        Act::Revoke => read(consent::revocation(words)?, |()| ConsentCommand::Revoke)?,
    };
    let cause = Cause { reason, ..Cause::by(Actor::Operator) };
    let command = Command::Consent(id.clone(), command);
    let order = Order { command, cause, also: Vec::new(), until: None, receipt: None };
    let done = commands.execute(order).await?;
    let changed = matches!(&done, Done::Now { events, .. } if !events.is_empty());
    Ok(Acted { consent_identification: id, changed, position: done.position() })
}

/// A member misspelt here would grant for longer, or more, than was meant: none is passed over.
fn read<T>(
    parsed: Parsed<Word<T>>,
    command: impl FnOnce(T) -> ConsentCommand,
) -> Result<(ConsentCommand, Option<Reason>), ActError> {
    if !parsed.ignored.is_empty() {
        return Err(ActError::Unknown(parsed.ignored));
    }
    let Word { what, reason } = parsed.value;
    Ok((command(what), reason))
}

/// A consent that was not revoked, in the words of the feed.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Line<'a> {
    consent_identification: &'a ConsentId,
    client_identification: &'a ClientId,
    customer_identifications: Vec<&'a CustomerId>,
    scopes: Vec<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    valid_from: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    valid_to: Option<String>,
    status: &'static str,
    /// Whether the clock lets it hold now.
    in_force: bool,
    version: Version,
}

/// One line of JSON, without its end.
pub fn line(id: &ConsentId, version: Version, terms: &ConsentTerms, now: DateTime<Utc>) -> Vec<u8> {
    let instant = |instant: DateTime<Utc>| instant.to_rfc3339_opts(SecondsFormat::AutoSi, true);
    let line = Line {
        consent_identification: id,
        client_identification: &terms.client_identification,
        customer_identifications: terms.customer_identifications.iter().collect(),
        scopes: terms.scopes.iter().copied().map(Scope::as_str).collect(),
        valid_from: terms.valid_from.map(instant),
        valid_to: terms.valid_to.map(instant),
        status: "active",
        in_force: terms.in_force(now),
        version,
    };
    serde_json::to_vec(&line).expect("a consent is plain JSON")
}
