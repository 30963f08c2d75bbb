//! The one user model of forge and registry: people, organisations with teams, and access tokens. Kept whole in
//! memory and in one JSON file (mode 0600) that each change replaces; passwords and tokens are stored hashed.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError, RwLock};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::names::is_account_name;
use super::password::Hashed;
use super::tokens::Tokens;

/// Right passwords that are remembered.
const VERIFIED: usize = 1024;

/// Why a user, an organisation or a token could not be had.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The file cannot be read or written.
    #[error("cannot use `{}`", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// The operating system's reason.
        #[source]
        source: std::io::Error,
    },
    /// The file is not ours.
    #[error("`{}` does not hold users", path.display())]
    Format {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        #[source]
        source: serde_json::Error,
    },
    /// A user or an organisation has this name, in whichever case.
    #[error("user already exists [name: {name}]")]
    Exists {
        /// The name.
        name: String,
    },
    /// No user or organisation has this name.
    #[error("user does not exist [uid: 0, name: {name}]")]
    Missing {
        /// The name.
        name: String,
    },
    /// The name is reserved, or has characters that names do not have.
    #[error("name is reserved or has characters that are not allowed [name: {name}]")]
    Name {
        /// The name.
        name: String,
    },
    /// The user has a token of this name.
    #[error("access token name has been used already")]
    TokenExists,
}

/// What an account is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// Somebody who can sign in.
    Person,
    /// An owner of repositories with teams of people.
    Organization,
}

/// What members of a team may do with all repositories of their organisation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Permission {
    /// Clone.
    Read,
    /// Push.
    Write,
    /// Change settings.
    Admin,
    /// Everything.
    Owner,
}

/// A user or an organisation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct User {
    /// Unique and never used again.
    pub id: u64,
    /// The name to sign in with, as it was typed.
    pub login: String,
    /// For people to read.
    #[serde(default)]
    pub full_name: String,
    /// For commits.
    #[serde(default)]
    pub email: String,
    /// Person or organisation.
    pub kind: Kind,
    /// Whether everything is allowed.
    #[serde(default)]
    pub is_admin: bool,
    /// When it was made.
    pub created: Timestamp,
}

/// Some members of an organisation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Team {
    /// Unique among all organisations.
    pub id: u64,
    /// The organisation's id.
    pub organization: u64,
    /// `Owners`, or another name.
    pub name: String,
    /// What its members may do.
    pub permission: Permission,
    /// The members' ids.
    pub members: Vec<u64>,
    /// Whether that holds for all repositories of the organisation.
    #[serde(default = "all")]
    pub all_repositories: bool,
    /// If not, for these, by the forge's ids.
    #[serde(default)]
    pub repositories: BTreeSet<u64>,
}

/// Teams were for all repositories before they could be for some.
fn all() -> bool {
    true
}

/// What a new user is made of.
#[derive(Clone, Debug, Default)]
pub struct NewUser {
    /// The name to sign in with.
    pub login: String,
    /// For people to read.
    pub full_name: String,
    /// For commits.
    pub email: String,
    /// No password: nobody can sign in with one.
    pub password: Option<String>,
    /// Whether everything is allowed.
    pub is_admin: bool,
}

/// What is changed of a user; nothing where there is no value.
#[derive(Clone, Debug, Default)]
pub struct UserChange {
    /// For people to read.
    pub full_name: Option<String>,
    /// For commits.
    pub email: Option<String>,
    /// To sign in.
    pub password: Option<String>,
    /// Whether everything is allowed.
    pub is_admin: Option<bool>,
}

#[derive(Default, Clone, Serialize, Deserialize)]
pub(super) struct State {
    next_user: u64,
    next_team: u64,
    /// By name in lower case.
    users: BTreeMap<String, User>,
    passwords: BTreeMap<u64, Hashed>,
    teams: BTreeMap<u64, Team>,
    pub(super) tokens: Tokens,
}

/// All users of a lab; to be shared between servers.
pub struct Users {
    path: PathBuf,
    state: RwLock<State>,
    /// Fingerprints of passwords that were right: git sends its password with each request, and comparing it the
    /// slow way takes longer than the request.
    verified: Mutex<HashSet<[u8; 32]>>,
}

impl Users {
    /// Opens the users in a JSON file, which the first change makes.
    pub fn open(path: &Path) -> Result<Self, Error> {
        let state = match std::fs::read(path) {
            Ok(bytes) => serde_json::from_slice(&bytes)
                .map_err(|source| Error::Format { path: path.to_owned(), source })?,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => State::default(),
            Err(source) => return Err(Error::File { path: path.to_owned(), source }),
        };
        Ok(Self { path: path.to_owned(), state: RwLock::new(state), verified: Mutex::default() })
    }

