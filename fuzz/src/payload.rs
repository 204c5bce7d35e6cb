//! Sealed payloads: nothing opens but what was sealed, and what opens is an event or an error.

use events::{
    event::{Event, Payload},
    seal::SecretKey,
    tag::Tag,
};

use crate::{seeds, with_a_flipped_bit};

/// Between the tag, the object and the payload of an input.
const END: u8 = 0;

/// The name of a tag, the object it is about, and a payload.
pub(crate) fn run(bytes: &[u8]) {
    let mut parts = bytes.splitn(3, |byte| *byte == END);
    let mut text = || parts.next().and_then(|part| std::str::from_utf8(part).ok());
    let (Some(tag), Some(object)) = (text(), text()) else { return };
    let plain = parts.next().unwrap_or_default();
    let json = opened(tag.as_bytes(), plain);
    let object = Some(object).filter(|object| !object.is_empty());
    for payload in [Payload::Json(json), Payload::Empty, Payload::Forgotten] {
        let Ok(event) = Event::assemble(tag, object, &payload) else { continue };
        let parts = event.parts();
        assert!(Tag::parse(parts.tag.as_str()).is_some());
        let payload = parts.payload.map_or(Payload::Empty, Payload::Json);
        let again = Event::assemble(parts.tag.as_str(), parts.object.as_deref(), &payload);
        assert_eq!(again.ok(), Some(event), "written again it is another event");
    }
}

/// The same, after it was sealed.
fn opened(head: &[u8], plain: &[u8]) -> Vec<u8> {
    let key = SecretKey::from_bytes([7; 32]);
    assert_eq!(key.unseal(head, plain), None, "what nobody has sealed opens");
    let sealed = key.seal(head, plain);
    assert_eq!(key.unseal(head, &with_a_flipped_bit(&sealed)), None, "a flipped bit opens");
    key.unseal(head, &sealed).expect("what was sealed opens")
}

pub(crate) fn seeds() -> Vec<Vec<u8>> {
    let seed = |golden: seeds::Golden| {
        let payload = golden.payload.as_ref().map_or("", |json| json.get());
        [golden.tag.as_str(), &golden.object.unwrap_or_default(), payload].join("\0").into_bytes()
    };
    seeds::goldens().into_iter().map(seed).collect()
}
