//! What can be asked: answers as they leave, and who may see them.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use events::{
    consent::Scope,
    id::{AddressId, ClientId, ContactId, CustomerId, PersonId, StreamId},
};

use crate::{
    Access, Answer, ConsentFor, PersonCustomer, Projections, ReadError, StandingConsent,
    answers::Answers, customer::CustomerAnswers, person::PersonAnswers,
};

/// Answers, as they leave; none where there is no such object, or it was forgotten.
impl Projections {
    pub fn customer(&self, id: &CustomerId) -> Result<Option<Answer>, ReadError> {
        Ok(self.customer_answers(id)?.map(|answers| answers.customer.clone()))
    }

    /// Customer and KYC record together; none without a KYC record.
    pub fn kyc(&self, id: &CustomerId) -> Result<Option<Answer>, ReadError> {
        Ok(self.customer_answers(id)?.and_then(|answers| answers.kyc.clone()))
    }

    pub fn address(
        &self,
        customer: &CustomerId,
        address: AddressId,
    ) -> Result<Option<Answer>, ReadError> {
        Ok(self.customer_answers(customer)?.and_then(|answers| answers.address(address)))
    }

    /// The mailing address, else the domicile, else the one with the lowest id.
    pub fn main_address(&self, customer: &CustomerId) -> Result<Option<Answer>, ReadError> {
        Ok(self.customer_answers(customer)?.and_then(|answers| answers.main_address()))
    }

    /// A person as somebody sees it who may see these customers.
    pub fn person(
        &self,
        id: &PersonId,
        visible: &[CustomerId],
    ) -> Result<Option<Answer>, ReadError> {
        Ok(self.person_answers(id)?.map(|answers| answers.person(visible)))
    }

    /// All contact details of a person, as an array in the order of their ids.
    pub fn contacts(&self, person: &PersonId) -> Result<Option<Answer>, ReadError> {
        Ok(self.person_answers(person)?.map(|answers| answers.contacts.clone()))
    }

    pub fn contact(
        &self,
        person: &PersonId,
        contact: &ContactId,
    ) -> Result<Option<Answer>, ReadError> {
        Ok(self.person_answers(person)?.and_then(|answers| answers.contact(contact)))
    }

    /// Whether a stream stands still: then nothing is said about it.
    pub fn check_parked(&self, stream: &StreamId) -> Result<(), ReadError> {
        if self.shared().parked.contains(stream) { Err(ReadError::Parked) } else { Ok(()) }
    }

    fn customer_answers(&self, id: &CustomerId) -> Result<Option<Arc<CustomerAnswers>>, ReadError> {
        match self.answers(&StreamId::Customer(id.clone()))? {
            Some(Answers::Customer(answers)) => Ok(Some(answers)),
            Some(Answers::Person(_)) | None => Ok(None),
        }
    }

    fn person_answers(&self, id: &PersonId) -> Result<Option<Arc<PersonAnswers>>, ReadError> {
        match self.answers(&StreamId::Person(id.clone()))? {
            Some(Answers::Person(answers)) => Ok(Some(answers)),
            Some(Answers::Customer(_)) | None => Ok(None),
        }
    }

    fn answers(&self, stream: &StreamId) -> Result<Option<Answers>, ReadError> {
        let shared = self.shared();
        if shared.parked.contains(stream) {
            return Err(ReadError::Parked);
        }
        Ok(shared.answers.get_or_load(stream, || shared.load(stream))?)
    }
}

/// Who may see what.
impl Projections {
    /// Whether anybody ever gave this client a consent.
    pub fn knows(&self, client: &ClientId) -> bool {
        self.shared().index.read().knows(client)
    }

    /// What a client may do with a customer; none when it may not see it, or there is none such.
    pub fn access(
        &self,
        client: &ClientId,
        customer: &CustomerId,
        now: DateTime<Utc>,
    ) -> Option<Access> {
        self.shared().index.read().access(client, customer, now)
    }

    /// The oldest consent in force that carries a scope, and the version of it that is known.
    pub fn consent_for(
        &self,
        client: &ClientId,
        customer: &CustomerId,
        scope: Scope,
        now: DateTime<Utc>,
    ) -> Option<ConsentFor> {
        self.shared().index.read().consent_for(client, customer, scope, now)
    }

    /// Consents that stand, of a client and over a customer if so asked, in the order of their ids.
    pub fn consents(
        &self,
        client: Option<&ClientId>,
        customer: Option<&CustomerId>,
    ) -> Vec<StandingConsent> {
        self.shared().index.read().standing(client, customer)
    }

    /// Customers that a client may see, in the order of their ids.
    pub fn customers(
        &self,
        client: &ClientId,
        now: DateTime<Utc>,
        page: (Option<&CustomerId>, usize),
        looked_at: &mut usize,
    ) -> Vec<CustomerId> {
        self.shared().index.read().customers(client, now, page, looked_at)
    }

    /// Persons behind customers that a client may see, in the order of their ids, each once.
    pub fn persons(
        &self,
        client: &ClientId,
        now: DateTime<Utc>,
        page: (Option<&PersonId>, usize),
        looked_at: &mut usize,
    ) -> Vec<PersonId> {
        self.shared().index.read().persons(client, now, page, looked_at)
    }

    /// Through which customers a client sees a person; through none: it does not see it.
    pub fn person_customers(
        &self,
        client: &ClientId,
        person: &PersonId,
        now: DateTime<Utc>,
        looked_at: &mut usize,
    ) -> Vec<PersonCustomer> {
        self.shared().index.read().person_customers(client, person, now, looked_at)
    }
}
