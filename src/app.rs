//! What the service is made of: log, commands, projections, and who may ask.

use std::{collections::BTreeMap, num::NonZeroU32, path::PathBuf, sync::Arc, time::Duration};

use anyhow::Context;
use chrono::{DateTime, Utc};
use events::{
    id::{ClientId, Position},
    log::{AppendError, EventLog},
    party::Relation,
    record::Record,
};
use projections::{ProjectionSettings, Projections};
use tokio::sync::Semaphore;
use tokio_util::task::TaskTracker;

use crate::{
    access::Tokens,
    commands::{CommandError, Commands, Done, Limits, Order},
    config::{Config, ProblemTypeStyle, ScopeNames, UnknownMembers},
    folder,
    http::{Admission, WAITING_MAX},
    intake::Intake,
    journal::{Journal, JournalSettings},
    listener::Pin,
    opaque::{Place, Secrets},
    publisher::{Published, Publisher},
    shares::Shares,
};

/// How long projections may take to come closer, before that is said to be an error.
const STEP_TIME_MAX: Duration = Duration::from_mins(1);

/// Archives that are made at the same time: each keeps a thread as long as its reader likes.
pub const ARCHIVES_MAX: usize = 4;

/// Everything that handlers need; one a process, shared.
#[derive(Debug)]
pub struct App {
    pub log: EventLog,
    pub projections: Projections,
    pub commands: Arc<Commands>,
    pub tokens: Tokens,
    pub secrets: Secrets,
    pub settings: Settings,
    pub publisher: Publisher,
    pub intake: Intake,
    pub journal: Journal,
    pub(crate) admission: Admission,
    /// Requests that wait to see a position or to look back, of each client.
    pub(crate) waiting: Shares<ClientId>,
    pub archives: Arc<Semaphore>,
    /// Requests that may change something: they go on when their client hangs up.
    pub(crate) writes: TaskTracker,
}

/// What of the configuration handlers look at.
#[derive(Debug, Clone)]
pub struct Settings {
    pub data_dir: PathBuf,
    pub base_path: String,
    pub body_bytes_max: usize,
    pub unknown_members: UnknownMembers,
    pub problem_type_style: ProblemTypeStyle,
    pub request_time_max: Duration,
    pub wait_time_max: Duration,
    /// How long an idempotency key is remembered at least.
    pub remembered_min: Duration,
    pub contact_write_relations: Vec<Relation>,
    pub limits: Limits,
    pub scopes: ScopeNames,
    pub header_bytes_max: usize,
    pub header_time_max: Duration,
    pub idle_time_max: Duration,
    pub body_time_max: Duration,
    pub crowd: Crowd,
    /// Requests of one client in a second, and at once after a rest; none: nobody is counted.
    pub rate: Option<(NonZeroU32, NonZeroU32)>,
    /// Whose certificates speak for clients.
    pub intermediaries: Vec<Pin>,
    /// Certificates that stand for one client.
    pub client_certificates: BTreeMap<Pin, ClientId>,
    pub published: Published,
}

/// How many may come together.
#[derive(Debug, Clone, Copy)]
pub struct Crowd {
    pub at_once_max: usize,
    pub waiting_max: usize,
    pub waiting_time_max: Duration,
    pub connections_max: usize,
    pub connections_per_address_max: usize,
    pub connections_per_certificate_max: usize,
}

impl Settings {
    pub fn of(config: &Config) -> Self {
        Self {
            data_dir: config.data.dir.clone(),
            base_path: config.http.base_path.clone(),
            body_bytes_max: config.http.body_bytes_max,
            unknown_members: config.http.unknown_members,
            problem_type_style: config.http.problem_type_style,
            request_time_max: Duration::from_millis(config.http.request_ms_max),
            wait_time_max: Duration::from_millis(config.projections.wait_ms_max),
            remembered_min: Duration::from_hours(config.http.idempotency_key_h_min.into()),
            contact_write_relations: config.rules.contact_write_relations.clone(),
            limits: limits(config),
            scopes: config.access.scopes.clone(),
            header_bytes_max: config.http.header_bytes_max,
            header_time_max: Duration::from_millis(config.http.header_ms_max),
            idle_time_max: Duration::from_millis(config.http.idle_ms_max),
            body_time_max: Duration::from_millis(config.http.body_ms_max),
            crowd: Crowd {
                at_once_max: config.http.at_once_max,
                waiting_max: config.http.waiting_max,
                waiting_time_max: Duration::from_millis(config.http.waiting_ms_max),
                connections_max: config.http.connections_max,
                connections_per_address_max: config.http.connections_per_address_max,
                connections_per_certificate_max: config.http.connections_per_certificate_max,
            },
            rate: config.http.rate(),
            intermediaries: config.http.intermediaries.clone(),
            client_certificates: config.http.client_certificates.clone(),
            published: Published::of(&config.publisher()),
        }
    }
}

