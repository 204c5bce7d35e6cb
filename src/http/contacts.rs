//! Contact details of a person: read, add, change.

use std::sync::Arc;

use axum::{
    extract::{Request, State},
    http::{HeaderValue, StatusCode, header},
    response::Response,
};
use events::{
    consent::Scope,
    contact::ContactDetail,
    envelope::Recorded,
    event::{Event, Personal},
    id::{ContactId, CustomerId, PersonId, Position, Version},
    log::Receipt,
    person::PersonEvent,
    record::Record,
};
use projections::{Answer, ConsentFor, PersonCustomer};

use super::{
    answer,
    caller::{Caller, Named},
    persons::{links, of, shown_through, visible},
    problem::{self, Problem},
    reader::{Reader, may_wait},
    write::{self, Ground, Write},
};
use crate::{
    app::App,
    clock,
    commands::{Command, Done, person::PersonCommand},
    journal::{Seen, Through},
    parse::{self, Parsed},
};

pub(super) async fn list(
    State(app): State<Arc<App>>,
    reader: Reader,
    Named(person): Named<PersonId>,
) -> Result<Response, Problem> {
    let reader = reader.needing(&app, Scope::CustomerRead, None).await?;
    let (person, through) = visible(&app, &reader, person)?;
    let found = app.projections.contacts(&person)?.ok_or_else(problem::not_visible)?;
    Ok(reader.object(&app, of(&person, &links(&through)), found))
}

pub(super) async fn one(
    State(app): State<Arc<App>>,
    reader: Reader,
    Named(person): Named<PersonId>,
    Named(contact): Named<ContactId>,
) -> Result<Response, Problem> {
    let reader = reader.needing(&app, Scope::CustomerRead, None).await?;
    let (person, through) = visible(&app, &reader, person)?;
    let contact = contact.ok_or_else(unknown)?;
    let found = app.projections.contact(&person, &contact)?.ok_or_else(unknown)?;
    Ok(reader.object(&app, of(&person, &links(&through)), found))
}

pub(super) async fn add(
    State(app): State<Arc<App>>,
    mut caller: Caller,
    Named(person): Named<PersonId>,
    request: Request,
) -> Result<Response, Problem> {
    let Writable { person, .. } = writable(&app, &caller, person)?;
    let target = path_of(&person);
    let (write, Parsed { value: detail, ignored }) =
        Write::read(&app, &mut caller, &target, request, parse::contact::new).await?;
    let through = writable(&app, &caller, Some(person))?;
    answer::with_ignored(append(&app, &caller, &write, &through, detail).await, &ignored)
}

async fn append(
    app: &App,
    caller: &Caller,
    write: &Write,
    through: &Writable,
    detail: ContactDetail,
) -> Result<Response, Problem> {
    let Writable { person, customers, .. } = through;
    if let Some(before) = write.answered(app)? {
        let whose = links(customers);
        let target = Target { contact: None, seen: of(person, &whose) };
        return written_before(app, caller, target, &before).await;
    }
    let if_match = write.seen(app, || shown_through(app, person, customers))?;
    let contact = new_id();
    let command = PersonCommand::AddContact { contact, detail, if_match };
    let command = Command::Person(person.clone(), command);
    let receipt = write.receipt(StatusCode::CREATED);
    let ground = || ground(app, caller, person);
    let (done, covering) = write::carry_out(app, caller, (command, receipt), ground).await?;
    let whose = [covering.through()];
    let target = Target { contact: None, seen: of(person, &whose) };
    written(app, caller, target, StatusCode::CREATED, &done).await
}

pub(super) async fn change(
    State(app): State<Arc<App>>,
    mut caller: Caller,
    Named(person): Named<PersonId>,
    Named(contact): Named<ContactId>,
    request: Request,
) -> Result<Response, Problem> {
    let Writable { person, .. } = writable(&app, &caller, person)?;
    // The body is judged even where what is named is no id.
    let named = contact.as_ref().map_or("", ContactId::as_str);
    let target = format!("{}/{}", path_of(&person), super::path_segment(named));
    let (write, Parsed { value: detail, ignored }) =
        Write::read(&app, &mut caller, &target, request, parse::contact::new).await?;
    let through = writable(&app, &caller, Some(person))?;
    let change = Change { contact, detail };
    answer::with_ignored(replace(&app, &caller, &write, &through, change).await, &ignored)
}

struct Change {
    /// None where what is named is no id: it names nothing that is there.
    contact: Option<ContactId>,
    detail: ContactDetail,
}

