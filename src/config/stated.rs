//! Whether a configuration file holds a secret itself, so that others should not read it.

use std::{fs, path::Path};

use toml::{Table, Value};
use zeroize::Zeroizing;

/// The settings that are secrets.
const SECRETS: [(&str, &str); 5] = [
    ("keys", "master"),
    ("http", "admin_token"),
    ("access", "introspection_secret"),
    ("nats", "password"),
    ("nats", "token"),
];

/// Of a file that was read as a configuration before.
pub fn states_secret(file: &Path) -> bool {
    let text = Zeroizing::new(fs::read_to_string(file).unwrap_or_default());
    let Ok(table) = text.parse::<Table>() else { return false };
    let value = |section: &str, key: &str| table.get(section).and_then(|it| it.get(key));
    let is_given = |value: &Value| value.as_str().is_some_and(|text| !text.is_empty());
    let urls = value("nats", "urls").and_then(Value::as_array).into_iter().flatten();
    let mut logins = urls.filter_map(Value::as_str).filter(|url| url.contains('@'));
    SECRETS.iter().any(|(section, key)| value(section, key).is_some_and(is_given))
        || logins.next().is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_in_a_file_is_noticed() {
        let states = |toml: &str| {
            let file = tempfile::NamedTempFile::new().unwrap();
            fs::write(file.path(), toml).unwrap();
            states_secret(file.path())
        };
        for (section, key) in SECRETS {
            assert!(states(&format!("[{section}]\n{key} = \"x\"")), "{key}");
            assert!(!states(&format!("[{section}]\n{key} = \"\"")), "{key}");
        }
        assert!(states("[nats]\nurls = [\"nats://a\", \"nats://user:password@b\"]"));
        assert!(!states("[nats]\nurls = [\"nats://a\"]\npassword_file = \"x\""));
        // No setting that is a secret is missing above.
        let all: Vec<_> = super::super::DEFAULTS.lines().collect();
        let may_be_file = all.iter().filter_map(|line| line.split_once("_file = \"\""));
        for (key, _) in may_be_file.filter(|(key, _)| !["nkey", "jwks"].contains(key)) {
            assert!(SECRETS.iter().any(|(_, secret)| *secret == key), "{key}");
        }
    }
}
