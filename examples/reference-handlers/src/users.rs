//! The two users that the contract names.

use serde::Deserialize;
use std::borrow::Cow;

/// What `POST /login` takes. No `Debug`: it holds a password.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Credentials<'b> {
    #[serde(borrow)]
    user: Cow<'b, str>,
    #[serde(borrow)]
    password: Cow<'b, str>,
}

pub(crate) struct User {
    pub(crate) name: &'static str,
    password: &'static str,
    pub(crate) scopes: &'static [&'static str],
}

const USERS: [User; 2] = [
    User { name: "alice", password: "wonderland", scopes: &["user"] },
    User { name: "bob", password: "builder", scopes: &["user", "admin"] },
];

/// The user whose name and password these are. Every user is compared in full, found or not.
pub(crate) fn find(given: &Credentials<'_>) -> Option<&'static User> {
    USERS.iter().fold(None, |found, user| {
        let matches = same(user.name, &given.user) & same(user.password, &given.password);
        if matches { Some(user) } else { found }
    })
}

/// Takes time by the given text's length only, never by how much of it is right.
fn same(known: &str, given: &str) -> bool {
    let pairs = given.bytes().zip(known.bytes().cycle());
    let differences = pairs.fold(0, |all, (a, b)| std::hint::black_box(all | (a ^ b)));
    (differences == 0) & (known.len() == given.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(user: &str, password: &str) -> Option<&'static str> {
        find(&Credentials { user: user.into(), password: password.into() }).map(|user| user.name)
    }

    #[test]
    fn a_user_is_found_by_his_own_name_and_password_only() {
        assert_eq!(found("alice", "wonderland"), Some("alice"));
        assert_eq!(found("bob", "builder"), Some("bob"));
        for (user, password) in [
            ("alice", "builder"),
            ("bob", "wonderland"),
            ("alice", ""),
            ("", ""),
            ("alice", "wonderlan"),
            ("alice", "wonderlandwonderland"),
            ("Alice", "wonderland"),
        ] {
            assert_eq!(found(user, password), None, "{user}/{password}");
        }
    }
}
