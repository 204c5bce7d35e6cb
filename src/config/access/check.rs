//! What of the settings contradicts itself or lies out of bounds.

use events::consent::Scope;

use super::Access;
use crate::access::may_be_asked;

impl Access {
    /// All that is wrong, each in a clause of its own.
    pub(in crate::config) fn wrong(&self) -> Vec<String> {
        let mut wrong = self.out_of_bounds();
        wrong.extend(self.wrong_names());
        let given = self.ways().into_iter().filter(|(_, is_given)| *is_given);
        let given: Vec<_> = given.map(|(name, _)| name).collect();
        match given[..] {
            [] => wrong.extend(self.said_in_vain()),
            [_] => wrong.extend(self.wrong_of_issuer()),
            _ => wrong.push(format!("only one of {} may be given", given.join(", "))),
        }
        wrong
    }

    fn out_of_bounds(&self) -> Vec<String> {
        let bound = |name: &str, value: u64, min: u64, max: u64| {
            (!(min..=max).contains(&value))
                .then(|| format!("access.{name} must lie between {min} and {max}"))
        };
        let bytes = u64::try_from(self.fetch_bytes_max).unwrap_or(u64::MAX);
        let introspections = u64::try_from(self.introspections_max).unwrap_or(u64::MAX);
        let waiting = u64::try_from(self.waiting_max).unwrap_or(u64::MAX);
        let each = u64::try_from(self.waiting_per_sender_max).unwrap_or(u64::MAX);
        [
            bound("leeway_s", self.leeway_s.into(), 0, 300),
            bound("jwks_refresh_s", self.jwks_refresh_s.into(), 1, 86_400),
            bound("jwks_pause_s", self.jwks_pause_s.into(), 1, 3600),
            bound("jwks_stale_h_max", self.jwks_stale_h_max.into(), 1, 720),
            bound("introspection_cache_s", self.introspection_cache_s.into(), 0, 300),
            bound("introspections_max", introspections, 1, 1024),
            bound("waiting_max", waiting, 1, 65_536),
            bound("waiting_per_sender_max", each, 1, 65_536),
            bound("fetch_ms_max", self.fetch_ms_max.into(), 100, 20_000),
            bound("fetch_bytes_max", bytes, 1024, 1024 * 1024),
        ]
        .into_iter()
        .flatten()
        .collect()
    }

    fn wrong_names(&self) -> Vec<String> {
        let mut wrong = Vec::new();
        for (name, value) in
            [("client_claim", &self.client_claim), ("scopes_claim", &self.scopes_claim)]
        {
            if value.is_empty() {
                wrong.push(format!("access.{name} must name a claim"));
            }
        }
        for scope in Scope::ALL {
            if !is_scope_token(self.scopes.of(scope)) {
                wrong.push(format!(
                    "access.scopes: the name for {} must be of visible characters without spaces, \
                     quotation marks and backslashes",
                    scope.as_str()
                ));
            }
        }
        wrong
    }

    fn wrong_of_issuer(&self) -> Vec<String> {
        let mut wrong = Vec::new();
        if self.issuer.is_empty() {
            wrong.push("access.issuer must be what tokens name as iss".to_owned());
        }
        if self.audiences.is_empty() || self.audiences.iter().any(String::is_empty) {
            wrong.push("access.audiences must hold what tokens name as aud".to_owned());
        }
        for (name, url) in
            [("jwks_url", &self.jwks_url), ("introspection_url", &self.introspection_url)]
        {
            if !url.is_empty() && !may_be_asked(url) {
                wrong.push(format!(
                    "access.{name} must begin with https://, or with http:// on this machine, and \
                     hold neither user nor password"
                ));
            }
        }
        if self.introspection_url.is_empty() {
            if self.algorithms.is_empty() {
                wrong.push("access.algorithms must name those that the issuer signs with".into());
            }
            wrong.extend(self.said_in_vain());
        } else {
            wrong.extend(self.wrong_of_introspection());
        }
        wrong
    }

    fn wrong_of_introspection(&self) -> Vec<String> {
        let mut wrong = Vec::new();
        if self.introspection_client.is_empty() {
            wrong.push("access.introspection_client must name this service".to_owned());
        }
        let has_secret = !self.introspection_secret.expose().is_empty();
        let has_file = !self.introspection_secret_file.as_os_str().is_empty();
        if has_secret == has_file {
            wrong.push(
                "one of access.introspection_secret and access.introspection_secret_file must be \
                 given"
                    .to_owned(),
            );
        }
        wrong
    }

    /// Settings that nothing would look at, which their author cannot have meant.
    fn said_in_vain(&self) -> Vec<String> {
        let for_introspection = [
            ("introspection_client", !self.introspection_client.is_empty()),
            ("introspection_secret", !self.introspection_secret.expose().is_empty()),
            ("introspection_secret_file", !self.introspection_secret_file.as_os_str().is_empty()),
        ];
        let mut wrong: Vec<_> = for_introspection
            .into_iter()
            .filter(|(_, is_given)| *is_given)
            .map(|(name, _)| format!("access.{name} needs access.introspection_url"))
            .collect();
        let names_tokens = !self.issuer.is_empty() || !self.audiences.is_empty();
        if names_tokens && !self.names_an_issuer() {
            wrong.push(
                "access.issuer and access.audiences need one of access.jwks_url, \
                 access.jwks_file, access.introspection_url"
                    .to_owned(),
            );
        }
        wrong
    }
}

