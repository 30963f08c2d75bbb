//! Access tokens: random secrets with a name and scopes, of which only a hash is kept.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::password::{hex, random_hex};
use super::users::{Error, Users};

/// An access token without its secret.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Token {
    /// Unique and never used again.
    pub id: u64,
    /// The owner's id.
    pub user: u64,
    /// Unique among the owner's.
    pub name: String,
    /// What it is good for, such as `write:repository`; `all` for everything.
    pub scopes: Vec<String>,
    /// The end of the secret, for people to tell tokens apart.
    pub last_eight: String,
    /// When it was made.
    pub created: Timestamp,
}

/// All tokens, by the hash of their secret.
#[derive(Clone, Default, Serialize, Deserialize)]
pub(super) struct Tokens {
    next: u64,
    by_hash: BTreeMap<String, Token>,
}

impl Tokens {
    pub(super) fn find(&self, secret: &str) -> Option<&Token> {
        self.by_hash.get(&hash(secret))
    }

    pub(super) fn remove_all(&mut self, user: u64) {
        self.by_hash.retain(|_, token| token.user != user);
    }

    fn of(&self, user: u64) -> impl Iterator<Item = &Token> {
        self.by_hash.values().filter(move |token| token.user == user)
    }
}

impl Users {
    /// Makes a token, and tells its secret this one time.
    pub fn create_token(&self, user: u64, name: &str, scopes: Vec<String>) -> Result<(Token, String), Error> {
        let secret = random_hex(20);
        self.change(|state| {
            if state.tokens.of(user).any(|token| token.name == name) {
                return Err(Error::TokenExists);
            }
            state.tokens.next += 1;
            let token = Token {
                id: state.tokens.next,
                user,
                name: name.to_owned(),
                scopes,
                last_eight: secret[secret.len() - 8..].to_owned(),
                created: Timestamp::now(),
            };
            state.tokens.by_hash.insert(hash(&secret), token.clone());
            Ok((token, secret.clone()))
        })
    }

    /// A user's tokens, by id.
    pub fn tokens(&self, user: u64) -> Vec<Token> {
        let mut tokens: Vec<Token> = self.read(|state| state.tokens.of(user).cloned().collect());
        tokens.sort_by_key(|token| token.id);
        tokens
    }

    /// Removes a token by its name or id. False when there is none.
    pub fn delete_token(&self, user: u64, name_or_id: &str) -> Result<bool, Error> {
        let id = self.tokens(user).into_iter().find(|token| token.name == name_or_id).map(|token| token.id);
        let Some(id) = id.or_else(|| name_or_id.parse().ok()) else { return Ok(false) };
        self.change(|state| {
            let before = state.tokens.by_hash.len();
            state.tokens.by_hash.retain(|_, token| token.user != user || token.id != id);
            Ok(state.tokens.by_hash.len() < before)
        })
    }
}

fn hash(secret: &str) -> String {
    hex(&Sha256::digest(secret.as_bytes()))
}
