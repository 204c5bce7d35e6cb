//! Log lines and metrics: what an operator sees of the service.

use std::io::{self, IsTerminal};

use anyhow::Context;
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use tracing::{Level, Metadata};
use tracing_subscriber::{
    EnvFilter,
    filter::filter_fn,
    layer::{Layer, SubscriberExt},
    util::SubscriberInitExt,
};

use crate::{
    config::{LogFormat, Telemetry},
    publisher,
};

/// Sources that tell, at their finest, what goes through them, or how they get in.
const TALKATIVE: [&str; 1] = [publisher::CLIENT];

/// Sends log lines to standard error, as configured. Once a process.
pub(crate) fn log_lines(settings: &Telemetry) -> anyhow::Result<()> {
    let filter = EnvFilter::try_new(&settings.filter).context("telemetry.filter is wrong")?;
    let lines = tracing_subscriber::fmt::layer()
        .with_ansi(io::stderr().is_terminal())
        .with_writer(io::stderr);
    let lines = match settings.format {
        LogFormat::Text => lines.boxed(),
        LogFormat::Json => lines.json().boxed(),
    };
    let set = tracing_subscriber::registry().with(filter).with(filter_fn(is_discreet)).with(lines);
    set.try_init().map_err(|error| anyhow::anyhow!("log lines are set up already: {error}"))
}

/// Whatever is asked for: some directive is always more particular than another.
fn is_discreet(line: &Metadata<'_>) -> bool {
    let is_talkative = TALKATIVE.iter().any(|source| line.target().starts_with(source));
    !is_talkative || *line.level() <= Level::INFO
}

/// Starts to collect metrics; once a process, later calls give the same.
pub(crate) fn metrics() -> PrometheusHandle {
    static HANDLE: std::sync::OnceLock<PrometheusHandle> = std::sync::OnceLock::new();
    HANDLE
        .get_or_init(|| {
            let recorder = PrometheusBuilder::new().build_recorder();
            let handle = recorder.handle();
            // Where another recorder stands already, ours counts for nobody, which is harmless.
            let _ = metrics::set_global_recorder(recorder);
            handle
        })
        .clone()
}
