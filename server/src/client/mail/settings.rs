//! `MAIL_URL` and `MAIL_FROM`.

use lettre::message::Mailbox;
use lettre::transport::smtp;
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::extension::ClientId;
use percent_encoding::percent_decode_str;
use reqwest::Url;

use super::Way;
use super::folder::Folder;
use super::smtp::{Relay, Security};
use crate::client::is_this_machine;
use crate::secret::Secret;

/// How mail leaves, and in whose name.
#[derive(Debug, Clone)]
pub struct MailSettings {
    /// `MAIL_URL`, which may have a password: `smtps://USER:PASSWORD@HOST[:465]` (TLS from the start),
    /// `smtp://USER:PASSWORD@HOST[:587]` (STARTTLS, which must succeed), or `file:FOLDER`.
    ///
    /// `smtp://` on this machine is not encrypted (port 25), nor anywhere with `?tls=none`; `?tls=required` asks for STARTTLS
    /// on this machine too.
    pub url: Secret,
    /// `MAIL_FROM`: an address, or `Name <address>`.
    pub from: String,
}

/// Why the settings cannot be used. The URL is not repeated: it may have a password.
#[derive(Debug, thiserror::Error)]
pub enum MailSettingsError {
    /// `MAIL_URL` is none of the three kinds.
    #[error("MAIL_URL must be smtp://USER:PASSWORD@HOST, smtps://USER:PASSWORD@HOST or file:FOLDER")]
    Url,
    /// The query of `MAIL_URL`.
    #[error("MAIL_URL may end in ?tls=none or ?tls=required, and in nothing else")]
    TlsChoice,
    /// The host of `MAIL_URL` cannot have a certificate.
    #[error("TLS cannot be set up for the host of MAIL_URL")]
    Tls(#[source] smtp::Error),
    /// `MAIL_FROM`.
    #[error("MAIL_FROM must be an address, like receipts@example.com or My Shop <receipts@example.com>")]
    From,
}

impl MailSettings {
    pub(super) fn sender(&self) -> Result<Mailbox, MailSettingsError> {
        self.from.trim().parse().map_err(|_| MailSettingsError::From)
    }

    /// `own_domain` is what we greet an SMTP server with.
    pub(super) fn way(&self, own_domain: &str) -> Result<Way, MailSettingsError> {
        let text = self.url.expose().trim();
        match text.strip_prefix("file:") {
            Some(path) => {
                let path = path.strip_prefix("//").unwrap_or(path);
                if path.is_empty() { Err(MailSettingsError::Url) } else { Ok(Way::Folder(Folder::new(path))) }
            }
            None => relay(text, own_domain).map(Way::Smtp),
        }
    }
}

fn relay(text: &str, own_domain: &str) -> Result<Relay, MailSettingsError> {
    let url = Url::parse(text).map_err(|_| MailSettingsError::Url)?;
    let host = url.host_str().unwrap_or_default().trim_start_matches('[').trim_end_matches(']').to_owned();
    let known = matches!(url.scheme(), "smtp" | "smtps");
    if !known || host.is_empty() || !matches!(url.path(), "" | "/") {
        return Err(MailSettingsError::Url);
    }
    let security = security(&url, &host)?;
    let port = url.port().unwrap_or(match security {
        Security::None => smtp::SMTP_PORT,
        Security::StartTls(_) => smtp::SUBMISSION_PORT,
        Security::Tls(_) => smtp::SUBMISSIONS_PORT,
    });
    let credentials = credentials(&url)?;
    Ok(Relay::new((host, port), security, credentials, ClientId::Domain(own_domain.to_owned())))
}

fn security(url: &Url, host: &str) -> Result<Security, MailSettingsError> {
    let tls = || smtp::client::TlsParameters::new(host.to_owned()).map_err(MailSettingsError::Tls);
    match (url.scheme(), url.query()) {
        ("smtps", None) => Ok(Security::Tls(tls()?)),
        ("smtp", None) if is_this_machine(host) => Ok(Security::None),
        ("smtp", Some("tls=none")) => Ok(Security::None),
        ("smtp", None | Some("tls=required")) => Ok(Security::StartTls(tls()?)),
        _ => Err(MailSettingsError::TlsChoice),
    }
}

fn credentials(url: &Url) -> Result<Option<Credentials>, MailSettingsError> {
    let Some(password) = url.password() else { return Ok(None) };
    let decode = |text| percent_decode_str(text).decode_utf8().map(String::from).map_err(|_| MailSettingsError::Url);
    Ok(Some(Credentials::new(decode(url.username())?, decode(password)?)))
}
