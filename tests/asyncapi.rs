//! The document of the events and their schemas: the committed ones, what holds within them, what
//! of them may change, and how they are served.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

use dossier::asyncapi::{self, schemas};
use serde_json::{Value, json};

use crate::support::{
    app::TestApp,
    asyncapi::{EVENTS, assert_fits, resolved},
    bank::with,
    binary::{complaint, run, stdout},
    document::{BASE_PATH, settings},
};

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// The files of a folder, by their names.
fn files_in(folder: &Path) -> BTreeMap<String, String> {
    let paths = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let file = |path: PathBuf| {
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        (name, fs::read_to_string(&path).unwrap())
    };
    paths.map(file).collect()
}

#[test]
fn the_committed_document_is_the_one_that_the_service_makes() {
    let committed = fs::read_to_string(root().join("asyncapi.json")).unwrap_or_default();
    let hint = "asyncapi.json is out of date: cargo run -- asyncapi > asyncapi.json";
    assert!(committed == asyncapi::text(&settings()), "{hint}");
    assert_eq!(stdout(&run(&["asyncapi"], 0)), committed);
}

#[test]
fn the_committed_schemas_are_those_of_the_types() {
    let hint = "schemas/ is out of date: cargo run -- schemas schemas";
    assert!(files_in(&root().join("schemas")) == schemas::files(), "{hint}");
}

#[test]
fn a_folder_is_filled_with_the_schemas_as_often_as_one_likes() {
    let folder = tempfile::tempdir().unwrap();
    let inside = folder.path().join("schemas");
    for _ in 0..2 {
        run(&["schemas", inside.to_str().unwrap()], 0);
        assert_eq!(files_in(&inside), schemas::files());
    }
}

#[test]
fn a_change_that_would_break_a_subscriber_is_refused_and_nothing_is_written() {
    let address = "customer.address-added.v1.json";
    let schema: Value = serde_json::from_str(&schemas::files()[address]).unwrap();
    let town = "/properties/postalAddress/properties/physicalAddress/properties/townName";
    let once = [
        (address, with(schema.clone(), &format!("{town}/maxLength"), 36)),
        (address, with(schema.clone(), "/properties/floor", json!({ "type": "string" }))),
        (address, with(schema.clone(), "/required", json!(["isDomicile"]))),
        ("customer.closed.v1.json", json!({ "type": "object" })),
        ("customer.lent.v1.json", schema),
    ];
    for (name, schema) in once {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join(name), schema.to_string()).unwrap();
        let before = files_in(folder.path());
        let said = complaint(&run(&["schemas", folder.path().to_str().unwrap()], 1));
        assert!(said.contains(name), "{said}");
        assert_eq!(files_in(folder.path()), before);
    }
}

#[test]
fn every_reference_leads_somewhere() {
    let mut seen = 0;
    each_object(&EVENTS, &mut |object| {
        if let Some(reference) = object.get("$ref").and_then(Value::as_str) {
            assert!(EVENTS.pointer(&reference[1..]).is_some(), "{reference}");
            seen += 1;
        }
    });
    assert!(seen > 80, "{seen}");
}

fn each_object(value: &Value, visit: &mut impl FnMut(&serde_json::Map<String, Value>)) {
    match value {
        Value::Object(members) => {
            visit(members);
            members.values().for_each(|member| each_object(member, visit));
        }
        Value::Array(items) => items.iter().for_each(|item| each_object(item, visit)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

#[test]
fn every_golden_event_is_an_example_and_every_example_fits() {
    let mut shown = BTreeSet::new();
    for (tag, message) in EVENTS["components"]["messages"].as_object().unwrap() {
        for example in message["examples"].as_array().unwrap() {
            let subject = example["summary"].as_str().unwrap().strip_prefix("Under ").unwrap();
            let headers = example["headers"].as_object().unwrap();
            assert_eq!(headers["ce-type"], **tag);
            assert_fits(subject, &example["headers"], example.get("payload"));
            shown.insert(format!("{}.json", example["name"].as_str().unwrap()));
        }
    }
    let golden = files_in(&root().join("events/fixtures"));
    assert_eq!(shown, golden.into_keys().collect());
}

#[test]
fn the_document_tells_the_settings_in_force() {
    let mut settings = settings();
    settings.published.prefix = "bank.events".to_owned();
    settings.published.stream = "BANK".to_owned();
    settings.published.schemas_url = "https://bank.example/s/".to_owned();
    settings.published.bodies.clear();
    let document = asyncapi::document(&settings);
    let about = document["info"]["description"].as_str().unwrap();
    for told in ["`BANK`", "`bank.events.customer.>`", "`identity`, `contact`, `kyc`, `none`"] {
        assert!(about.contains(told), "{told}: {about}");
    }
    assert!(!about.contains('{'), "{about}");
    for channel in document["channels"].as_object().unwrap().values() {
        assert!(channel["address"].as_str().unwrap().starts_with("bank.events."), "{channel}");
    }
    for (tag, message) in document["components"]["messages"].as_object().unwrap() {
        assert!(message.get("payload").is_none(), "{tag}");
        let example = &message["examples"][0]["headers"]["ce-dataschema"];
        assert_eq!(*example, format!("https://bank.example/s/{tag}.json"));
        let schema = message["headers"]["properties"]["ce-dataschema"].clone();
        let fits = jsonschema::validator_for(&schema).unwrap();
        assert!(fits.is_valid(example));
        assert!(!fits.is_valid(&"https://bank.example/s/another.json".into()));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_document_and_the_schemas_are_served_to_everybody() {
    let app = TestApp::configured(|config| config.http.base_path = BASE_PATH.to_owned()).await;
    let bare = |path: String| {
        let ask = app.client("alpha").ask(reqwest::Method::GET, &path);
        ask.without("authorization").without("x-correlation-id").send()
    };
    for base in ["", BASE_PATH] {
        let served = bare(format!("{base}/asyncapi.json")).await.is(200);
        assert_eq!(served.body, asyncapi::text(&app.service().app.settings));
        let schemas_url = &app.service().app.settings.published.schemas_url;
        let public = app.service().public;
        assert_eq!(*schemas_url, format!("http://{public}{BASE_PATH}/schemas/"));
        for (name, text) in schemas::files() {
            let served = bare(format!("{base}/schemas/{name}")).await.is(200);
            assert_eq!(served.body, text);
        }
        for unknown in ["customer.lent.v1.json", "customer.closed.v1", "%FF"] {
            let unknown = format!("{base}/schemas/{unknown}");
            bare(unknown).await.problem(404, "TECHNICAL_ERROR");
        }
    }
}

#[test]
fn what_we_send_stands_in_one_channel_and_one_operation() {
    let of = |section: &str| {
        let within = EVENTS[section].as_object().unwrap().values().map(|it| &it["messages"]);
        let listed = within.clone().filter_map(Value::as_array).flatten();
        let by_name = within.filter_map(Value::as_object).flat_map(|it| it.values());
        let messages = listed.chain(by_name).map(|it| resolved(resolved(it)));
        let mut names: Vec<_> = messages.map(|it| it["name"].as_str().unwrap()).collect();
        names.sort_unstable();
        names
    };
    let messages: Vec<_> = EVENTS["components"]["messages"].as_object().unwrap().keys().collect();
    assert_eq!(of("channels"), messages);
    assert_eq!(of("operations"), messages);
}
