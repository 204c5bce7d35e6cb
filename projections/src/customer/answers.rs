//! Everything that is answered about one customer, as it leaves.

use events::id::AddressId;

use super::{AddressContent, Customer, KeptAddress};
use crate::{answers::Answer, json::Members};

/// Everything that is answered about one customer.
#[derive(Debug)]
pub(crate) struct CustomerAnswers {
    pub(crate) customer: Answer,
    pub(crate) kyc: Option<Answer>,
    addresses: Vec<(AddressId, Answer)>,
    main: Option<Answer>,
}

impl Customer {
    pub(crate) fn answers(&self) -> CustomerAnswers {
        let answer = |address: &KeptAddress, content: &AddressContent| {
            Answer::new(content.body.clone(), address.changed)
        };
        let addresses: Vec<_> = self
            .known_addresses()
            .map(|(address, content)| (address.id, answer(address, content)))
            .collect();
        CustomerAnswers {
            customer: Answer::new(self.body.clone(), self.changed),
            kyc: self.kyc_answer(),
            main: self.main_address().and_then(|main| {
                addresses.iter().find(|(id, _)| *id == main).map(|(_, answer)| answer.clone())
            }),
            addresses,
        }
    }

    fn kyc_answer(&self) -> Option<Answer> {
        let kyc = self.kyc.as_ref()?;
        let body = Members::default()
            .raw("customer", &self.body)
            .raw("kyc", kyc.body.as_ref()?)
            .into_object();
        Some(Answer::new(body, self.changed.max(kyc.changed)))
    }

    /// The mailing address, else the domicile, else the lowest id.
    fn main_address(&self) -> Option<AddressId> {
        let mailing = self.known_addresses().find(|(_, content)| content.mailing);
        let domicile = || self.known_addresses().find(|(_, content)| content.domicile);
        let lowest = || self.known_addresses().next();
        mailing.or_else(domicile).or_else(lowest).map(|(address, _)| address.id)
    }
}

impl CustomerAnswers {
    pub(crate) fn address(&self, id: AddressId) -> Option<Answer> {
        let at = self.addresses.binary_search_by_key(&id, |(id, _)| *id).ok()?;
        self.addresses.get(at).map(|(_, answer)| answer.clone())
    }

    pub(crate) fn main_address(&self) -> Option<Answer> {
        self.main.clone()
    }

    /// Bytes that it takes in memory, roughly.
    pub(crate) fn weight(&self) -> u64 {
        let addresses = self.addresses.iter().map(|(_, answer)| answer.weight());
        self.customer.weight()
            + self.kyc.as_ref().map_or(0, Answer::weight)
            + addresses.sum::<u64>()
    }
}
