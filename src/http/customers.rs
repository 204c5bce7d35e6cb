//! Customers and what the bank must know about them.

use std::sync::Arc;

use axum::{
    extract::{RawQuery, State},
    response::Response,
};
use events::{consent::Scope, id::CustomerId};
use projections::Access;

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
    let page = Page::asked(&app, &reader, "customers", query.as_deref())?;
    let after = page.after.as_deref().and_then(|id| CustomerId::parse(id).ok());
    let ids =
        app.projections.customers(reader.client(), clock::now(), after.as_ref(), page.wanted());
    page.answer(&app, &reader, ids, |id| Ok(app.projections.customer(id)?))
}

pub(super) async fn one(
    State(app): State<Arc<App>>,
    reader: Reader,
    Named(customer): Named<CustomerId>,
) -> Result<Response, Problem> {
    let reader = reader.needing(&app, Scope::CustomerRead).await?;
    let (customer, _) = visible(&app, &reader, customer)?;
    let found = app.projections.customer(&customer)?.ok_or_else(problem::not_visible)?;
    Ok(reader.object(found))
}

pub(super) async fn kyc(
    State(app): State<Arc<App>>,
    reader: Reader,
    Named(customer): Named<CustomerId>,
) -> Result<Response, Problem> {
    let reader = reader.needing(&app, Scope::KycRead).await?;
    let (customer, access) = visible(&app, &reader, customer)?;
    allowed(access, Scope::KycRead)?;
    let found = app.projections.kyc(&customer)?;
    let found = found.ok_or_else(|| problem::no_such("The customer has no KYC record."))?;
    Ok(reader.object(found))
}

/// The customer, if a consent in force shows it to the caller.
pub(super) fn visible(
    app: &App,
    caller: &Caller,
    customer: Option<CustomerId>,
) -> Result<(CustomerId, Access), Problem> {
    let customer = customer.ok_or_else(problem::not_visible)?;
    let access = app.projections.access(caller.client(), &customer, clock::now());
    let access = access.ok_or_else(problem::not_visible)?;
    Ok((customer, access))
}

/// Whether the consents, besides showing the customer, allow this too.
pub(super) fn allowed(access: Access, scope: Scope) -> Result<(), Problem> {
    if access.scopes.contains(scope) {
        return Ok(());
    }
    Err(problem::not_allowed("The customer's consent does not cover this operation."))
}
