//! Settings from variables of the environment.

use std::{collections::HashMap, ffi::OsString};

use anyhow::ensure;
use config::Environment;

use super::DEFAULTS;

const PREFIX: &str = "DOSSIER";
/// The settings that are lists, whose variables hold them separated by commas.
const LISTS: [&str; 8] = [
    "access.audiences",
    "access.algorithms",
    "http.intermediaries",
    "http.tls.clients",
    "http.admin_tls.clients",
    "nats.urls",
    "nats.bodies",
    "rules.contact_write_relations",
];

/// The variables that hold lists, and the others. Those are text until a setting wants a number: a
/// secret of digits is none.
pub(super) fn sources(variables: impl Iterator<Item = (OsString, OsString)>) -> [Environment; 2] {
    let as_text = |(name, value): (OsString, OsString)| {
        Some((name.into_string().ok()?, value.into_string().ok()?))
    };
    let (lists, others) = variables.filter_map(as_text).partition(|(name, _)| is_list(name));
    let lists = under_prefix(lists).try_parsing(true).list_separator(",");
    let lists = LISTS.iter().fold(lists, |lists, key| lists.with_list_parse_key(key));
    [lists, under_prefix(others)]
}

fn is_list(name: &str) -> bool {
    LISTS.iter().any(|key| variable(&key.split('.').collect::<Vec<_>>()) == name.to_uppercase())
}

/// The variable of a setting, given the parts of its key.
fn variable(key: &[&str]) -> String {
    format!("{PREFIX}__{}", key.join("__")).to_uppercase()
}

/// Refuses variables that are settings but for their underscores: they would be passed over
/// without a word.
pub(super) fn check_names(names: impl Iterator<Item = OsString>) -> anyhow::Result<()> {
    let defaults: toml::Table = DEFAULTS.parse()?;
    let mut settings = HashMap::new();
    collect(&defaults, &mut Vec::new(), &mut settings);
    for name in names.filter_map(|name| name.into_string().ok()) {
        let meant = settings.get(&squeezed(&name.to_uppercase()));
        let meant = meant.filter(|meant| !meant.eq_ignore_ascii_case(&name));
        ensure!(meant.is_none(), "{name} is no setting; {} is", meant.map_or("", |it| it));
    }
    Ok(())
}

/// The variables of all settings of a table, by their names with single underscores.
fn collect<'t>(
    table: &'t toml::Table,
    key: &mut Vec<&'t str>,
    settings: &mut HashMap<String, String>,
) {
    for (name, value) in table {
        key.push(name);
        if let Some(inner) = value.as_table() {
            collect(inner, key, settings);
        }
        let variable = variable(key);
        settings.insert(squeezed(&variable), variable);
        key.pop();
    }
}

fn squeezed(name: &str) -> String {
    let parts: Vec<_> = name.split('_').filter(|part| !part.is_empty()).collect();
    parts.join("_")
}

fn under_prefix(variables: HashMap<String, String>) -> Environment {
    let settings = Environment::with_prefix(PREFIX).prefix_separator("__").separator("__");
    settings.source(Some(variables))
}

#[cfg(test)]
mod tests {
    use config::{File, FileFormat};

    use super::*;
    use crate::config::Config;

    #[test]
    fn a_variable_is_a_list_or_text_whatever_it_looks_like() {
        let set = [
            ("DOSSIER__ACCESS__INTROSPECTION_SECRET", "0012"),
            ("DOSSIER__ACCESS__AUDIENCES", "one,2"),
            ("DOSSIER__LOG__QUEUE_MAX", "7"),
            ("DOSSIER__NATS__URLS", "nats://one,nats://two"),
            ("ELSEWHERE__LOG__QUEUE_MAX", "8"),
        ];
        let [lists, others] =
            sources(set.into_iter().map(|(name, value)| (name.into(), value.into())));
        let defaults = File::from_str(DEFAULTS, FileFormat::Toml);
        let builder = config::Config::builder().add_source(defaults);
        let config = builder.add_source(lists).add_source(others).build().unwrap();
        let config: Config = config.try_deserialize().unwrap();
        assert_eq!(config.access.introspection_secret.expose(), "0012");
        assert_eq!(config.access.audiences, ["one", "2"]);
        assert_eq!(config.log.queue_max, 7);
        assert_eq!(config.nats.urls, ["nats://one", "nats://two"]);
    }
}
