//! Streams that are not what the log made them: nothing is published into them, or changed.

use super::{Log, STREAM};
use crate::support::nats::{NatsServer, agree};

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_ahead_of_the_log_halts_until_the_log_is_whole() {
    let server = NatsServer::start();
    let (log, older) = (Log::new(), Log::new());
    log.fill(20).await;
    let running = log.publish_to(&server);
    running.caught_up().await;
    running.stop().await;

    older.fill(10).await;
    let running = older.publish_to(&server);
    let halt = running.halted().await;
    assert_eq!(&*halt.kind, "ahead");
    assert!(halt.what.contains("position 20"), "{halt:?}");
    agree(&log.log, &server.read(STREAM).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_of_another_log_halts() {
    let server = NatsServer::start();
    let (log, other) = (Log::new(), Log::new());
    log.fill(20).await;
    other.fill(30).await;
    let running = log.publish_to(&server);
    running.caught_up().await;
    running.stop().await;

    let halt = other.publish_to(&server).halted().await;
    assert_eq!(&*halt.kind, "differs");
    assert!(halt.what.contains("position 20"), "{halt:?}");
    agree(&log.log, &server.read(STREAM).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_of_somebody_else_at_the_end_halts_until_it_is_gone() {
    let server = NatsServer::start();
    let log = Log::new();
    log.fill(20).await;
    let running = log.publish_to(&server);
    running.caught_up().await;
    running.stop().await;
    let jetstream = server.jetstream().await;
    jetstream.publish("dossier.noise", "hello".into()).await.unwrap().await.unwrap();

    log.fill(10).await;
    let running = log.publish_to(&server);
    let halt = running.halted().await;
    assert_eq!(&*halt.kind, "foreign");
    assert!(halt.what.contains("sequence 21, subject dossier.noise"), "{halt:?}");
    assert_eq!(server.read(STREAM).await.len(), 21);

    let stream = server.stream(STREAM).await;
    stream.purge().filter("dossier.noise").await.unwrap();
    running.caught_up().await;
    agree(&log.log, &server.read(STREAM).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn one_whose_headers_cannot_be_read_halts_as_well() {
    let server = NatsServer::start();
    let log = Log::new();
    log.fill(20).await;
    let running = log.publish_to(&server);
    running.caught_up().await;
    server.send_raw(STREAM, b"dossier.noise", b"NATS/1.0\r\nno header\r\n\r\n", b"hello").await;
    running.ask_again().await;
    let halt = running.halted().await;
    assert_eq!(&*halt.kind, "foreign");
    assert!(halt.what.contains("sequence 21, subject dossier.noise"), "{halt:?}");
    assert!(halt.remedy.contains("purge that subject"), "{halt:?}");

    server.stream(STREAM).await.purge().filter("dossier.noise").await.unwrap();
    log.fill(10).await;
    running.caught_up().await;
    agree(&log.log, &server.read(STREAM).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_that_is_set_up_otherwise_is_left_as_it_is() {
    let server = NatsServer::start();
    let config = async_nats::jetstream::stream::Config {
        name: STREAM.to_owned(),
        subjects: vec!["dossier.>".to_owned(), "more.>".to_owned()],
        ..Default::default()
    };
    server.jetstream().await.create_stream(config).await.unwrap();
    let log = Log::new();
    log.fill(10).await;
    let running = log.publish_to(&server);
    running.caught_up().await;
    let stream = server.stream(STREAM).await;
    assert_eq!(stream.cached_info().config.subjects, ["dossier.>", "more.>"]);
    assert!(!stream.cached_info().config.deny_delete);
}
