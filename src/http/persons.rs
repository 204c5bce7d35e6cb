//! Persons, each visible through the customers that the caller may see.

use std::sync::Arc;

use axum::{
    extract::{RawQuery, State},
    http::StatusCode,
    response::Response,
};
use events::{
    consent::Scope,
    id::{CustomerId, PersonId},
};
use projections::{Answer, PersonCustomer};

use super::{
    caller::{Caller, Named},
    paging::Page,
    problem::{self, Problem},
    reader::Reader,
};
use crate::{
    app::App,
    clock,
    journal::{Seen, Through},
};

pub(super) async fn list(
    State(app): State<Arc<App>>,
    reader: Reader,
    RawQuery(query): RawQuery,
) -> Result<Response, Problem> {
    let page = Page::asked(&app, &reader, "persons", query.as_deref());
    let reader = reader.needing(&app, Scope::CustomerRead, page.as_ref().err()).await?;
    let page = page?;
    let after = page.after.as_deref().and_then(|id| PersonId::parse(id).ok());
    let (client, wanted, mut looked_at) = (reader.client(), page.wanted(after.as_ref()), 0);
    let ids = app.projections.persons(client, clock::now(), wanted, &mut looked_at);
    app.admission.looked_at(client, looked_at);
    page.answer(&app, &reader, ids, |id| {
        // What was revoked since the ids were found is left out.
        let Ok((person, through)) = visible(&app, &reader, Some(id.clone())) else {
            return Ok(None);
        };
        reader.saw(&app, StatusCode::OK, of(&person, &links(&through)));
        shown_through(&app, &person, &through)
    })
}

pub(super) async fn one(
    State(app): State<Arc<App>>,
    reader: Reader,
    Named(person): Named<PersonId>,
) -> Result<Response, Problem> {
    let reader = reader.needing(&app, Scope::CustomerRead, None).await?;
    let (person, through) = visible(&app, &reader, person)?;
    let found = shown_through(&app, &person, &through)?.ok_or_else(problem::not_visible)?;
    Ok(reader.object(&app, of(&person, &links(&through)), found))
}

/// The person as somebody sees it who may see these customers.
pub(super) fn shown_through(
    app: &App,
    person: &PersonId,
    through: &[PersonCustomer],
) -> Result<Option<Answer>, Problem> {
    let customers: Vec<CustomerId> = through.iter().map(|link| link.customer.clone()).collect();
    Ok(app.projections.person(person, &customers)?)
}

/// Customers through whom a person is seen, for the journal.
pub(super) fn links(through: &[PersonCustomer]) -> Vec<Through<'_>> {
    let through = through.iter();
    through.map(|link| Through { customer: &link.customer, consent: &link.consent.id }).collect()
}

/// Data of a person, seen through these customers.
pub(super) fn of<'a>(person: &'a PersonId, customers: &'a [Through<'a>]) -> Seen<'a> {
    Seen { person: Some(person), customers }
}

/// The person, and the customers through which the caller sees it: at least one.
pub(super) fn visible(
    app: &App,
    caller: &Caller,
    person: Option<PersonId>,
) -> Result<(PersonId, Vec<PersonCustomer>), Problem> {
    let person = person.ok_or_else(problem::not_visible)?;
    let (client, mut looked_at) = (caller.client(), 0);
    let through = app.projections.person_customers(client, &person, clock::now(), &mut looked_at);
    app.admission.looked_at(client, looked_at);
    if through.is_empty() { Err(problem::not_visible()) } else { Ok((person, through)) }
}
