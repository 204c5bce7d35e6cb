//! Who may do what: each operation of the contract in each situation of whoever asks, one cell each.
//!
//! To add an operation, add a row; to add a situation, add a column and its `Situation`.

mod stage;

use self::stage::{Cell, Cell::*, Operation, Stage, operation};
use crate::support::answer::Answer;

/// The token is no good.
const T: Cell = Refused(401, "INVALID_TOKEN");
/// The token was good once.
const X: Cell = Refused(401, "EXPIRED_TOKEN");
/// The token lacks the scope.
const S: Cell = Refused(403, "INSUFFICIENT_PRIVILEGES");
/// Nothing that this client could know of.
const N: Cell = Refused(404, "INSUFFICIENT_PRIVILEGES");
/// The customer is closed.
const C: Cell = Refused(409, "OPERATION_NOT_ALLOWED");
/// An object, read.
const O: Cell = Done(200);
/// The lists of the clients who may see the first, the second, the third; of all others.
const A: Cell = Listed(Some("1"));
const B: Cell = Listed(Some("2"));
const D: Cell = Listed(Some("3"));
const E: Cell = Listed(None);

/// The columns, as `Stage::situations` has them: all is well; no token, a broken one, expired, not
/// yet valid, wrong issuer, wrong audience, `alg: none`, HS256 with the public key, unknown key, a
/// scope lacks; another client's, no consent, an expired one, a revoked one, a closed customer.
#[rustfmt::skip]
fn table() -> Vec<(Operation, [Cell; 16])> {
    let row = |asked, cells| (operation(asked), cells);
    vec![
        //                                                           well       no brok exp early iss aud none pub key scope other no exp rev closed
        row("GET /customers",                                       [A,         T, T, X, T, T, T, T, T, T, S,  B, E, E, E, D]),
        row("GET /customers/{customer}",                            [O,         T, T, X, T, T, T, T, T, T, S,  N, N, N, N, O]),
        row("GET /customers/{customer}/kyc",                        [O,         T, T, X, T, T, T, T, T, T, S,  N, N, N, N, O]),
        row("GET /persons",                                         [A,         T, T, X, T, T, T, T, T, T, S,  B, E, E, E, D]),
        row("GET /persons/{person}",                                [O,         T, T, X, T, T, T, T, T, T, S,  N, N, N, N, O]),
        row("GET /persons/{person}/contactdetails",                 [A,         T, T, X, T, T, T, T, T, T, S,  N, N, N, N, D]),
        row("POST /persons/{person}/contactdetails",                [Done(201), T, T, X, T, T, T, T, T, T, S,  N, N, N, N, C]),
        row("POST /customers/{customer}/addresses",                 [Done(201), T, T, X, T, T, T, T, T, T, S,  N, N, N, N, C]),
        row("GET /customers/{customer}/addresses",                  [O,         T, T, X, T, T, T, T, T, T, S,  N, N, N, N, O]),
        row("PUT /customers/{customer}/addresses",                  [Done(204), T, T, X, T, T, T, T, T, T, S,  N, N, N, N, C]),
        row("GET /healthcheck",                                     [O,         O, O, O, O, O, O, O, O, O, O,  O, O, O, O, O]),
        row("POST /healthcheck",                                    [O,         O, O, O, O, O, O, O, O, O, O,  O, O, O, O, O]),
        // Beyond the eleven: by id, by a parameter, in the singular.
        row("GET /customers/{customer}/addresses/1",                [O,         T, T, X, T, T, T, T, T, T, S,  N, N, N, N, O]),
        row("PUT /customers/{customer}/addresses/1",                [Done(204), T, T, X, T, T, T, T, T, T, S,  N, N, N, N, C]),
        row("GET /persons/{person}/contactdetails/K",               [O,         T, T, X, T, T, T, T, T, T, S,  N, N, N, N, O]),
        row("PUT /persons/{person}/contactdetails/K",             [O,         T, T, X, T, T, T, T, T, T, S,  N, N, N, N, C]),
        row("GET /customers/{customer}/addresses?addressIdentification=1", [O,    T, T, X, T, T, T, T, T, T, S,  N, N, N, N, O]),
        row("GET /customer/{customer}/addresses",                   [O,         T, T, X, T, T, T, T, T, T, S,  N, N, N, N, O]),
        row("POST /customer/{customer}/addresses",                  [Done(201), T, T, X, T, T, T, T, T, T, S,  N, N, N, N, C]),
        row("PUT /customer/{customer}/addresses",                   [Done(204), T, T, X, T, T, T, T, T, T, S,  N, N, N, N, C]),
        row("GET /customer/{customer}/addresses/1",                 [O,         T, T, X, T, T, T, T, T, T, S,  N, N, N, N, O]),
        row("PUT /customer/{customer}/addresses/1",                 [Done(204), T, T, X, T, T, T, T, T, T, S,  N, N, N, N, C]),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn every_operation_answers_every_situation_as_the_contract_says() {
    let stage = Stage::set().await;
    for (operation, cells) in table() {
        for (situation, cell) in stage.situations(&operation).iter().zip(cells) {
            let name = situation.name;
            for token in &situation.tokens {
                let before = stage.app.watermark();
                let answer = stage.ask(&operation, situation.of, token.as_deref()).await;
                cell.check(&answer, &format!("{operation:?}, {name}"));
                check_challenge(&answer, token.is_some());
                if let Refused(..) = cell {
                    assert_eq!(stage.app.watermark(), before, "{operation:?}, {name}");
                }
                // Whatever is refused is refused alike for what does not exist.
                if matches!(cell, Refused(401..=404, _)) {
                    let unknown = stage.ask(&operation, "9", token.as_deref()).await;
                    assert_eq!(unknown.seen(), answer.seen(), "{operation:?}, {name}");
                }
            }
        }
    }
}

/// RFC 6750: an error is told to whom sent a token, and nothing to whom did not. What consents
/// lack is no matter of the token.
#[track_caller]
fn check_challenge(answer: &Answer, with_token: bool) {
    let challenge = match (answer.status, with_token) {
        (401, true) => Some("Bearer realm=\"dossier\", error=\"invalid_token\""),
        (401, false) => Some("Bearer realm=\"dossier\""),
        (403, _) if answer.text("/detail").contains("token") => {
            Some("Bearer realm=\"dossier\", error=\"insufficient_scope\"")
        }
        _ => None,
    };
    assert_eq!(answer.header("www-authenticate"), challenge, "{answer:?}");
}

/// The operations of the document that need a token, so that none is forgotten above.
#[test]
fn the_table_has_every_operation_that_the_document_has() {
    let rows: Vec<String> = table().iter().map(|(operation, _)| operation.in_document()).collect();
    let document = &*crate::support::document::DOCUMENT;
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let is_open = operation["security"].as_array().is_none_or(Vec::is_empty);
            let row = format!("{} {path}", method.to_uppercase());
            assert!(is_open || rows.contains(&row), "{row}: {rows:?}");
        }
    }
}
