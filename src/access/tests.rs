use std::time::Duration;

use super::*;

fn setup() -> (Issuer, Tokens) {
    let pair = aws_lc_rs::signature::Ed25519KeyPair::generate().unwrap();
    let issuer = Issuer::new(pair.to_pkcs8v1().unwrap().as_ref()).unwrap();
    let tokens = Tokens::development(&issuer);
    (issuer, tokens)
}

fn alpha() -> ClientId {
    ClientId::parse("alpha").unwrap()
}

#[tokio::test]
async fn a_token_of_the_issuer_tells_client_and_scopes() {
    let (issuer, tokens) = setup();
    let token = issuer.token(&alpha(), &[Scope::CustomerRead], clock::now()).unwrap();
    for _first_checked_then_known in 0..2 {
        let identity = tokens.identify(&token, || None).await.unwrap();
        assert_eq!(
            (&identity.client, &identity.scopes[..]),
            (&alpha(), &[Scope::CustomerRead][..])
        );
    }
}

#[tokio::test]
async fn an_old_token_has_expired() {
    let (issuer, tokens) = setup();
    let long_ago = clock::now() - Duration::from_hours(30 * 24);
    let token = issuer.token(&alpha(), &Scope::ALL, long_ago).unwrap();
    assert_eq!(tokens.identify(&token, || None).await.unwrap_err(), TokenError::Expired);
}

#[tokio::test]
async fn a_token_from_the_future_is_not_valid_yet() {
    let (issuer, tokens) = setup();
    let later = clock::now() + Duration::from_hours(1);
    let token = issuer.token(&alpha(), &Scope::ALL, later).unwrap();
    assert_eq!(tokens.identify(&token, || None).await.unwrap_err(), TokenError::Invalid);
}

#[tokio::test]
async fn another_issuers_token_is_not_valid() {
    let (_, tokens) = setup();
    let (stranger, _) = setup();
    let token = stranger.token(&alpha(), &Scope::ALL, clock::now()).unwrap();
    assert_eq!(tokens.identify(&token, || None).await.unwrap_err(), TokenError::Invalid);
}

#[tokio::test]
async fn a_changed_token_is_not_valid() {
    let (issuer, tokens) = setup();
    let token = issuer.token(&alpha(), &Scope::ALL, clock::now()).unwrap();
    let (head, rest) = token.split_once('.').unwrap();
    let (_, signature) = rest.split_once('.').unwrap();
    for wrong in [
        "",
        "x",
        "=",
        "a.b.c",
        &token[1..],
        &format!("{head}..{signature}"),
        &format!("{token}x"),
        &format!("{token}="),
        &format!("{head}.e30.{signature}"),
        &"x".repeat(TOKEN_BYTES_MAX + 1),
    ] {
        assert_eq!(
            tokens.identify(wrong, || None).await.unwrap_err(),
            TokenError::Invalid,
            "{wrong}"
        );
    }
}

#[test]
fn what_was_found_out_stands_for_its_time_and_its_keys() {
    let now = clock::now();
    let (second, expires) = (Duration::from_secs(1), now + Duration::from_hours(1));
    let identity = Identity { client: alpha(), scopes: Vec::new(), certificate: None, expires };
    let mut known = known(identity, DateTime::<Utc>::MAX_UTC, 7);
    known.from = now;
    assert!(known.holds(now, 7));
    assert!(known.holds(expires - second, 7));
    assert!(!known.holds(expires, 7));
    assert!(!known.holds(now - second, 7), "the clock was set back");
    assert!(!known.holds(now, 8), "the keys have changed");
}

#[tokio::test]
async fn known_tokens_are_kept_by_their_hash() {
    let (issuer, tokens) = setup();
    let token = issuer.token(&alpha(), &Scope::ALL, clock::now()).unwrap();
    tokens.identify(&token, || None).await.unwrap();
    assert!(tokens.known.get(&print(&token)).is_some());
    assert_eq!(hex::encode(print("abc")), SHA256_OF_ABC);
}

/// From FIPS 180-2.
const SHA256_OF_ABC: &str = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
