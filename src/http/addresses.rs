//! Addresses of a customer: read, add, change.

use std::sync::Arc;

use axum::{
    extract::{RawQuery, Request, State},
    http::{HeaderValue, StatusCode, header},
    response::Response,
};
use events::{
    address::Address,
    consent::Scope,
    customer::CustomerEvent,
    event::Event,
    id::{AddressId, ConsentId, CustomerId},
    log::Receipt,
};
use projections::ConsentFor;
use serde::Serialize;

use super::{
    answer,
    caller::{self, Caller, Named},
    customers::{allowed, consent_for, of, through, visible},
    problem::{self, Faults, Problem},
    reader::Reader,
    write::{self, Ground, Write},
};
use crate::{
    app::App,
    commands::{Command, Done, customer::CustomerCommand},
    journal::Through,
    parse::{self, Parsed, address::Replacement},
};

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct AddressCreated<'a> {
    address_identification: &'a str,
}

/// The one that the query names; else the mailing address, the domicile, or the first.
pub(super) async fn main(
    State(app): State<Arc<App>>,
    reader: Reader,
    Named(customer): Named<CustomerId>,
    RawQuery(query): RawQuery,
) -> Result<Response, Problem> {
    let address = selected(query.as_deref());
    let reader = reader.needing(&app, Scope::CustomerRead, address.as_ref().err()).await?;
    let (customer, access) = visible(&app, &reader, customer)?;
    let found = match address? {
        None => app.projections.main_address(&customer)?,
        Some(address) => app.projections.address(&customer, address)?,
    };
    let found = found.ok_or_else(unknown)?;
    Ok(reader.object(&app, of(&through(&customer, &access.consent.id)), found))
}

fn selected(query: Option<&str>) -> Result<Option<AddressId>, Faults> {
    let digits = caller::parameter(query, "addressIdentification")?;
    let address = digits.map(|digits| AddressId::parse(&digits)).transpose();
    address.map_err(|_| Faults::malformed("the parameter addressIdentification is no address id"))
}

pub(super) async fn one(
    State(app): State<Arc<App>>,
    reader: Reader,
    Named(customer): Named<CustomerId>,
    Named(address): Named<AddressId>,
) -> Result<Response, Problem> {
    let reader = reader.needing(&app, Scope::CustomerRead, None).await?;
    let (customer, access) = visible(&app, &reader, customer)?;
    let address = address.ok_or_else(unknown)?;
    let found = app.projections.address(&customer, address)?.ok_or_else(unknown)?;
    Ok(reader.object(&app, of(&through(&customer, &access.consent.id)), found))
}

pub(super) async fn add(
    State(app): State<Arc<App>>,
    mut caller: Caller,
    Named(customer): Named<CustomerId>,
    request: Request,
) -> Result<Response, Problem> {
    let Writable { customer, .. } = writable(&app, &caller, customer)?;
    let target = path_of(&customer);
    let (write, Parsed { value: details, ignored }) =
        Write::read(&app, &mut caller, &target, request, parse::address::new).await?;
    let addition = Addition { customer, details };
    answer::with_ignored(append(&app, &caller, &write, addition).await, &ignored)
}

struct Addition {
    customer: CustomerId,
    details: Address,
}

async fn append(
    app: &App,
    caller: &Caller,
    write: &Write,
    asked: Addition,
) -> Result<Response, Problem> {
    let Addition { customer, details } = asked;
    let Writable { customer, consent, .. } = writable(app, caller, Some(customer))?;
    if let Some(before) = write.answered(app)? {
        let whose = through(&customer, &consent.id);
        return Ok(created_before(app, caller, &whose, &before));
    }
    let if_match = write.seen(app, || Ok(app.projections.customer(&customer)?))?;
    let command = CustomerCommand::AddAddress { details, if_match };
    let command = Command::Customer(customer.clone(), command);
    let receipt = write.receipt(StatusCode::CREATED);
    let ground = || ground(app, caller, &customer);
    let (done, consent) = write::carry_out(app, caller, (command, receipt), ground).await?;
    let whose = through(&customer, &consent);
    match &done {
        Done::Now { events, .. } => {
            Ok(created(app, caller, &whose, &added(events)?, (done.position(), false)))
        }
        Done::Before(before) => Ok(created_before(app, caller, &whose, before)),
    }
}

/// The address is named in the body.
pub(super) async fn change_named(
    State(app): State<Arc<App>>,
    mut caller: Caller,
    Named(customer): Named<CustomerId>,
    request: Request,
) -> Result<Response, Problem> {
    let Writable { customer, .. } = writable(&app, &caller, customer)?;
    let target = path_of(&customer);
    let (write, Parsed { value: (address, replacement), ignored }) =
        Write::read(&app, &mut caller, &target, request, parse::address::replacement).await?;
    let change = Change { customer, address: Some(address), replacement };
    answer::with_ignored(replace(&app, &caller, &write, change).await, &ignored)
}

