//! Where one is signed in.

pub(crate) const NAME: &str = "Where you are signed in";
pub(crate) const LEAD: &str =
    "A session ends by itself after 15 minutes without use, and after 2 hours in any case. You have 5 at most.";
pub(crate) const THIS: &str = "This browser";
pub(crate) const OTHER: &str = "Another browser";
pub(crate) const END: &str = "End this session";
pub(crate) const END_ALL: &str = "Sign out everywhere";

/// What the button of one session is called among several.
pub(crate) fn end(since: &str) -> String {
    format!("End the session of {since}")
}

/// How long it has been open.
pub(crate) fn since(signed_in: &str, used: &str) -> String {
    format!("Signed in {signed_in}, last used {used}.")
}
