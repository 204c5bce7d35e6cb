//! The service, started and stopped: what listens, what publishes, and in which order it ends.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use anyhow::{Context, ensure};
use events::log::EventLog;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::{
    access::{AccessError, Issuer, Tokens},
    admin::{
        self, Reached,
        token::{AdminToken, NoToken},
    },
    app::App,
    clock,
    config::{self, Config, Http},
    folder, http,
    intake::{self, Intake},
    listener::{self, Bounds, Listener, Tls, TlsError},
    publisher::Publisher,
    telemetry,
};

/// How long connections take to end that are cut off.
const CUT_OFF_MAX: Duration = Duration::from_secs(2);

/// Refused before anything is opened: exit code 2.
#[derive(Debug, thiserror::Error)]
pub enum Refused {
    #[error(
        "no issuer of tokens is configured: set access.jwks_url, access.jwks_file or \
         access.introspection_url, or give --dev, whose issuer's key lies in the data folder"
    )]
    NoIssuer,
    #[error("{0} is not a loopback address, and --dev listens on loopback only")]
    DevelopmentNotLoopback(SocketAddr),
    #[error(
        "an issuer of tokens is configured, and --dev would believe another one, whose key lies \
         in the data folder: leave one of the two out"
    )]
    TwoIssuers,
    #[error("tokens cannot be checked")]
    Issuer(#[from] AccessError),
    #[error(
        "{0} is not a loopback address: give clients TLS ([http.tls]), or set \
         http.plain_beyond_loopback"
    )]
    Plain(SocketAddr),
    #[error("{0} is not a loopback address: the admin port needs TLS there ([http.admin_tls])")]
    PlainAdmin(SocketAddr),
    #[error(transparent)]
    Tls(#[from] TlsError),
    #[error(transparent)]
    AdminToken(#[from] NoToken),
}

/// How the service is started, besides its configuration.
#[derive(Debug, Clone, Copy, Default)]
pub struct Start {
    /// Development keys and issuer.
    pub dev: bool,
    /// The operator's word to serve a log that is shorter than it was.
    pub accept_loss: bool,
}

/// The service, running.
pub struct Service {
    pub app: Arc<App>,
    /// Where clients connect.
    pub public: SocketAddr,
    /// Where operators connect.
    pub admin: SocketAddr,
    listening: CancellationToken,
    listeners: TaskTracker,
    publishing: CancellationToken,
    publishers: TaskTracker,
    drain_time_max: Duration,
    tls: Arc<[Arc<Tls>]>,
}

impl Service {
    /// Opens the folder, catches up, and listens. Returns when clients can connect.
    pub async fn start(mut config: Config, start: Start) -> anyhow::Result<Self> {
        check(&config, start)?;
        let tokens = configured_tokens(&config, start)?;
        let metrics = telemetry::metrics();
        let token = AdminToken::of(&config.http).map_err(Refused::from)?;
        let public = listen("public", config.http.listen, &config.http).await?;
        let admin = listen("admin", config.http.admin_listen, &config.http).await?;
        // Messages tell where the schemas are.
        config.http.listen = public.address()?;
        let (publishing, publishers) = (CancellationToken::new(), TaskTracker::new());
        let app = open(&config, start, tokens, publishing.clone(), publishers.clone()).await?;
        // Clients that come before the projections have caught up are told to come again.
        app.shown(app.log.watermark()).await;
        let (listening, listeners) = (CancellationToken::new(), TaskTracker::new());
        let service = Self {
            public: public.address()?,
            admin: admin.address()?,
            listening: listening.clone(),
            listeners: listeners.clone(),
            publishing,
            publishers,
            drain_time_max: Duration::from_millis(config.http.drain_ms_max),
            tls: [&public, &admin].into_iter().filter_map(|one| one.tls.clone()).collect(),
            app: Arc::clone(&app),
        };
        listeners.spawn(forget_old_keys(Arc::clone(&app), listening.clone()));
        let tls = Arc::clone(&service.tls);
        listeners.spawn(listener::keep_current(tls, listening.clone()));
        let router = http::router(Arc::clone(&app));
        listeners.spawn(public.serve(router, listening.clone(), listeners.clone()));
        let reached = if admin.tls.is_some() { Reached::Tls } else { Reached::Plain };
        let router = admin::router(app, metrics, token, reached);
        listeners.spawn(admin.serve(router, listening, listeners.clone()));
        Ok(service)
    }

    /// Reads the files of TLS again; those that are wrong change nothing.
    pub async fn reload(&self) {
        listener::reload(&self.tls).await;
    }

    /// Drains requests, syncs, and ends within seconds.
    pub async fn stop(self) -> anyhow::Result<()> {
        self.listening.cancel();
        self.listeners.close();
        // Each connection ends by itself when the drain does; what it would have answered then is
        // never noted after the journal's end.
        let drained = self.drain_time_max + CUT_OFF_MAX;
        if tokio::time::timeout(drained, self.listeners.wait()).await.is_err() {
            tracing::warn!("Some requests did not end in time; they are cut off.");
        }
        // What clients who hung up have asked for is still to be noted.
        self.app.writes.close();
        if tokio::time::timeout(CUT_OFF_MAX, self.app.writes.wait()).await.is_err() {
            tracing::warn!("Some changes did not end in time; the access journal may lack them.");
        }
        self.publishing.cancel();
        self.publishers.close();
        if tokio::time::timeout(self.drain_time_max, self.publishers.wait()).await.is_err() {
            tracing::warn!("The publisher did not end in time; it resumes at the next start.");
        }
        let app = self.app;
        tokio::task::spawn_blocking(move || app.close()).await.context("closing failed")?
    }
}

fn check(config: &Config, start: Start) -> anyhow::Result<()> {
    let http = &config.http;
    let beyond = |address: SocketAddr| !address.ip().to_canonical().is_loopback();
    if let Some(address) = [http.listen, http.admin_listen].into_iter().find(|it| beyond(*it)) {
        ensure!(!start.dev, Refused::DevelopmentNotLoopback(address));
    }
    let may_be_plain = http.plain_beyond_loopback || !beyond(http.listen);
    ensure!(http.tls.is_on() || may_be_plain, Refused::Plain(http.listen));
    let may_be_plain = !beyond(http.admin_listen);
    ensure!(http.admin_tls.is_on() || may_be_plain, Refused::PlainAdmin(http.admin_listen));
    match (start.dev, config.access.names_an_issuer()) {
        (true, true) => Err(Refused::TwoIssuers.into()),
        (false, false) => Err(Refused::NoIssuer.into()),
        (true, false) | (false, true) => Ok(()),
    }
}

/// Who is believed, read before anything is opened; nobody yet in development, whose issuer's key
/// is made in the folder.
fn configured_tokens(config: &Config, start: Start) -> Result<Option<Tokens>, Refused> {
    if start.dev {
        return Ok(None);
    }
    Ok(Some(Tokens::configured(&config.access)?))
}

/// A listener; its TLS files are read before anything is opened.
async fn listen(name: &'static str, address: SocketAddr, http: &Http) -> anyhow::Result<Listener> {
    let tls = |settings: &config::Tls| {
        let tls = settings.is_on().then(|| Tls::load(name, settings));
        tls.transpose().map(|tls| tls.map(Arc::new)).map_err(Refused::from)
    };
    let (tls, bounds) = match name {
        "admin" => (tls(&http.admin_tls)?, Bounds::of_operators(http)),
        _ => (tls(&http.tls)?, Bounds::of_clients(http)),
    };
    Listener::bind(name, address, tls, bounds).await
}

async fn open(
    config: &Config,
    start: Start,
    tokens: Option<Tokens>,
    stop: CancellationToken,
    tasks: TaskTracker,
) -> anyhow::Result<Arc<App>> {
    let settings = config.clone();
    let log = tokio::task::spawn_blocking(move || {
        folder::open_log(&settings, start.dev, start.accept_loss)
    })
    .await??;
    let publisher = publisher(config, &log, stop.clone(), &tasks)?;
    let intake = intake(config)?;
    let tokens = match tokens {
        Some(tokens) => tokens,
        None => Tokens::development(&Issuer::new(&folder::issuer_key(&config.data.dir)?)?),
    };
    tokens.keep_fresh(stop.clone(), &tasks);
    let settings = config.clone();
    let app =
        tokio::task::spawn_blocking(move || App::new(&settings, log, tokens, (publisher, intake)));
    let app = app.await??;
    intake::run(&app, stop, &tasks);
    Ok(app)
}

fn publisher(
    config: &Config,
    log: &EventLog,
    stop: CancellationToken,
    tasks: &TaskTracker,
) -> anyhow::Result<Publisher> {
    if config.nats.urls.is_empty() {
        tracing::info!("No NATS server is configured; events wait in the log until one is.");
        return Ok(Publisher::off(log.clone()));
    }
    if config.hides_schemas() {
        tracing::warn!(
            "ce-dataschema leads subscribers to http.listen, which is no address to connect to; \
             set nats.schemas_url."
        );
    }
    Ok(Publisher::start(config.publisher(), log.clone(), stop, tasks)?)
}

fn intake(config: &Config) -> anyhow::Result<Intake> {
    Ok(config.intake().map(Intake::idle).transpose()?.unwrap_or_else(Intake::off))
}

/// Keeps bounded what is remembered of clients, once an hour.
async fn forget_old_keys(app: Arc<App>, stop: CancellationToken) {
    let mut hours = tokio::time::interval(Duration::from_hours(1));
    while stop.run_until_cancelled(hours.tick()).await.is_some() {
        app.admission.forget_quiet();
        let app = Arc::clone(&app);
        let forgotten = tokio::task::spawn_blocking(move || app.forget_old_keys(clock::now()));
        match forgotten.await {
            Ok(Ok(0)) => {}
            Ok(Ok(count)) => tracing::info!(count, "Old idempotency keys were forgotten."),
            Ok(Err(error)) => tracing::warn!(%error, "Old idempotency keys are still there."),
            Err(error) => tracing::warn!(%error, "Old idempotency keys are still there."),
        }
    }
}
