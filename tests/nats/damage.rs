//! Streams that lost something inside, or were told something by others: said, and lived with.

use std::time::Duration;

use dossier::publisher::{Discard, PublisherSettings, PublisherState};
use events::tag::Class;

use super::{Log, STREAM, address_added, kyc, opened, settings};
use crate::support::nats::{NatsServer, Stored, agree};

fn positions(stored: &[Stored]) -> Vec<u64> {
    stored.iter().map(Stored::position).collect()
}

async fn restarted(log: &Log, server: &NatsServer) {
    log.fill(1).await;
    let running = log.publish_to(server);
    running.caught_up().await;
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hole_is_told_and_what_comes_after_is_published() {
    let server = NatsServer::start();
    let log = Log::new();
    log.append("C-1", vec![opened("Anna"), address_added(1)]).await;
    log.append("C-2", vec![opened("Beat"), address_added(1)]).await;
    log.fill(20).await;
    restarted(&log, &server).await;
    server.stream(STREAM).await.purge().filter("dossier.customer.C-2.*").await.unwrap();

    let running = log.publish_to(&server);
    let damage = running.damaged().await;
    assert_eq!(&*damage.kind, "missing");
    assert!(damage.what.contains("2 events") && damage.what.contains("position 3"), "{damage:?}");
    log.fill(10).await;
    running.caught_up().await;
    let comparison = running.publisher.compare().await.unwrap();
    assert_eq!((comparison.missing.count, &comparison.missing.first[..]), (2, &[3, 4][..]));
    assert!(!comparison.agrees());
    running.stop().await;

    // As the message says.
    server.stream(STREAM).await.purge().await.unwrap();
    let running = log.publish_to(&server);
    running.caught_up().await;
    assert_eq!(running.publisher.status().damage, None);
    agree(&log.log, &server.read(STREAM).await);
    assert!(running.publisher.compare().await.unwrap().agrees());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_forgotten_is_no_hole() {
    let server = NatsServer::start();
    let log = Log::new();
    log.append("C-1", vec![opened("Anna")]).await;
    log.append("C-2", vec![opened("Beat"), kyc(), address_added(1)]).await;
    log.fill(20).await;
    restarted(&log, &server).await;
    log.forget("C-2", Class::Identity);
    let running = log.publish_to(&server);
    running.caught_up().await;
    // Its body is still there, until somebody purges it.
    let comparison = running.publisher.compare().await.unwrap();
    assert_eq!(comparison.unpurged.first, [2]);
    assert_eq!(&*running.damaged().await.kind, "unpurged");
    running.stop().await;

    let stream = server.stream(STREAM).await;
    stream.purge().filter("dossier.customer.C-2.opened").await.unwrap();
    let running = log.publish_to(&server);
    running.caught_up().await;
    assert_eq!(running.publisher.status().damage, None);
    let comparison = running.publisher.compare().await.unwrap();
    assert!(comparison.agrees(), "{comparison}");
    assert_eq!((comparison.forgotten, comparison.messages), (1, 24));
}

#[tokio::test(flavor = "multi_thread")]
async fn events_sent_again_by_somebody_halt() {
    let server = NatsServer::start();
    let log = Log::new();
    log.fill(50).await;
    restarted(&log, &server).await;
    let old = server.read(STREAM).await.swap_remove(9);
    server.send(&old, |headers| headers.insert("Nats-Msg-Id", "again")).await;

    let running = log.publish_to(&server);
    let halt = running.halted().await;
    assert_eq!(&*halt.kind, "disorder");
    assert!(halt.what.contains("position 10 lies behind position 51"), "{halt:?}");
    assert_eq!(server.length(STREAM).await, 52);
    let comparison = running.publisher.compare().await.unwrap();
    assert_eq!(comparison.out_of_place.first, [10]);

    server.stream(STREAM).await.purge().await.unwrap();
    running.caught_up().await;
    agree(&log.log, &server.read(STREAM).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn somebody_who_writes_under_way_halts_it() {
    let server = NatsServer::start();
    let log = Log::new();
    log.fill(20_000).await;
    let running = log.publish_to(&server);
    running.reached(2_000).await;
    let jetstream = server.jetstream().await;
    jetstream.publish("dossier.noise", "hello".into()).await.unwrap().await.unwrap();
    let halt = running.halted().await;
    assert_eq!(&*halt.kind, "foreign");
    assert!(halt.what.contains("subject dossier.noise"), "{halt:?}");
    running.stop().await;

    server.stream(STREAM).await.purge().filter("dossier.noise").await.unwrap();
    let running = log.publish_to(&server);
    running.caught_up().await;
    agree(&log.log, &server.read(STREAM).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn another_history_inside_the_stream_is_found() {
    let server = NatsServer::start();
    let log = Log::new();
    log.fill(100).await;
    restarted(&log, &server).await;
    let stored = server.read(STREAM).await;
    server.stream(STREAM).await.purge().await.unwrap();
    for message in &stored {
        server
            .send(message, |headers| {
                headers.insert("Nats-Msg-Id", format!("{} again", message.position()));
                if message.position() == 40 {
                    headers.insert("ce-recordhash", "00".repeat(32));
                }
            })
            .await;
    }
    let running = log.publish_to(&server);
    let comparison = running.publisher.compare().await.unwrap();
    assert_eq!((comparison.differing.count, &comparison.differing.first[..]), (1, &[40][..]));
    assert_eq!(comparison.messages, 101);
    assert_eq!(&*comparison.troubles[0].kind, "differs");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_before_the_last_message_has_one_name_and_stops_nothing() {
    type Fault = fn(&mut Vec<Stored>);
    let faults: [(&str, Fault); 3] = [
        ("differs", |stored| stored[0].headers.insert("ce-recordhash", "00".repeat(32))),
        ("ahead", |stored| stored[0].headers.insert("ce-position", "1000")),
        ("disorder", |stored| stored.insert(20, stored[5].clone())),
    ];
    for (kind, fault) in faults {
        let server = NatsServer::start();
        let log = Log::new();
        log.fill(50).await;
        restarted(&log, &server).await;
        let mut stored = server.read(STREAM).await;
        server.stream(STREAM).await.purge().await.unwrap();
        fault(&mut stored);
        for (nth, message) in stored.iter().enumerate() {
            let id = format!("{nth} again");
            server.send(message, |headers| headers.insert("Nats-Msg-Id", id)).await;
        }
        let running = log.publish_to(&server);
        assert_eq!(&*running.damaged().await.kind, kind);
        log.fill(10).await;
        running.caught_up().await;
        let comparison = running.publisher.compare().await.unwrap();
        assert_eq!(&*comparison.troubles[0].kind, kind, "{comparison}");
        assert_eq!(comparison.last, Some(log.log.watermark()));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_that_drops_its_oldest_is_whole_from_its_first_kept_on() {
    let server = NatsServer::start();
    let log = Log::new();
    let limited =
        PublisherSettings { bytes_max: 100_000, discard: Discard::Old, ..settings(&server) };
    for _ in 0..3 {
        let running = log.publish(limited.clone());
        log.fill(500).await;
        running.caught_up().await;
        let comparison = running.publisher.compare().await.unwrap();
        assert!(comparison.agrees(), "{comparison}");
        assert_eq!(running.publisher.status().damage, None);
        running.stop().await;
    }
    let kept = positions(&server.read(STREAM).await);
    assert!(kept.len() < 500, "{} are kept", kept.len());
    assert!(kept.iter().copied().eq(1501 - u64::try_from(kept.len()).unwrap()..=1500));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_that_thins_out_its_subjects_is_told() {
    let server = NatsServer::start();
    let config = async_nats::jetstream::stream::Config {
        name: STREAM.to_owned(),
        subjects: vec!["dossier.>".to_owned()],
        max_messages_per_subject: 1,
        ..Default::default()
    };
    server.jetstream().await.create_stream(config).await.unwrap();
    let log = Log::new();
    log.fill(20).await;
    restarted(&log, &server).await;
    let running = log.publish_to(&server);
    assert_eq!(&*running.damaged().await.kind, "missing");
    let status = running.publisher.status();
    let setting = |name: &str| status.differences.iter().any(|one| one.setting == name);
    assert!(setting("max_msgs_per_subject") && setting("deny_delete"), "{status:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_stream_is_told_and_goes_on_once_there_is_room() {
    let server = NatsServer::start();
    let log = Log::new();
    log.fill(500).await;
    let small = PublisherSettings { bytes_max: 100_000, ..settings(&server) };
    let running = log.publish(small);
    let status = running.until(|status| status.state == PublisherState::Refused).await;
    assert!(status.last_error.unwrap().contains("maximum bytes exceeded"));
    assert!(running.publisher.lag_time().unwrap() > Duration::ZERO);

    let stream = server.stream(STREAM).await;
    let mut config = stream.cached_info().config.clone();
    config.max_bytes = -1;
    server.jetstream().await.update_stream(config).await.unwrap();
    running.caught_up().await;
    assert_eq!(running.publisher.lag_time().unwrap(), Duration::ZERO);
    agree(&log.log, &server.read(STREAM).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_publisher_of_a_copied_folder_halts_and_writes_nothing() {
    let server = NatsServer::start();
    let mut log = Log::new();
    log.fill(30).await;
    let copy = log.copy();
    let running = log.publish_to(&server);
    let mistaken = copy
        .publish(PublisherSettings { look_every: Duration::from_millis(20), ..settings(&server) });
    running.caught_up().await;
    mistaken.caught_up().await;
    log.fill(10).await;
    running.caught_up().await;
    assert_eq!(&*mistaken.halted().await.kind, "ahead");
    copy.fill(20).await;
    mistaken.ask_again().await;
    let halt = mistaken.halted().await;
    assert_eq!(&*halt.kind, "differs");
    assert!(halt.remedy.contains("Another dossier"), "{halt:?}");
    agree(&log.log, &server.read(STREAM).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_purged_or_deleted_while_nothing_happens_is_filled_again() {
    let server = NatsServer::start();
    let log = Log::new();
    log.fill(100).await;
    let running = log
        .publish(PublisherSettings { look_every: Duration::from_millis(20), ..settings(&server) });
    running.caught_up().await;
    let looks = running.publisher.status().looks;
    server.stream(STREAM).await.purge().await.unwrap();
    running.until(|status| status.looks > looks).await;
    running.caught_up().await;
    agree(&log.log, &server.read(STREAM).await);

    let looks = running.publisher.status().looks;
    server.jetstream().await.delete_stream(STREAM).await.unwrap();
    running.until(|status| status.looks > looks).await;
    running.caught_up().await;
    agree(&log.log, &server.read(STREAM).await);
}
