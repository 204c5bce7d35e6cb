//! Documents that are broken, too deep, doubled, or larger than an answer about them may be.

use super::documents::{ADDRESS, CONTACT, CUSTOMER, line, new_contact, replacement};
use super::{changed, check, check_changes};
use crate::parse::json::{self, Broken, DEPTH_MAX};
use crate::parse::{IGNORED_BEYOND, TOLD_BYTES_MAX, Violation, address, contact, feed};

/// Why a document is no JSON that can be read.
fn broken(document: &str) -> Option<Broken> {
    json::Json::parse(document.as_bytes(), &mut Vec::new()).err()
}

fn nested(levels: usize) -> String {
    format!("{}{}", "[".repeat(levels), "]".repeat(levels))
}

#[test]
fn broken_json_is_malformed_as_a_whole() {
    let too_deep = nested(DEPTH_MAX + 1);
    let far_too_deep = "[".repeat(100_000);
    let rows = [
        "",
        " ",
        "{",
        "nope",
        "{\"a\":}",
        "{} {}",
        "{}x",
        "{'a':1}",
        "{\"a\":01}",
        "[1,]",
        "\"\\ud800\"",
        "{\"a\":\"\u{1}\"}",
        "\u{feff}{}",
        "{\"a\":NaN}",
        &too_deep,
        &far_too_deep,
    ];
    for document in rows {
        check(new_contact, document, &["malformed "]);
    }
    for bytes in [&b"{\"medium\":\"\xff\"}"[..], b"\xff", b"{}\xff"] {
        assert!(contact::new(bytes).unwrap_err().is_malformed());
    }
}

