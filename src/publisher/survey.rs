//! Stream and log compared at every connect, with few reads however long both are.
//!
//! Publishing gives every event the sequence right behind the one before, so in a sound stream
//! sequence and position go up together; the difference between them, the *shift*, changes only
//! where the end of the stream was purged and published again. So it is enough to compare
//!
//! 1. the last message (where to go on) and the first one, by position and hash;
//! 2. the places where the shift changes, found by bisection: the messages on both sides must be
//!    neighbors in the log too, but for what was forgotten;
//! 3. what is gone from inside the stream: its position follows from its sequence, and the event
//!    must have been forgotten;
//! 4. where the stream begins: with the log, unless a limit of it explains another beginning;
//! 5. a few messages in between, drawn by chance, by position and hash.
//!
//! `dossier reconcile` compares every message (`compare.rs`).

use async_nats::jetstream::stream::{Config, Info};
use aws_lc_rs::rand;
use events::id::Position;

use super::{
    extent::{self, Extent},
    mirror::{self, Found, Mirror, Mirrored},
    session::SessionError,
    trouble::{Damage, Halt},
};

/// Changes of the shift that are looked at each time.
const SEAMS_MAX: usize = 32;
/// Sequences without a message that are looked at each time; the server sends them in one answer.
const GONE_MAX: u64 = 50_000;
/// Messages drawn by chance.
const SAMPLES: usize = 8;

/// The first event to publish comes after `after`, right behind `sequence`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Start {
    pub(super) after: Position,
    pub(super) sequence: u64,
    pub(super) extent: Extent,
    /// Up to here messages get new ids; zero as a rule.
    ///
    /// A server that was purged still remembers for a while the ids of what it no longer has, and
    /// would take those messages for duplicates.
    pub(super) renamed_to: Position,
}

/// What a look at the stream has shown.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Survey {
    pub(super) start: Start,
    pub(super) is_empty: bool,
    pub(super) damage: Option<Damage>,
}

/// An event of the stream with the sequence it lies at.
#[derive(Debug, Clone)]
struct Placed {
    sequence: u64,
    event: Mirrored,
}

impl Placed {
    fn shift(&self) -> u64 {
        self.sequence.wrapping_sub(self.event.position.0)
    }
}

/// What lies in the way of a comparison by few reads.
enum Obstacle {
    Damage(Damage),
    Session(SessionError),
}

impl<E: Into<SessionError>> From<E> for Obstacle {
    fn from(error: E) -> Self {
        Self::Session(error.into())
    }
}

/// Looks at the stream; halts where nothing may be published behind what is there.
pub(super) async fn survey(mirror: &Mirror) -> Result<Survey, SessionError> {
    let Info { config, state, .. } = mirror.info().await?;
    let (sequence, extent) = (state.last_sequence, Extent::of(&state));
    let start = |after| Start { after, sequence, extent, renamed_to: Position::ZERO };
    let Some(last) = mirror.last(&state).await? else {
        return Ok(Survey { start: start(Position::ZERO), is_empty: true, damage: None });
    };
    let last = placed(&last)?;
    mirror.check(&last.event).await?;
    let damage = match inside(mirror, extent.first, &config, &last).await {
        Ok(()) => None,
        Err(Obstacle::Damage(damage)) => Some(damage),
        Err(Obstacle::Session(error)) => return Err(error),
    };
    Ok(Survey { start: start(last.event.position), is_empty: false, damage })
}

fn placed(found: &Found) -> Result<Placed, Halt> {
    Ok(Placed { sequence: found.sequence, event: found.own()?.clone() })
}

/// A message before the last: a foreign one there keeps nobody from publishing.
fn inner(found: Found) -> Result<Placed, Obstacle> {
    let Found { sequence, event, .. } = found;
    let damage = Damage::Foreign { first: sequence, count: 1 };
    Ok(Placed { sequence, event: event.ok_or(Obstacle::Damage(damage))? })
}

/// Nor does one that the log contradicts.
async fn check_inner(mirror: &Mirror, event: &Mirrored) -> Result<(), Obstacle> {
    let (first, count) = (event.position, 1);
    match mirror.check(event).await {
        Err(SessionError::Halt(Halt::Ahead { .. })) => {
            Err(Obstacle::Damage(Damage::Ahead { first, count }))
        }
        Err(SessionError::Halt(Halt::Differs(_))) => {
            Err(Obstacle::Damage(Damage::Differs { first, count }))
        }
        checked => Ok(checked?),
    }
}

async fn inside(
    mirror: &Mirror,
    first: u64,
    config: &Config,
    last: &Placed,
) -> Result<(), Obstacle> {
    let Some(first) = mirror.from(first).await? else { return Ok(()) };
    let first = inner(first)?;
    check_inner(mirror, &first.event).await?;
    let stretches = stretches(mirror, &first, last).await?;
    check_gone(mirror, &stretches).await?;
    check_beginning(mirror, config, first.event.position).await?;
    for _ in 0..SAMPLES {
        let found = mirror.from(drawn(first.sequence, last.sequence)).await?;
        if let Some(found) = found {
            let found = inner(found)?;
            check_inner(mirror, &found.event).await?;
            check_place(&stretches, &found)?;
        }
    }
    Ok(())
}

