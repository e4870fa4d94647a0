//! As much SMTP as a client needs to deliver a message: no TLS, no authentication, any recipient.
//! Source: RFC 5321, <https://www.rfc-editor.org/rfc/rfc5321>.

use std::{io, sync::Arc};

use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader},
    net::{TcpListener, TcpStream},
};

use crate::world::World;

const MESSAGE_BYTES_MAX: usize = 10 * 1024 * 1024;
/// Also the limit of one line, which RFC 5321 puts at 1000; tolerant, as sinks should be.
const LINE_BYTES_MAX: u64 = 64 * 1024;

/// Takes connections until the twin stops.
pub(crate) async fn serve(listener: TcpListener, world: Arc<World>) {
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = world.stopped() => return,
        };
        match accepted {
            Ok((stream, _)) => drop(tokio::spawn(converse(stream, Arc::clone(&world)))),
            Err(error) => tracing::warn!(%error, "a mail connection could not be accepted"),
        }
    }
}

async fn converse(stream: TcpStream, world: Arc<World>) {
    let ended = tokio::select! {
        ended = Session::over(stream).run(&world) => ended,
        () = world.stopped() => Ok(()),
    };
    if let Err(error) = ended {
        tracing::warn!(%error, "a mail connection broke off");
    }
}

struct Session {
    stream: BufReader<TcpStream>,
    sender_named: bool,
    recipients: usize,
}

impl Session {
    fn over(stream: TcpStream) -> Self {
        Self { stream: BufReader::new(stream), sender_named: false, recipients: 0 }
    }

    async fn run(mut self, world: &World) -> io::Result<()> {
        self.say("220 twin mail sink").await?;
        while let Some(line) = self.line().await? {
            let command = String::from_utf8_lossy(&line).trim().to_ascii_uppercase();
            match command.split([' ', ':']).next().unwrap_or_default() {
                "EHLO" => self.say("250-twin\r\n250-8BITMIME\r\n250 SMTPUTF8").await?,
                "HELO" | "NOOP" => self.say("250 OK").await?,
                "MAIL" => {
                    self.reset();
                    self.sender_named = true;
                    self.say("250 OK").await?;
                }
                "RCPT" if self.sender_named => {
                    self.recipients += 1;
                    self.say("250 OK").await?;
                }
                "DATA" if self.recipients > 0 => self.message(world).await?,
                "RCPT" | "DATA" => self.say("503 Bad sequence of commands").await?,
                "RSET" => {
                    self.reset();
                    self.say("250 OK").await?;
                }
                "QUIT" => return self.say("221 Bye").await,
                _ => self.say("502 Command not implemented").await?,
            }
        }
        Ok(())
    }

    async fn message(&mut self, world: &World) -> io::Result<()> {
        self.say("354 End with <CRLF>.<CRLF>").await?;
        let mut message = Vec::new();
        loop {
            let Some(line) = self.line().await? else { return Ok(()) };
            if line == b".\r\n" || line == b".\n" {
                break;
            }
            // A leading dot was doubled for the way.
            let line = line.strip_prefix(b".").unwrap_or(&line);
            if message.len() + line.len() > MESSAGE_BYTES_MAX {
                return self.say("552 Too much mail data").await;
            }
            message.extend_from_slice(line);
        }
        self.reset();
        match world.mail.keep(&message) {
            Ok(()) => self.say("250 OK").await,
            Err(error) => {
                tracing::error!(%error, "a mail could not be kept");
                self.say("451 The mail folder cannot be written").await
            }
        }
    }

    fn reset(&mut self) {
        self.sender_named = false;
        self.recipients = 0;
    }

    /// `None` at the end of the connection.
    async fn line(&mut self) -> io::Result<Option<Vec<u8>>> {
        let mut line = Vec::new();
        let read = (&mut self.stream).take(LINE_BYTES_MAX).read_until(b'\n', &mut line).await?;
        Ok((read > 0).then_some(line))
    }

    async fn say(&mut self, reply: &str) -> io::Result<()> {
        let stream = self.stream.get_mut();
        stream.write_all(format!("{reply}\r\n").as_bytes()).await?;
        stream.flush().await
    }
}