impl App {
    /// Puts the parts together over an open log; nothing listens yet.
    pub fn new(
        config: &Config,
        log: EventLog,
        tokens: Tokens,
        (publisher, intake): (Publisher, Intake),
    ) -> anyhow::Result<Arc<Self>> {
        let projections = open_projections(config, log.clone())?;
        Ok(Arc::new(Self {
            commands: Arc::new(commands(config, log.clone())),
            secrets: Secrets::new(log.keys().store_key()),
            tokens,
            settings: Settings::of(config),
            log,
            projections,
            publisher,
            intake,
            journal: open_journal(config)?,
            admission: Admission::new(&config.http),
            writes: TaskTracker::new(),
            waiting: Shares::new(WAITING_MAX),
            archives: Arc::new(Semaphore::new(ARCHIVES_MAX)),
        }))
    }

    /// Executes a command, and waits until the projections show what it did.
    pub async fn execute(&self, order: Order) -> Result<Done, CommandError> {
        let done = self.commands.execute(order).await?;
        self.shown(done.position()).await;
        Ok(done)
    }

    /// Waits, bounded, until the projections have come this far; whether they have.
    pub async fn shown(&self, position: Position) -> bool {
        self.projections.wait_until(position, self.settings.wait_time_max).await
    }

    /// A position of this history; none where nothing stands there yet.
    pub fn place(&self, position: Position) -> Result<Option<Place>, events::log::ReadError> {
        if position == Position::ZERO {
            return Ok(Some(Place { position, leaf: [0; 8] }));
        }
        let record = self.log.record(position)?;
        let leaf = |record: Record| record.leaf_hash().first_chunk().copied().unwrap_or_default();
        Ok(record.map(|record| Place { position, leaf: leaf(record) }))
    }

    /// Whether something else stands at a place: it is one of a history that is no more.
    pub fn contradicts(&self, place: Place) -> bool {
        matches!(self.place(place.position), Ok(Some(there)) if there != place)
    }

    /// Forgets the idempotency keys that are old enough, and tells how many. Blocks.
    pub fn forget_old_keys(&self, now: DateTime<Utc>) -> Result<usize, AppendError> {
        self.log.forget_receipts(now - self.settings.remembered_min)
    }

    /// Stops what runs in threads of its own, and leaves everything synced. Blocks.
    pub fn close(&self) -> anyhow::Result<()> {
        let journal = self.journal.close();
        self.projections.close();
        self.log.close();
        journal.context("entries of the access journal are lost")?;
        let whole = |stopped: Option<&str>, what| {
            stopped.map_or(Ok(()), |why| Err(anyhow::anyhow!("{what}: {why}")))
        };
        let log = self.log.stopped();
        whole(log.as_deref(), "the log had stopped before; what was acknowledged is on the disk")?;
        let projections = self.projections.stopped();
        whole(
            projections.as_deref(),
            "the projections are not all on the disk; a start makes up for it",
        )
    }
}

fn open_journal(config: &Config) -> anyhow::Result<Journal> {
    let dir = folder::journal_in(&config.data.dir);
    let days = config.journal.days_kept;
    let settings = JournalSettings {
        file_bytes_max: config.journal.file_bytes_max,
        kept: (days > 0).then(|| Duration::from_hours(24 * u64::from(days))),
    };
    Journal::open(&dir, settings).context("the access journal cannot be opened")
}

/// Commands over a log, under the configured rules.
pub fn commands(config: &Config, log: EventLog) -> Commands {
    Commands::new(log, limits(config))
}

fn limits(config: &Config) -> Limits {
    Limits { addresses_max: config.rules.addresses_max, contacts_max: config.rules.contacts_max }
}

/// The projections of the configured folder, over its log.
pub fn open_projections(config: &Config, log: EventLog) -> anyhow::Result<Projections> {
    let settings = ProjectionSettings {
        answers_bytes_max: config.projections.answers_bytes_max,
        store_cache_bytes: config.projections.cache_bytes,
        free_bytes_min: config.log.free_bytes_min,
        ..ProjectionSettings::new(folder::projections_in(&config.data.dir))
    };
    Projections::open(&settings, log).context("the projections cannot be opened")
}

/// Waits until projections have come this far, as long as they come closer.
pub async fn caught_up(projections: &Projections, position: Position) -> anyhow::Result<()> {
    while projections.applied() < position {
        let before = projections.applied();
        projections.wait_until(position, STEP_TIME_MAX).await;
        let stopped = projections.stopped().unwrap_or_else(|| "they do not move".to_owned());
        anyhow::ensure!(projections.applied() > before, "the projections have stopped: {stopped}");
    }
    Ok(())
}