async fn replace(
    app: &App,
    caller: &Caller,
    write: &Write,
    through: &Writable,
    asked: Change,
) -> Result<Response, Problem> {
    let Writable { person, customers, .. } = through;
    let Change { contact, detail } = asked;
    let before = write.answered(app)?;
    let contact = contact.ok_or_else(unknown)?;
    if let Some(before) = before {
        let whose = links(customers);
        let target = Target { contact: Some(&contact), seen: of(person, &whose) };
        return written_before(app, caller, target, &before).await;
    }
    let current = || app.projections.contact(person, &contact)?.ok_or_else(unknown).map(Some);
    let if_match = write.seen(app, current)?;
    let command = PersonCommand::ChangeContact { contact: contact.clone(), detail, if_match };
    let command = Command::Person(person.clone(), command);
    let receipt = write.receipt(StatusCode::OK);
    let ground = || ground(app, caller, person);
    let (done, covering) = write::carry_out(app, caller, (command, receipt), ground).await?;
    let whose = [covering.through()];
    let target = Target { contact: Some(&contact), seen: of(person, &whose) };
    match &done {
        Done::Now { events, position, .. } if events.is_empty() => {
            // Another writer may have stated the same just now.
            let current = app.projections.contact(person, &contact)?.ok_or_else(unknown)?;
            Ok(unchanged(app, caller, target.seen, current, *position))
        }
        Done::Now { .. } | Done::Before(_) => {
            written(app, caller, target, StatusCode::OK, &done).await
        }
    }
}

/// A person that the caller may write to, if some customer's consent holds out.
struct Writable {
    person: PersonId,
    customers: Vec<PersonCustomer>,
    /// Of customers whose relation to the person counts, oldest first.
    consents: Vec<Covering>,
}

/// A consent that covers a write, if its customer is open.
struct Covering {
    consent: ConsentFor,
    shown_by: ConsentFor,
    customer: CustomerId,
    version: Version,
    closed: bool,
}

impl Covering {
    fn through(&self) -> Through<'_> {
        Through { customer: &self.customer, consent: &self.consent.id }
    }
}

impl Writable {
    /// The oldest consent of an open customer.
    fn consent(self) -> Result<Covering, Problem> {
        let open = self.consents.into_iter().find(|covering| !covering.closed);
        open.ok_or_else(|| problem::conflict("All customers of the person are closed."))
    }
}

/// What a write of the person's contact details stands on now.
fn ground(app: &App, caller: &Caller, person: &PersonId) -> Result<(Ground, Covering), Problem> {
    let covering = writable(app, caller, Some(person.clone()))?.consent()?;
    let (consent, shown_by) = (covering.consent.clone(), covering.shown_by.clone());
    let customer = Some((covering.customer.clone().into(), covering.version));
    Ok((Ground { consent, shown_by, customer }, covering))
}

fn writable(app: &App, caller: &Caller, person: Option<PersonId>) -> Result<Writable, Problem> {
    caller.needs(Scope::ContactWrite)?;
    let (person, customers) = visible(app, caller, person)?;
    app.projections.check_parked(&person.clone().into())?;
    let now = clock::now();
    let consent_of =
        |customer| app.projections.consent_for(caller.client(), customer, Scope::ContactWrite, now);
    let covered: Vec<_> = customers
        .iter()
        .filter_map(|customer| Some((customer, consent_of(&customer.customer)?)))
        .collect();
    if covered.is_empty() {
        // What showed the person may just have ended.
        visible(app, caller, Some(person))?;
        return Err(problem::not_allowed("No customer's consent covers this operation."));
    }
    let relations = &app.settings.contact_write_relations;
    let counts = |customer: &PersonCustomer| {
        customer.relations.iter().flatten().any(|relation| relations.contains(relation))
    };
    let mut consents: Vec<_> = covered
        .into_iter()
        .filter(|(customer, _)| counts(customer))
        .map(|(link, consent)| Covering {
            consent,
            shown_by: link.consent.clone(),
            customer: link.customer.clone(),
            version: link.version,
            closed: link.closed,
        })
        .collect();
    if consents.is_empty() {
        let detail = "What the person is to the customer does not let its contact details change.";
        return Err(problem::not_allowed(detail));
    }
    consents.sort_by_key(|covering| covering.consent.granted);
    Ok(Writable { person, customers, consents })
}

/// A UUID without hyphens: with them it would be longer than an id may be.
fn new_id() -> ContactId {
    let id = uuid::Uuid::now_v7().simple().to_string();
    ContactId::parse(&id).expect("32 digits are an id")
}

/// What a write is about, and whose data it is.
#[derive(Clone, Copy)]
struct Target<'a> {
    /// None where it is made by the write.
    contact: Option<&'a ContactId>,
    seen: Seen<'a>,
}

