//! The negative cases of the contract, one line each: what is asked, and what is wrong with it.
//!
//! To add a case, add a line. A case starts from a request that would be carried out, changes
//! one thing, and names the status, the kind of problem and the members that are at fault.

mod case;
mod stage;

use std::collections::BTreeSet;

use serde_json::{Value, json};

use self::{
    case::{Case, call, contact, post, put},
    stage::{Stage, When},
};
use crate::support::document::DOCUMENT;

#[rustfmt::skip]
#[expect(clippy::too_many_lines, reason = "a table")]
fn cases() -> Vec<Case> {
    vec![
        // Where nothing is, and what is not done there.
        call("GET /nowhere").is(404, "TECHNICAL_ERROR"),
        call("GET /customers/C-1/").is(404, "TECHNICAL_ERROR"),
        call("GET /problems/%FF").is(404, "TECHNICAL_ERROR"),
        call("DELETE /customers/C-1").is(405, "WRONG_METHOD"),
        call("PATCH /persons/P-1/contactdetails/K-1").is(405, "WRONG_METHOD"),
        call("PUT /customers/C-1/kyc").is(405, "WRONG_METHOD"),
        // The name of the call.
        call("GET /customers").without("x-correlation-id").is(400, "INVALID_PAYLOAD").told(&["the header X-Correlation-ID is required"]),
        call("GET /customers").header("x-correlation-id", &"x".repeat(65)).is(400, "INVALID_PAYLOAD").told(&["the header X-Correlation-ID must have 1 to 64 characters"]),
        call("GET /customers").header("x-correlation-id", "a\tb").is(400, "INVALID_PAYLOAD").told(&["the header X-Correlation-ID contains a control character"]),
        call("GET /customers?limit=0").without("x-correlation-id").is(400, "INVALID_PAYLOAD").told(&["the header X-Correlation-ID is required"]),
        // Who asks.
        call("GET /customers").without("authorization").is(401, "INVALID_TOKEN"),
        call("GET /customers").header("authorization", "Bearer x").is(401, "INVALID_TOKEN"),
        call("GET /customers").header("authorization", "Basic YTpi").is(401, "INVALID_TOKEN"),
        call("GET /customers").header("authorization", "Bearer {expired}").is(401, "EXPIRED_TOKEN"),
        call("GET /customers/C-1/kyc").header("authorization", "Bearer {reader}").is(403, "INSUFFICIENT_PRIVILEGES"),
        post().header("authorization", "Bearer {reader}").is(403, "INSUFFICIENT_PRIVILEGES"),
        call("GET /customers/C-1/kyc").header("authorization", "Bearer {beta}").is(403, "INSUFFICIENT_PRIVILEGES"),
        // What is not there, or not for this client.
        call("GET /customers/C-9").is(404, "INSUFFICIENT_PRIVILEGES"),
        call("GET /customers/C-5").is(404, "INSUFFICIENT_PRIVILEGES"),
        call("GET /persons/P-5").is(404, "INSUFFICIENT_PRIVILEGES"),
        call("GET /customers/C-1/addresses/9").is(404, "RESOURCE_DOES_NOT_EXIST"),
        call("GET /customers/C-2/addresses").is(404, "RESOURCE_DOES_NOT_EXIST"),
        call("GET /customers/C-2/kyc").is(404, "RESOURCE_DOES_NOT_EXIST"),
        call("GET /persons/P-1/contactdetails/K-9").is(404, "RESOURCE_DOES_NOT_EXIST"),
        call("GET /customers/%FF").is(404, "INSUFFICIENT_PRIVILEGES"),
        call("GET /customers/%FF/addresses/1").is(404, "INSUFFICIENT_PRIVILEGES"),
        call("GET /customers/C-1/addresses/%FF").is(404, "RESOURCE_DOES_NOT_EXIST"),
        call("GET /persons/P-1/contactdetails/%FF").is(404, "RESOURCE_DOES_NOT_EXIST"),
        call("GET /customers/C-1").header("host", "a b").is(400, "INVALID_PAYLOAD").told(&["the header Host must name one host"]),
        put().set("/addressIdentification", 9).is(404, "RESOURCE_DOES_NOT_EXIST"),
        // Parameters.
        call("GET /customers?limit=0").is(400, "INVALID_PAYLOAD").told(&["the parameter limit must be at least 1"]),
        call("GET /customers?limit=-1").is(400, "INVALID_PAYLOAD").told(&["the parameter limit must be at least 1"]),
        call("GET /persons?limit=many").is(400, "MALFORMED_PAYLOAD").told(&["the parameter limit is not a whole number"]),
        call("GET /customers?limit=-99999999999999999999").is(400, "INVALID_PAYLOAD").told(&["the parameter limit must be at least 1"]),
        call("GET /customers?limit=").is(400, "MALFORMED_PAYLOAD").told(&["the parameter limit is not a whole number"]),
        call("GET /customers?cursor=x").is(400, "INVALID_PAYLOAD"),
        call("GET /customers?cursor={cursor of beta}").is(400, "INVALID_PAYLOAD"),
        call("GET /persons?cursor={cursor of customers}").is(400, "INVALID_PAYLOAD"),
        call("GET /customers/C-1/addresses?addressIdentification=x").is(400, "MALFORMED_PAYLOAD").told(&["the parameter addressIdentification is no address id"]),
        call("GET /customers?limit=1&limit=1").is(400, "INVALID_PAYLOAD").told(&["the parameter limit must be sent once"]),
        call("GET /persons?cursor=&limit=many&cursor=").is(400, "MALFORMED_PAYLOAD").told(&["the parameter limit is not a whole number", "the parameter cursor must be sent once"]),
        call("GET /customers/C-1/addresses?addressIdentification=1&addressIdentification=x").is(400, "INVALID_PAYLOAD").told(&["the parameter addressIdentification must be sent once"]),
        call("GET /customers/C-1").header("x-min-log-position", "x").is(400, "INVALID_PAYLOAD").told(&["the header X-Min-Log-Position was not issued to you here"]),
        call("GET /customers/C-1/kyc").header("authorization", "Bearer {reader}").header("x-min-log-position", "x").is(403, "INSUFFICIENT_PRIVILEGES"),
        // All that is wrong with parameters, at once.
        call("GET /persons?limit=0").header("x-min-log-position", "x").is(400, "INVALID_PAYLOAD")
            .told(&["the parameter limit must be at least 1", "the header X-Min-Log-Position was not issued to you here"]),
        call("GET /customers?limit=many&cursor={cursor of beta}").is(400, "MALFORMED_PAYLOAD")
            .told(&["the parameter limit is not a whole number", "SIX123: the parameter cursor was not issued here for this list"]),
        call("GET /customers/C-9/addresses?addressIdentification=x").is(404, "INSUFFICIENT_PRIVILEGES"),
        call("GET /customers/C-1/addresses?addressIdentification=0").header("x-min-log-position", "x").is(400, "MALFORMED_PAYLOAD")
            .told(&["the parameter addressIdentification is no address id", "the header X-Min-Log-Position was not issued to you here"]),
        call("GET /customers?limit=0").header("authorization", "Bearer {writer}").is(403, "INSUFFICIENT_PRIVILEGES"),
        // The body is judged before what it is about is looked for.
        put().on("PUT /customers/C-1/addresses/x").raw("{").is(400, "MALFORMED_PAYLOAD"),
        put().on("PUT /customers/C-1/addresses/x").unset("/addressIdentification").is(404, "RESOURCE_DOES_NOT_EXIST"),
        contact().on("PUT /persons/P-1/contactdetails/%20").raw("{").is(400, "MALFORMED_PAYLOAD"),
        contact().on("PUT /persons/P-1/contactdetails/%20").is(404, "RESOURCE_DOES_NOT_EXIST"),
        // Headers that may be sent once.
        call("GET /customers").again("x-correlation-id", "other").is(400, "INVALID_PAYLOAD").told(&["the header X-Correlation-ID must be sent once"]),
        call("GET /customers").again("authorization", "Bearer {reader}").is(401, "INVALID_TOKEN"),
        call("GET /customers").header("x-min-log-position", "x").again("x-min-log-position", "x").is(400, "INVALID_PAYLOAD").told(&["the header X-Min-Log-Position must be sent once"]),
        post().header("idempotency-key", "one").again("idempotency-key", "two").is(400, "INVALID_PAYLOAD").told(&["the header Idempotency-Key must be sent once"]),
        post().again("content-type", "application/json").is(415, "MALFORMED_PAYLOAD"),
        // Bodies as such.
        post().raw("").is(400, "MALFORMED_PAYLOAD"),
        post().raw("{").is(400, "MALFORMED_PAYLOAD"),
        post().raw("{} {}").is(400, "MALFORMED_PAYLOAD"),
        post().raw("\u{feff}{}").is(400, "MALFORMED_PAYLOAD"),
        post().raw(b"{\"addressName\":\"\xFF\"}").is(400, "MALFORMED_PAYLOAD"),
        post().raw(format!("{{\"x\":{}1{}}}", "[".repeat(100), "]".repeat(100))).is(400, "MALFORMED_PAYLOAD"),
        post().raw("{\"addressName\":\"a\",\"addressName\":\"b\"}").is(400, "MALFORMED_PAYLOAD").at(&["/addressName", "/postalAddress"]),
        post().raw("[]").is(400, "MALFORMED_PAYLOAD").at(&[""]),
        post().raw("x".repeat(500_000)).is(413, "RESOURCE_TOO_LARGE"),
        post().header("content-type", "text/plain").is(415, "MALFORMED_PAYLOAD"),
        post().header("content-encoding", "gzip").is(415, "MALFORMED_PAYLOAD"),
        post().header("content-encoding", "identity, gzip").is(415, "MALFORMED_PAYLOAD"),
        post().header("content-encoding", "identity").again("content-encoding", "gzip").is(415, "MALFORMED_PAYLOAD"),
        post().without("content-type").is(415, "MALFORMED_PAYLOAD"),
        // Members that are missing.
        post().unset("/postalAddress").is(400, "INVALID_PAYLOAD").at(&["/postalAddress"]),
        post().unset("/postalAddress/salutation").is(400, "INVALID_PAYLOAD").at(&["/postalAddress/salutation"]),
        post().unset("/postalAddress/physicalAddress/postCode").is(400, "INVALID_PAYLOAD").at(&["/postalAddress/physicalAddress/postCode"]),
        post().unset("/postalAddress/physicalAddress").is(400, "INVALID_PAYLOAD")
            .at(&["/postalAddress/physicalAddress/postCode", "/postalAddress/physicalAddress/townName", "/postalAddress/physicalAddress/country"]),
        put().unset("/addressIdentification").is(400, "INVALID_PAYLOAD").at(&["/addressIdentification"]),
        put().unset("/dispatchType").is(400, "INVALID_PAYLOAD").at(&["/dispatchType"]),
        contact().unset("/medium").is(400, "INVALID_PAYLOAD").at(&["/medium"]),
        contact().unset("/contactContent").is(400, "INVALID_PAYLOAD").at(&["/contactContent"]),
        // Members of another JSON type.
        post().set("/postalAddress", "Bern").is(400, "MALFORMED_PAYLOAD").at(&["/postalAddress"]),
        post().set("/isDomicile", "true").is(400, "MALFORMED_PAYLOAD").at(&["/isDomicile"]),
        post().set("/addressName", json!(null)).is(400, "MALFORMED_PAYLOAD").at(&["/addressName"]),
        post().set("/postalAddress/physicalAddress/postCode", 8001).is(400, "MALFORMED_PAYLOAD").at(&["/postalAddress/physicalAddress/postCode"]),
        put().set("/addressIdentification", 1.5).is(400, "INVALID_PAYLOAD").at(&["/addressIdentification"]),
        contact().set("/contactContent", json!(["a@example.com"])).is(400, "MALFORMED_PAYLOAD").at(&["/contactContent"]),
        // Members that are too long, counted in characters.
        post().set("/addressName", "ä".repeat(71)).is(400, "INVALID_PAYLOAD").at(&["/addressName"]),
        post().set("/language", "x".repeat(36)).is(400, "INVALID_PAYLOAD").at(&["/language"]),
        post().set("/postalAddress/physicalAddress/townName", "x".repeat(36)).is(400, "INVALID_PAYLOAD").at(&["/postalAddress/physicalAddress/townName"]),
        post().set("/postalAddress/salutation/title", "x".repeat(36)).is(400, "INVALID_PAYLOAD").at(&["/postalAddress/salutation/title"]),
        // Values that no enumeration and no list has.
        post().set("/dispatchType", "pigeon").is(400, "INVALID_PAYLOAD").at(&["/dispatchType"]),
        post().set("/postalAddress/physicalAddress/country", "XX").is(400, "INVALID_PAYLOAD").at(&["/postalAddress/physicalAddress/country"]),
        post().set("/postalAddress/physicalAddress/country", "ch").is(400, "INVALID_PAYLOAD").at(&["/postalAddress/physicalAddress/country"]),
        post().set("/postalAddress/physicalAddress/country", "CHE").is(400, "INVALID_PAYLOAD").at(&["/postalAddress/physicalAddress/country"]),
        contact().set("/medium", "telegraph").is(400, "INVALID_PAYLOAD").at(&["/medium"]),
        // Ids out of range.
        put().set("/addressIdentification", -1).is(400, "INVALID_PAYLOAD").at(&["/addressIdentification"]),
        put().set("/addressIdentification", "01").is(400, "INVALID_PAYLOAD").at(&["/addressIdentification"]),
        put().set("/addressIdentification", 9_007_199_254_740_992_u64).is(400, "INVALID_PAYLOAD").at(&["/addressIdentification"]),
        // What cannot be.
        post().set("/postalAddress/physicalAddress/townName", "  ").is(400, "INVALID_PAYLOAD").at(&["/postalAddress/physicalAddress/townName"]),
        post().set("/postalAddress/physicalAddress/postCode", "").is(400, "INVALID_PAYLOAD").at(&["/postalAddress/physicalAddress/postCode"]),
        post().set("/addressName", "a\u{7}b").is(400, "INVALID_PAYLOAD").at(&["/addressName"]),
        post().set("/postalAddress/physicalAddress/townName", "\u{200b}\u{feff}").is(400, "INVALID_PAYLOAD").at(&["/postalAddress/physicalAddress/townName"]),
        contact().set("/contactContent", "no email").is(400, "INVALID_PAYLOAD").at(&["/contactContent"]),
        contact().raw(r#"{ "medium": "post", "contactContent": "" }"#).is(400, "INVALID_PAYLOAD").at(&["/medium", "/contactContent"]),
        contact().set("/medium", "phone").is(400, "INVALID_PAYLOAD").at(&["/contactContent"]),
        contact().set("/medium", "fax").set("/contactContent", "41+44 555 00 00").is(400, "INVALID_PAYLOAD").at(&["/contactContent"]),
        contact().set("/medium", "website").set("/contactContent", "no site").is(400, "INVALID_PAYLOAD").at(&["/contactContent"]),
        // Two places that say different things.
        post().set("/postalAddress/country", "DE").is(400, "INVALID_PAYLOAD").at(&["/postalAddress/physicalAddress/country"]),
        post().set("/isDomicile", true).set("/postalAddress/isDomicile", false).is(400, "INVALID_PAYLOAD").at(&["/postalAddress/isDomicile"]),
        put().on("PUT /customers/C-1/addresses/2").is(400, "INVALID_PAYLOAD").at(&["/addressIdentification"]),
        // All that is wrong, at once.
        post().set("/dispatchType", "pigeon").set("/addressName", "x".repeat(71)).set("/postalAddress/physicalAddress/country", "XX").is(400, "INVALID_PAYLOAD")
            .at(&["/dispatchType", "/addressName", "/postalAddress/physicalAddress/country"]),
        // Keys and conditions.
        post().header("idempotency-key", "").is(400, "INVALID_PAYLOAD"),
        post().header("idempotency-key", "a b").is(400, "INVALID_PAYLOAD"),
        post().header("idempotency-key", &"k".repeat(256)).is(400, "INVALID_PAYLOAD").told(&["the header Idempotency-Key must have 1 to 255 visible characters"]),
        post().header("if-match", "é").header("idempotency-key", "").is(400, "MALFORMED_PAYLOAD").told(&["the header If-Match cannot be read", "the header Idempotency-Key must have 1 to 255 visible characters"]),
        post().header("idempotency-key", "").set("/dispatchType", "pigeon").is(400, "INVALID_PAYLOAD").at(&["", "/dispatchType"]).told(&["the header Idempotency-Key must have 1 to 255 visible characters"]),
        post().header("if-match", "é").set("/dispatchType", "pigeon").is(400, "MALFORMED_PAYLOAD").at(&["", "/dispatchType"]),
        post().header("idempotency-key", "used").is(422, "IDEMPOTENCY_KEY_REUSED"),
        put().on("PUT /customers/C-1/addresses/x").unset("/addressIdentification").header("idempotency-key", "used").is(422, "IDEMPOTENCY_KEY_REUSED"),
        contact().on("PUT /persons/P-1/contactdetails/%20").header("idempotency-key", "used").is(422, "IDEMPOTENCY_KEY_REUSED"),
        post().header("if-match", "\"1-999\"").is(412, "PRECONDITION_FAILED"),
        put().header("if-match", "\"1-999\"").is(412, "PRECONDITION_FAILED"),
        contact().header("if-match", "\"x\"").is(412, "PRECONDITION_FAILED"),
        // What the rules forbid.
        post().on("POST /customers/C-3/addresses").is(409, "OPERATION_NOT_ALLOWED"),
        contact().on("POST /persons/P-3/contactdetails").is(409, "OPERATION_NOT_ALLOWED"),
        contact().on("POST /persons/P-4/contactdetails").is(403, "INSUFFICIENT_PRIVILEGES"),
        // What no request alone brings about.
        call("GET /customers/C-1").when(When::TheShareIsUsedUp).is(429, "TOO_MANY_REQUESTS"),
        post().when(When::TheShareIsUsedUp).is(429, "TOO_MANY_REQUESTS"),
        post().when(When::TheKeysAreDamaged).is(500, "TECHNICAL_ERROR"),
        put().when(When::TheKeysAreDamaged).is(500, "TECHNICAL_ERROR"),
        contact().when(When::TheKeysAreDamaged).is(500, "TECHNICAL_ERROR"),
        post().when(When::TheDiskIsFull).is(503, "SERVICE_UNAVAILABLE"),
        put().when(When::TheDiskIsFull).is(503, "SERVICE_UNAVAILABLE"),
        contact().when(When::TheDiskIsFull).is(503, "SERVICE_UNAVAILABLE"),
        call("GET /customers/C-1").header("x-min-log-position", "{position ahead}").is(503, "SERVICE_UNAVAILABLE"),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn every_refusal_of_the_contract_is_told_as_it_says_and_appends_nothing() {
    let (mut told, mut problems) = (BTreeSet::new(), BTreeSet::new());
    for when in When::ALL {
        let stage = Stage::set(when).await;
        for case in cases().iter().filter(|case| case.when == when) {
            let position = stage.app.watermark();
            let problem = case.check(&stage).await.json();
            told.insert((case.status, case.kind));
            problems.insert(unsigned(problem));
            // A share may last for a write.
            let may_append = when == When::TheShareIsUsedUp;
            assert!(may_append || stage.app.watermark() == position, "{case:?}");
        }
        if when == When::AllIsWell {
            // Each of the requests that the cases start from would have been carried out.
            for good in [post(), put(), contact()] {
                good.check_accepted(&stage).await;
            }
        }
        stage.strike();
    }
    let missing: Vec<_> = PROVOKED.into_iter().filter(|kind| !told.contains(kind)).collect();
    assert_eq!(missing, [], "rows of the contract's table without a case");
    for (name, example) in examples() {
        let example = unsigned(example.clone());
        assert!(
            problems.contains(&example),
            "no case is answered with the example {name}: {example}"
        );
    }
}

/// A problem without the name of its call.
fn unsigned(mut problem: Value) -> String {
    problem.as_object_mut().unwrap().remove("instance");
    problem.to_string()
}

/// What the document shows of problems.
fn examples() -> impl Iterator<Item = (&'static String, &'static Value)> {
    let responses = DOCUMENT["components"]["responses"].as_object().unwrap().values();
    let examples = responses.map(|it| &it["content"]["application/problem+json"]["examples"]);
    examples.flat_map(|them| them.as_object().unwrap()).map(|(name, one)| (name, &one["value"]))
}

/// The contract's table.
const PROVOKED: [(u16, &str); 17] = [
    (400, "MALFORMED_PAYLOAD"),
    (400, "INVALID_PAYLOAD"),
    (401, "INVALID_TOKEN"),
    (401, "EXPIRED_TOKEN"),
    (403, "INSUFFICIENT_PRIVILEGES"),
    (404, "INSUFFICIENT_PRIVILEGES"),
    (404, "RESOURCE_DOES_NOT_EXIST"),
    (404, "TECHNICAL_ERROR"),
    (405, "WRONG_METHOD"),
    (409, "OPERATION_NOT_ALLOWED"),
    (412, "PRECONDITION_FAILED"),
    (413, "RESOURCE_TOO_LARGE"),
    (415, "MALFORMED_PAYLOAD"),
    (422, "IDEMPOTENCY_KEY_REUSED"),
    (429, "TOO_MANY_REQUESTS"),
    (500, "TECHNICAL_ERROR"),
    (503, "SERVICE_UNAVAILABLE"),
];
