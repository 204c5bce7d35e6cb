//! Bodies of requests: bounded, JSON, and judged as a whole.

use reqwest::Method;
use serde_json::json;

use crate::{
    errors::LARGE,
    support::{
        app::TestApp,
        bank::*,
        client::{Ask, Client},
    },
};

const ADDRESSES: &str = "/customers/C-1/addresses";

fn post(client: &Client) -> Ask {
    client.ask(Method::POST, ADDRESSES).json(&new_address("Bern"))
}

#[tokio::test(flavor = "multi_thread")]
async fn bodies_have_a_bound_and_a_type() {
    let app = TestApp::start().await;
    let alpha = app.client("alpha");
    let position = app.watermark();
    let large = with(new_address("Bern"), "/postalAddress/x", "x".repeat(LARGE));
    post(&alpha).json(&large).send().await.problem(413, "RESOURCE_TOO_LARGE");
    let parts = large.to_string().into_bytes();
    let parts: Vec<_> =
        parts.chunks(10_000).map(|part| Ok::<_, std::io::Error>(part.to_vec())).collect();
    let unsized_body = reqwest::Body::wrap_stream(futures::stream::iter(parts));
    post(&alpha).body(unsized_body).send().await.problem(413, "RESOURCE_TOO_LARGE");

    let large = || "x".repeat(LARGE);
    let nowhere = alpha.ask(Method::POST, "/nowhere").body(large());
    nowhere.send().await.problem(404, "TECHNICAL_ERROR");
    let nobody = post(&alpha).without("authorization").body(large());
    nobody.send().await.problem(401, "INVALID_TOKEN");

    post(&alpha).without("content-type").send().await.problem(415, "MALFORMED_PAYLOAD");
    for wrong in ["text/plain", "application/jsonx", "application/x-www-form-urlencoded", ""] {
        let refused = post(&alpha).header("content-type", wrong).send().await;
        refused.problem(415, "MALFORMED_PAYLOAD");
    }
    let encoded = post(&alpha).header("content-encoding", "gzip").send().await;
    let encoded = encoded.problem(415, "MALFORMED_PAYLOAD");
    assert!(encoded.text("/detail").contains("Content-Encoding"), "{encoded:?}");
    assert_eq!(encoded.header("accept-encoding"), Some("identity"));
    assert_eq!(app.watermark(), position);
    post(&alpha).header("content-encoding", "Identity").send().await.is(201);
    for good in ["application/json", "APPLICATION/JSON; charset=utf-8"] {
        post(&alpha).header("content-type", good).send().await.is(201);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_json_is_refused() {
    let app = TestApp::start().await;
    let alpha = app.client("alpha");
    let good = new_address("Bern").to_string();
    let deep = format!("{{\"x\":{}{}}}", "[".repeat(20), "]".repeat(20));
    let bodies: [&[u8]; 14] = [
        b"",
        b" ",
        b"{",
        b"null",
        b"[]",
        b"\"x\"",
        b"{'a':1}",
        b"{\"postalAddress\":{},}",
        b"{\"addressName\":\"\xff\"}",
        b"{\"addressName\":\"\\ud800\"}",
        b"{\"addressName\":1e999}",
        b"{\"addressName\":\"a\",\"addressName\":\"a\"}",
        deep.as_bytes(),
        &[good.as_bytes(), b"x"].concat(),
    ];
    for body in bodies {
        let refused = post(&alpha).body(body.to_vec()).send().await;
        let refused = refused.problem(400, "MALFORMED_PAYLOAD");
        assert!(!refused.violations().is_empty(), "{refused:?}");
    }
    let padded = format!("\n {good}\t\n");
    post(&alpha).body(padded).send().await.is(201);
}

#[tokio::test(flavor = "multi_thread")]
async fn all_that_is_wrong_is_told_at_once_and_no_value_is_repeated() {
    let app = TestApp::start().await;
    let alpha = app.client("alpha");
    let body = json!({
        "addressName": "secret\u{7}", "dispatchType": "secret", "language": "x".repeat(1000),
        "postalAddress": {
            "name": { "lastName": "secret".repeat(100) },
            "physicalAddress": { "postCode": " ", "townName": "\t", "country": "ch", "streetName": "" },
        },
    });
    let refused = alpha.post(ADDRESSES, &body).await.problem(400, "INVALID_PAYLOAD");
    let mut told = refused.violations();
    told.sort();
    let physical = |name: &str| format!("/postalAddress/physicalAddress/{name}");
    let expected = [
        "/addressName".to_owned(),
        "/dispatchType".to_owned(),
        "/language".to_owned(),
        "/postalAddress/name/lastName".to_owned(),
        physical("country"),
        physical("postCode"),
        // Blank, and by a control character.
        physical("townName"),
        physical("townName"),
        "/postalAddress/salutation".to_owned(),
    ];
    assert_eq!(told, expected);
    assert!(!String::from_utf8_lossy(&refused.body).contains("secret"));

    // One member of another type, and the whole is malformed.
    let body = with(body, "/isDomicile", "true");
    let refused = alpha.post(ADDRESSES, &body).await.problem(400, "MALFORMED_PAYLOAD");
    assert_eq!(refused.violations().len(), expected.len() + 1);
    let missing = alpha.put(ADDRESSES, &json!({})).await.problem(400, "INVALID_PAYLOAD");
    let mut told = missing.violations();
    told.sort();
    assert_eq!(told, ["/addressIdentification", "/dispatchType", "/postalAddress"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn lengths_count_characters_and_countries_are_those_of_iso_3166() {
    let app = TestApp::start().await;
    let alpha = app.client("alpha");
    let town = "/postalAddress/physicalAddress/townName";
    let country = "/postalAddress/physicalAddress/country";
    let cases = [
        (town, "ü".repeat(35), 201),
        (town, "😀".repeat(35), 201),
        (town, "ü".repeat(36), 400),
        (town, "a\nb".to_owned(), 400),
        (country, "LI".to_owned(), 201),
        (country, "XX".to_owned(), 400),
        (country, "Li".to_owned(), 400),
        (country, "CHE".to_owned(), 400),
    ];
    for (pointer, value, status) in cases {
        let body = with(new_address("Bern"), pointer, value);
        let answer = alpha.post(ADDRESSES, &body).await.is(status);
        assert_eq!(answer.violations(), if status == 400 { vec![pointer] } else { vec![] });
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_body_names_what_may_be_misspelt() {
    let app = TestApp::start().await;
    let body = without(new_address("Bern"), "/postalAddress/physicalAddress/postCode");
    let body = with(body, "/postalAddress/physicalAddress/postcode", "3000");
    let refused = app.client("alpha").post("/customers/C-1/addresses", &body).await;
    let refused = refused.problem(400, "INVALID_PAYLOAD");
    assert_eq!(refused.violations(), ["/postalAddress/physicalAddress/postCode"]);
    let named = refused.header("x-ignored-members");
    assert_eq!(named, Some("/postalAddress/physicalAddress/postcode"));
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_becomes_of_a_body_that_was_judged_what_nobody_knows_in_it_is_named() {
    let app = TestApp::start().await;
    let alpha = app.client("alpha");
    let keyed = |path| alpha.ask(Method::POST, path).header("idempotency-key", "used");
    keyed("/customers/C-2/addresses").json(&new_address("Bern")).send().await.is(201);

    let address = with(new_address("Bern"), "/x", 1);
    let moved = |number| with(change(number, "Bern"), "/x", 1);
    let contact = with(email_of("a@example.com"), "/x", 1);
    let put = |path, body| alpha.ask(Method::PUT, path).json(body);
    let cases = [
        (put("/customers/C-1/addresses", &moved(9)), 404),
        (put("/customers/C-1/addresses/9", &moved(9)), 404),
        (put("/customers/C-1/addresses/x", &without(moved(9), "/addressIdentification")), 404),
        (put("/persons/P-1/contactdetails/K-9", &contact), 404),
        (put("/persons/P-1/contactdetails/%20", &contact), 404),
        (alpha.ask(Method::POST, "/customers/C-3/addresses").json(&address), 409),
        (alpha.ask(Method::POST, "/persons/P-3/contactdetails").json(&contact), 409),
        (put("/customers/C-1/addresses/1", &moved(1)).header("if-match", "\"1-999\""), 412),
        (put("/persons/P-1/contactdetails/K-1", &contact).header("if-match", "\"1-999\""), 412),
        (keyed("/customers/C-2/addresses").json(&address), 422),
        (keyed("/persons/P-1/contactdetails").json(&contact), 422),
    ];
    for (ask, status) in cases {
        let refused = ask.send().await.is(status);
        assert_eq!(refused.header("x-ignored-members"), Some("/x"), "{refused:?}");
    }
}
