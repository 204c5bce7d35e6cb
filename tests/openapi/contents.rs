//! What the schema says of the content of a contact detail against what the parser takes: the
//! schema refuses nothing that is taken, and takes little that is refused.

use dossier::parse::contact;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::bodies::compare;

fn check(medium: &str, content: &str) -> bool {
    let body: Value = json!({ "medium": medium, "contactContent": content });
    let read = |body: &[u8]| contact::new(body).map(|parsed| parsed.ignored);
    compare("NewContactDetail", read, &body)
}

#[test]
fn each_character_alone_is_something_to_see_or_not_in_both() {
    let letters = ('\0'..='\u{ffff}').chain(['😀', '𐍈', '\u{e0020}', '\u{1d173}']);
    let seen = letters.filter(|letter| check("socialMediaProfile", &letter.to_string()));
    assert!((60_000..63_488).contains(&seen.count()));
}

#[test]
fn what_no_person_could_be_reached_at_is_refused_by_both() {
    let rows = [
        ("email", "anna"),
        ("email", "anna@example"),
        ("email", "an..na@example.ch"),
        ("email", "an na@example.ch"),
        ("phone", "1234"),
        ("phone", "+41+44 555 00 00"),
        ("fax", "044 CALL ME"),
        ("website", "example"),
        ("website", "ftp://example.ch"),
        ("website", "https://user@example.ch"),
        ("website", "https://exam ple.ch"),
        ("website", "example.ch:0"),
        ("website", "[::1]"),
    ];
    for (medium, content) in rows {
        let body = json!({ "medium": medium, "contactContent": content });
        let schema = json!({ "$ref": "#/components/schemas/NewContactDetail" });
        let is_valid = crate::support::document::validator(&schema).is_valid(&body);
        assert!(!is_valid && !check(medium, content), "{medium}: {content}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn any_content_is_judged_alike(
        medium in prop::sample::select(&["email", "phone", "fax", "website"][..]),
        content in "[+]?[+0-9 ()/.-]{0,24}\
            |[a-zü\"(.+_|~-]{1,8}@[a-zü0-9.-]{1,12}\
            |[ -~]{1,6}@[a-z0-9.-]{1,6}\\.[ -~]{1,4}\
            |[a-z.-]{1,70}@[a-z-]{1,70}\\.[0-9a-z]{1,3}\
            |(https?://|HTTP://)?[a-zü0-9.-]{1,12}(:[0-9+]{1,7})?([/?#][^\u{0}]{0,5})?\
            |(https?://)?[ -~]{1,6}\\.[ -~]{1,6}(:[1-7][0-9]{4})?([/?#][ -~]{0,5})?\
            |https?://\\[?[0-9a-f:.]{1,16}\\]?(:[0-9]{1,5})?(/[a-z\\]:]{0,3})?\
            |https?://([0-9]{1,3}\\.){3}[0-9]{1,3}\
            |\\PC{0,9}",
    ) {
        check(medium, &content);
    }
}
