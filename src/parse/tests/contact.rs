//! Contact details: what can be an address of its medium.

use super::documents::{CONTACT, new_contact};
use super::{check, check_changes};

fn of(medium: &str, content: &str) -> String {
    serde_json::json!({ "medium": medium, "contactContent": content }).to_string()
}

#[track_caller]
fn check_medium(medium: &str, fit: &[&str], unfit: &[&str]) {
    for content in fit {
        check(new_contact, &of(medium, content), &[]);
    }
    for content in unfit {
        check(new_contact, &of(medium, content), &["invalid /contactContent"]);
    }
}

#[test]
fn medium_and_content_are_required_and_the_id_is_not_read() {
    check(new_contact, "{}", &["invalid /contactContent", "invalid /medium"]);
    check_changes(
        new_contact,
        CONTACT,
        &[
            ("/contactIdentification", "\"K-1\"", &[]),
            ("/contactIdentification", "17", &[]),
            ("/medium", "\"Phone\"", &["invalid /medium"]),
            ("/medium", "1", &["malformed /medium"]),
            ("/contactMediumType", "\"\"", &["invalid /contactMediumType"]),
            ("/contactContent", "41998887766", &["malformed /contactContent"]),
        ],
    );
}

#[test]
fn an_email_is_an_email_address() {
    check_medium(
        "email",
        &[
            "anna.muster@example.ch",
            "a@b.co",
            "o'neil+x@mail.example.com",
            "jürg@zürich.example",
            "info@हिन्दी.भारत",
            "mu\u{308}ller@example.ch",
        ],
        &[
            "",
            " ",
            "anna",
            "anna@",
            "@example.ch",
            "anna@example",
            "an na@example.ch",
            "anna@exam ple.ch",
            "a@b@example.ch",
            ".anna@example.ch",
            "anna.@example.ch",
            "an..na@example.ch",
            "anna@.ch",
            "anna@example.",
            "anna@-example.ch",
            "anna@1.2.3.4",
            "Anna <anna@example.ch>",
            "mailto:anna@example.ch",
            "anna@example.ch ",
            "a@b.ch,c@d.ch",
        ],
    );
}

#[test]
fn a_phone_number_is_one() {
    for medium in ["phone", "fax"] {
        check_medium(
            medium,
            &["0041998887766", "+41 (0)44 123 45 67", "044/123.45-67", "12345", &"1".repeat(20)],
            &[
                "",
                "1234",
                "+",
                "++41 44 123 45 67",
                "41+44 123 45 67",
                "(+41) 44 123 45 67",
                "044 CALL ME",
                "044 123 45 67 ext 8",
                "٠٤٤١٢٣٤٥",
                &"1".repeat(21),
            ],
        );
    }
}

#[test]
fn a_website_is_a_url_or_at_least_a_domain() {
    check_medium(
        "website",
        &[
            "https://www.example.ch/über-uns?x=1#y",
            "HTTP://example.ch",
            "example.ch",
            "https://हिन्दी.com",
            "www.example.ch:8443/a",
            "example.ch/go?to=https://other.example",
            "http://192.168.1.1",
            "https://192.168.1.1:8443/a?b#c",
            "https://[2001:db8::1]",
            "HTTPS://[::ffff:192.0.2.1]:443/a:b]",
        ],
        &[
            "",
            "example",
            "ftp://example.ch",
            "javascript:alert(1)",
            "https://",
            "https://example",
            "https://exam ple.ch",
            "example.ch:0",
            "example.ch:http",
            "example.ch:99999",
            "example.ch:+80",
            "https://user@example.ch",
            "https://user@192.168.1.1",
            "https://user:secret@[::1]",
            "192.168.1.1",
            "[::1]",
            "https://192.168.1",
            "https://192.168.1.256",
            "https://[192.168.1.1]",
            "https://[::1",
            "https://::1",
            "https://[::1]:",
            "https://[::1]:0",
            "https://[::1]x",
            "https://[::1]x:80",
            "https://[fe80::1%25eth0]",
            "data://example.ch",
        ],
    );
}

#[test]
fn a_profile_is_free_but_not_blank() {
    check_medium("socialMediaProfile", &["@anna", "anything at all"], &["", "  ", "a\u{7}"]);
    let unseen = ["\u{200b}", "\u{2060}\u{feff}", " \u{ad}\u{3164} ", "\u{e0020}\u{fe0f}"];
    check_medium("socialMediaProfile", &["\u{200b}a", "👩\u{200d}🚀", "\u{feff}ü"], &unseen);
}

#[test]
fn content_is_bounded() {
    let longest = format!("{}@example.ch", "a".repeat(59));
    check(new_contact, &of("email", &longest), &[]);
    check(new_contact, &of("email", &format!("a{longest}")), &["invalid /contactContent"]);
    let neither = ["invalid /contactContent", "invalid /contactContent"];
    check(new_contact, &of("email", &"x".repeat(71)), &neither);
    check(new_contact, &of("phone", "044\u{7}1234567"), &neither);
    check(new_contact, &of("socialMediaProfile", &"\u{7}".repeat(71)), &neither);
    check(new_contact, &of("socialMediaProfile", &" ".repeat(71)), &neither);
    check(new_contact, &of("socialMediaProfile", "\n"), &neither);
    check(new_contact, &of("socialMediaProfile", &"é".repeat(70)), &[]);
    check(new_contact, &of("socialMediaProfile", &"é".repeat(71)), &["invalid /contactContent"]);
}
