//! Users, tokens and certificates that the three servers share.

mod authority;
mod identity;

pub use authority::{Authority, Error as AuthorityError, KeyPair};
pub use identity::Identity;