    /// Makes a person.
    pub fn create(&self, new: NewUser) -> Result<User, Error> {
        // Hashing takes milliseconds, so it is not done under the lock.
        let password = new.password.as_deref().map(Hashed::new);
        self.change(|state| {
            let NewUser { login, full_name, email, is_admin, .. } = new;
            let user = state.add(login, full_name, email, Kind::Person, is_admin)?;
            if let Some(password) = password {
                state.passwords.insert(user.id, password);
            }
            Ok(user)
        })
    }

    /// Makes an organisation with the team `Owners`, which `owner` is a member of.
    pub fn create_organization(&self, name: &str, full_name: &str, owner: u64) -> Result<User, Error> {
        self.change(|state| {
            let organization =
                state.add(name.to_owned(), full_name.to_owned(), String::new(), Kind::Organization, false)?;
            state.add_team(organization.id, "Owners", Permission::Owner, vec![owner]);
            Ok(organization)
        })
    }

    /// Finds a user or an organisation.
    pub fn get(&self, login: &str) -> Option<User> {
        self.read(|state| state.users.get(&login.to_lowercase()).cloned())
    }

    /// Finds a user or an organisation by its id.
    pub fn by_id(&self, id: u64) -> Option<User> {
        self.read(|state| state.by_id(id).cloned())
    }

    /// Finds the person with this address.
    pub fn by_email(&self, email: &str) -> Option<User> {
        let found = |user: &&User| !user.email.is_empty() && user.email.eq_ignore_ascii_case(email);
        self.read(|state| state.users.values().find(found).cloned())
    }

    /// All of a kind, by id.
    pub fn list(&self, kind: Kind) -> Vec<User> {
        let mut users: Vec<User> =
            self.read(|state| state.users.values().filter(|user| user.kind == kind).cloned().collect());
        users.sort_by_key(|user| user.id);
        users
    }

    /// Changes some of a person.
    pub fn update(&self, login: &str, change: UserChange) -> Result<User, Error> {
        let password = change.password.as_deref().map(Hashed::new);
        self.change(|state| {
            let missing = || Error::Missing { name: login.to_owned() };
            let user = state.users.get_mut(&login.to_lowercase()).ok_or_else(missing)?;
            user.full_name = change.full_name.unwrap_or_else(|| user.full_name.clone());
            user.email = change.email.unwrap_or_else(|| user.email.clone());
            user.is_admin = change.is_admin.unwrap_or(user.is_admin);
            let user = user.clone();
            if let Some(password) = password {
                state.passwords.insert(user.id, password);
            }
            Ok(user)
        })
    }

    /// Gives a person a new password.
    pub fn set_password(&self, login: &str, password: &str) -> Result<(), Error> {
        let change = UserChange { password: Some(password.to_owned()), ..UserChange::default() };
        self.update(login, change).map(|_| ())
    }

    /// Removes a user or an organisation with its tokens, teams and memberships. Its repositories are the forge's.
    pub fn delete(&self, login: &str) -> Result<(), Error> {
        self.change(|state| {
            let missing = || Error::Missing { name: login.to_owned() };
            let user = state.users.remove(&login.to_lowercase()).ok_or_else(missing)?;
            state.passwords.remove(&user.id);
            state.tokens.remove_all(user.id);
            state.teams.retain(|_, team| team.organization != user.id);
            state.teams.values_mut().for_each(|team| team.members.retain(|&id| id != user.id));
            Ok(())
        })
    }

    /// Makes a team of an organisation, for all its repositories or for none yet.
    pub fn create_team(
        &self,
        organization: u64,
        name: &str,
        permission: Permission,
        all_repositories: bool,
    ) -> Result<Team, Error> {
        self.change(|state| {
            let same =
                |team: &Team| team.organization == organization && team.name.eq_ignore_ascii_case(name);
            if state.teams.values().any(same) {
                return Err(Error::Exists { name: name.to_owned() });
            }
            let team = state.add_team(organization, name, permission, Vec::new());
            let team = Team { all_repositories, ..team };
            state.teams.insert(team.id, team.clone());
            Ok(team)
        })
    }

