//! Access control: who may do what with a node.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha1::{Digest as _, Sha1};

use super::Code;

/// The bits of [`Acl::perms`].
pub mod perms {
    /// Read data and list children.
    pub const READ: i32 = 1;
    /// Change data.
    pub const WRITE: i32 = 2;
    /// Create children.
    pub const CREATE: i32 = 4;
    /// Delete children.
    pub const DELETE: i32 = 8;
    /// Change the list itself.
    pub const ADMIN: i32 = 16;
    /// All of them.
    pub const ALL: i32 = 31;
}

/// One entry of an access control list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Acl {
    /// Bits of [`perms`].
    pub perms: i32,
    /// `world`, `auth`, `digest` or `ip`.
    pub scheme: String,
    /// Whom, in the scheme's own form.
    pub id: String,
}

impl Acl {
    /// `world:anyone` with all permissions: what nearly everybody uses.
    pub fn open() -> Vec<Self> {
        vec![Self { perms: perms::ALL, scheme: "world".into(), id: "anyone".into() }]
    }

    pub(crate) fn is_open(list: &[Self]) -> bool {
        matches!(list, [one] if one.perms == perms::ALL && one.is_world())
    }

    fn is_world(&self) -> bool {
        self.scheme == "world" && self.id == "anyone"
    }
}

/// Who a connection is: each of its successful authentications, and its address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// `digest` or `ip`.
    pub scheme: String,
    /// `user:base64(sha1(user:password))`, or an address.
    pub id: String,
}

/// What becomes of `user:password` in the `digest` scheme: `user:base64(sha1("user:password"))`.
pub fn digest(user_and_password: &[u8]) -> String {
    let text = String::from_utf8_lossy(user_and_password);
    let user = text.split(':').next().unwrap_or_default();
    format!("{user}:{}", STANDARD.encode(Sha1::digest(user_and_password)))
}

/// Makes the list that is stored out of the list that was sent: duplicates go, `auth` becomes the caller's own
/// identities, unknown schemes are refused.
pub(crate) fn fix_up(list: &[Acl], caller: &[Identity]) -> Result<Vec<Acl>, Code> {
    let mut kept: Vec<Acl> = Vec::with_capacity(list.len());
    let mut of_caller = Vec::new();
    for entry in list {
        if kept.contains(entry) {
            continue;
        }
        if entry.is_world() {
            kept.push(entry.clone());
        } else if entry.scheme == "auth" {
            // An address is an identity, but none that was proved.
            let proved = caller.iter().filter(|one| one.scheme == "digest");
            let before = of_caller.len();
            of_caller.extend(proved.map(|one| Acl {
                perms: entry.perms,
                scheme: one.scheme.clone(),
                id: one.id.clone(),
            }));
            if of_caller.len() == before {
                return Err(Code::InvalidAcl);
            }
        } else if is_valid(entry) {
            kept.push(entry.clone());
        } else {
            return Err(Code::InvalidAcl);
        }
    }
    kept.append(&mut of_caller);
    if kept.is_empty() { Err(Code::InvalidAcl) } else { Ok(kept) }
}

/// Whether `caller` may do `wanted` under `list`; an absent or empty list allows everything.
pub(crate) fn check(list: Option<&[Acl]>, wanted: i32, caller: &[Identity]) -> Result<(), Code> {
    let Some(list) = list.filter(|list| !list.is_empty()) else { return Ok(()) };
    let allowed = list.iter().filter(|entry| entry.perms & wanted != 0).any(|entry| {
        entry.is_world() || caller.iter().any(|one| one.scheme == entry.scheme && matches(one, entry))
    });
    if allowed { Ok(()) } else { Err(Code::NoAuth) }
}

/// Leaves of each digest only its user, as ZooKeeper 3.4.14 does for those who may not change the list.
pub(crate) fn hide_digests(list: &mut [Acl]) {
    for entry in list.iter_mut().filter(|entry| entry.scheme == "digest") {
        if let Some((user, _)) = entry.id.split_once(':') {
            entry.id = format!("{user}:x");
        }
    }
}

