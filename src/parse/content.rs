//! What is plausible today, beyond what is true for all time.

use events::contact::Medium;
use events::text::Unfit;

pub const PHONE_DIGITS_MIN: usize = 5;
pub const PHONE_DIGITS_MAX: usize = 20;
/// Bounds of RFC 5321 and RFC 1035.
const EMAIL_LOCAL_CHARS_MAX: usize = 64;
const LABEL_CHARS_MAX: usize = 63;

/// Every country there is today, in two capital letters.
pub fn countries() -> &'static [&'static str] {
    rust_iso3166::ALL_ALPHA2
}

pub(super) fn is_country(code: &str) -> bool {
    rust_iso3166::from_alpha2(code).is_some()
}

pub(super) fn is_currency(code: &str) -> bool {
    use iso_currency::Currency;

    // The list of the crate takes VES for replaced by VED, but ISO 4217 has them side by side.
    Currency::from_code(code)
        .is_some_and(|currency| currency.is_superseded().is_none() || currency == Currency::VES)
}

/// Whether a person could be reached there at all.
pub(super) fn check_contact(medium: Medium, content: &str) -> Result<(), Unfit> {
    let (fits, what) = match medium {
        Medium::Email => (is_email(content), "an email address"),
        Medium::Phone => (is_phone(content), "a phone number"),
        Medium::Fax => (is_phone(content), "a fax number"),
        Medium::Website => (is_website(content), "the address of a website"),
        Medium::SocialMediaProfile => (true, "a profile"),
    };
    if fits { Ok(()) } else { Err(Unfit::Shape(what)) }
}

fn is_email(text: &str) -> bool {
    text.split_once('@').is_some_and(|(local, domain)| is_local_part(local) && is_domain(domain))
}

fn is_local_part(local: &str) -> bool {
    let letter = |letter: char| {
        letter.is_alphanumeric() || letter == '.' || "!#$%&'*+-/=?^_`{|}~".contains(letter)
    };
    (1..=EMAIL_LOCAL_CHARS_MAX).contains(&local.chars().count())
        && local.chars().all(letter)
        && !local.split('.').any(str::is_empty)
}

/// At least two labels, the last of which is no number.
fn is_domain(domain: &str) -> bool {
    let Some((_, last)) = domain.rsplit_once('.') else { return false };
    domain.split('.').all(is_label) && !last.bytes().all(|byte| byte.is_ascii_digit())
}

fn is_label(label: &str) -> bool {
    (1..=LABEL_CHARS_MAX).contains(&label.chars().count())
        && label.chars().all(|letter| letter.is_alphanumeric() || letter == '-')
        && !label.starts_with('-')
        && !label.ends_with('-')
}

fn is_phone(text: &str) -> bool {
    let digits = text.bytes().filter(u8::is_ascii_digit).count();
    (PHONE_DIGITS_MIN..=PHONE_DIGITS_MAX).contains(&digits)
        && text.bytes().all(|byte| byte.is_ascii_digit() || b" +()/.-".contains(&byte))
}

/// An http or https URL, or the same without its scheme.
fn is_website(text: &str) -> bool {
    let rest = match text.split_once("://") {
        Some((scheme, rest)) if is_web_scheme(scheme) => rest,
        // A URL may stand in the query of a URL without a scheme.
        Some(_) | None => text,
    };
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let (host, port) = authority.split_once(':').unwrap_or((authority, "80"));
    let is_port = port.parse::<u16>().is_ok_and(|port| port != 0);
    is_domain(host) && is_port && !text.contains(char::is_whitespace)
}

fn is_web_scheme(scheme: &str) -> bool {
    scheme.eq_ignore_ascii_case("http") || scheme.eq_ignore_ascii_case("https")
}
