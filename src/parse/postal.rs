//! The postal part of an address.

use events::address::{AddresseeName, PhysicalAddress, PostalAddress, Salutation};

use super::scalar::{country, filled, flag, text};
use super::value::{Elsewhere, Object, Value};

/// Two members of the address that the reference asks for in its postal part.
pub(super) struct Flags<T> {
    pub(super) is_domicile: T,
    pub(super) is_mailing_address: T,
}

pub(super) fn postal_address(
    value: Value<'_>,
    above: Flags<Elsewhere<bool>>,
) -> Option<(PostalAddress, Flags<Option<bool>>)> {
    value.object(|postal| {
        let flags = Flags {
            is_domicile: postal.optional_again("isDomicile", above.is_domicile, flag),
            is_mailing_address: postal.optional_again(
                "isMailingAddress",
                above.is_mailing_address,
                flag,
            ),
        };
        let name = postal.optional("name", name);
        let salutation = postal.required("salutation", salutation);
        let physical_address = physical_address(postal);

        let (salutation, physical_address) = (salutation?, physical_address?);
        Some((PostalAddress { salutation, name, physical_address }, flags))
    })
}

fn salutation(value: Value<'_>) -> Option<Salutation> {
    value.object(|salutation| {
        Some(Salutation {
            reception_restriction: salutation.optional("receptionRestriction", text),
            salutation: salutation.optional("salutation", text),
            title: salutation.optional("title", text),
            override_salutation: salutation.optional("overrideSalutation", text),
        })
    })
}

fn name(value: Value<'_>) -> Option<AddresseeName> {
    value.object(|name| {
        Some(AddresseeName {
            organisation_name: name.optional("organisationName", text),
            given_name: name.optional("givenName", text),
            middle_name: name.optional("middleName", text),
            last_name: name.optional("lastName", text),
            name_suffix: name.optional("nameSuffix", text),
        })
    })
}

/// The reference requires post code, town and country one level above where it defines them.
fn physical_address(postal: &mut Object<'_>) -> Option<PhysicalAddress> {
    let post_code = postal.elsewhere("postCode", filled);
    let town_name = postal.elsewhere("townName", filled);
    let country_above = postal.elsewhere("country", country);

    let read = |physical: &mut Object<'_>| {
        let post_code = physical.required_again("postCode", post_code, filled);
        let town_name = physical.required_again("townName", town_name, filled);
        let country = physical.required_again("country", country_above, country);
        Some(PhysicalAddress {
            care_of: physical.optional("careOf", text),
            to_the_attention_of: physical.optional("toTheAttentionOf", text),
            street_name: physical.optional("streetName", text),
            building_number: physical.optional("buildingNumber", text),
            post_box: physical.optional("postBox", text),
            address_suffix: physical.optional("addressSuffix", text),
            country_sub_division: physical.optional("countrySubDivision", text),
            post_code: post_code?,
            town_name: town_name?,
            country: country?,
        })
    };
    postal.implied("physicalAddress", |value| value.object(read))
}