async fn written(
    app: &App,
    caller: &Caller,
    target: Target<'_>,
    status: StatusCode,
    done: &Done,
) -> Result<Response, Problem> {
    match done {
        Done::Before(before) => written_before(app, caller, target, before).await,
        Done::Now { position, version, events } => {
            let [Event::Person(event)] = events.as_slice() else {
                return Err(problem::broken("one write made not one event".to_owned()));
            };
            let stated = Stated::of(event)
                .ok_or_else(|| problem::broken("a contact was forgotten at once".to_owned()))?;
            Ok(stated.answer((app, caller), (status, target.seen), *version, (*position, false)))
        }
    }
}

/// Made again from the history: what was stated of the contact detail when the answer was given.
async fn written_before(
    app: &App,
    caller: &Caller,
    target: Target<'_>,
    before: &Receipt,
) -> Result<Response, Problem> {
    let status = StatusCode::from_u16(before.status).unwrap_or(StatusCode::OK);
    let answered = (before.position, true);
    let named = target.contact.map(ContactId::as_str).or(before.ids.first().map(String::as_str));
    let recorded = last_about(app, caller, before, named.unwrap_or_default()).await?;
    if let Some(recorded) = recorded
        && let Event::Person(event) = &recorded.event
        && let Some(stated) = Stated::of(event)
    {
        let version = recorded.envelope.head.version;
        return Ok(stated.answer((app, caller), (status, target.seen), version, answered));
    }
    Err(problem::no_such("What the first answer told was forgotten since."))
}

/// The last event about a contact detail up to a receipt: the write's own, or, where it changed
/// nothing, one before it, which may be far back.
async fn last_about(
    app: &App,
    caller: &Caller,
    receipt: &Receipt,
    contact: &str,
) -> Result<Option<Recorded>, Problem> {
    let is_about = {
        let contact = contact.to_owned();
        move |record: &Record| record.envelope().head.object.as_deref() == Some(&contact)
    };
    let own = app.log.record_of(&receipt.stream, receipt.version).map_err(problem::failed)?;
    let found = if let Some(own) = own.filter(&is_about) {
        Some(own)
    } else {
        let (log, stream, last) = (app.log.clone(), receipt.stream.clone(), receipt.version);
        let look = move || log.last_before(&stream, last, is_about);
        // As if it went back to the first.
        let many_at_most = usize::try_from(last.0).unwrap_or(usize::MAX);
        let _share = may_wait(app, caller.client())?;
        let looked = app.admission.look_back(caller.client(), many_at_most, look).await?;
        looked.map_err(problem::failed)?
    };
    found.map(|record| app.log.recorded(record).map_err(problem::failed)).transpose()
}

fn unchanged(
    app: &App,
    caller: &Caller,
    seen: Seen<'_>,
    current: Answer,
    position: Position,
) -> Response {
    let body = Some(current.body);
    let mut response = write::answer(app, caller, seen, (StatusCode::OK, body), (position, false));
    if let Ok(etag) = HeaderValue::from_maybe_shared(current.etag) {
        response.headers_mut().insert(header::ETAG, etag);
    }
    response
}

/// A contact detail as an event states it.
struct Stated<'a> {
    contact: &'a ContactId,
    detail: &'a ContactDetail,
}

impl<'a> Stated<'a> {
    fn of(event: &'a PersonEvent) -> Option<Self> {
        match event {
            PersonEvent::ContactAdded { contact, detail: Personal::Known(detail) }
            | PersonEvent::ContactChanged { contact, detail: Personal::Known(detail) } => {
                Some(Self { contact, detail })
            }
            PersonEvent::ContactAdded { .. }
            | PersonEvent::ContactChanged { .. }
            | PersonEvent::ContactRemoved { .. }
            | PersonEvent::Registered(_)
            | PersonEvent::Amended(_) => None,
        }
    }

    fn answer(
        &self,
        (app, caller): (&App, &Caller),
        (status, seen): (StatusCode, Seen<'_>),
        version: Version,
        answered: (Position, bool),
    ) -> Response {
        let body = projections::contact_body(self.contact, self.detail);
        let etag = projections::etag_of(version, &body);
        let mut response = write::answer(app, caller, seen, (status, Some(body)), answered);
        let headers = response.headers_mut();
        if let Ok(etag) = HeaderValue::from_str(&etag) {
            headers.insert(header::ETAG, etag);
        }
        if status == StatusCode::CREATED {
            let base = &app.settings.base_path;
            let path = seen.person.map(path_of).unwrap_or_default();
            let location = format!("{base}{path}/{}", super::path_segment(self.contact.as_str()));
            if let Ok(location) = HeaderValue::from_str(&location) {
                headers.insert(header::LOCATION, location);
            }
        }
        response
    }
}

fn unknown() -> Problem {
    problem::no_such("The person has no such contact detail.")
}

/// The path of a person's contact details.
fn path_of(person: &PersonId) -> String {
    format!("/persons/{}/contactdetails", super::path_segment(person.as_str()))
}