/// The address is named in the path.
pub(super) async fn change(
    State(app): State<Arc<App>>,
    mut caller: Caller,
    Named(customer): Named<CustomerId>,
    Named(address): Named<AddressId>,
    request: Request,
) -> Result<Response, Problem> {
    let Writable { customer, .. } = writable(&app, &caller, customer)?;
    // The body is judged even where what is named is no id.
    let named = address.map(|address| address.to_string()).unwrap_or_default();
    let target = format!("{}/{named}", path_of(&customer));
    let parse = |body: &[u8]| parse::address::replacement_of(address, body);
    let (write, Parsed { value: replacement, ignored }) =
        Write::read(&app, &mut caller, &target, request, parse).await?;
    let change = Change { customer, address, replacement };
    answer::with_ignored(replace(&app, &caller, &write, change).await, &ignored)
}

struct Change {
    customer: CustomerId,
    /// None where what is named is no id: it names nothing that is there.
    address: Option<AddressId>,
    replacement: Replacement,
}

async fn replace(
    app: &App,
    caller: &Caller,
    write: &Write,
    asked: Change,
) -> Result<Response, Problem> {
    let Change { customer, address, replacement: change } = asked;
    let Writable { customer, consent, .. } = writable(app, caller, Some(customer))?;
    let before = write.answered(app)?;
    let address = address.ok_or_else(unknown)?;
    if let Some(before) = before {
        let whose = through(&customer, &consent.id);
        let answered = (before.position, true);
        return Ok(write::answer(
            app,
            caller,
            of(&whose),
            (StatusCode::NO_CONTENT, None),
            answered,
        ));
    }
    let current = || app.projections.address(&customer, address)?.ok_or_else(unknown).map(Some);
    let if_match = write.seen(app, current)?;
    let command = CustomerCommand::ChangeAddress { address, change, if_match };
    let command = Command::Customer(customer.clone(), command);
    let receipt = write.receipt(StatusCode::NO_CONTENT);
    let ground = || ground(app, caller, &customer);
    let (done, consent) = write::carry_out(app, caller, (command, receipt), ground).await?;
    let whose = through(&customer, &consent);
    let answered = (done.position(), matches!(done, Done::Before(_)));
    Ok(write::answer(app, caller, of(&whose), (StatusCode::NO_CONTENT, None), answered))
}

/// A customer whose addresses the caller may write.
struct Writable {
    customer: CustomerId,
    /// That allows it.
    consent: ConsentFor,
    shown_by: ConsentFor,
}

fn writable(app: &App, caller: &Caller, customer: Option<CustomerId>) -> Result<Writable, Problem> {
    caller.needs(Scope::AddressWrite)?;
    let (customer, access) = visible(app, caller, customer)?;
    allowed(&access, Scope::AddressWrite)?;
    app.projections.check_parked(&customer.clone().into())?;
    let consent = consent_for(app, caller, &customer, Scope::AddressWrite)?;
    Ok(Writable { customer, consent, shown_by: access.consent })
}

/// What a write of the customer's addresses stands on now.
fn ground(
    app: &App,
    caller: &Caller,
    customer: &CustomerId,
) -> Result<(Ground, ConsentId), Problem> {
    let Writable { consent, shown_by, .. } = writable(app, caller, Some(customer.clone()))?;
    let id = consent.id.clone();
    // That the customer is open is its own stream's matter.
    Ok((Ground { consent, shown_by, customer: None }, id))
}

fn added(events: &[Event]) -> Result<String, Problem> {
    match events {
        [Event::Customer(CustomerEvent::AddressAdded { address, .. })] => Ok(address.to_string()),
        _ => Err(problem::broken("adding an address did not add one".to_owned())),
    }
}

fn created_before(
    app: &App,
    caller: &Caller,
    whose: &[Through<'_>; 1],
    before: &Receipt,
) -> Response {
    let id = before.ids.first().map_or("", String::as_str);
    created(app, caller, whose, id, (before.position, true))
}

fn created(
    app: &App,
    caller: &Caller,
    whose: &[Through<'_>; 1],
    id: &str,
    answered: (events::id::Position, bool),
) -> Response {
    let body = serde_json::to_vec(&AddressCreated { address_identification: id });
    let body = body.expect("an id is plain JSON");
    let created = (StatusCode::CREATED, Some(body.into()));
    let mut response = write::answer(app, caller, of(whose), created, answered);
    let base = &app.settings.base_path;
    let location = format!("{base}{}/{id}", path_of(whose[0].customer));
    if let Ok(location) = HeaderValue::from_str(&location) {
        response.headers_mut().insert(header::LOCATION, location);
    }
    response
}

/// The path of a customer's addresses.
fn path_of(customer: &CustomerId) -> String {
    format!("/customers/{}/addresses", super::path_segment(customer.as_str()))
}

fn unknown() -> Problem {
    problem::no_such("The customer has no such address.")
}