    /// The teams of an organisation.
    pub fn teams(&self, organization: u64) -> Vec<Team> {
        let of = |team: &&Team| team.organization == organization;
        self.read(|state| state.teams.values().filter(of).cloned().collect())
    }

    /// Finds a team.
    pub fn team(&self, id: u64) -> Option<Team> {
        self.read(|state| state.teams.get(&id).cloned())
    }

    /// Changes a team. Returns it as it then is.
    pub fn change_team(&self, id: u64, change: impl FnOnce(&mut Team)) -> Result<Team, Error> {
        self.change(|state| {
            let team = state.teams.get_mut(&id).ok_or_else(|| Error::Missing { name: id.to_string() })?;
            change(team);
            Ok(team.clone())
        })
    }

    /// Removes a team. False when there is none.
    pub fn delete_team(&self, id: u64) -> Result<bool, Error> {
        self.change(|state| Ok(state.teams.remove(&id).is_some()))
    }

    /// What `user` may do with one repository of an organisation by being in its teams.
    pub fn repository_permission(&self, organization: u64, user: u64, repository: u64) -> Option<Permission> {
        let of = |team: &&Team| {
            let meant = team.all_repositories || team.repositories.contains(&repository);
            meant && team.organization == organization && team.members.contains(&user)
        };
        self.read(|state| state.teams.values().filter(of).map(|team| team.permission).max())
    }

    /// Makes a person a member of a team, or not.
    pub fn set_member(&self, team: u64, user: u64, member: bool) -> Result<(), Error> {
        self.change(|state| {
            let found =
                state.teams.get_mut(&team).ok_or_else(|| Error::Missing { name: team.to_string() })?;
            found.members.retain(|&id| id != user);
            if member {
                found.members.push(user);
            }
            Ok(())
        })
    }

    /// What `user` may do with the repositories of an organisation by being in its teams.
    pub fn team_permission(&self, organization: u64, user: u64) -> Option<Permission> {
        let of = |team: &&Team| team.organization == organization && team.members.contains(&user);
        self.read(|state| state.teams.values().filter(of).map(|team| team.permission).max())
    }

    /// The person whose password or token this is; how git and registry clients sign in.
    pub fn authenticate_basic(&self, login: &str, secret: &str) -> Option<User> {
        self.sign_in(login, secret).map(|(user, _)| user)
    }

    /// The person whose token this is.
    pub fn authenticate_token(&self, secret: &str) -> Option<User> {
        self.token_owner(secret).map(|(user, _)| user)
    }

    /// The same as [`Users::authenticate_basic`], with the scopes if the secret is a token.
    pub fn sign_in(&self, login: &str, secret: &str) -> Option<(User, Option<Vec<String>>)> {
        // A token says whose it is, so any name goes with it, as with Gitea, where `x-oauth-basic` is common.
        let by_token = self.token_owner(secret).or_else(|| match secret {
            "" | "x-oauth-basic" => self.token_owner(login),
            _ => None,
        });
        if let Some((user, scopes)) = by_token {
            return Some((user, Some(scopes)));
        }
        let (user, password) = self.read(|state| {
            let found = state.users.get(&login.to_lowercase());
            let user = found
                .or_else(|| state.users.values().find(|user| user.email == login && !login.is_empty()))?;
            Some((user.clone(), state.passwords.get(&user.id)?.clone()))
        })?;
        let fingerprint = password.fingerprint(secret);
        let verified = || self.verified.lock().unwrap_or_else(PoisonError::into_inner);
        if verified().contains(&fingerprint) {
            return Some((user, None));
        }
        if !password.matches(secret) {
            return None;
        }
        let mut verified = verified();
        if verified.len() >= VERIFIED {
            verified.clear();
        }
        verified.insert(fingerprint);
        Some((user, None))
    }

    /// The person whose token this is, and the token's scopes.
    pub fn token_owner(&self, secret: &str) -> Option<(User, Vec<String>)> {
        self.read(|state| {
            let token = state.tokens.find(secret)?;
            Some((state.by_id(token.user)?.clone(), token.scopes.clone()))
        })
    }