/// As RFC 6749 draws the name of a scope.
fn is_scope_token(name: &str) -> bool {
    let fits = |byte: u8| byte.is_ascii_graphic() && byte != b'"' && byte != b'\\';
    !name.is_empty() && name.bytes().all(fits)
}

#[cfg(test)]
mod tests {
    use crate::config::Config;

    const JWKS: &str = "issuer = \"https://as\"\naudiences = [\"a\"]\n";

    /// What is wrong with a section; nothing if it is good.
    fn wrong(section: &str) -> Vec<String> {
        let config = Config::from_toml(&format!("[access]\n{section}"));
        let error = config.err().map(|error| format!("{error:#}")).unwrap_or_default();
        let clauses = error.strip_prefix("the configuration is wrong: ").unwrap_or(&error);
        clauses.split("; ").filter(|clause| !clause.is_empty()).map(str::to_owned).collect()
    }

    #[test]
    fn each_way_to_check_tokens_can_be_configured() {
        let secret = "introspection_client = \"dossier\"\nintrospection_secret = \"x\"";
        for good in [
            String::new(),
            format!("{JWKS}jwks_url = \"https://as/jwks\""),
            format!("{JWKS}jwks_url = \"http://127.0.0.1:1/jwks\""),
            format!("{JWKS}jwks_url = \"http://[::1]:1/jwks\""),
            format!("{JWKS}jwks_file = \"/etc/jwks.json\""),
            format!("{JWKS}introspection_url = \"https://as/introspect\"\n{secret}"),
        ] {
            assert_eq!(wrong(&good), Vec::<String>::new(), "{good}");
        }
    }

    #[test]
    fn what_contradicts_itself_is_told() {
        let cases = [
            ("issuer = \"x\"", "need one of"),
            ("jwks_url = \"https://as/jwks\"\naudiences = [\"a\"]", "access.issuer"),
            ("jwks_url = \"https://as/jwks\"\nissuer = \"x\"", "access.audiences"),
            ("introspection_client = \"x\"", "needs access.introspection_url"),
        ];
        for (section, told) in cases {
            let wrong = wrong(section);
            assert!(wrong.len() == 1 && wrong[0].contains(told), "{section}: {wrong:?}");
        }
        let with_issuer = [
            ("jwks_url = \"http://as/jwks\"", "https://"),
            ("jwks_url = \"https://user:secret@as/jwks\"", "password"),
            ("jwks_url = \"as/jwks\"", "https://"),
            ("jwks_url = \"https://as/jwks\"\njwks_file = \"x\"", "only one of"),
            ("jwks_file = \"x\"\nalgorithms = []", "access.algorithms"),
            ("jwks_file = \"x\"\nleeway_s = 301", "access.leeway_s"),
            ("jwks_file = \"x\"\nintrospection_secret = \"x\"", "introspection_secret"),
            ("jwks_file = \"x\"\nclient_claim = \"\"", "client_claim"),
            ("jwks_file = \"x\"\n[access.scopes]\nkyc_read = \"a b\"", "kyc:read"),
            ("introspection_url = \"https://as\"\nintrospection_client = \"x\"", "must be given"),
        ];
        for (section, told) in with_issuer {
            let wrong = wrong(&format!("{JWKS}{section}"));
            assert!(wrong.len() == 1 && wrong[0].contains(told), "{section}: {wrong:?}");
        }
    }

    #[test]
    fn all_that_is_wrong_is_told_at_once() {
        let wrong = wrong("introspection_url = \"http://as\"\nfetch_ms_max = 1");
        for told in ["issuer", "audiences", "https", "client", "secret", "fetch_ms_max"] {
            assert!(wrong.iter().any(|clause| clause.contains(told)), "{told}: {wrong:?}");
        }
    }

    #[test]
    fn neither_shared_keys_nor_no_signature_can_be_configured() {
        for algorithm in ["none", "HS256", "HS384", "HS512", "NONE", ""] {
            let section = format!("{JWKS}jwks_file = \"x\"\nalgorithms = [\"{algorithm}\"]");
            assert_ne!(wrong(&section), Vec::<String>::new(), "{algorithm}");
        }
    }

    #[test]
    fn no_secret_is_printed() {
        let section = "introspection_url = \"https://as\"\nintrospection_client = \"dossier\"\n\
                       introspection_secret = \"marker-of-a-secret\"";
        let config = Config::from_toml(&format!("[access]\n{JWKS}{section}")).unwrap();
        for printed in [format!("{config:?}"), config.to_toml().unwrap()] {
            assert!(!printed.contains("marker"), "{printed}");
        }
    }
}
