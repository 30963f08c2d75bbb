//! Users, tokens and certificates that the three servers share.

mod authority;
mod identity;
mod names;
mod password;
mod tokens;
mod users;

pub use authority::{Authority, Error as AuthorityError, KeyPair};
pub use identity::Identity;
pub use names::{is_account_name, is_repository_name, is_reserved};
pub use password::random_hex;
pub use tokens::Token;
pub use users::{Error as UsersError, Kind, NewUser, Permission, Team, User, UserChange, Users};
