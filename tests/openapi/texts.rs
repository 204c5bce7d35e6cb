//! Checked texts against the schemas that they tell of themselves: both take the same.

use events::{
    id::CustomerId,
    text::{Amount, Correlation, Country, Currency, Date, Lei, Reason, Text, Trace, Unfit},
};
use jsonschema::Validator;
use proptest::prelude::*;
use schemars::JsonSchema;

const TEXTS: [&str; 32] = [
    "",
    " ",
    "a",
    "abc",
    "abcd",
    "äöü",
    "äöüß",
    "a\u{7}",
    "a\n",
    "\u{85}",
    "\u{9f}",
    "\u{a0}",
    "CH",
    "ch",
    "CHF",
    "CHFX",
    "C1",
    "0",
    "0.5",
    ".5",
    "5.",
    "1.5.5",
    "-1",
    "999999999999",
    "9999999999999",
    "1.999999999",
    "1.9999999999",
    "2024-02-29",
    "2023-02-29",
    "2024-2-29",
    "529900UVM8LC55IFAA52",
    "529900UVM8LC55IFAAX2",
];

type Case = (Validator, fn(&str) -> Result<(), Unfit>);

fn case<T: JsonSchema>(parse: fn(&str) -> Result<(), Unfit>) -> Case {
    let schema = schemars::schema_for!(T).to_value();
    let options = jsonschema::options().should_validate_formats(true);
    (options.build(&schema).unwrap(), parse)
}

fn cases() -> [Case; 10] {
    [
        case::<Amount>(|text| Amount::parse(text).map(drop)),
        case::<Correlation>(|text| Correlation::parse(text).map(drop)),
        case::<Country>(|text| Country::parse(text).map(drop)),
        case::<Currency>(|text| Currency::parse(text).map(drop)),
        case::<CustomerId>(|text| CustomerId::parse(text).map(drop)),
        case::<Date>(|text| Date::parse(text).map(drop)),
        case::<Lei>(|text| Lei::parse(text).map(drop)),
        case::<Reason>(|text| Reason::parse(text).map(drop)),
        case::<Text<3>>(|text| Text::<3>::parse(text).map(drop)),
        case::<Trace>(|text| Trace::parse(text).map(drop)),
    ]
}

fn compare((schema, parse): &Case, text: &str) {
    assert_eq!(schema.is_valid(&text.into()), parse(text).is_ok(), "{text:?}: {schema:?}");
}

#[test]
fn a_text_and_its_schema_agree() {
    for case in cases() {
        let long = [35, 36, 64, 65, 128, 129].map(|count| "x".repeat(count));
        let texts = TEXTS.into_iter().chain(long.iter().map(String::as_str));
        texts.for_each(|text| compare(&case, text));
    }
}

proptest! {
    #[test]
    fn any_text_and_its_schema_agree(text in "[A-Z0-9]{18,21}|[0-9.]{0,24}|[0-9]{4}-[01][0-9]-[0-3][0-9]|\\PC{0,5}|.{0,4}") {
        for case in cases() {
            compare(&case, &text);
        }
    }
}
