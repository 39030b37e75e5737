//! Sessions: random tokens in a cookie, and their digests in memory. A restart signs everyone out.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use axum::http::{HeaderMap, HeaderValue, header};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};

use crate::user_id::UserId;

const COOKIE: &str = "session";
const LIFETIME: Duration = Duration::from_secs(12 * 60 * 60);

type TokenDigest = [u8; 32];

struct Session {
    user: UserId,
    expires: Instant,
}

/// The sessions of this process.
#[derive(Default)]
pub struct Sessions(Mutex<HashMap<TokenDigest, Session>>);

impl Sessions {
    /// Begins a session and returns the header that sets its cookie.
    pub fn begin(&self, user: UserId) -> HeaderValue {
        let token = URL_SAFE_NO_PAD.encode(rand::random::<[u8; 32]>());
        let now = Instant::now();
        let mut sessions = self.lock();
        sessions.retain(|_, session| session.expires > now);
        sessions.insert(digest(&token), Session { user, expires: now + LIFETIME });
        set_cookie(&token, LIFETIME)
    }

    /// Returns the user of the request's session.
    pub fn user(&self, headers: &HeaderMap) -> Option<UserId> {
        let sessions = self.lock();
        let session = sessions.get(&digest(token(headers)?))?;
        (session.expires > Instant::now()).then_some(session.user)
    }

    /// Ends the request's session and returns the header that removes its cookie.
    pub fn end(&self, headers: &HeaderMap) -> HeaderValue {
        if let Some(token) = token(headers) {
            self.lock().remove(&digest(token));
        }
        set_cookie("", Duration::ZERO)
    }

    /// Ends every session of a user.
    pub fn end_all(&self, user: UserId) {
        self.lock().retain(|_, session| session.user != user);
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<TokenDigest, Session>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The map has digests as its keys, so the time of a lookup tells nothing about a token.
fn digest(token: &str) -> TokenDigest {
    Sha256::digest(token).into()
}

fn token(headers: &HeaderMap) -> Option<&str> {
    let cookies = headers.get_all(header::COOKIE).into_iter();
    let mut pairs =
        cookies.filter_map(|value| value.to_str().ok()).flat_map(|value| value.split(';'));
    pairs.find_map(|pair| pair.trim().strip_prefix(COOKIE)?.strip_prefix('='))
}

/// `SameSite=Strict` keeps other sites from sending the cookie. Browsers accept `Secure` cookies
/// from localhost without TLS.
fn set_cookie(token: &str, max_age: Duration) -> HeaderValue {
    let seconds = max_age.as_secs();
    let cookie =
        format!("{COOKIE}={token}; Path=/; Max-Age={seconds}; HttpOnly; Secure; SameSite=Strict");
    let mut value = HeaderValue::try_from(cookie)
        .unwrap_or_else(|_| HeaderValue::from_static("session=; Path=/; Max-Age=0"));
    value.set_sensitive(true);
    value
}
