//! Users, tokens and certificates that the three servers share.

mod authority;
mod identity;
mod names;
mod packages;
mod password;
mod service_accounts;
mod tokens;
mod users;

pub use authority::{Authority, Error as AuthorityError, KeyPair};
pub use identity::Identity;
pub use names::{is_account_name, is_repository_name, is_reserved};
pub use packages::{Package, Packages};
pub use password::random_hex;
pub use service_accounts::{
    Bound, Claims, Error as ServiceAccountKeyError, ISSUER as TOKEN_ISSUER, Reference, ServiceAccountKey,
};
pub use tokens::Token;
pub use users::{Error as UsersError, Kind, NewUser, Permission, Team, User, UserChange, Users};
