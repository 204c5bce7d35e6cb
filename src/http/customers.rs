//! Customers and what the bank must know about them.

use std::sync::Arc;

use axum::{
    extract::{RawQuery, State},
    http::StatusCode,
    response::Response,
};
use events::{
    consent::Scope,
    id::{ConsentId, CustomerId},
};
use projections::{Access, ConsentFor};

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
    let page = Page::asked(&app, &reader, "customers", query.as_deref());
    let reader = reader.needing(&app, Scope::CustomerRead, page.as_ref().err()).await?;
    let page = page?;
    let after = page.after.as_deref().and_then(|id| CustomerId::parse(id).ok());
    let (client, wanted, mut looked_at) = (reader.client(), page.wanted(after.as_ref()), 0);
    let ids = app.projections.customers(client, clock::now(), wanted, &mut looked_at);
    app.admission.looked_at(client, looked_at);
    page.answer(&app, &reader, ids, |id| {
        // What was revoked since the ids were found is left out.
        let Ok((customer, access)) = visible(&app, &reader, Some(id.clone())) else {
            return Ok(None);
        };
        reader.saw(&app, StatusCode::OK, of(&through(&customer, &access.consent.id)));
        Ok(app.projections.customer(&customer)?)
    })
}

pub(super) async fn one(
    State(app): State<Arc<App>>,
    reader: Reader,
    Named(customer): Named<CustomerId>,
) -> Result<Response, Problem> {
    let reader = reader.needing(&app, Scope::CustomerRead, None).await?;
    let (customer, access) = visible(&app, &reader, customer)?;
    let found = app.projections.customer(&customer)?.ok_or_else(problem::not_visible)?;
    Ok(reader.object(&app, of(&through(&customer, &access.consent.id)), found))
}

pub(super) async fn kyc(
    State(app): State<Arc<App>>,
    reader: Reader,
    Named(customer): Named<CustomerId>,
) -> Result<Response, Problem> {
    let reader = reader.needing(&app, Scope::KycRead, None).await?;
    let (customer, access) = visible(&app, &reader, customer)?;
    allowed(&access, Scope::KycRead)?;
    let consent = consent_for(&app, &reader, &customer, Scope::KycRead)?;
    let found = app.projections.kyc(&customer)?;
    let found = found.ok_or_else(|| problem::no_such("The customer has no KYC record."))?;
    Ok(reader.object(&app, of(&through(&customer, &consent.id)), found))
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

/// The oldest consent that allows this; it may just have ended.
pub(super) fn consent_for(
    app: &App,
    caller: &Caller,
    customer: &CustomerId,
    scope: Scope,
) -> Result<ConsentFor, Problem> {
    let consent = app.projections.consent_for(caller.client(), customer, scope, clock::now());
    consent.ok_or_else(problem::not_visible)
}

/// A customer's data, for the journal.
pub(super) fn through<'a>(customer: &'a CustomerId, consent: &'a ConsentId) -> [Through<'a>; 1] {
    [Through { customer, consent }]
}

/// Data of these customers and of no person.
pub(super) fn of<'a>(customers: &'a [Through<'a>]) -> Seen<'a> {
    Seen { person: None, customers }
}

/// Whether the consents, besides showing the customer, allow this too.
pub(super) fn allowed(access: &Access, scope: Scope) -> Result<(), Problem> {
    if access.scopes.contains(scope) {
        return Ok(());
    }
    Err(problem::not_allowed("The customer's consent does not cover this operation."))
}
