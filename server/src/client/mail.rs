//! Mail: over SMTP, or as files in a folder that a person can open.

mod folder;
mod settings;
mod smtp;
#[cfg(test)]
mod tests;

use std::error::Error;
use std::fmt;
use std::time::SystemTime;

use domain::id::{EmailAddress, OutboxId};
use lettre::Address;
use lettre::message::header::{ContentTransferEncoding, ContentType, HeaderName, HeaderValue};
use lettre::message::{Body, Mailbox, Message, MultiPart, SinglePart};
use time::OffsetDateTime;

use self::folder::Folder;
pub use self::settings::{MailSettings, MailSettingsError};
use self::smtp::Relay;

/// A file that comes with a mail.
#[derive(Clone, PartialEq, Eq)]
pub struct Attachment {
    /// What it is called; nothing personal.
    pub name: String,
    /// Its content, a PDF.
    pub bytes: Vec<u8>,
}

/// One mail, plain text. `Debug` shows neither the subject nor the text.
#[derive(Clone, PartialEq, Eq)]
pub struct Mail {
    /// To whom.
    pub to: EmailAddress,
    /// One line.
    pub subject: String,
    /// The text, lines separated by `\n`.
    pub text: String,
    /// What comes with it.
    pub attachment: Option<Attachment>,
    /// The effect that asked for it: the source of `Message-ID`, by which mailboxes drop a second copy.
    pub effect: OutboxId,
}

impl fmt::Debug for Attachment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Attachment").field("name", &self.name).finish_non_exhaustive()
    }
}

impl fmt::Debug for Mail {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Mail").field("to", &self.to).field("effect", &self.effect).finish_non_exhaustive()
    }
}

/// Why a mail is not known to be delivered. What a mail server says is not kept: it quotes the address.
#[derive(Debug, thiserror::Error)]
pub enum MailError {
    /// Final: the server refuses this recipient or this mail.
    #[error("the mail was refused{}", with_code(*code))]
    Refused {
        /// The reply, 5xx. `None` when the address is none that mail can be sent to.
        code: Option<u16>,
    },
    /// Not delivered, for a reason that may pass: no connection, no log-in, a full disk, a reply 4xx.
    #[error("the mail could not be sent{}", with_code(*code))]
    TryAgain {
        /// The reply, if it was one.
        code: Option<u16>,
        /// The cause, if it was not a reply about this mail.
        source: Option<Box<dyn Error + Send + Sync>>,
    },
    /// The whole mail was sent, and the connection ended without a reply. A repeat has the same `Message-ID`.
    #[error("the mail server did not answer")]
    NoAnswer {
        /// The cause.
        source: Box<dyn Error + Send + Sync>,
    },
}

fn with_code(code: Option<u16>) -> String {
    code.map_or_else(String::new, |code| format!(" with {code}"))
}

impl MailError {
    /// The variant's name in metrics and logs.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Refused { .. } => "refused",
            Self::TryAgain { .. } => "try_again",
            Self::NoAnswer { .. } => "no_answer",
        }
    }
}

/// Sends mail. Cheap to clone. `Debug` shows no password.
#[derive(Debug, Clone)]
pub struct MailClient {
    from: Mailbox,
    way: Way,
}

#[derive(Debug, Clone)]
enum Way {
    Folder(Folder),
    Smtp(Relay),
}

impl MailClient {
    /// Reads `settings`. Nothing is connected to or written yet.
    ///
    /// # Errors
    ///
    /// Names the variable that cannot be read, and what it should be.
    pub fn new(settings: &MailSettings) -> Result<Self, MailSettingsError> {
        let from = settings.sender()?;
        let way = settings.way(from.email.domain())?;
        Ok(Self { from, way })
    }

    /// Sends one mail, dated `now`. `Ok` when the server took it, or the file is written.
    ///
    /// # Errors
    ///
    /// See [`MailError`].
    pub async fn send(&self, now: OffsetDateTime, mail: &Mail) -> Result<(), MailError> {
        let sent = self.deliver(now, mail).await;
        let outcome = sent.as_ref().map_or_else(MailError::kind, |()| "ok");
        metrics::counter!("storeside_mails_total", "outcome" => outcome).increment(1);
        sent
    }

    /// Would mail be taken? Nothing is sent. Gives the way it would go.
    ///
    /// # Errors
    ///
    /// See [`MailError`].
    pub async fn check(&self) -> Result<&'static str, MailError> {
        match &self.way {
            Way::Folder(folder) => folder.check().await.map(|()| "the folder can be written to"),
            Way::Smtp(relay) => relay.check(self.from.email.clone()).await.map(|()| "the server takes mail of ours"),
        }
    }

    async fn deliver(&self, now: OffsetDateTime, mail: &Mail) -> Result<(), MailError> {
        let to: Address = mail.to.expose().parse().map_err(|_| MailError::Refused { code: None })?;
        let message = self.message(now, to.clone(), mail).map_err(|_| MailError::Refused { code: None })?;
        match &self.way {
            Way::Folder(folder) => folder.write(mail, &message.formatted()).await,
            Way::Smtp(relay) => relay.deliver(self.from.email.clone(), to, &message.formatted()).await,
        }
    }

    fn message(&self, now: OffsetDateTime, to: Address, mail: &Mail) -> Result<Message, lettre::error::Error> {
        // Asks other machines not to answer this one (RFC 3834).
        let automatic = HeaderValue::new(HeaderName::new_from_ascii_str("Auto-Submitted"), "auto-generated".to_owned());
        let builder = Message::builder()
            .from(self.from.clone())
            .to(Mailbox::new(None, to))
            .subject(one_line(&mail.subject))
            .date(SystemTime::from(now))
            .message_id(Some(format!("<{}@{}>", mail.effect, self.from.email.domain())))
            .raw_header(automatic);
        let Some(file) = &mail.attachment else {
            return builder.header(ContentType::TEXT_PLAIN).body(readable(&mail.text));
        };
        let pdf = ContentType::parse("application/pdf").expect("a type of RFC 6838");
        let text = SinglePart::builder().header(ContentType::TEXT_PLAIN).body(readable(&mail.text));
        let file = lettre::message::Attachment::new(file.name.clone()).body(file.bytes.clone(), pdf);
        builder.multipart(MultiPart::mixed().singlepart(text).singlepart(file))
    }
}

/// A line break in a header would begin another header.
fn one_line(subject: &str) -> String {
    subject.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

/// As it is where it is plain ASCII, else with the few other characters escaped: never base64, so that a file can be read.
fn readable(text: &str) -> Body {
    let encode = |encoding| Body::new_with_encoding(text.to_owned(), encoding);
    encode(ContentTransferEncoding::SevenBit)
        .or_else(|_| encode(ContentTransferEncoding::QuotedPrintable))
        .expect("quoted-printable takes any text")
}
