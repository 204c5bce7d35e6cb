//! Lists: every item once, in the order of the bytes of its id, whatever happens meanwhile.

use std::{
    collections::BTreeSet,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use serde_json::{Value, json};

use crate::support::{app::TestApp, bank::*, client::Client};

/// Ids that no path, header or order of letters likes.
const NASTY: [&str; 16] = [
    " ",
    "  ",
    "!",
    "%2F",
    "...",
    "/",
    "//",
    "a/b",
    "C-1#",
    "C-1?limit=1",
    "\\",
    "\"",
    "é",
    "e\u{301}",
    "😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀",
    "\u{10ffff}",
];

/// A few hundred customers and persons, all of them alpha's.
fn bank_of_many() -> Vec<Value> {
    let numbered = (0..250).map(|number| format!("{number}"));
    let ids: Vec<String> = NASTY.iter().map(|id| (*id).to_owned()).chain(numbered).collect();
    let customers = ids.iter().map(|id| customer(id, &[(id, "accountOwner"), ("0", "other")]));
    let persons = ids.iter().map(|id| person(id, &[]));
    let ids: Vec<_> = ids.iter().map(String::as_str).collect();
    let consents = ids
        .chunks(100)
        .enumerate()
        .map(|(nth, ids)| consent(&format!("N-{nth}"), "alpha", ids, &ALL));
    customers.chain(persons).chain(consents).collect()
}

fn ids_of(items: &[Value], member: &str) -> Vec<String> {
    items.iter().map(|item| item[member].as_str().unwrap().to_owned()).collect()
}

fn expected() -> Vec<String> {
    let ids = bank_of_many();
    let ids = ids.iter().filter_map(|line| line.pointer("/customer/customerIdentification"));
    let ids: BTreeSet<String> = ids.map(|id| id.as_str().unwrap().to_owned()).collect();
    ids.into_iter().collect()
}

const LISTS: [(&str, &str); 2] =
    [("/customers", "customerIdentification"), ("/persons", "personIdentification")];

#[tokio::test(flavor = "multi_thread")]
async fn every_size_of_page_walks_the_same_list() {
    let app = TestApp::empty().await;
    app.state(bank_of_many()).await;
    let alpha = app.client("alpha");
    for (list, member) in LISTS {
        for limit in [1, 7, 1000] {
            assert_eq!(ids_of(&alpha.walk(list, limit).await, member), expected());
        }
        let first = alpha.get(list).await.is(200);
        assert_eq!(first.json().as_array().unwrap().len(), 100);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nasty_ids_are_found_where_their_path_says() {
    let app = TestApp::empty().await;
    app.state(bank_of_many()).await;
    let alpha = app.client("alpha");
    for id in NASTY.into_iter().filter(|id| *id != "...") {
        let path = crate::support::client::segment(id);
        let customer = alpha.get(&format!("/customers/{path}")).await.is(200);
        assert_eq!(customer.text("/customerIdentification"), id);
        let person = alpha.get(&format!("/persons/{path}")).await.is(200);
        assert_eq!(person.text("/personIdentification"), id);
        let added = alpha.post(&format!("/customers/{path}/addresses"), &new_address("Bern")).await;
        alpha.get(&added.is(201).location()).await.is(200);
        let body = email_of("a@example.com");
        let added = alpha.post(&format!("/persons/{path}/contactdetails"), &body).await;
        alpha.get(&added.is(201).location()).await.is(200);
        assert_eq!(app.history(&format!("customers/{path}")).await.len(), 4);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_item_that_exists_throughout_is_seen_exactly_once() {
    let app = Arc::new(TestApp::empty().await);
    app.state(bank_of_many()).await;
    let stop = Arc::new(AtomicBool::new(false));
    let writer = tokio::spawn(keep_writing(app.client("alpha"), Arc::clone(&stop)));
    let feed = tokio::spawn(keep_feeding(Arc::clone(&app), Arc::clone(&stop)));
    let alpha = app.client("alpha");
    for (list, member) in LISTS {
        for limit in [7, 31] {
            let seen = ids_of(&alpha.walk(list, limit).await, member);
            assert!(seen.is_sorted_by(|one, next| one < next), "{seen:?}");
            let seen: Vec<_> = seen.into_iter().filter(|id| !id.starts_with("new ")).collect();
            assert_eq!(seen, expected());
        }
    }
    stop.store(true, Ordering::Relaxed);
    writer.await.unwrap();
    feed.await.unwrap();
}

async fn keep_writing(alpha: Client, stop: Arc<AtomicBool>) {
    for nth in (0..250).cycle() {
        if stop.load(Ordering::Relaxed) {
            return;
        }
        let body = new_address("Bern");
        let answer = alpha.post(&format!("/customers/{nth}/addresses"), &body).await;
        assert!([201, 409].contains(&answer.status), "{answer:?}");
    }
}

async fn keep_feeding(app: Arc<TestApp>, stop: Arc<AtomicBool>) {
    for nth in 0.. {
        if stop.load(Ordering::Relaxed) {
            return;
        }
        let id = format!("new {}", nth * 7919 % 1000);
        let owner = [(id.as_str(), "accountOwner")];
        let consent = consent(&id, "alpha", &[&id], &ALL);
        app.state([customer(&id, &owner), person(&id, &[]), consent]).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_holds_no_more_than_1000_items() {
    let app = TestApp::empty().await;
    let ids: Vec<String> = (0..1001).map(|number| format!("C-{number:04}")).collect();
    let names: Vec<&str> = ids.iter().map(String::as_str).collect();
    app.state(names.iter().map(|id| customer(id, &[]))).await;
    let consents = names.chunks(1000).enumerate();
    app.state(consents.map(|(nth, ids)| consent(&format!("{nth}"), "alpha", ids, &ALL))).await;
    let alpha = app.client("alpha");
    for limit in ["1000", "1001", "999999999999"] {
        let page = alpha.get(&format!("/customers?limit={limit}")).await.is(200);
        assert_eq!(page.json().as_array().unwrap().len(), 1000);
        let cursor = page.header("x-next-cursor").unwrap();
        assert_eq!(page.header("nextcursor"), Some(cursor));
        let rest = alpha.get(&format!("/customers?cursor={cursor}")).await.is(200);
        assert_eq!(ids_of(rest.json().as_array().unwrap(), "customerIdentification"), ["C-1000"]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn limits_and_cursors_that_make_no_sense_are_refused() {
    let app = TestApp::start().await;
    let (alpha, beta) = (app.client("alpha"), app.client("beta"));
    let page = alpha.get("/customers?limit=1").await.is(200);
    let cursor = page.header("nextcursor").unwrap();
    let mut tampered = cursor.to_owned();
    let last = if tampered.pop() == Some('A') { 'B' } else { 'A' };
    // The last letter may carry bits that no byte needs, so another one is changed too.
    tampered.replace_range(4..5, if tampered[4..].starts_with('x') { "y" } else { "x" });
    tampered.push(last);
    let cases = [
        (&alpha, "/customers?limit=0".to_owned(), "INVALID_PAYLOAD"),
        (&alpha, "/persons?limit=-1".to_owned(), "INVALID_PAYLOAD"),
        (&alpha, "/customers?limit=x".to_owned(), "MALFORMED_PAYLOAD"),
        (&alpha, "/persons?limit=".to_owned(), "MALFORMED_PAYLOAD"),
        (&alpha, "/customers?limit=1.5".to_owned(), "MALFORMED_PAYLOAD"),
        (&alpha, "/customers?cursor=x".to_owned(), "INVALID_PAYLOAD"),
        (&alpha, "/customers?cursor=%00".to_owned(), "INVALID_PAYLOAD"),
        (&alpha, format!("/customers?cursor={tampered}"), "INVALID_PAYLOAD"),
        (&alpha, format!("/customers?cursor={}", &cursor[1..]), "INVALID_PAYLOAD"),
        (&alpha, format!("/persons?cursor={cursor}"), "INVALID_PAYLOAD"),
        (&beta, format!("/customers?cursor={cursor}"), "INVALID_PAYLOAD"),
    ];
    for (client, path, kind) in cases {
        let refused = client.get(&path).await.problem(400, kind);
        let detail = refused.text("/detail");
        assert_eq!(detail.contains("SIX123"), path.contains("cursor="), "{detail}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cursor_stays_good_when_what_it_stands_on_is_gone_and_after_a_restart() {
    let mut app = TestApp::start().await;
    let page = app.client("alpha").get("/customers?limit=2").await.is(200);
    let cursor = page.header("nextcursor").unwrap();
    app.state([consent("N-1", "alpha", &["C-1", "C-3", "C-4"], &ALL)]).await;
    app.restart().await;
    let rest = app.client("alpha").get(&format!("/customers?cursor={cursor}")).await.is(200);
    assert_eq!(ids_of(rest.json().as_array().unwrap(), "customerIdentification"), ["C-3", "C-4"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_of_large_items_has_fewer_of_them() {
    const PERSONS: usize = 40;
    // About 60 KiB each.
    let large = |nth: usize| {
        let contact = |number: usize| {
            json!({
                "contactIdentification": format!("K-{number}"), "medium": "socialMediaProfile",
                "contactContent": "😀".repeat(70), "additionalContactInformation": "😀".repeat(70),
            })
        };
        let contacts: Vec<_> = (0..90).map(contact).collect();
        with(person(&format!("P-{nth}"), &[]), "/person/contactInformation", contacts)
    };
    let app = TestApp::empty().await;
    let ids: Vec<_> = (0..PERSONS).map(|nth| format!("P-{nth}")).collect();
    let linked: Vec<_> = ids.iter().map(|id| (id.as_str(), "accountOwner")).collect();
    app.state([customer("C-1", &linked), consent("N-1", "alpha", &["C-1"], &ALL)]).await;
    app.state((0..PERSONS).map(large)).await;
    let alpha = app.client("alpha");
    let first = alpha.get("/persons?limit=1000").await.is(200);
    assert!((400_000..700_000).contains(&first.body.len()), "{} bytes", first.body.len());
    assert_ne!(first.header("nextcursor"), Some(""));
    let walked = ids_of(&alpha.walk("/persons", 1000).await, "personIdentification");
    assert_eq!(walked, ids.into_iter().collect::<BTreeSet<_>>().into_iter().collect::<Vec<_>>());
}
