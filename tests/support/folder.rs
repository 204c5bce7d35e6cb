//! What must hold for a data folder, whoever has written to it.

use std::{
    fs::{self, File},
    path::Path,
    thread,
    time::{Duration, Instant},
};

use dossier::{app, config::Config, folder};
use events::{
    customer::CustomerEvent,
    event::{Event, Personal},
    id::{CustomerId, Position},
    log::EventLog,
    record::Record,
};

/// How long projections may take to come up to the log.
const SHOWN_MAX: Duration = Duration::from_mins(1);

/// How long whoever served a folder may hold on to it.
const CLOSED_MAX: Duration = Duration::from_secs(10);

/// Waits until nobody has a folder open.
///
/// The last connection may go a moment after the service has stopped; and a process that another
/// test is just starting holds every lock of this one until it has become another program.
pub(crate) fn wait_until_closed(dir: &Path) {
    let started = Instant::now();
    for lock in [dir.join("lock"), folder::projections_in(dir).join("lock")] {
        let Ok(file) = File::open(lock) else { continue };
        while file.try_lock().is_err() {
            assert!(started.elapsed() < CLOSED_MAX, "{} stays open", dir.display());
            thread::yield_now();
        }
        file.unlock().unwrap();
    }
}

/// The log of a folder that nobody serves.
pub(crate) fn open(config: &Config) -> EventLog {
    folder::open_log(config, true, false).unwrap()
}

/// All records, which stand at every position from 1 on.
pub(crate) fn records(log: &EventLog) -> Vec<Record> {
    let records: Vec<Record> = log.after(Position(0)).map(Result::unwrap).collect();
    let positions = records.iter().map(|record| record.position().0);
    assert!(positions.eq(1..=log.watermark().0), "positions have holes");
    records
}

/// The names of a customer, in the order in which they were stated.
pub(crate) fn names(log: &EventLog, customer: &str) -> Vec<String> {
    let history = log.history(&CustomerId::parse(customer).unwrap().into()).unwrap();
    let name = |event: &Event| match event {
        Event::Customer(
            CustomerEvent::Opened(Personal::Known(details))
            | CustomerEvent::Amended(Personal::Known(details)),
        ) => Some(serde_json::to_value(details).unwrap()["name"].as_str().unwrap().to_owned()),
        Event::Customer(_) | Event::Person(_) | Event::Consent(_) => None,
    };
    history.events.iter().filter_map(|recorded| name(&recorded.event)).collect()
}

/// How many addresses clients have added.
pub(crate) fn added(config: &Config) -> usize {
    let log = open(config);
    let added = records(&log).into_iter().filter(|record| {
        let head = &record.envelope().head;
        head.cause.client.is_some() && &*head.tag == "customer.address-added.v1"
    });
    let added = added.count();
    close(config, log);
    added
}

/// Fails where the projections differ from those that are built anew, or a stream is parked.
pub(crate) async fn audit(config: &Config) {
    let log = open(config);
    records(&log);
    let lived = digest(config, &log).await;
    fs::remove_dir_all(folder::projections_in(&config.data.dir)).unwrap();
    let rebuilt = digest(config, &log).await;
    close(config, log);
    assert_eq!(hex::encode(lived), hex::encode(rebuilt), "projections differ from a rebuild");
}

pub(crate) fn close(config: &Config, log: EventLog) {
    log.close();
    drop(log);
    wait_until_closed(&config.data.dir);
}

async fn digest(config: &Config, log: &EventLog) -> [u8; 32] {
    let projections = app::open_projections(config, log.clone()).unwrap();
    assert!(projections.wait_until(log.watermark(), SHOWN_MAX).await, "projections lag");
    assert_eq!(projections.parked(), []);
    let digest = projections.digest().unwrap();
    projections.close();
    digest
}
