//! The five kinds of person.

use events::party::{
    LegalPerson, LifeDate, NaturalPerson, Party, PersonAssociation, SoleProprietorship, Trust,
};
use serde::Deserialize;

use crate::parse::scalar::{choice, country, date, flag, name, text};
use crate::parse::value::{Elsewhere, Object, Value};

/// Decides which members `personDetails` has.
#[derive(Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) enum PersonType {
    NaturalPerson,
    LegalPerson,
    PersonAssociation,
    Trust,
    SoleProprietorship,
}

pub(super) fn party(value: Value<'_>, above: Elsewhere<PersonType>) -> Option<Party> {
    value.object(|party| match party.required_again("personType", above, choice)? {
        PersonType::NaturalPerson => Some(Party::NaturalPerson(natural_person(party))),
        PersonType::LegalPerson => legal_person(party).map(Party::LegalPerson),
        PersonType::PersonAssociation => person_association(party).map(Party::PersonAssociation),
        PersonType::Trust => trust(party).map(Party::Trust),
        PersonType::SoleProprietorship => sole_proprietorship(party).map(Party::SoleProprietorship),
    })
}

fn natural_person(person: &mut Object<'_>) -> NaturalPerson {
    NaturalPerson {
        given_name: person.optional("givenName", text),
        middle_name: person.optional("middleName", text),
        last_name: person.optional("lastName", text),
        title: person.optional("title", text),
        dates: person.optional("dates", |value| value.list(life_date)),
        gender: person.optional("gender", choice),
        nationality: person.optional("nationality", |value| value.list(country)),
        civil_status: person.optional("civilStatus", choice),
        tin: person.optional("TIN", text),
    }
}

fn life_date(value: Value<'_>) -> Option<LifeDate> {
    value.object(|life| {
        Some(LifeDate {
            date: life.optional("date", date),
            date_type: life.optional("dateType", choice),
        })
    })
}

fn legal_person(person: &mut Object<'_>) -> Option<LegalPerson> {
    let organisation_name = person.required("organisationName", name);
    let legal_form = person.required("legalForm", text);
    let domicilary_company = person.required("domicilaryCompany", flag);
    Some(LegalPerson {
        lei: person.optional("LEI", text),
        organisation_name: organisation_name?,
        legal_form: legal_form?,
        domicilary_company: domicilary_company?,
    })
}

fn person_association(person: &mut Object<'_>) -> Option<PersonAssociation> {
    let person_association_name = person.required("personAssociationName", name);
    Some(PersonAssociation {
        person_association_type: person.optional("personAssociationType", choice),
        person_association_name: person_association_name?,
    })
}

fn trust(person: &mut Object<'_>) -> Option<Trust> {
    let trust_name = person.required("trustName", name);
    let trust_type = person.required("trustType", choice);
    Some(Trust { trust_name: trust_name?, trust_type: trust_type? })
}

fn sole_proprietorship(person: &mut Object<'_>) -> Option<SoleProprietorship> {
    let sole_proprietorship_name = person.required("soleProprietorshipName", name)?;
    Some(SoleProprietorship { sole_proprietorship_name })
}
