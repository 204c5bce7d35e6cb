//! The token that opens the admin port, where one is configured.

use std::{fs, io, path::PathBuf, sync::Arc};

use aws_lc_rs::{constant_time::verify_slices_are_equal, digest};
use axum::{
    extract::{Request, State},
    http::{StatusCode, header},
    middleware::Next,
    response::{IntoResponse, Response},
};
use zeroize::Zeroizing;

use crate::{
    config::{ADMIN_TOKEN_RULE, Http, is_admin_token},
    discretion, listener,
};

/// What is kept of the token: enough to know it again.
#[derive(Debug, Clone)]
pub struct AdminToken(Arc<[u8]>);

/// Why a token that is configured cannot be asked for: exit code 2.
#[derive(Debug, thiserror::Error)]
pub enum NoToken {
    #[error("the admin token in {} cannot be read", .0.display())]
    Unreadable(PathBuf, #[source] io::Error),
    #[error("the admin token in {} {ADMIN_TOKEN_RULE}", .0.display())]
    Malformed(PathBuf),
}

/// The configured token, if there is one.
pub fn configured(http: &Http) -> Result<Option<Zeroizing<String>>, NoToken> {
    let text = http.admin_token.expose();
    if !text.is_empty() {
        return Ok(Some(Zeroizing::new(text.to_owned())));
    }
    let file = &http.admin_token_file;
    if file.as_os_str().is_empty() {
        return Ok(None);
    }
    discretion::look_at(file);
    let text = fs::read_to_string(file).map(Zeroizing::new);
    let text = text.map_err(|error| NoToken::Unreadable(file.clone(), error))?;
    if !is_admin_token(text.trim()) {
        return Err(NoToken::Malformed(file.clone()));
    }
    Ok(Some(Zeroizing::new(text.trim().to_owned())))
}

impl AdminToken {
    pub fn of(http: &Http) -> Result<Option<Self>, NoToken> {
        Ok(configured(http)?.map(|text| Self::new(&text)))
    }

    fn new(text: &str) -> Self {
        Self(digest::digest(&digest::SHA256, text.as_bytes()).as_ref().into())
    }

    /// Takes as long for every text of one length, however much of it is right.
    fn is(&self, text: &str) -> bool {
        verify_slices_are_equal(&self.0, &Self::new(text).0).is_ok()
    }
}

/// Lets requests pass that bring the token.
pub(super) async fn ask(State(token): State<AdminToken>, request: Request, next: Next) -> Response {
    let sent = request.headers().get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let sent = sent.and_then(|value| value.split_once(' '));
    let sent = sent.filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"));
    if sent.is_some_and(|(_, sent)| token.is(sent)) {
        listener::trust(request.extensions());
        return next.run(request).await;
    }
    let challenge = [(header::WWW_AUTHENTICATE, "Bearer realm=\"dossier-admin\"")];
    (StatusCode::UNAUTHORIZED, challenge, "Send the admin token.\n").into_response()
}

#[cfg(test)]
mod tests {
    use super::AdminToken;

    #[test]
    fn only_the_whole_token_is_the_token() {
        let text = "0123456789abcdef0123456789abcdef";
        let token = AdminToken::new(text);
        assert!(token.is(text));
        for wrong in ["", &text[1..], &text[..31], &text.to_uppercase(), &format!("{text} ")] {
            assert!(!token.is(wrong), "{wrong}");
        }
        assert!(!format!("{token:?}").contains(text));
    }
}
