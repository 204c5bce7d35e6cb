//! What subjects cost a NATS server in memory; run by hand, `cargo bench --bench ratios subjects`.

use std::{collections::VecDeque, fs, path::Path};

use async_nats::jetstream::{
    context::PublishAckFuture,
    stream::{Config, StorageType},
};

use crate::nats::NatsServer;

/// How many subjects, when it is looked.
const STEPS: [u64; 4] = [0, 200_000, 1_000_000, 2_000_000];
const IN_FLIGHT: usize = 1024;

pub(crate) async fn measure() {
    let dir = tempfile::tempdir().unwrap();
    let process = dir.path().join("process");
    let mut server = NatsServer::configured(&format!("pid_file: \"{}\"", process.display()));
    let jetstream = server.jetstream().await;
    let config = Config {
        name: "S".to_owned(),
        subjects: vec!["s.>".to_owned()],
        storage: StorageType::File,
        duplicate_window: std::time::Duration::from_secs(1),
        ..Config::default()
    };
    jetstream.create_stream(config).await.unwrap();
    println!("| subjects | memory of the server, MB | after a restart, MB |");
    println!("|---|---|---|");
    let mut last = 0;
    for step in STEPS {
        let mut in_flight: VecDeque<PublishAckFuture> = VecDeque::new();
        for nth in last..step {
            if in_flight.len() == IN_FLIGHT {
                in_flight.pop_front().unwrap().await.unwrap();
            }
            let subject = format!("s.customer.C-{nth:09}.address-changed");
            in_flight.push_back(jetstream.publish(subject, vec![7; 200].into()).await.unwrap());
        }
        for ack in in_flight {
            ack.await.unwrap();
        }
        last = step;
        let running = resident(&process);
        server.restart();
        let stream = server.stream("S").await;
        assert_eq!(stream.cached_info().state.subjects_count, step);
        println!("| {step} | {running} | {} |", resident(&process));
    }
}

fn resident(process: &Path) -> u64 {
    let id = fs::read_to_string(process).unwrap();
    let status = fs::read_to_string(format!("/proc/{}/status", id.trim())).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.trim().trim_end_matches(" kB").parse::<u64>().unwrap() / 1024
}
