//! The subject of an event: `<prefix>.<aggregate>.<id>.<event>`, each part one token.

use std::fmt::Write;

use events::id::StreamId;

/// Under which subject an event is published.
pub(super) fn subject(prefix: &str, stream: &StreamId, tag: &str) -> String {
    let mut subject = format!("{prefix}.{}.", stream.aggregate());
    push_token(&mut subject, stream.id());
    subject.push('.');
    push_token(&mut subject, event_of(tag));
    subject
}

/// `address-changed` of `customer.address-changed.v1`.
fn event_of(tag: &str) -> &str {
    let after = tag.split_once('.').map_or(tag, |(_, after)| after);
    after.rsplit_once('.').map_or(after, |(event, _)| event)
}

/// Any text as one token: every byte but letters, digits, `-` and `_` as `=XX`.
fn push_token(subject: &mut String, text: &str) {
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_' {
            subject.push(char::from(byte));
        } else {
            write!(subject, "={byte:02X}").expect("writing to memory does not fail");
        }
    }
}