    pub(super) fn read<T>(&self, look: impl FnOnce(&State) -> T) -> T {
        look(&self.state.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Changes a copy and writes it; what is in memory is always what is on the disk.
    pub(super) fn change<T>(&self, change: impl FnOnce(&mut State) -> Result<T, Error>) -> Result<T, Error> {
        let mut state = self.state.write().unwrap_or_else(PoisonError::into_inner);
        let mut next = state.clone();
        let done = change(&mut next)?;
        self.save(&next).map_err(|source| Error::File { path: self.path.clone(), source })?;
        *state = next;
        Ok(done)
    }

    fn save(&self, state: &State) -> std::io::Result<()> {
        let folder = self.path.parent().unwrap_or(Path::new("."));
        std::fs::create_dir_all(folder)?;
        // A named temporary file has mode 0600 and keeps it.
        let mut file = tempfile::NamedTempFile::new_in(folder)?;
        serde_json::to_writer(std::io::BufWriter::new(file.as_file_mut()), state)?;
        file.as_file().sync_data()?;
        file.persist(&self.path)?;
        Ok(())
    }
}

impl State {
    fn by_id(&self, id: u64) -> Option<&User> {
        self.users.values().find(|user| user.id == id)
    }

    fn add(
        &mut self,
        login: String,
        full_name: String,
        email: String,
        kind: Kind,
        is_admin: bool,
    ) -> Result<User, Error> {
        if !is_account_name(&login) {
            return Err(Error::Name { name: login });
        }
        let key = login.to_lowercase();
        if self.users.contains_key(&key) {
            return Err(Error::Exists { name: login });
        }
        self.next_user += 1;
        let user =
            User { id: self.next_user, login, full_name, email, kind, is_admin, created: Timestamp::now() };
        self.users.insert(key, user.clone());
        Ok(user)
    }

    fn add_team(&mut self, organization: u64, name: &str, permission: Permission, members: Vec<u64>) -> Team {
        self.next_team += 1;
        let name = name.to_owned();
        let repositories = BTreeSet::new();
        let id = self.next_team;
        let team = Team { id, organization, name, permission, members, all_repositories: true, repositories };
        self.teams.insert(team.id, team.clone());
        team
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn users() -> (tempfile::TempDir, Users) {
        let folder = tempfile::tempdir().unwrap();
        let users = Users::open(&folder.path().join("users.json")).unwrap();
        (folder, users)
    }

    fn person(login: &str) -> NewUser {
        NewUser { login: login.to_owned(), password: Some("secret".to_owned()), ..NewUser::default() }
    }

    #[test]
    fn reopened_users_are_the_same_and_nothing_secret_is_in_the_file() {
        use std::os::unix::fs::PermissionsExt as _;
        let (folder, users) = users();
        let dev1 = users.create(person("Dev1")).unwrap();
        let (token, secret) = users.create_token(dev1.id, "laptop", vec!["all".to_owned()]).unwrap();
        let path = folder.path().join("users.json");
        let again = Users::open(&path).unwrap();
        assert_eq!(again.get("dev1"), Some(dev1.clone()));
        assert_eq!(again.authenticate_basic("dev1", "secret"), Some(dev1.clone()));
        assert_eq!(again.authenticate_basic("dev1", &secret), Some(dev1.clone()));
        assert_eq!(again.authenticate_token(&secret), Some(dev1));
        assert_eq!(again.authenticate_basic("dev1", "Secret"), None);
        assert_eq!(again.authenticate_token(""), None);
        let text = std::fs::read_to_string(&path).unwrap();
        assert!(!text.contains(&secret) && !text.contains("\"secret\""), "{text}");
        assert!(secret.ends_with(&token.last_eight));
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    }

    #[test]
    fn names_are_unique_without_regard_to_case() {
        let (_folder, users) = users();
        users.create(person("dev1")).unwrap();
        let again = users.create(person("DEV1")).unwrap_err();
        assert_eq!(again.to_string(), "user already exists [name: DEV1]");
        let bad = users.create(person("../x")).unwrap_err();
        assert_eq!(bad.to_string(), "name is reserved or has characters that are not allowed [name: ../x]");
    }

    #[test]
    fn owner_team_gives_rights_and_membership_ends() {
        let (_folder, users) = users();
        let (ops, dev) = (users.create(person("ops")).unwrap(), users.create(person("dev1")).unwrap());
        let fleet = users.create_organization("fleet", "", ops.id).unwrap();
        let owners = users.teams(fleet.id).remove(0);
        assert_eq!((owners.name.as_str(), owners.members.as_slice()), ("Owners", [ops.id].as_slice()));
        assert_eq!(users.team_permission(fleet.id, dev.id), None);
        users.set_member(owners.id, dev.id, true).unwrap();
        assert_eq!(users.team_permission(fleet.id, dev.id), Some(Permission::Owner));
        users.delete("dev1").unwrap();
        assert_eq!(users.team(owners.id).unwrap().members, [ops.id]);
    }
}
