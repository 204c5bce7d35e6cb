//! The bank's feed: what goes in, what is rejected and why, and whose word holds.

use serde_json::{Value, json};

use crate::support::{app::TestApp, bank::*};

/// Every reject as `line: pointer detail`.
async fn rejects(app: &TestApp, lines: impl Into<reqwest::Body>) -> Vec<String> {
    let rejects = app.feed(lines).await.rejects.into_iter();
    let told = rejects.flat_map(|reject| {
        let line = reject.line;
        reject
            .reasons
            .into_iter()
            .map(move |reason| format!("{line}: {} {}", reason.pointer, reason.detail))
    });
    told.collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_feed_again_appends_nothing() {
    let mut app = TestApp::start().await;
    let mut sample = Vec::new();
    dossier::sample::write(60, 3, &mut sample).unwrap();
    let first = app.feed(sample.clone()).await;
    assert_eq!(first.rejects, []);
    let position = app.watermark();
    for restarted in [false, true] {
        if restarted {
            app.restart().await;
        }
        let again = app.feed(sample.clone()).await.summary;
        assert_eq!((again.lines, again.unchanged), (first.summary.lines, first.summary.lines));
        assert_eq!((again.appended, again.rejected, app.watermark()), (0, 0, position));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn bad_lines_are_told_with_every_reason_and_the_others_go_in() {
    let app = TestApp::empty().await;
    let bad_customer = json!({ "customer": {
        "customerIdentification": "x".repeat(36), "status": "open", "referenceCurrency": "CHX",
    }});
    let feed = [
        ndjson([customer("C-1", &[])]),
        "nonsense\n".to_owned(),
        "\n  \n".to_owned(),
        ndjson([bad_customer, json!({}), json!({ "x": 1 }), json!([])]),
        ndjson([json!({ "customer": {}, "person": {} })]),
        ndjson([address("C-9", 1, "Bern"), kyc("C-9", "CEO")]),
        ndjson([address("C-1", 1_000_000_000_000, "Bern"), address("C-1", 1, "Bern")]),
        ndjson([consent("N-1", "alpha", &[], &[]), consent("N-1", "alpha", &["C-1"], &ALL)]),
        person("P-1", &[]).to_string(),
    ];
    let told = rejects(&app, feed.concat()).await;
    let starts = [
        "2:  is not JSON at line 1",
        "5: /customer/customerIdentification ",
        "5: /customer/status ",
        "5: /customer/referenceCurrency ",
        "6:  does not have exactly one member",
        "7: /x is none of customer, ",
        "8:  is not an object",
        "9:  does not have exactly one member",
        "10:  the customer is not known",
        "11:  the customer is not known",
        "12:  addresses from 1000000000000 on",
        "14: /consent/customerIdentifications is empty",
        "14: /consent/scopes is empty",
    ];
    assert_eq!(told.len(), starts.len(), "{told:#?}");
    for (told, start) in told.iter().zip(starts) {
        assert!(told.starts_with(start), "{told}, not {start}");
    }
    let alpha = app.client("alpha");
    alpha.get("/customers/C-1/addresses/1").await.is(200);
    assert_eq!(app.history("persons/P-1").await.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_line_may_end_as_it_likes_but_not_go_on_for_ever() {
    let app = TestApp::start().await;
    let line = |id| customer(id, &[]).to_string();
    let long = with(customer("C-7", &[]), "/customer/x", "x".repeat(1024 * 1024)).to_string();
    let broken = line("C-8").replace("Stark", "\u{1}").into_bytes();
    let broken: Vec<u8> =
        broken.into_iter().map(|byte| if byte == 1 { 0xff } else { byte }).collect();
    let good = ["A", "B"].map(line);
    let feed = [
        good[0].as_bytes(),
        b"\r\n",
        long.as_bytes(),
        b"\n",
        &broken,
        b"\n\r\n",
        good[1].as_bytes(),
    ];
    let told = rejects(&app, feed.concat()).await;
    assert_eq!(told.len(), 2, "{told:?}");
    assert!(told[0].starts_with("2:  is longer than 1048576 bytes"), "{told:?}");
    assert!(told[1].starts_with("3:  is not JSON"), "{told:?}");
    for id in ["A", "B"] {
        assert_eq!(app.history(&format!("customers/{id}")).await.len(), 1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clients_change_stands_until_the_bank_says_something_new() {
    let app = TestApp::start().await;
    let alpha = app.client("alpha");
    let home = "/customers/C-1/addresses/1";
    let town = async || alpha.get(home).await.is(200).text("/postalAddress/townName");
    let stated = with(address("C-1", 1, "Zürich"), "/address/isDomicile", true);
    let stated = with(stated, "/address/isMailingAddress", false);
    alpha.put(home, &change(1, "Bern")).await.is(204);
    assert_eq!(app.state([stated.clone()]).await.summary.unchanged, 1);
    assert_eq!(town().await, "Bern");
    app.state([address("C-1", 1, "Genf")]).await;
    assert_eq!(town().await, "Genf");
    app.state([stated]).await;
    assert_eq!(town().await, "Zürich");

    let mail = "/persons/P-1/contactdetails/K-1";
    let content = async || alpha.get(mail).await.is(200).text("/contactContent");
    let contacts = [("K-1", "tony@stark.example.com"), ("K-2", "iron@stark.example.com")];
    alpha.put(mail, &email_of("client@example.com")).await.is(200);
    assert_eq!(app.state([person("P-1", &contacts)]).await.summary.unchanged, 1);
    assert_eq!(content().await, "client@example.com");
    app.state([person("P-1", &[("K-1", "bank@example.com"), contacts[1]])]).await;
    assert_eq!(content().await, "bank@example.com");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_clients_added_is_not_removed_by_omission() {
    let app = TestApp::start().await;
    let alpha = app.client("alpha");
    let path = "/persons/P-1/contactdetails";
    let added = alpha.post(path, &email_of("client@example.com")).await.is(201);
    let ids = async || -> Vec<Value> {
        let list = alpha.get(path).await.is(200).json();
        list.as_array().unwrap().iter().map(|one| one["contactIdentification"].clone()).collect()
    };
    app.state([person("P-1", &[("K-2", "iron@stark.example.com")])]).await;
    assert_eq!(ids().await, [added.at("/contactIdentification"), "K-2".into()]);
    app.state([without(person("P-1", &[]), "/person/contactInformation")]).await;
    assert_eq!(ids().await.len(), 2);
    app.state([person("P-1", &[])]).await;
    assert_eq!(ids().await, [added.at("/contactIdentification")]);
    let unlinked = without(customer("C-1", &[]), "/customer/personList");
    assert_eq!(app.state([unlinked]).await.summary.unchanged, 1);
    alpha.get("/persons/P-2").await.is(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_leaves_when_the_bank_says_so_and_does_not_come_back() {
    let app = TestApp::start().await;
    let alpha = app.client("alpha");
    let removed = |number: u64| json!({ "address": { "customerIdentification": "C-1", "addressIdentification": number, "removed": true } });
    assert_eq!(app.state([removed(2), removed(2), removed(9)]).await.summary.appended, 1);
    alpha.get("/customers/C-1/addresses/2").await.problem(404, "RESOURCE_DOES_NOT_EXIST");
    alpha
        .put("/customers/C-1/addresses", &change(2, "Bern"))
        .await
        .problem(404, "RESOURCE_DOES_NOT_EXIST");
    let told = rejects(&app, ndjson([address("C-1", 2, "Bern")])).await;
    assert!(told[0].starts_with("1:  the address was removed"), "{told:?}");
    let listed = alpha.get("/customers/C-1").await.at("/addressList");
    assert_eq!(listed, json!([{ "addressIdentification": 1 }]));
}

#[tokio::test(flavor = "multi_thread")]
async fn lines_about_the_same_thing_are_carried_out_in_their_order() {
    let app = TestApp::empty().await;
    let consents = (0..5).map(|part: usize| {
        let ids: Vec<String> = (0..40).map(|nth| format!("C-{}", part * 40 + nth)).collect();
        let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
        consent(&format!("N-{part}"), "alpha", &ids, &ALL)
    });
    let of_one = |number: usize| {
        let id = format!("C-{number}");
        let towns = ["Bern", "Zug", "Bern", "Genf"].map(|town| address(&id, 1, town));
        let closed = with(customer(&id, &[]), "/customer/status", "closed");
        let first = [customer(&id, &[]), closed, customer(&id, &[])];
        first.into_iter().chain(towns).collect::<Vec<_>>()
    };
    let lines = consents.chain((0..200).flat_map(of_one));
    let summary = app.state(lines).await.summary;
    assert_eq!((summary.lines, summary.appended), (5 + 200 * 7, 5 + 200 * 7));
    let alpha = app.client("alpha");
    for number in 0..200 {
        let home = alpha.get(&format!("/customers/C-{number}/addresses")).await.is(200);
        assert_eq!(home.text("/postalAddress/townName"), "Genf");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_customer_closes_and_opens_again() {
    let app = TestApp::start().await;
    let alpha = app.client("alpha");
    let stated = |status| {
        let line = customer("C-1", &[("P-1", "accountOwner"), ("P-2", "authorisedRepresentative")]);
        with(line, "/customer/status", status)
    };
    for (status, written) in [("closed", 409), ("inactive", 201), ("closed", 409), ("active", 201)]
    {
        app.state([stated(status)]).await;
        assert_eq!(alpha.get("/customers/C-1").await.is(200).text("/status"), status);
        alpha.post("/customers/C-1/addresses", &new_address("Bern")).await.is(written);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_feed_waits_where_the_writer_is_busy() {
    let app = TestApp::configured(|config| config.log.queue_max = 1).await;
    let mut sample = Vec::new();
    dossier::sample::write(60, 3, &mut sample).unwrap();
    let lines = std::str::from_utf8(&sample).unwrap().lines().count();
    let answer = app.feed(sample).await;
    assert_eq!(answer.rejects, []);
    assert_eq!(answer.summary.lines, u64::try_from(lines).unwrap());
    assert!(answer.summary.appended >= answer.summary.lines);
}
