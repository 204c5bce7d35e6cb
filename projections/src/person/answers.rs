//! Everything that is answered about one person, put together around `customerList`.

use aws_lc_rs::digest;
use bytes::Bytes;
use events::id::{ContactId, CustomerId, Version};

use super::Person;
use crate::{
    answers::{self, Answer},
    json::{self, Members},
};

/// Everything that is answered about one person.
#[derive(Debug)]
pub(crate) struct PersonAnswers {
    before: Bytes,
    after: Bytes,
    changed: Version,
    /// The hash of what everybody sees.
    said: digest::Digest,
    pub(crate) contacts: Answer,
    each: Vec<(ContactId, Answer)>,
}

impl Person {
    /// None when forgotten.
    pub(crate) fn answers(&self) -> Option<PersonAnswers> {
        let details = self.details.as_ref()?;
        let known = || {
            self.contacts
                .iter()
                .filter_map(|contact| contact.body.as_ref().map(|body| (contact, body)))
        };
        let contacts = json::array(known().map(|(_, body)| body));
        let after = Members::default()
            .fragment(&details.between)
            .raw("contactInformation", &contacts)
            .fragment(&details.after);
        let each = known().map(|(contact, body)| {
            (contact.id.clone(), Answer::new(body.clone(), contact.changed))
        });
        let (before, after) = (details.before.clone(), after.into_fragment());
        let mut said = digest::Context::new(&digest::SHA256);
        said.update(&before);
        said.update(&after);
        Some(PersonAnswers {
            before: before.into(),
            after: after.into(),
            changed: self.changed,
            said: said.finish(),
            each: each.collect(),
            contacts: Answer::new(contacts, self.contacts_changed),
        })
    }
}

impl PersonAnswers {
    /// The person as somebody sees it who may see these customers.
    pub(crate) fn person(&self, visible: &[CustomerId]) -> Answer {
        let mut visible: Vec<_> = visible.iter().collect();
        visible.sort_unstable();
        visible.dedup();
        let customers = visible
            .iter()
            .map(|id| Members::default().with("customerIdentification", *id).into_object());
        let customers = json::array(customers);
        let mut said = digest::Context::new(&digest::SHA256);
        said.update(self.said.as_ref());
        said.update(&customers);
        let body = Members::default()
            .fragment(&self.before)
            .raw("customerList", &customers)
            .fragment(&self.after)
            .into_object();
        Answer { body: body.into(), etag: answers::etag(self.changed, said.finish()).into() }
    }

    pub(crate) fn contact(&self, id: &ContactId) -> Option<Answer> {
        let at = self.each.binary_search_by(|(contact, _)| contact.cmp(id)).ok()?;
        self.each.get(at).map(|(_, answer)| answer.clone())
    }

    /// Bytes that it takes in memory, roughly.
    pub(crate) fn weight(&self) -> u64 {
        let each = self.each.iter().map(|(_, answer)| answer.weight());
        let fragments = u64::try_from(self.before.len() + self.after.len()).unwrap_or(u64::MAX);
        fragments + self.contacts.weight() + each.sum::<u64>()
    }
}