#[test]
fn a_number_beyond_all_bounds_is_a_number_and_hides_nothing() {
    let digits = "9".repeat(400);
    for number in ["1e400", "-1e400", "1E+99999", &digits] {
        let replaced = format!(r#"{{"addressIdentification":{number},"dispatchType":"x"}}"#);
        let expected =
            ["invalid /addressIdentification", "invalid /dispatchType", "invalid /postalAddress"];
        check(replacement, &replaced, &expected);
        let text = format!(r#"{{"medium":{number},"contactContent":[{number}],"x":"\u00e9"}}"#);
        check(new_contact, &text, &["malformed /contactContent", "malformed /medium"]);
        let twice = format!(r#"{{"medium":"fax","contactContent":"12345","x":{number},"x":1}}"#);
        check(new_contact, &twice, &["malformed /x"]);
        let ignored = format!(r#"{{"medium":"fax","contactContent":"12345","x":[{number}]}}"#);
        check(new_contact, &ignored, &["ignored /x"]);
        for broken in [format!("{number} 1"), format!("[{number},]"), format!("{{\"x\":{number}")] {
            check(new_contact, &broken, &["malformed "]);
        }
        let surrogate = format!(r#"{{"x":{number},"y":"\ud800"}}"#);
        check(new_contact, &surrogate, &["malformed "]);
        let deep = format!("{}{number}{}", "[".repeat(DEPTH_MAX + 1), "]".repeat(DEPTH_MAX + 1));
        assert_eq!(broken(&deep), Some(Broken::TooDeep));
    }
}

#[test]
fn what_is_broken_behind_a_number_beyond_all_bounds_is_told_as_behind_any_other() {
    let (beyond, small) = ([&"9".repeat(400), "-1.5E+0999", "1e999"], ["0", "-1", "12345"]);
    for number in beyond {
        let other = format!("{}{}", small[0], ".0".to_owned() + &"0".repeat(number.len() - 3));
        let rows = [
            r#"{"a":N,"b":tru}"#,
            "{\"a\": \"\\\\\", \"b\":\n [N, {}, \"1e999\\\"\", \"\\ud800\"]}",
            r#"{"a":N,"b":01}"#,
            r#"{"a":[N"#,
            r#"{"a":N,"b":"x"#,
            "[N N]",
            &format!("[N, {}]", nested(DEPTH_MAX)),
        ];
        for row in rows {
            let told = broken(&row.replace('N', number));
            assert!(told.is_some(), "{row}");
            assert_eq!(told, broken(&row.replace('N', &other)), "{row} with {number}");
        }
        assert_eq!(broken(&format!("{{\"a\":\"{number}\",\"b\":[{number}]}}")), None);
    }
    let told = broken(r#"{"a":1e999,"b":tru}"#);
    assert_eq!(told, Some(Broken::Syntax { line: 1, column: 19 }));
}

#[test]
fn another_value_than_an_object_is_malformed_as_a_whole() {
    for document in ["null", "[]", "1", "true", "\"text\""] {
        check(new_contact, document, &["malformed "]);
        check(line, document, &["malformed "]);
    }
}

#[test]
fn nesting_is_bounded() {
    assert_eq!(broken(&nested(DEPTH_MAX)), None);
    assert_eq!(broken(&nested(DEPTH_MAX + 1)), Some(Broken::TooDeep));
    assert_eq!(broken("{\"a\": [1, 2"), Some(Broken::Unfinished));
    assert_eq!(broken("{\"a\"; 1}"), Some(Broken::Syntax { line: 1, column: 5 }));
}

#[test]
fn a_member_that_appears_twice_is_malformed_wherever_it_stands() {
    let rows: [(&str, &[&str]); 4] = [
        (r#"{"medium":"fax","contactContent":"12345","medium":"fax"}"#, &["malformed /medium"]),
        (
            r#"{"medium":"fax","contactContent":"12345","x":[{"a/b":1,"a/b":2}]}"#,
            &["malformed /x/0/a~1b"],
        ),
        // Equal once the escapes are read.
        (
            r#"{"medium":"fax","contactContent":"12345","m\u0065dium":"fax"}"#,
            &["malformed /medium"],
        ),
        (r#"{"x":1,"x":1,"medium":"fax","contactContent":"12345"}"#, &["malformed /x"]),
    ];
    for (document, expected) in rows {
        check(new_contact, document, expected);
    }
}

#[test]
fn null_is_no_value() {
    check_changes(
        new_contact,
        CONTACT,
        &[
            ("/medium", "null", &["malformed /medium"]),
            ("/contactMediumType", "null", &["malformed /contactMediumType"]),
            ("/additionalContactInformation", "null", &["malformed /additionalContactInformation"]),
        ],
    );
    check_changes(
        line,
        CUSTOMER,
        &[("/customer/personList", "null", &["malformed /customer/personList"])],
    );
}

#[test]
fn unknown_members_are_ignored_and_named_as_they_were_spelt() {
    check_changes(
        new_contact,
        CONTACT,
        &[
            ("/~1a~0b", "1", &["ignored /~01a~00b"]),
            ("/Medium", "{\"deep\": null}", &["ignored /Medium"]),
            ("/", "[]", &["ignored /"]),
        ],
    );
    let twice = r#"{"medium":"fax","contactContent":"12345","x":1,"X":1,"x":2}"#;
    assert_eq!(contact::new(twice.as_bytes()).unwrap_err().ignored(), ["/x", "/X"]);
}

#[test]
fn unknown_members_are_named_even_where_something_is_wrong() {
    let misspelt = changed(ADDRESS, &[("/dispatchType", ""), ("/dispatchtype", "\"postal\"")]);
    let violations = address::replacement(misspelt.as_bytes()).unwrap_err();
    assert_eq!(violations.as_slice()[0].pointer, "/dispatchType");
    assert_eq!(violations.ignored(), ["/dispatchtype"]);
}

/// A contact detail with these members besides, each of them 0.
fn contact_with(names: impl Iterator<Item = String>) -> Vec<u8> {
    let mut members: serde_json::Map<_, _> = serde_json::from_str(CONTACT).unwrap();
    members.extend(names.map(|name| (name, 0.into())));
    serde_json::to_vec(&members).unwrap()
}

#[test]
fn as_many_ignored_members_are_named_whole_as_there_is_room_for() {
    let name = |nth| format!("{nth:03}{}", "ü~".repeat(500));
    let pointer = |nth| format!("/{}", name(nth).replace('~', "~0"));
    let room = TOLD_BYTES_MAX / pointer(0).len();
    let ignored = |count| contact::new(&contact_with((0..count).map(name))).unwrap().ignored;

    assert_eq!(ignored(room), (0..room).map(pointer).collect::<Vec<_>>());
    let beyond = ignored(2 * room);
    assert_eq!(beyond[..room], ignored(room));
    assert_eq!(beyond[room..], [IGNORED_BEYOND]);

    let too_long = "x".repeat(TOLD_BYTES_MAX);
    let parsed = contact::new(&contact_with([too_long, "y".to_owned()].into_iter()));
    assert_eq!(parsed.unwrap().ignored, [IGNORED_BEYOND]);
}

/// What is told of a document in which a member of this name holds so many doubles.
fn doubles(name: &str, count: usize) -> Vec<Violation> {
    let doubles: Vec<_> = (0..count).map(|nth| format!(r#""{nth:03}":0,"{nth:03}":0"#)).collect();
    let document = format!(r#"{{"{name}":{{{}}}}}"#, doubles.join(","));
    let violations = contact::new(document.as_bytes()).unwrap_err();
    assert!(violations.is_malformed());
    violations.as_slice().to_vec()
}

#[test]
fn as_many_violations_are_told_whole_as_there_is_room_for() {
    let name = "x".repeat(5000);
    let missing = ["/medium", "/contactContent"].map(str::to_owned);
    let pointers = |count| (0..count).map(|nth| format!("/{name}/{nth:03}")).chain(missing.clone());
    let told = |count| doubles(&name, count).into_iter().map(|it| it.pointer).collect::<Vec<_>>();
    let room = TOLD_BYTES_MAX / (5005 + "appears more than once".len());
    assert_eq!(told(room - 1), pointers(room - 1).collect::<Vec<_>>());

    let beyond = doubles(&name, 900);
    assert_eq!(beyond.len(), room + 1);
    assert_eq!(beyond[..room], doubles(&name, room)[..room]);
    assert_eq!(beyond[room], Violation::beyond());
}

#[test]
fn a_wrong_type_counts_even_where_there_is_no_room_to_tell() {
    let persons = vec![r#"{"personIdentification":""}"#; TOLD_BYTES_MAX / 50].join(",");
    let document = format!(
        r#"{{"customer":{{"customerIdentification":"C","status":"active","personList":[{persons},1]}}}}"#
    );

    let violations = feed::line(document.as_bytes()).unwrap_err();

    assert_eq!(violations.as_slice().last(), Some(&Violation::beyond()));
    assert!(violations.is_malformed());
}

#[test]
fn violations_read_as_a_sentence() {
    let violations = contact::new(br#"{"medium":"pigeon"}"#).unwrap_err();
    assert_eq!(
        violations.to_string(),
        "/medium is not one of email, phone, fax, website, socialMediaProfile; \
         /contactContent is required"
    );
    let broken = contact::new(b"{\n").unwrap_err();
    assert_eq!(broken.to_string(), "the document ends too early to be JSON");
}