/// Within a stretch every position follows from its sequence.
fn check_place(stretches: &[Stretch], found: &Placed) -> Result<(), Obstacle> {
    let within = |(from, to): &&Stretch| (from.sequence..=to.sequence).contains(&found.sequence);
    match stretches.iter().find(within) {
        Some((from, _)) if from.shift() == found.shift() => Ok(()),
        Some(_) | None => {
            Err(Obstacle::Damage(Damage::Disorder { first: found.event.position, count: 1 }))
        }
    }
}

/// From where to where the shift stays the same.
type Stretch = (Placed, Placed);

async fn stretches(
    mirror: &Mirror,
    first: &Placed,
    last: &Placed,
) -> Result<Vec<Stretch>, Obstacle> {
    let (mut stretches, mut from) = (Vec::new(), first.clone());
    while from.shift() != last.shift() {
        if stretches.len() == SEAMS_MAX {
            let count = last.sequence - from.sequence;
            return Err(Obstacle::Damage(Damage::Unexamined { count }));
        }
        let (before, behind) = seam(mirror, &from, last).await?;
        check_seam(mirror, &before, &behind, last).await?;
        stretches.push((from, before));
        from = behind;
    }
    stretches.push((from, last.clone()));
    Ok(stretches)
}

/// Two messages next to each other, between which the shift changes.
async fn seam(mirror: &Mirror, from: &Placed, last: &Placed) -> Result<Stretch, Obstacle> {
    let (mut before, mut behind) = (from.clone(), last.clone());
    let (mut low, mut high) = (before.sequence, behind.sequence);
    while high - low > 1 {
        let middle = low + (high - low) / 2;
        match mirror.from(middle).await? {
            Some(found) if found.sequence < behind.sequence => {
                let found = inner(found)?;
                if found.shift() == from.shift() {
                    low = found.sequence;
                    before = found;
                } else {
                    high = middle;
                    behind = found;
                }
            }
            _ => high = middle,
        }
    }
    Ok((before, behind))
}

/// Neighbors in the stream must be neighbors in the log, but for what was forgotten.
async fn check_seam(
    mirror: &Mirror,
    before: &Placed,
    behind: &Placed,
    last: &Placed,
) -> Result<(), Obstacle> {
    let (from, to) = (before.event.position, behind.event.position);
    if last.event.position <= from {
        // Behind the last one, all from there on would come again.
        let sequence = behind.sequence;
        return Err(Halt::Disorder { position: to, before: from, sequence }.into());
    }
    if to <= from {
        return Err(Obstacle::Damage(Damage::Disorder { first: to, count: 1 }));
    }
    let count = to.0 - from.0 - 1;
    if count > GONE_MAX {
        return Err(Obstacle::Damage(Damage::Unexamined { count }));
    }
    check_absent(mirror, (from.0 + 1..to.0).map(Position).collect()).await
}

/// What the stream does not hold must have been forgotten.
async fn check_absent(mirror: &Mirror, positions: Vec<Position>) -> Result<(), Obstacle> {
    let missing = mirror.ask(move |log| mirror::missing(log, positions)).await?;
    match missing.first() {
        None => Ok(()),
        Some(first) => {
            let count = u64::try_from(missing.len()).unwrap_or(u64::MAX);
            Err(Obstacle::Damage(Damage::Missing { first: *first, count }))
        }
    }
}

async fn check_gone(mirror: &Mirror, stretches: &[Stretch]) -> Result<(), Obstacle> {
    let count = mirror.info().await?.state.deleted_count.unwrap_or_default();
    if count > GONE_MAX {
        return Err(Obstacle::Damage(Damage::Unexamined { count }));
    }
    if count == 0 {
        return Ok(());
    }
    let gone = mirror.gone().await?;
    let positions = gone.into_iter().filter_map(|sequence| {
        let within = |(from, to): &&Stretch| (from.sequence..to.sequence).contains(&sequence);
        let (from, _) = stretches.iter().find(within)?;
        Some(Position(sequence.wrapping_sub(from.shift())))
    });
    check_absent(mirror, positions.collect()).await
}

/// Without limits a stream begins with the log, but for what was forgotten.
async fn check_beginning(
    mirror: &Mirror,
    config: &Config,
    first: Position,
) -> Result<(), Obstacle> {
    if extent::drops_its_first(config) {
        return Ok(());
    }
    let is_cut_off = mirror.ask(move |log| mirror::is_cut_off(log, first)).await?;
    if is_cut_off { Err(Obstacle::Damage(Damage::Beginning { first })) } else { Ok(()) }
}

/// A sequence between two, by chance; the first, if there is no chance to be had.
fn drawn(first: u64, last: u64) -> u64 {
    let mut dice = [0; 8];
    let _ = rand::fill(&mut dice);
    first + u64::from_be_bytes(dice) % (last - first + 1)
}
