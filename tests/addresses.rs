//! Addresses: added, read and changed by clients.

use reqwest::Method;
use serde_json::json;

use crate::support::{app::TestApp, bank::*};

#[tokio::test(flavor = "multi_thread")]
async fn an_added_address_is_there_at_once() {
    let app = TestApp::start().await;
    let alpha = app.client("alpha");
    let added = alpha.post("/customers/C-2/addresses", &new_address("Bern")).await.is(201);
    assert_eq!(added.json(), json!({ "addressIdentification": "1000000000000" }));
    assert_eq!(added.location(), "/customers/C-2/addresses/1000000000000");
    assert!(added.header("x-log-position").is_some());
    assert!(!added.was_replayed());
    let here = json!({ "postCode": "8001", "townName": "Bern", "country": "CH" });
    let flags = json!({ "isDomicile": false, "isMailingAddress": false });
    let mut postal = json!({ "salutation": {}, "physicalAddress": here });
    for bridged in [&here, &flags] {
        postal.as_object_mut().unwrap().extend(bridged.as_object().unwrap().clone());
    }
    let expected = json!({
        "addressIdentification": 1_000_000_000_000_u64,
        "isDomicile": false,
        "isMailingAddress": false,
        "dispatchType": "postal",
        "postalAddress": postal,
    });
    for path in [&added.location(), "/customers/C-2/addresses", "/customer/C-2/addresses"] {
        assert_eq!(alpha.get(path).await.is(200).json(), expected);
    }
    let customer = alpha.get("/customers/C-2").await.is(200);
    let listed = json!([{ "addressIdentification": 1_000_000_000_000_u64 }]);
    assert_eq!(customer.at("/addressList"), listed);
}

