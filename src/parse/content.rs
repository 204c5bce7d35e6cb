//! What is plausible today, beyond what is true for all time.

use std::net::{Ipv4Addr, Ipv6Addr};

use events::contact::Medium;
use events::text::Unfit;
use icu_properties::props::{EnumeratedProperty, GeneralCategory, GeneralCategoryGroup};

pub const PHONE_DIGITS_MIN: usize = 5;
pub const PHONE_DIGITS_MAX: usize = 20;
/// What phone numbers hold besides digits, as in a class of a regular expression.
const PHONE_MARKS: &str = " ()/.-";
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

/// What `check_contact` accepts, as near as a regular expression gets, and never less; none where
/// it accepts everything. Of ASCII it leaves open the length of what stands before an @, and what
/// stands in brackets.
pub fn pattern(medium: Medium) -> Option<String> {
    match medium {
        Medium::Email => {
            // All that is not ASCII may be a letter.
            let atom = r#"[^\u0000-\u0020"(),.:-<>@\[-\]\u007f]+"#;
            Some(format!(r"^{atom}(?:\.{atom})*@{}$", domain("$")))
        }
        Medium::Phone | Medium::Fax => Some(format!(
            r"^\+?(?:[{PHONE_MARKS}]*[0-9]){{{PHONE_DIGITS_MIN},{PHONE_DIGITS_MAX}}}[{PHONE_MARKS}]*$"
        )),
        Medium::Website => Some(website()),
        Medium::SocialMediaProfile => None,
    }
}

/// What `is_domain` accepts, before whatever ends it.
fn domain(end: &str) -> String {
    let edge = r"[^\u0000-/:-@\[-`{-\u007f]";
    let inner = r"[^\u0000-,./:-@\[-`{-\u007f]";
    let label = format!("{edge}(?:{inner}{{0,{}}}{edge})?", LABEL_CHARS_MAX - 2);
    format!(r"(?:{label}\.)+(?![0-9]+(?:{end})){label}")
}

fn website() -> String {
    let scheme = "[Hh][Tt][Tt][Pp][Ss]?://";
    let octet = "(?:25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])";
    let address = format!(r"{octet}(?:\.{octet}){{3}}|\[[0-9A-Fa-f:.]+\]");
    let domain = domain("[:/?#]|$");
    let to_65535 =
        "[1-9][0-9]{0,3}|[1-5][0-9]{4}|6[0-4][0-9]{3}|65[0-4][0-9]{2}|655[0-2][0-9]|6553[0-5]";
    let blanks = r"\u0020\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000";
    format!(
        r"^(?:(?:{scheme})?{domain}|{scheme}(?:{address}))(?::0*(?:{to_65535}))?(?:[/?#][^{blanks}]*)?$"
    )
}

fn is_email(text: &str) -> bool {
    text.split_once('@').is_some_and(|(local, domain)| is_local_part(local) && is_domain(domain))
}

fn is_local_part(local: &str) -> bool {
    let letter =
        |letter: char| is_letter(letter) || letter == '.' || "!#$%&'*+-/=?^_`{|}~".contains(letter);
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
        && label.chars().all(|letter| is_letter(letter) || letter == '-')
        && !label.starts_with('-')
        && !label.ends_with('-')
}

/// A letter, a digit, or what some scripts write above, below or around a letter.
fn is_letter(letter: char) -> bool {
    letter.is_alphanumeric()
        || GeneralCategoryGroup::Mark.contains(GeneralCategory::for_char(letter))
}

fn is_phone(text: &str) -> bool {
    let number = text.strip_prefix('+').unwrap_or(text);
    let digits = number.bytes().filter(u8::is_ascii_digit).count();
    (PHONE_DIGITS_MIN..=PHONE_DIGITS_MAX).contains(&digits)
        && number.chars().all(|letter| letter.is_ascii_digit() || PHONE_MARKS.contains(letter))
}

/// An http or https URL, or the same without its scheme.
fn is_website(text: &str) -> bool {
    let (is_url, rest) = match text.split_once("://") {
        Some((scheme, rest)) if is_web_scheme(scheme) => (true, rest),
        // A URL may stand in the query of a URL without a scheme.
        Some(_) | None => (false, text),
    };
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let (host, port) = match authority.rsplit_once(':') {
        Some((host, port)) if !port.ends_with(']') => (host, port),
        Some(_) | None => (authority, "80"),
    };
    // Without a scheme, digits and points may be anything.
    let is_host = is_domain(host) || is_url && is_ip(host);
    is_host && is_port(port) && !text.contains(char::is_whitespace)
}

/// An address of the Internet Protocol, in the form that URLs have for it.
fn is_ip(host: &str) -> bool {
    match host.strip_prefix('[').and_then(|host| host.strip_suffix(']')) {
        Some(inner) => inner.parse::<Ipv6Addr>().is_ok(),
        None => host.parse::<Ipv4Addr>().is_ok(),
    }
}

fn is_port(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit()) && text.parse::<u16>().is_ok_and(|it| it != 0)
}

fn is_web_scheme(scheme: &str) -> bool {
    scheme.eq_ignore_ascii_case("http") || scheme.eq_ignore_ascii_case("https")
}
