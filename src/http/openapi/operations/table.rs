//! The operations, one row each.

use events::consent::Scope;

use super::{Link, Operation, Shape};
use crate::{asyncapi, http::openapi};

pub(in crate::http::openapi) const TAGS: [(&str, &str); 6] = [
    ("Customers", "Who holds a contract with the bank, and what the bank must know about them."),
    ("Addresses", "Where mail for a customer goes."),
    ("Persons", "Who stands behind the customers."),
    ("Contact details", "How a person can be reached."),
    ("Health", "Whether the module answers."),
    ("Documents", "What the API is, for people and their tools."),
];

const ADDRESSES: &str = "/customers/{customerId}/addresses";
const ADDRESS: &str = "/customers/{customerId}/addresses/{addressId}";
const CONTACTS: &str = "/persons/{personId}/contactdetails";
const CONTACT: &str = "/persons/{personId}/contactdetails/{contactId}";

pub(super) const OPERATIONS: [Operation; 23] = [
    Operation {
        method: "get",
        path: "/customers",
        id: "getCustomers",
        tag: "Customers",
        summary: "List customers",
        description: "All customers that a consent in force shows to the caller; without any, \
            an empty list.",
        shape: Shape::List(Scope::CustomerRead, "Customer"),
    },
    Operation {
        method: "get",
        path: "/customers/{customerId}",
        id: "getCustomerByCustomerId",
        tag: "Customers",
        summary: "Read a customer",
        description: "",
        shape: Shape::Object(Scope::CustomerRead, "Customer"),
    },
    Operation {
        method: "get",
        path: "/customers/{customerId}/kyc",
        id: "getKycByCustomerId",
        tag: "Customers",
        summary: "Read a customer with its KYC record",
        description: "404 RESOURCE_DOES_NOT_EXIST if the customer has none.",
        shape: Shape::Object(Scope::KycRead, "CustomerAndKyc"),
    },
    Operation {
        method: "get",
        path: ADDRESSES,
        id: "getAddressByCustomerId",
        tag: "Addresses",
        summary: "Read an address",
        description: "404 RESOURCE_DOES_NOT_EXIST if the customer has none.",
        shape: Shape::Object(Scope::CustomerRead, "Address"),
    },
    Operation {
        method: "post",
        path: ADDRESSES,
        id: "postAddressByCustomerId",
        tag: "Addresses",
        summary: "Add an address",
        description: "If-Match takes the ETag of the customer.",
        shape: Shape::Add(Scope::AddressWrite, "NewAddress", "AddressCreated", ADDED_ADDRESS),
    },
    Operation {
        method: "put",
        path: ADDRESSES,
        id: "putAddressByCustomerId",
        tag: "Addresses",
        summary: "Change the address that the body names",
        description: "Replaces everything about it. If-Match takes the ETag of the address. \
            What changes nothing is answered alike.",
        shape: Shape::Replace(Scope::AddressWrite, "AddressReplacement", None),
    },
    Operation {
        method: "get",
        path: ADDRESS,
        id: "getAddressByAddressId",
        tag: "Addresses",
        summary: "Read an address by its id",
        description: "",
        shape: Shape::Object(Scope::CustomerRead, "Address"),
    },
    Operation {
        method: "put",
        path: ADDRESS,
        id: "putAddressByAddressId",
        tag: "Addresses",
        summary: "Change an address",
        description: "Replaces everything about it. If-Match takes the ETag of the address. \
            What changes nothing is answered alike.",
        shape: Shape::Replace(Scope::AddressWrite, "NamedAddressReplacement", None),
    },
    Operation {
        method: "get",
        path: "/persons",
        id: "getPersons",
        tag: "Persons",
        summary: "List persons",
        description: "All persons behind customers that the caller may see, each once.",
        shape: Shape::List(Scope::CustomerRead, "Person"),
    },
    Operation {
        method: "get",
        path: "/persons/{personId}",
        id: "getPersonByPersonId",
        tag: "Persons",
        summary: "Read a person",
        description: "customerList names only customers that the caller may see.",
        shape: Shape::Object(Scope::CustomerRead, "Person"),
    },
    Operation {
        method: "get",
        path: CONTACTS,
        id: "getContactDetailsByPersonId",
        tag: "Contact details",
        summary: "Read all contact details of a person",
        description: "In the order of their ids.",
        shape: Shape::Object(Scope::CustomerRead, "ContactDetails"),
    },
    Operation {
        method: "post",
        path: CONTACTS,
        id: "postContactDetailsByPersonId",
        tag: "Contact details",
        summary: "Add a contact detail",
        description: "Needs a consent of an open customer to whom the person stands in a \
            relation that allows it. If-Match takes the ETag of the person.",
        shape: Shape::Add(Scope::ContactWrite, "NewContactDetail", "ContactDetail", ADDED_CONTACT),
    },
    Operation {
        method: "get",
        path: CONTACT,
        id: "getContactDetailByContactId",
        tag: "Contact details",
        summary: "Read a contact detail",
        description: "",
        shape: Shape::Object(Scope::CustomerRead, "ContactDetail"),
    },
    Operation {
        method: "put",
        path: CONTACT,
        id: "putContactDetailByContactId",
        tag: "Contact details",
        summary: "Change a contact detail",
        description: "Replaces everything about it, under the same consents as adding one. \
            If-Match takes the ETag of the contact detail.",
        shape: Shape::Replace(Scope::ContactWrite, "NewContactDetail", Some("ContactDetail")),
    },
    Operation {
        method: "get",
        path: "/healthcheck",
        id: "getHealthcheck",
        tag: "Health",
        summary: "Ask whether the module answers",
        description: "Tells back the headers of the intermediary; a token is never repeated.",
        shape: Shape::Health,
    },
    Operation {
        method: "post",
        path: "/healthcheck",
        id: "postHealthcheck",
        tag: "Health",
        summary: "Ask whether the module answers, with POST",
        description: "A body is not looked at.",
        shape: Shape::Health,
    },
    Operation {
        method: "get",
        path: openapi::PATH,
        id: "getOpenapi",
        tag: "Documents",
        summary: "This document",
        description: "",
        shape: Shape::Document("application/json"),
    },
    Operation {
        method: "get",
        path: asyncapi::PATH,
        id: "getAsyncapi",
        tag: "Documents",
        summary: "The AsyncAPI document of the events that are published",
        description: "",
        shape: Shape::Document("application/json"),
    },
    Operation {
        method: "get",
        path: "/schemas/{schema}",
        id: "getSchema",
        tag: "Documents",
        summary: "What the bodies of the events of a tag look like, as JSON Schema",
        description: "",
        shape: Shape::Document("application/schema+json"),
    },
    Operation {
        method: "get",
        path: "/docs",
        id: "getDocs",
        tag: "Documents",
        summary: "The page that shows this document and can call the API",
        description: "",
        shape: Shape::Document("text/html"),
    },
    Operation {
        method: "get",
        path: "/docs/events",
        id: "getEventsPage",
        tag: "Documents",
        summary: "The page that shows the AsyncAPI document",
        description: "",
        shape: Shape::Document("text/html"),
    },
    Operation {
        method: "get",
        path: "/docs/{file}",
        id: "getDocsFile",
        tag: "Documents",
        summary: "What the pages are made of, and the examples that they lead to",
        description: "",
        shape: Shape::Document("*/*"),
    },
    Operation {
        method: "get",
        path: "/problems/{type}",
        id: "getProblemPage",
        tag: "Documents",
        summary: "What a kind of problem means, and what to do about it",
        description: "",
        shape: Shape::Document("text/html"),
    },
];

const ADDED_ADDRESS: Link = Link {
    operation: "getAddressByAddressId",
    owner: "customerId",
    parameter: "addressId",
    member: "addressIdentification",
};
const ADDED_CONTACT: Link = Link {
    operation: "getContactDetailByContactId",
    owner: "personId",
    parameter: "contactId",
    member: "contactIdentification",
};
