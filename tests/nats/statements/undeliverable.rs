//! Messages whose delivery breaks the connection: set aside without it, and the rest goes in.

use super::*;
use crate::support::binary::Serving;

/// What the client library ends the connection over.
const HEADS: [&[u8]; 6] = [
    b"NATS/1.0\r\nOrigin: Z\xfcrich\r\n\r\n",
    b"NATS/1.0\r\nno header here\r\n\r\n",
    b"NATS/1.0\r\nMy Name: x\r\n\r\n",
    b"NATS/1.0\r\nA: x\ry\r\n\r\n",
    b"HELLO\r\nA: x\r\n\r\n",
    b"\r\n\r\n",
];

fn body(nth: usize) -> String {
    with(named(nth), "/customer/name", "never").to_string()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_delivered_is_parked_and_holds_nothing_up() {
    let server = broker().await;
    let mut app = app(&server).await;
    send(&server, [named(0)]).await;
    all_taken(&server).await;
    for (nth, head) in HEADS.iter().enumerate() {
        server.send_raw(BANK, b"bank.statements", head, body(nth).as_bytes()).await;
        send(&server, [named(nth + 1)]).await;
    }
    all_taken(&server).await;
    assert_eq!(names(&app), expected(HEADS.len() + 1));
    until(&app, |state| *state == IntakeState::Reading).await;

    let parked = server.read("DOSSIER-PARKED").await;
    let sequences: Vec<_> = parked.iter().map(|it| it.header("Dossier-Sequence")).collect();
    assert_eq!(sequences, ["2", "4", "6", "8", "10", "12"]);
    for (nth, it) in parked.iter().enumerate() {
        assert_eq!(it.body, body(nth).as_bytes());
        let told = it.header("Dossier-Reasons");
        assert!(told.contains("its headers cannot be read"), "{told}");
        assert_eq!(it.header("Dossier-Subject"), "bank.statements");
    }
    // Nor is it in the way where a log is asked what it knows of what was acknowledged.
    server.send_raw(BANK, b"bank.statements", HEADS[0], b"{}").await;
    all_taken(&server).await;
    app.restart().await;
    until(&app, |state| *state == IntakeState::Reading).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_subject_that_cannot_be_told_from_what_stands_beside_it_is_none_either() {
    let server = broker().await;
    for subject in [&b"bank.Z\xfcrich"[..], "bank.a\u{a0}b".as_bytes()] {
        server.send_raw(BANK, subject, b"NATS/1.0\r\n\r\n", body(0).as_bytes()).await;
    }
    send(&server, (0..3).map(named)).await;
    let app = app(&server).await;
    all_taken(&server).await;
    assert_eq!(names(&app), expected(3));
    let parked = server.read("DOSSIER-PARKED").await;
    assert_eq!(parked.len(), 2);
    assert!(parked.iter().all(|it| it.header("Dossier-Reasons").contains("its subject")));
}

#[tokio::test(flavor = "multi_thread")]
async fn more_of_them_than_are_given_at_once_are_parked_each() {
    const MANY: usize = 300;
    let server = broker().await;
    let app = app(&server).await;
    send(&server, [named(0)]).await;
    for nth in 0..MANY {
        server.send_raw(BANK, b"bank.statements", HEADS[0], body(nth).as_bytes()).await;
    }
    send(&server, [named(1)]).await;
    all_taken(&server).await;
    assert_eq!(names(&app), expected(2));
    assert_eq!(server.length("DOSSIER-PARKED").await, u64::try_from(MANY).unwrap());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_parked_is_not_told_to_be_gone() {
    let server = broker().await;
    send(&server, (0..2).map(named)).await;
    server.send_raw(BANK, b"bank.statements", HEADS[0], b"{}").await;
    send(&server, (2..4).map(named)).await;
    let dir = tempfile::tempdir().unwrap();
    let (mut serving, lines) = Serving::fed(dir.path(), &server.url(), BANK);
    all_taken(&server).await;
    serving.kill();
    let lines = lines.all();
    assert!(lines.iter().any(|line| line.contains("it is parked")), "{lines:?}");
    assert!(!lines.iter().any(|line| line.contains("gone unread")), "{lines:?}");
}
