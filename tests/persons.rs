//! Persons: seen through the customers that a client may see, and no others.

use reqwest::Method;
use serde_json::json;

use crate::support::{app::TestApp, bank::*};

#[tokio::test(flavor = "multi_thread")]
async fn a_person_says_its_type_in_both_places() {
    let app = TestApp::start().await;
    let person = app.client("alpha").get("/persons/P-1").await.is(200);
    let contact = |id: &str, email: &str| with(email_of(email), "/contactIdentification", id);
    assert_eq!(
        person.json(),
        json!({
            "personIdentification": "P-1",
            "personType": "naturalPerson",
            "fullName": "Tony Stark",
            "customerList": [
                { "customerIdentification": "C-1" },
                { "customerIdentification": "C-2" },
            ],
            "contactInformation": [
                contact("K-1", "tony@stark.example.com"),
                contact("K-2", "iron@stark.example.com"),
            ],
            "personDetails": { "personType": "naturalPerson", "lastName": "Stark" },
        })
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_shows_each_client_that_clients_customers_only() {
    let app = TestApp::start().await;
    let (alpha, beta) = (app.client("alpha"), app.client("beta"));
    let seen_by_alpha = alpha.get("/persons/P-1").await.is(200);
    let seen_by_beta = beta.get("/persons/P-1").await.is(200);
    assert_eq!(
        seen_by_beta.at("/customerList"),
        json!([{ "customerIdentification": "C-1" }, { "customerIdentification": "C-5" }])
    );
    assert_ne!(seen_by_alpha.etag(), seen_by_beta.etag());
    let ask = beta.ask(Method::GET, "/persons/P-1").header("if-none-match", &seen_by_alpha.etag());
    ask.send().await.is(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn persons_are_listed_through_authorized_customers() {
    let app = TestApp::start().await;
    for (client, expected) in
        [("alpha", vec!["P-1", "P-2", "P-3", "P-4"]), ("beta", vec!["P-1", "P-2", "P-5"])]
    {
        let client = app.client(client);
        let list = client.get("/persons").await.is(200);
        assert_eq!((list.header("nextcursor"), list.header("x-next-cursor")), (Some(""), Some("")));
        let persons = list.json().as_array().unwrap().clone();
        let ids: Vec<_> =
            persons.iter().map(|person| person["personIdentification"].as_str().unwrap()).collect();
        assert_eq!(ids, expected);
        for (id, listed) in ids.iter().zip(&persons) {
            assert_eq!(client.get(&format!("/persons/{id}")).await.is(200).json(), *listed);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_leaves_with_the_link_to_its_last_visible_customer() {
    let app = TestApp::start().await;
    let alpha = app.client("alpha");
    let before = alpha.get("/persons/P-2").await.is(200);
    app.state([customer("C-1", &[("P-1", "accountOwner")])]).await;
    alpha.get("/persons/P-2").await.problem(404, "INSUFFICIENT_PRIVILEGES");
    alpha.get("/persons/P-2/contactdetails").await.problem(404, "INSUFFICIENT_PRIVILEGES");
    app.state([customer("C-2", &[("P-2", "other")])]).await;
    let after = alpha.get("/persons/P-2").await.is(200);
    assert_ne!(before.etag(), after.etag());
    assert_eq!(after.at("/customerList"), json!([{ "customerIdentification": "C-2" }]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_that_is_linked_before_it_is_known_appears_when_it_is() {
    let app = TestApp::start().await;
    app.state([customer("C-2", &[("P-9", "accountOwner")])]).await;
    let alpha = app.client("alpha");
    let unknown = alpha.get("/persons/P-9").await;
    unknown.problem(404, "INSUFFICIENT_PRIVILEGES");
    assert_eq!(alpha.walk("/persons", 100).await.len(), 4);
    app.state([person("P-9", &[])]).await;
    alpha.get("/persons/P-9").await.is(200);
    assert_eq!(alpha.walk("/persons", 100).await.len(), 5);
}

#[tokio::test(flavor = "multi_thread")]
async fn all_five_types_of_person_are_served_as_they_were_stated() {
    let app = TestApp::start().await;
    let types = [
        json!({ "personType": "naturalPerson", "givenName": "Zoë", "gender": "other", "nationality": ["CH", "LI"], "dates": [{ "date": "1970-01-31", "dateType": "birthDate" }] }),
        json!({ "personType": "legalPerson", "organisationName": "Stark AG", "legalForm": "AG", "domicilaryCompany": false }),
        json!({ "personType": "personAssociation", "personAssociationName": "Avengers" }),
        json!({ "personType": "trust", "trustName": "Maria Stark", "trustType": "simpleTrust" }),
        json!({ "personType": "soleProprietorship", "soleProprietorshipName": "Stark" }),
    ];
    let alpha = app.client("alpha");
    for details in types {
        let line = with(person("P-2", &[]), "/person/personDetails", details.clone());
        app.state([line]).await;
        let seen = alpha.get("/persons/P-2").await.is(200);
        assert_eq!(seen.at("/personDetails"), details);
        assert_eq!(seen.at("/personType"), details["personType"]);
    }
}
