//! Persons, each visible through the customers that the caller may see.

use std::sync::Arc;

use axum::{
    extract::{RawQuery, State},
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
use crate::{app::App, clock};

pub(super) async fn list(
    State(app): State<Arc<App>>,
    reader: Reader,
    RawQuery(query): RawQuery,
) -> Result<Response, Problem> {
    let reader = reader.needing(&app, Scope::CustomerRead).await?;
    let page = Page::asked(&app, &reader, "persons", query.as_deref())?;
    let after = page.after.as_deref().and_then(|id| PersonId::parse(id).ok());
    let ids = app.projections.persons(reader.client(), clock::now(), after.as_ref(), page.wanted());
    page.answer(&app, &reader, ids, |id| shown_to(&app, &reader, id))
}

pub(super) async fn one(
    State(app): State<Arc<App>>,
    reader: Reader,
    Named(person): Named<PersonId>,
) -> Result<Response, Problem> {
    let reader = reader.needing(&app, Scope::CustomerRead).await?;
    let person = person.ok_or_else(problem::not_visible)?;
    let found = shown_to(&app, &reader, &person)?.ok_or_else(problem::not_visible)?;
    Ok(reader.object(found))
}

/// The person as this caller sees it; none if it is not visible.
fn shown_to(app: &App, caller: &Caller, person: &PersonId) -> Result<Option<Answer>, Problem> {
    let through = app.projections.person_customers(caller.client(), person, clock::now());
    if through.is_empty() {
        return Ok(None);
    }
    let customers: Vec<CustomerId> = through.into_iter().map(|link| link.customer).collect();
    Ok(app.projections.person(person, &customers)?)
}

/// The person, and the customers through which the caller sees it: at least one.
pub(super) fn visible(
    app: &App,
    caller: &Caller,
    person: Option<PersonId>,
) -> Result<(PersonId, Vec<PersonCustomer>), Problem> {
    let person = person.ok_or_else(problem::not_visible)?;
    let through = app.projections.person_customers(caller.client(), &person, clock::now());
    if through.is_empty() { Err(problem::not_visible()) } else { Ok((person, through)) }
}
