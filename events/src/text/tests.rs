//! What fits and what does not, at the borders.

use proptest::{collection, prelude::*, sample::select};

use super::*;

#[test]
fn a_date_is_a_day_that_exists_in_ten_characters() {
    for day in ["2024-02-29", "0000-01-01", "9999-12-31"] {
        assert!(Date::parse(day).is_ok(), "{day}");
    }
    for none in [
        "2023-02-29",
        "2020-1-1",
        "-020-01-01",
        "+020-01-01",
        "20200-1-01",
        "2020-01-1-",
        "2020/01/01",
        "2020-01-01T",
        " 2020-01-0",
        "2020-00-10",
        "٢٠٢٠-01",
        "",
    ] {
        assert!(Date::parse(none).is_err(), "{none}");
    }
}

#[test]
fn an_amount_keeps_its_digits() {
    for amount in ["0", "007.10", "999999999999.999999999"] {
        assert_eq!(Amount::parse(amount).unwrap().as_str(), amount);
    }
    for none in ["", ".", "1.", ".5", "-1", "+1", "1e3", "1 000", "1234567890123", "1.0123456789"] {
        assert!(Amount::parse(none).is_err(), "{none}");
    }
}

#[test]
fn codes_have_their_letters_and_no_others() {
    assert!(Country::parse("CH").is_ok() && Currency::parse("CHF").is_ok());
    for none in ["ch", "C", "CHE", "Ä", "C1", ""] {
        assert!(Country::parse(none).is_err(), "{none}");
    }
    assert!(Lei::parse("5493001KJTIIGC8Y1R12").is_ok());
    assert!(Lei::parse("5493001KJTIIGC8Y1R1X").is_err());
    assert!(Reason::parse("OPS-12_a.b").is_ok());
    assert!(Reason::parse("because he asked").is_err());
}

#[test]
fn text_is_counted_in_characters_not_in_bytes() {
    assert!(Text::<35>::parse(&"𝕏".repeat(35)).is_ok());
    let too_long = Text::<35>::parse(&"𝕏".repeat(36));
    assert_eq!(too_long, Err(Unfit::TooLong { chars_max: 35 }));
    assert!(Text::<35>::parse("").is_ok());
}

#[test]
fn control_characters_have_no_place() {
    for text in ["a\0", "\n", "a\u{7f}", "\u{85}"] {
        assert_eq!(Text::<35>::parse(text), Err(Unfit::ControlCharacter), "{text:?}");
        assert!(Correlation::parse(text).is_err(), "{text:?}");
    }
}

proptest! {
    #[test]
    fn whatever_a_date_accepts_the_calendar_accepts_too(
        chars in collection::vec(select(&['0', '1', '2', '-'][..]), 8..12),
    ) {
        let text = String::from_iter(chars);
        if Date::parse(&text).is_ok() {
            let day: chrono::NaiveDate = text.parse().unwrap();
            prop_assert_eq!(day.to_string(), text);
        }
    }
}
