"""Uses a generated client like a wealth-tech would, and checks each answer once more against generated strict models."""

import sys
from collections import Counter
from http import HTTPStatus

import models
from client import Client
from client.api.address import get_address_by_customer_id, post_address_by_customer_id, put_address_by_customer_id
from client.api.customer import get_customer_by_customer_id, get_customers
from client.api.kyc import get_kyc_by_customer_id
from client.api.person import (
    get_contact_details_by_person_id,
    get_person_by_person_id,
    get_persons,
    post_contact_details_by_person_id,
)
from client.models import Address, AddressNew, CommonErrorResponse, ContactDetails
from pydantic import BaseModel, TypeAdapter

PAGE = 60
WRITTEN = 20
# What a person may be to a customer without the customer's consent letting its contact details change.
NOT_WRITTEN_THROUGH = ("assetManager", "other")
PLACE = {"postCode": "8001", "townName": "Zürich", "country": "CH"}
FLAGS = {"isDomicile": False, "isMailingAddress": True}
CONTENTS = {
    "email": "anna.keller@example.ch",
    "phone": "+41 44 668 18 00",
    "fax": "0041446681801",
    "website": "https://www.example.ch",
    "socialMediaProfile": "@anna",
}
# Members that the reference requires in one place and defines in another stand in both, so that one reading knows them and
# the other must not mind them.
BRIDGED = {"PostalAddress": {*PLACE, *FLAGS}, "Person": {"personType"}}

counts = Counter()


def main(base, token, reading):
    client = Client(
        base_url=base,
        headers={"Authorization": f"Bearer {token}"},
        raise_on_unexpected_status=True,
        httpx_args={"trust_env": False},
        timeout=30,
    )
    known = {} if reading == "higher" else BRIDGED
    ask = Asking(client, known)
    customers = ask.all(get_customers, models.Customer)
    persons = ask.all(get_persons, models.Person)
    for customer in customers:
        read_customer(ask, customer.customer_identification)
    for person in persons:
        read_person(ask, person.person_identification)
    for customer in [customer for customer in customers if customer.status != "closed"][:WRITTEN]:
        write_addresses(ask, customer.customer_identification, reading)
        for person in customer.person_list:
            if person.person_relation not in NOT_WRITTEN_THROUGH:
                write_contacts(ask, person.person_identification)
    unknown = ask.refused(get_customer_by_customer_id, 404, "nobody")
    expect("the type of a problem", unknown.type_, "insufficientPrivileges")
    print(", ".join(f"{name} {count}" for name, count in sorted(counts.items())))


class Asking:
    """Each call is counted, must succeed, and its answer must satisfy the strict model of the same document."""

    def __init__(self, client, bridged):
        self.client, self.bridged = client, bridged

    def call(self, operation, *ids, **more):
        name = operation.__name__.rsplit(".", 1)[-1]
        counts[name] += 1
        correlation = f"generated-{sum(counts.values())}"
        answer = operation.sync_detailed(*ids, client=self.client, x_correlation_id=correlation, **more)
        expect(f"{name} tells the call", answer.headers["X-Correlation-ID"], correlation)
        return name, answer

    def one(self, operation, model, *ids, status=200, **more):
        name, answer = self.call(operation, *ids, **more)
        return self.read(f"{name} {ids}", answer, model, status)

    def maybe(self, operation, model, *ids):
        """Nothing where the customer has no such record."""
        name, answer = self.call(operation, *ids)
        if answer.status_code == HTTPStatus.NOT_FOUND:
            expect(name, answer.parsed.type_, "resourceDoesNotExist")
            return None
        return self.read(f"{name} {ids}", answer, model, 200)

    def read(self, what, answer, model, status):
        if answer.status_code != status:
            sys.exit(f"deploy/generated-client.py: {what}: {answer.status_code} {answer.content.decode()}")
        if model is not None:
            self.check(TypeAdapter(model).validate_json(answer.content))
        return answer.parsed

    def all(self, operation, model):
        items, cursor = [], ""
        while True:
            more = {"cursor": cursor} if cursor else {}
            name, answer = self.call(operation, limit=PAGE, **more)
            expect(name, answer.status_code, HTTPStatus.OK)
            self.check(TypeAdapter(list[model]).validate_json(answer.content))
            items += answer.parsed
            cursor = answer.headers["nextCursor"]
            if not cursor:
                return items

    def refused(self, operation, status, *ids):
        name, answer = self.call(operation, *ids)
        expect(name, (answer.status_code, type(answer.parsed)), (status, CommonErrorResponse))
        TypeAdapter(models.CommonErrorResponse).validate_json(answer.content)
        return answer.parsed

    def check(self, value):
        """No member that the document does not know, but those that stand in two places."""
        if isinstance(value, list):
            for item in value:
                self.check(item)
        if not isinstance(value, BaseModel):
            return
        name = type(value).__name__
        if name == "PersonDetails":
            kind = value.personType.value
            value = getattr(models, kind[0].upper() + kind[1:]).model_validate_json(value.model_dump_json(exclude_unset=True))
        expect(f"unknown members of {name}", set(value.model_extra or {}) - self.bridged.get(name, set()), set())
        for member in type(value).model_fields:
            self.check(getattr(value, member))


def read_customer(ask, customer):
    ask.one(get_customer_by_customer_id, models.Customer, customer)
    ask.maybe(get_kyc_by_customer_id, models.CustomerAndKycResponse, customer)
    ask.maybe(get_address_by_customer_id, models.Address, customer)


def read_person(ask, person):
    ask.one(get_person_by_person_id, models.Person, person)
    ask.one(get_contact_details_by_person_id, list[models.ContactDetails], person)


def write_addresses(ask, customer, reading):
    new = AddressNew.from_dict({"addressName": "Second home", "postalAddress": postal(reading, PLACE)})
    added = ask.one(post_address_by_customer_id, models.AddressIdentificationResponse, customer, status=201, body=new)
    # The reference declares a number where the answer has its digits.
    number = float(added.address_identification)
    moved = {"addressIdentification": number, "dispatchType": "postal", "isMailingAddress": True}
    moved["postalAddress"] = postal(reading, PLACE | {"townName": "Winterthur"})
    ask.one(put_address_by_customer_id, None, customer, status=204, body=Address.from_dict(moved))
    # What was read goes back as it is, but for what the client changes.
    address = ask.one(get_address_by_customer_id, models.Address, customer)
    address.address_name = "Home"
    ask.one(put_address_by_customer_id, None, customer, status=204, body=address)
    again = ask.one(get_address_by_customer_id, models.Address, customer)
    expect("the address", again.to_dict(), address.to_dict())


def postal(reading, place):
    if reading == "higher":
        return {"salutation": {}, **FLAGS, **place}
    return {"salutation": {"salutation": "Frau"}, "physicalAddress": {"streetName": "Rennweg", **place}}


def write_contacts(ask, person):
    for medium, content in CONTENTS.items():
        detail = ContactDetails.from_dict({"medium": medium, "contactContent": content})
        added = ask.one(post_contact_details_by_person_id, models.ContactDetails, person, status=201, body=detail)
        expect("the contact detail", added.contact_content, content)


def expect(what, found, expected):
    if found != expected:
        sys.exit(f"deploy/generated-client.py: {what}: {found}, not {expected}")


main(*sys.argv[1:])
