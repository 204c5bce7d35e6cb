//! The configuration: defaults that are the manual, a file, the environment, the command line.

mod access;
mod environment;
mod http;
mod nats;
mod stated;

use std::{
    fmt,
    path::{Path, PathBuf},
};

use anyhow::Context;
use config::{File, FileFormat};
use events::party::Relation;
use serde::{Deserialize, Serialize};

pub use self::access::{Access, Algorithm, ScopeNames};
pub use self::http::{ADMIN_TOKEN_RULE, Http, Tls, is_admin_token};
pub use self::nats::{Nats, NatsFeed};
pub use self::stated::states_secret;

/// Every key with its default and its meaning.
const DEFAULTS: &str = include_str!("../deploy/config.default.toml");
/// Everything that can be set.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    pub data: Data,
    pub keys: Keys,
    pub http: Http,
    pub access: Access,
    pub log: Log,
    pub projections: Projections,
    pub rules: Rules,
    pub nats: Nats,
    pub journal: Journal,
    pub telemetry: Telemetry,
}

#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Data {
    pub dir: PathBuf,
}

#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Keys {
    pub master: Secret,
    pub master_file: PathBuf,
}

#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Log {
    pub cache_bytes: u64,
    pub free_bytes_min: u64,
    pub queue_max: usize,
    pub copy_before_open: bool,
}

#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Projections {
    pub answers_bytes_max: u64,
    pub cache_bytes: u64,
    pub wait_ms_max: u64,
}

#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Rules {
    pub addresses_max: usize,
    pub contacts_max: usize,
    pub contact_write_relations: Vec<Relation>,
}

#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Journal {
    pub file_bytes_max: u64,
    pub days_kept: u32,
}

#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Telemetry {
    pub filter: String,
    pub format: LogFormat,
}

/// How the type of a problem is spelt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
pub enum ProblemTypeStyle {
    #[serde(rename = "blink")]
    Blink,
    /// In the words of OpenWealth Customer Management 1.2.1.
    #[serde(rename = "openwealth-1")]
    OpenWealth1,
}

/// What becomes of members of a request that nobody knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum UnknownMembers {
    Ignore,
    Reject,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    Text,
    Json,
}

/// A value that is never printed.
#[derive(Clone, Default, Deserialize, zeroize::Zeroize, zeroize::ZeroizeOnDrop)]
#[serde(transparent)]
pub struct Secret(String);

impl Secret {
    pub fn new(text: String) -> Self {
        Self(text)
    }

    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_empty() { "" } else { "…" })
    }
}

impl Serialize for Secret {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(if self.0.is_empty() { "" } else { "(secret)" })
    }
}

/// A URL without its query, which may be a secret, too.
fn without_query<S: serde::Serializer>(url: &str, serializer: S) -> Result<S::Ok, S::Error> {
    let url = without_secret(url);
    match url.split_once('?') {
        Some((bare, _)) => serializer.serialize_str(&format!("{bare}?(secret)")),
        None => serializer.serialize_str(&url),
    }
}

/// A URL without what may stand in it to get in.
fn without_secret(url: &str) -> String {
    let (scheme, rest) = url.split_once("://").unwrap_or(("", url));
    match rest.rsplit_once('@') {
        Some((_, host)) => format!("{scheme}://(secret)@{host}"),
        None => url.to_owned(),
    }
}

/// What is wrong, and where, but not the line or the value: it may be a key.
fn unquoted(error: &config::ConfigError) -> anyhow::Error {
    let text = error.to_string();
    let quoted = |line: &&str| !line.trim_start().starts_with(['|', '^']) && !is_source(line);
    let lines: Vec<_> = text.lines().filter(quoted).map(without_values).collect();
    anyhow::anyhow!(lines.join(" "))
}

/// A line of the file, with its number in front.
fn is_source(line: &str) -> bool {
    let rest = line.trim_start().trim_start_matches(|letter: char| letter.is_ascii_digit());
    rest.len() < line.trim_start().len() && rest.trim_start().starts_with('|')
}

/// Leaves out a text that was found where something else should be.
fn without_values(line: &str) -> String {
    let Some((before, after)) = line.split_once("string \"") else { return line.to_owned() };
    let after = after.rsplit_once('"').map_or("", |(_, after)| after);
    format!("{before}string{after}")
}

impl Config {
    /// Reads the defaults, then a file, then the environment; the later wins.
    pub fn load(file: Option<&Path>) -> anyhow::Result<Self> {
        let mut builder =
            config::Config::builder().add_source(File::from_str(DEFAULTS, FileFormat::Toml));
        if let Some(path) = file {
            builder = builder.add_source(File::from(path).format(FileFormat::Toml));
        }
        environment::check_names(std::env::vars_os().map(|(name, _)| name))?;
        let [lists, others] = environment::sources(std::env::vars_os());
        let config: Self = builder
            .add_source(lists)
            .add_source(others)
            .build()
            .map_err(|error| unquoted(&error))
            .context("the configuration cannot be read")?
            .try_deserialize()
            .map_err(|error| unquoted(&error))
            .context("the configuration is wrong")?;
        config.check()?;
        Ok(config)
    }

