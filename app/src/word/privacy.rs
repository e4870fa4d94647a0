//! What is kept of people, and what they can do about it.

pub(crate) const NAME: &str = "Your data";
pub(crate) const LEAD: &str =
    "What we know of you, for what, for how long, and how to take it along or have it erased.";
pub(crate) const KEPT: &str = "What we keep, and why";
pub(crate) const KEPT_THINGS: [&str; 4] = [
    "What you took, what it cost and what was paid: the law wants stores to keep their books for years.",
    "Your email address, if Amazon or the store's loyalty programme gave it to us: for receipts and for signing in.",
    "The kind of your card, its last four digits and when it expires, and what the card terminal noted: for your receipt, and so that \
     you can find a payment and sign in. They are stored encrypted, and are taken out when the store has kept them long enough, usually after 400 days.",
    "Who looked at such details and when: so that misuse is found.",
];
pub(crate) const NOT_KEPT: &str = "What we never have";
pub(crate) const NOT_KEPT_TEXT: &str =
    "Your whole card number, and pictures of you. We sell nothing of this to anyone.";
pub(crate) const DOWNLOAD: &str = "Take your data along";
pub(crate) const DOWNLOAD_TEXT: &str = "One file with your trips, receipts, refunds, what you owed and paid, and where you are signed in. \
    It is made for programs (JSON), and can be read in any text editor. Keep it where others do not find it.";
pub(crate) const DOWNLOAD_BUTTON: &str = "Download my data";
pub(crate) const ERASE: &str = "Erase your data";
pub(crate) const ERASE_TEXT: &str =
    "You can have everything erased that the law does not want us to keep. You are asked once more first.";
pub(crate) const ERASE_LINK: &str = "See what would be erased";
pub(crate) const GOES: &str = "What is erased";
pub(crate) const GOES_THINGS: [&str; 3] = [
    "Your email address, and that your cards belong to it. Signing in by email does not work any more, and no receipt is mailed.",
    "The last four digits of your cards, when they expire, and what card terminals noted, of all trips until now.",
    "Where you are signed in: you are signed out everywhere.",
];
pub(crate) const STAYS: &str = "What stays";
pub(crate) const STAYS_TEXT: &str = "What was sold, paid and refunded, with the kind of card and the store's payment number, without your name or address. The law \
    wants books to be kept. A store's loyalty programme has its own list: ask the store.";
pub(crate) const AGAIN_TEXT: &str = "It cannot be undone. If you visit a store again, a new trip begins, and Amazon may give us your email address for its receipt.";
pub(crate) const AGREED: &str = "I have downloaded what I need, and want my data erased";
pub(crate) const NOT_AGREED: &str = "Tick the box to have your data erased";
pub(crate) const ERASE_BUTTON: &str = "Erase my data";
pub(crate) const ERASED: &str = "Your data is erased";
pub(crate) const ERASED_TEXT: &str = "You are signed out everywhere. There is nothing else to do.";
pub(crate) const CONFIRM_FIRST: &str = "Confirm once more first";
pub(crate) const CONFIRM_FIRST_TEXT: &str = "Erasing cannot be undone. So that nobody else does it on a device you left open, \
    we send a code to your email address first. It is good for ten minutes.";
pub(crate) const CONFIRM: &str = "Confirm by email";
pub(crate) const STILL_OPEN: &str = "Not yet: something is still open";
pub(crate) const STILL_OPEN_TEXT: &str = "A trip is still being charged, something is owed, or a refund is on its way, and we need your data to finish it. \
    Look at your trips and your balance, and come back when it is done.";
pub(crate) const BY_ADDRESS: &str = "Sign in with your email address for this";
pub(crate) const BY_ADDRESS_TEXT: &str = "What you signed in with can be known to others, too. Sign in with the email address that belongs to the card. \
    Without one, the store named on your receipt erases your data.";
pub(crate) const SESSIONS_LINK: &str = "See your sessions, and end them";
