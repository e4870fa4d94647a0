//! Mail over SMTP, one connection a mail. The steps are taken one by one, because what a failure means depends on the step:
//! until the whole mail is sent, nothing can have been delivered.

use std::error::Error;
use std::fmt;
use std::time::Duration;

use lettre::Address;
use lettre::transport::smtp;
use lettre::transport::smtp::authentication::{Credentials, Mechanism};
use lettre::transport::smtp::client::{AsyncSmtpConnection, TlsParameters};
use lettre::transport::smtp::commands::{Data, Mail, Rcpt};
use lettre::transport::smtp::extension::ClientId;
use tokio::time::timeout;

use super::MailError;

/// For everything up to the mail itself, and again for the mail itself. Servers may check a mail for a while before they
/// answer (RFC 5321, section 4.5.3.2), a worker cannot wait for its ten minutes.
const TIMEOUT: Duration = Duration::from_secs(60);

/// Who only wants to know whether the server is there waits no longer.
const CHECKED_WITHIN: Duration = Duration::from_secs(10);

/// How the connection is protected.
#[derive(Clone)]
pub(super) enum Security {
    /// Not at all.
    None,
    /// Before anything is said about a mail, or not sent.
    StartTls(TlsParameters),
    /// From the first byte.
    Tls(TlsParameters),
}

impl fmt::Debug for Security {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::None => "None",
            Self::StartTls(_) => "StartTls",
            Self::Tls(_) => "Tls",
        })
    }
}

/// The server that takes our mail. `Debug` shows no password.
#[derive(Debug, Clone)]
pub(super) struct Relay {
    server: (String, u16),
    security: Security,
    credentials: Option<Credentials>,
    hello: ClientId,
    timeout: Duration,
}

impl Relay {
    pub(super) fn new(
        server: (String, u16),
        security: Security,
        credentials: Option<Credentials>,
        hello: ClientId,
    ) -> Self {
        Self { server, security, credentials, hello, timeout: TIMEOUT }
    }

    pub(super) async fn deliver(&self, from: Address, to: Address, message: &[u8]) -> Result<(), MailError> {
        let announced = timeout(self.timeout, async {
            // A refusal up to here is about us, not about this mail: it must be sent when the settings are right again.
            let mut connection = self.connect(from).await.map_err(try_again)?;
            connection.command(Rcpt::new(to, vec![])).await.map_err(reply)?;
            connection.command(Data).await.map_err(reply)?;
            Ok(connection)
        });
        let mut connection = announced.await.unwrap_or_else(|it| Err(try_again(it)))?;
        match timeout(self.timeout, connection.message(message)).await {
            Ok(Ok(_)) => {}
            Ok(Err(error)) if error.status().is_some() => return Err(reply(error)),
            Ok(Err(error)) => return Err(MailError::NoAnswer { source: error.into() }),
            Err(late) => return Err(MailError::NoAnswer { source: late.into() }),
        }
        // The mail is taken, however the good-bye goes.
        let _ = timeout(self.timeout, connection.quit()).await;
        Ok(())
    }

    /// Goes as far as a mail's sender, and leaves.
    pub(super) async fn check(&self, from: Address) -> Result<(), MailError> {
        let connected = timeout(CHECKED_WITHIN, self.connect(from)).await;
        let mut connection = connected.map_err(try_again)?.map_err(try_again)?;
        let _ = timeout(CHECKED_WITHIN, connection.quit()).await;
        Ok(())
    }

    async fn connect(&self, from: Address) -> Result<AsyncSmtpConnection, smtp::Error> {
        let implicit = if let Security::Tls(tls) = &self.security { Some(tls.clone()) } else { None };
        let server = (self.server.0.as_str(), self.server.1);
        let mut connection =
            AsyncSmtpConnection::connect_tokio1(server, Some(self.timeout), &self.hello, implicit, None).await?;
        if let Security::StartTls(tls) = &self.security {
            connection.starttls(tls.clone(), &self.hello).await?;
        }
        if let Some(credentials) = &self.credentials {
            connection.auth(&[Mechanism::Plain, Mechanism::Login], credentials).await?;
        }
        connection.command(Mail::new(Some(from), vec![])).await?;
        Ok(connection)
    }
}

fn try_again(source: impl Error + Send + Sync + 'static) -> MailError {
    MailError::TryAgain { code: None, source: Some(Box::new(source)) }
}

/// Sorts a reply to the recipient or the mail. Its words are dropped: they quote the address.
fn reply(error: smtp::Error) -> MailError {
    match error.status().map(u16::from) {
        Some(code) if error.is_permanent() => MailError::Refused { code: Some(code) },
        Some(code) => MailError::TryAgain { code: Some(code), source: None },
        None => try_again(error),
    }
}