    /// All that is wrong with the values, at once.
    fn check(&self) -> anyhow::Result<()> {
        let bound = |name: &str, value: usize, max: usize| {
            (!(1..=max).contains(&value)).then(|| format!("{name} must lie between 1 and {max}"))
        };
        let file_bytes = (!(4096..=1 << 40).contains(&self.journal.file_bytes_max))
            .then(|| "journal.file_bytes_max must lie between 4096 and 1099511627776".to_owned());
        let two_masters = (!self.keys.master.expose().is_empty()
            && !self.keys.master_file.as_os_str().is_empty())
        .then(|| "give keys.master or keys.master_file, not both".to_owned());
        let wrong = [
            bound("log.queue_max", self.log.queue_max, 1024 * 1024),
            bound("rules.addresses_max", self.rules.addresses_max, 10_000),
            bound("rules.contacts_max", self.rules.contacts_max, 200),
            bound("nats.in_flight_max", self.nats.in_flight_max, 4096),
            file_bytes,
            two_masters,
        ]
        .into_iter()
        .flatten();
        let wrong: Vec<String> = wrong
            .chain(self.http.wrong())
            .chain(self.access.wrong())
            .chain(self.nats.wrong())
            .collect();
        anyhow::ensure!(wrong.is_empty(), "the configuration is wrong: {}", wrong.join("; "));
        Ok(())
    }

    /// The configuration as TOML, secrets left out.
    pub fn to_toml(&self) -> anyhow::Result<String> {
        toml::to_string_pretty(self).context("the configuration cannot be written as TOML")
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    impl Config {
        /// The defaults, with what a file of this content overrides.
        pub(crate) fn from_toml(toml: &str) -> anyhow::Result<Self> {
            let mut file = tempfile::Builder::new().suffix(".toml").tempfile().unwrap();
            file.write_all(toml.as_bytes()).unwrap();
            Self::load(Some(file.path()))
        }
    }

    #[test]
    fn the_defaults_are_complete_and_right() {
        let config = Config::load(None).unwrap();
        assert_eq!(config.http.listen.port(), 8080);
        assert!(config.nats.urls.is_empty());
    }

    #[test]
    fn a_file_overrides_what_it_names() {
        let config = Config::from_toml("[http]\nlisten = \"127.0.0.1:1\"").unwrap();
        assert_eq!(config.http.listen.port(), 1);
        assert_eq!(config.http.admin_listen.port(), 9080);
    }

    #[test]
    fn an_unknown_key_is_an_error_that_names_it() {
        let error = format!("{:#}", Config::from_toml("[http]\nlistne = 1").unwrap_err());
        assert!(error.contains("listne"), "{error}");
    }

    #[test]
    fn all_wrong_values_are_told_at_once() {
        let wrong = "[http]\nbody_bytes_max = 0\nbase_path = \"x/\"\n\
            [nats]\nreplicas = 9\nschemas_url = \"/schemas/\"";
        let error = format!("{:#}", Config::from_toml(wrong).unwrap_err());
        for name in ["body_bytes_max", "base_path", "replicas", "schemas_url"] {
            assert!(error.contains(name), "{error}");
        }
    }

    #[test]
    fn what_is_wrong_is_told_without_the_value() {
        for wrong in [
            "[keys]\nmaster = \"hunter2",
            "[keys]\nmaster = hunter2",
            "[http]\nbody_bytes_max = \"hunter2\"",
        ] {
            let error = format!("{:#}", Config::from_toml(wrong).unwrap_err());
            assert!(!error.contains("hunter2"), "{error}");
            assert!(error.contains("line") || error.contains("body_bytes_max"), "{error}");
        }
        let config =
            Config::from_toml("[nats]\nurls = [\"nats://me:hunter2@127.0.0.1:4222\"]").unwrap();
        let printed = config.to_toml().unwrap();
        assert!(!printed.contains("hunter2") && printed.contains("127.0.0.1:4222"), "{printed}");
        let issuer = "https://as.example.com/introspect";
        let named = "[access]\nissuer = \"x\"\naudiences = [\"x\"]\nintrospection_client = \"x\"\n\
            introspection_secret = \"x\"\nintrospection_url =";
        let config = Config::from_toml(&format!("{named} \"{issuer}?key=hunter2\"")).unwrap();
        let printed = config.to_toml().unwrap();
        assert!(!printed.contains("hunter2") && printed.contains(issuer), "{printed}");
    }

    #[test]
    fn schemas_that_nobody_can_connect_to_are_noticed() {
        let hidden =
            "[http]\nlisten = \"0.0.0.0:8443\"\n[nats]\nurls = [\"nats://127.0.0.1:4222\"]";
        assert!(Config::from_toml(hidden).unwrap().hides_schemas());
        let told = format!("{hidden}\nschemas_url = \"https://bank.example/schemas/\"");
        assert!(!Config::from_toml(&told).unwrap().hides_schemas());
        assert!(
            !Config::from_toml(&hidden.replace("0.0.0.0", "10.0.0.1")).unwrap().hides_schemas()
        );
    }

    #[test]
    fn a_secret_is_not_printed() {
        let digits = "ab".repeat(32);
        let config = Config::from_toml(&format!("[keys]\nmaster = \"{digits}\"")).unwrap();
        assert!(!format!("{config:?}").contains(&digits));
        assert!(!config.to_toml().unwrap().contains(&digits));
    }
}