fn is_valid(entry: &Acl) -> bool {
    match entry.scheme.as_str() {
        // As Java splits: what is empty at the end does not count.
        "digest" => entry.id.trim_end_matches(':').split(':').count() == 2,
        // Networks, which the original could match, it does not let in.
        "ip" => address(&entry.id).is_some(),
        _ => false,
    }
}

fn matches(one: &Identity, entry: &Acl) -> bool {
    if entry.scheme != "ip" {
        return one.id == entry.id;
    }
    address(&one.id).is_some_and(|octets| address(&entry.id) == Some(octets))
}

/// The four numbers of an address; leading zeros do not matter.
fn address(text: &str) -> Option<[u8; 4]> {
    let octets: Option<Vec<u8>> = text.split('.').map(|part| part.parse().ok()).collect();
    octets?.try_into().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn acl(perms: i32, scheme: &str, id: &str) -> Acl {
        Acl { perms, scheme: scheme.into(), id: id.into() }
    }

    fn who(scheme: &str, id: &str) -> Identity {
        Identity { scheme: scheme.into(), id: id.into() }
    }

    #[test]
    fn digest_is_the_originals() {
        assert_eq!(digest(b"u:p"), "u:Jq7wMyA/w2Vd5WIDAKdu4OIIFEQ=");
    }

    #[test]
    fn auth_becomes_the_caller() {
        let caller = [who("ip", "127.0.0.1"), who("digest", "u:x")];
        assert_eq!(fix_up(&[acl(31, "auth", "")], &caller), Ok(vec![acl(31, "digest", "u:x")]));
        assert_eq!(fix_up(&[acl(31, "auth", "")], &caller[..1]), Err(Code::InvalidAcl));
    }

    #[test]
    fn lists_are_checked() {
        for (list, valid) in [
            (vec![], false),
            (Acl::open(), true),
            (vec![acl(31, "world", "me")], false),
            (vec![acl(31, "digest", "u:x")], true),
            (vec![acl(31, "digest", "u")], false),
            (vec![acl(31, "digest", "u:")], false),
            (vec![acl(31, "digest", "u:x:")], true),
            (vec![acl(31, "digest", ":x")], true),
            (vec![acl(31, "ip", "10.0.0.1")], true),
            (vec![acl(31, "ip", "10.0.0.0/8")], false),
            (vec![acl(31, "ip", "10.0.0.256")], false),
            (vec![acl(31, "sasl", "u")], false),
        ] {
            assert_eq!(fix_up(&list, &[]).is_ok(), valid, "{list:?}");
        }
    }

    #[test]
    fn digests_are_hidden() {
        let mut list = [acl(31, "digest", "u:secret"), acl(1, "ip", "10.0.0.1")];
        hide_digests(&mut list);
        assert_eq!(list, [acl(31, "digest", "u:x"), acl(1, "ip", "10.0.0.1")]);
    }

    #[test]
    fn permission_is_by_bit_scheme_and_id() {
        let list = [acl(perms::READ, "world", "anyone"), acl(perms::ALL, "digest", "u:x")];
        assert_eq!(check(Some(&list), perms::READ, &[]), Ok(()));
        assert_eq!(check(Some(&list), perms::WRITE, &[]), Err(Code::NoAuth));
        assert_eq!(check(Some(&list), perms::WRITE, &[who("digest", "u:x")]), Ok(()));
        let host = [acl(perms::ALL, "ip", "127.77.003.1")];
        assert_eq!(check(Some(&host), perms::READ, &[who("ip", "127.77.3.1")]), Ok(()));
        assert_eq!(check(Some(&host), perms::READ, &[who("ip", "127.78.3.1")]), Err(Code::NoAuth));
    }
}
