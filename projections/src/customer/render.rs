//! The members of the answers about a customer, in their order.

use events::{
    address::Address,
    id::{AddressId, CustomerId},
    party::{Activity, CustomerDetails, Relation},
};

use super::{AddressContent, Customer, Details, PersonLink};
use crate::json::{self, Json, Members};

impl Customer {
    /// Writes the answer anew.
    pub(crate) fn render(&mut self, id: &CustomerId) {
        let mut body = match &self.details {
            Some(details) => Members::default().fragment(&details.before),
            None => Members::default().with("customerIdentification", id),
        };
        body = body.with("status", self.status());
        if let Some(details) = &self.details {
            body = body.fragment(&details.after);
        }
        let persons = self.links.iter().map(PersonLink::render);
        let addresses = self.known_addresses().map(|(address, _)| {
            Members::default().with("addressIdentification", &address.id).into_object()
        });
        self.body = body
            .raw("personList", &json::array(persons))
            .raw("addressList", &json::array(addresses))
            .into_object();
    }

    fn status(&self) -> &'static str {
        match &self.details {
            _ if self.closed => "closed",
            Some(details) if details.inactive => "inactive",
            Some(_) | None => "active",
        }
    }
}

impl Details {
    pub(super) fn of(id: &CustomerId, details: &CustomerDetails) -> Self {
        let before = Members::default()
            .with("customerIdentification", id)
            .maybe("externalReference", details.external_reference.as_ref())
            .maybe("name", details.name.as_ref());
        let after = Members::default()
            .maybe("referenceCurrency", details.reference_currency.as_ref())
            .maybe("openingDate", details.opening_date.as_ref());
        Self {
            before: before.into_fragment(),
            inactive: details.activity == Activity::Inactive,
            after: after.into_fragment(),
        }
    }
}

impl PersonLink {
    /// What the person is to the customer, as far as it is known.
    pub(crate) fn relation(&self) -> Option<Relation> {
        self.link.and_then(|link| link.person_relation)
    }

    fn render(&self) -> Json {
        Members::default()
            .maybe("personRelation", self.relation().as_ref())
            .with("personIdentification", &self.person)
            .into_object()
    }
}

impl AddressContent {
    pub(super) fn of(id: AddressId, address: &Address) -> Self {
        let mailing = address.is_mailing_address;
        let domicile = address.is_domicile;
        let body = Members::default()
            .with("addressIdentification", &id)
            .maybe("addressName", address.address_name.as_ref())
            .with("isDomicile", &domicile)
            .with("isMailingAddress", &mailing)
            .maybe("mailingInstruction", address.mailing_instruction.as_ref())
            .with("dispatchType", &address.dispatch_type)
            .maybe("language", address.language.as_ref())
            .raw("postalAddress", &postal_address(address))
            .into_object();
        Self { mailing, domicile, body }
    }
}

/// The reference requires five members here that it defines elsewhere: they stand in both places.
fn postal_address(address: &Address) -> Json {
    let postal = &address.postal_address;
    let physical = &postal.physical_address;
    Members::default()
        .with("salutation", &postal.salutation)
        .maybe("name", postal.name.as_ref())
        .with("physicalAddress", physical)
        .with("isDomicile", &address.is_domicile)
        .with("isMailingAddress", &address.is_mailing_address)
        .with("postCode", &physical.post_code)
        .with("townName", &physical.town_name)
        .with("country", &physical.country)
        .into_object()
}
