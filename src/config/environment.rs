//! Settings from variables of the environment.

use std::{collections::HashMap, ffi::OsString};

use config::Environment;

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
    let variable = |key: &str| format!("{PREFIX}__{}", key.replace('.', "__"));
    LISTS.iter().any(|key| variable(key).eq_ignore_ascii_case(name))
}

fn under_prefix(variables: HashMap<String, String>) -> Environment {
    let settings = Environment::with_prefix(PREFIX).prefix_separator("__").separator("__");
    settings.source(Some(variables))
}

#[cfg(test)]
mod tests {
    use config::{File, FileFormat};

    use super::*;
    use crate::config::{Config, DEFAULTS};

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