#[tokio::test(flavor = "multi_thread")]
async fn every_member_of_an_address_comes_back() {
    let app = TestApp::start().await;
    let alpha = app.client("alpha");
    let body = json!({
        "addressName": "Zweitwohnsitz", "isDomicile": true, "isMailingAddress": true,
        "mailingInstruction": "Hold", "dispatchType": "postal", "language": "German",
        "postalAddress": {
            "salutation": { "salutation": "Frau", "title": "Dr.", "receptionRestriction": "eigenhändig", "overrideSalutation": "Liebe Frau" },
            "name": { "organisationName": "Stark AG", "givenName": "Zoë", "middleName": "Ü", "lastName": "Müller", "nameSuffix": "jun." },
            "physicalAddress": {
                "careOf": "c/o", "toTheAttentionOf": "z. H.", "streetName": "Straße", "buildingNumber": "1a", "postBox": "12",
                "addressSuffix": "links", "postCode": "3000", "townName": "Bern", "countrySubDivision": "BE", "country": "CH",
            },
        },
    });
    let id = alpha.add_address("C-2", &body).await;
    let read = alpha.get(&format!("/customers/C-2/addresses/{id}")).await.is(200);
    for member in [
        "addressName",
        "isDomicile",
        "isMailingAddress",
        "mailingInstruction",
        "dispatchType",
        "language",
    ] {
        assert_eq!(read.at(&format!("/{member}")), body[member]);
    }
    for part in ["salutation", "name", "physicalAddress"] {
        assert_eq!(read.at(&format!("/postalAddress/{part}")), body["postalAddress"][part]);
    }
    for bridged in ["isDomicile", "isMailingAddress"] {
        assert_eq!(read.at(&format!("/postalAddress/{bridged}")), true);
    }
    for bridged in ["postCode", "townName", "country"] {
        let expected = &body["postalAddress"]["physicalAddress"][bridged];
        assert_eq!(read.at(&format!("/postalAddress/{bridged}")), *expected);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn members_may_stand_where_the_reference_requires_them_instead() {
    let app = TestApp::start().await;
    let alpha = app.client("alpha");
    let body = json!({ "postalAddress": {
        "salutation": {}, "physicalAddress": {}, "isDomicile": true, "isMailingAddress": false,
        "postCode": "3000", "townName": "Bern", "country": "CH",
    }});
    let id = alpha.add_address("C-2", &body).await;
    let read = alpha.get(&format!("/customers/C-2/addresses/{id}")).await.is(200);
    assert_eq!(read.at("/isDomicile"), true);
    assert_eq!(read.at("/postalAddress/physicalAddress/townName"), "Bern");
    let contrary = with(body, "/postalAddress/physicalAddress/townName", "Zug");
    let refused = alpha.post("/customers/C-2/addresses", &contrary).await;
    let refused = refused.problem(400, "INVALID_PAYLOAD");
    assert_eq!(refused.violations(), ["/postalAddress/physicalAddress/townName"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_mailing_address_is_read_unless_another_is_named() {
    let app = TestApp::start().await;
    let alpha = app.client("alpha");
    let read = async |path: &str| {
        alpha
            .get(&format!("/customers/C-1/addresses{path}"))
            .await
            .is(200)
            .at("/addressIdentification")
    };
    assert_eq!(read("").await, 2);
    assert_eq!(read("?addressIdentification=1").await, 1);
    assert_eq!(read("/1").await, 1);
    for unknown in [
        "/customers/C-1/addresses/9",
        "/customers/C-1/addresses?addressIdentification=9",
        "/customers/C-1/addresses/x",
        "/customers/C-2/addresses",
    ] {
        alpha.get(unknown).await.problem(404, "RESOURCE_DOES_NOT_EXIST");
    }
    let wrong = alpha.get("/customers/C-1/addresses?addressIdentification=x").await;
    wrong.problem(400, "MALFORMED_PAYLOAD");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_changed_address_is_replaced_but_keeps_flags_that_were_not_named() {
    let app = TestApp::start().await;
    let alpha = app.client("alpha");
    let before = alpha.get("/customers/C-1").await.is(200).etag();
    let named = with(change(2, "Bern"), "/addressName", "Neu");
    let changed = alpha.put("/customer/C-1/addresses", &named).await.is(204);
    assert!(changed.header("x-log-position").is_some());
    let read = alpha.get("/customers/C-1/addresses/2").await.is(200);
    assert_eq!(
        (read.at("/isMailingAddress"), read.at("/addressName")),
        (json!(true), json!("Neu"))
    );
    let unnamed = without(change(2, "Bern"), "/addressIdentification");
    alpha.put("/customers/C-1/addresses/2", &unnamed).await.is(204);
    let read = alpha.get("/customers/C-1/addresses/2").await.is(200);
    assert_eq!(read.json().get("addressName"), None);
    // What an answer about the customer shows is the same.
    assert_eq!(alpha.get("/customers/C-1").await.is(200).etag(), before);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_is_named_by_a_number_or_its_digits_and_by_one_only() {
    let app = TestApp::start().await;
    let alpha = app.client("alpha");
    let digits = with(change(2, "Bern"), "/addressIdentification", "2");
    alpha.put("/customers/C-1/addresses", &digits).await.is(204);
    let refused = alpha.put("/customers/C-1/addresses/1", &digits).await;
    let refused = refused.problem(400, "INVALID_PAYLOAD");
    assert_eq!(refused.violations(), ["/addressIdentification"]);
    alpha
        .put("/customers/C-1/addresses", &change(9, "Bern"))
        .await
        .problem(404, "RESOURCE_DOES_NOT_EXIST");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_that_changes_nothing_leaves_no_trace() {
    let app = TestApp::start().await;
    let alpha = app.client("alpha");
    alpha.put("/customers/C-1/addresses", &change(1, "Bern")).await.is(204);
    let (position, etag) = (app.watermark(), alpha.get("/customers/C-1/addresses/1").await.etag());
    let again = alpha.put("/customers/C-1/addresses", &change(1, "Bern")).await.is(204);
    assert!(again.header("x-log-position").is_some());
    assert_eq!(app.watermark(), position);
    let ask = alpha.ask(Method::GET, "/customers/C-1/addresses/1").header("if-none-match", &etag);
    ask.send().await.is(304);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_id_in_a_new_address_is_passed_over() {
    let app = TestApp::start().await;
    let alpha = app.client("alpha");
    let posted = alpha.post("/customers/C-2/addresses", &change(1, "Bern")).await.is(201);
    assert_eq!(posted.text("/addressIdentification"), "1000000000000");
    assert_eq!(posted.header("x-ignored-members"), None);
}

#[tokio::test(flavor = "multi_thread")]
async fn unknown_members_are_named_or_refused_as_configured() {
    let body = with(new_address("Bern"), "/adressName", "Neu");
    let body = with(body, "/postalAddress/a, ü%", 1);
    let app = TestApp::start().await;
    let posted = app.client("alpha").post("/customers/C-2/addresses", &body).await.is(201);
    let ignored = posted.header("x-ignored-members");
    assert_eq!(ignored, Some("/postalAddress/a%2C%20%C3%BC%25, /adressName"));

    let strict = TestApp::configured(|config| {
        config.http.unknown_members = dossier::config::UnknownMembers::Reject;
        config.http.body_bytes_max = 1_000_000;
    });
    let app = strict.await;
    app.state(lines()).await;
    let refused = app.client("alpha").post("/customers/C-2/addresses", &body).await;
    let refused = refused.problem(400, "INVALID_PAYLOAD");
    assert_eq!(refused.violations(), ["/postalAddress/a, ü%", "/adressName"]);

    let many = (0..100).fold(new_address("Bern"), |body, nth| {
        with(body, &format!("/{nth}{}", "x".repeat(5000)), 1)
    });
    let refused = app.client("alpha").post("/customers/C-2/addresses", &many).await;
    let refused = refused.problem(400, "INVALID_PAYLOAD").at("/violations");
    let detail = &refused.as_array().unwrap().last().unwrap()["detail"];
    assert_eq!(detail, "more is wrong than is listed here");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_header_names_members_whole_and_stays_small_however_many_are_unknown() {
    let app = TestApp::start().await;
    let body = (0..100)
        .fold(new_address("Bern"), |body, nth| with(body, &format!("/{nth}{}", "ü".repeat(90)), 1));
    let posted = app.client("alpha").post("/customers/C-2/addresses", &body).await.is(201);
    let ignored = posted.header("x-ignored-members").unwrap();
    assert!((6500..=7173).contains(&ignored.len()), "{} bytes", ignored.len());
    let mut named: Vec<_> = ignored.split(", ").collect();
    assert_eq!(named.pop(), Some("..."));
    assert!(named.iter().all(|one| one.ends_with(&"%C3%BC".repeat(90))), "{ignored}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_customer_has_no_more_addresses_than_the_rules_allow() {
    let app = TestApp::configured(|config| config.rules.addresses_max = 3).await;
    app.state(lines()).await;
    let alpha = app.client("alpha");
    alpha.add_address("C-1", &new_address("Bern")).await;
    let refused = alpha.post("/customers/C-1/addresses", &new_address("Zug")).await;
    refused.problem(409, "OPERATION_NOT_ALLOWED");
    // Room is made, and no id is given twice.
    let removed = json!({ "address": { "customerIdentification": "C-1", "addressIdentification": 1_000_000_000_000_u64, "removed": true } });
    app.state([removed]).await;
    assert_eq!(alpha.add_address("C-1", &new_address("Zug")).await, "1000000000001");
}
