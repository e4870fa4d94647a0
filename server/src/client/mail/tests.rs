//! Mail into a folder, and over real connections to a server of a few scripted replies.

use std::path::PathBuf;

use time::macros::datetime;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use uuid::Uuid;

use super::*;
use crate::secret::Secret;

const NOW: OffsetDateTime = datetime!(2026-11-21 10:00:00 UTC);

fn mail(subject: &str, text: &str) -> Mail {
    let to = EmailAddress::new("jane@example.com").unwrap();
    Mail {
        to,
        subject: subject.to_owned(),
        text: text.to_owned(),
        attachment: None,
        effect: OutboxId(Uuid::from_u128(7)),
    }
}

fn client(url: &str) -> Result<MailClient, MailSettingsError> {
    MailClient::new(&MailSettings { url: Secret::new(url), from: "My Shop <receipts@shop.example>".to_owned() })
}

/// A folder of its own for one test, gone when dropped.
struct Scratch(PathBuf);

impl Scratch {
    fn new() -> Self {
        Self(std::env::temp_dir().join(format!("storeside-mail-{}", Uuid::new_v4())))
    }

    fn files(&self) -> Vec<(String, String)> {
        let entry = |it: std::io::Result<std::fs::DirEntry>| {
            let it = it.unwrap();
            (it.file_name().into_string().unwrap(), std::fs::read_to_string(it.path()).unwrap())
        };
        std::fs::read_dir(&self.0).unwrap().map(entry).collect()
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

#[tokio::test]
async fn a_mail_in_a_folder_can_be_read_and_is_one_file_however_often_it_is_sent() {
    let scratch = Scratch::new();
    let client = client(&format!("file:{}/new/mail", scratch.0.display())).unwrap();
    let mail = mail("Your receipt, $25.99", "Milk  2 x 1.99\nThank you.\n");
    client.send(NOW, &mail).await.unwrap();
    client.send(NOW + time::Duration::HOUR, &mail).await.unwrap();
    let files = Scratch(scratch.0.join("new/mail")).files();
    let [(name, text)] = files.as_slice() else { panic!("{files:?}") };
    assert_eq!(name, "00000000-0000-0000-0000-000000000007-your-receipt-25-99.eml");
    for line in [
        "From: \"My Shop\" <receipts@shop.example>\r\n",
        "To: jane@example.com\r\n",
        "Subject: Your receipt, $25.99\r\n",
        "Date: Sat, 21 Nov 2026 11:00:00 +0000\r\n",
        "Message-ID: <00000000-0000-0000-0000-000000000007@shop.example>\r\n",
        "\r\n\r\nMilk  2 x 1.99\r\nThank you.\r\n",
    ] {
        assert!(text.contains(line), "{line} is not in\n{text}");
    }
}

#[tokio::test]
async fn text_beyond_ascii_is_still_not_base64() {
    let scratch = Scratch::new();
    let client = client(&format!("file://{}", scratch.0.display())).unwrap();
    client.send(NOW, &mail("Receipt", "Crème brûlée — ¥500, 牛乳")).await.unwrap();
    let text = scratch.files().remove(0).1;
    assert!(text.contains("Cr=C3=A8me br=C3=BBl=C3=A9e"), "{text}");
    assert!(!text.to_lowercase().contains("base64"), "{text}");
}

#[tokio::test]
async fn a_subject_cannot_begin_another_header() {
    let scratch = Scratch::new();
    let client = client(&format!("file:{}", scratch.0.display())).unwrap();
    client.send(NOW, &mail("Receipt\r\nBcc: all@example.com", "")).await.unwrap();
    let text = scratch.files().remove(0).1;
    assert!(!text.lines().any(|line| line.to_lowercase().starts_with("bcc")), "{text}");
}

#[tokio::test]
async fn a_folder_that_cannot_be_written_may_be_tried_again() {
    let scratch = Scratch::new();
    std::fs::write(&scratch.0, "a file, where the folder should be").unwrap();
    let client = client(&format!("file:{}", scratch.0.display())).unwrap();
    let sent = client.send(NOW, &mail("Receipt", "")).await;
    assert!(matches!(sent, Err(MailError::TryAgain { code: None, source: Some(_) })), "{sent:?}");
    std::fs::remove_file(&scratch.0).unwrap();
}

/// The beginning of a command, and what is replied to it.
type Replies = &'static [(&'static str, &'static str)];

/// Talks to one client: `replies` overrides the reply to a command, "" hangs up instead. Returns what the client said.
async fn server(replies: Replies) -> (u16, JoinHandle<Vec<String>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let talk = tokio::spawn(async move {
        let (stream, _) = listener.accept().await.unwrap();
        let mut stream = BufReader::new(stream);
        let mut said: Vec<String> = vec![];
        let mut reply = "220 ready";
        loop {
            stream.write_all(format!("{reply}\r\n").as_bytes()).await.unwrap();
            let in_mail = reply.starts_with("354");
            let line = loop {
                let mut line = String::new();
                if stream.read_line(&mut line).await.unwrap() == 0 {
                    return said;
                }
                said.push(line.trim_end().to_owned());
                if !in_mail || said.last().is_some_and(|it| it == ".") {
                    break line;
                }
            };
            let usual = if line.starts_with("DATA") { "354 go on" } else { "250 AUTH PLAIN" };
            reply = replies.iter().find(|(command, _)| line.starts_with(command)).map_or(usual, |(_, reply)| reply);
            if reply.is_empty() {
                return said;
            }
        }
    });
    (port, talk)
}

async fn send_to(replies: Replies) -> (Result<(), MailError>, Vec<String>) {
    let (port, talk) = server(replies).await;
    let sent = client(&format!("smtp://127.0.0.1:{port}")).unwrap().send(NOW, &mail("Receipt", "Thank you.")).await;
    (sent, talk.await.unwrap())
}

#[tokio::test]
async fn a_mail_is_handed_to_the_server() {
    let (sent, said) = send_to(&[]).await;
    sent.unwrap();
    for line in ["EHLO shop.example", "MAIL FROM:<receipts@shop.example>", "RCPT TO:<jane@example.com>", "Thank you."] {
        assert!(said.iter().any(|it| it == line), "{line} is not in {said:?}");
    }
}

#[tokio::test]
async fn a_password_is_decoded_and_used() {
    let (port, talk) = server(&[("AUTH", "235 welcome")]).await;
    let client = client(&format!("smtp://me:p%40ss+w@127.0.0.1:{port}")).unwrap();
    assert!(!format!("{client:?}").contains("p@ss"));
    client.send(NOW, &mail("Receipt", "")).await.unwrap();
    // base64 of "\0me\0p@ss+w"
    assert!(talk.await.unwrap().contains(&"AUTH PLAIN AG1lAHBAc3Mrdw==".to_owned()));
}

#[tokio::test]
async fn what_a_failure_means_depends_on_the_step() {
    let cases: [(Replies, &str, Option<u16>); 8] = [
        (&[("RCPT", "550 no jane@example.com here")], "refused", Some(550)),
        (&[("RCPT", "450 jane@example.com is busy")], "try_again", Some(450)),
        (&[("RCPT", "")], "try_again", None),
        (&[("MAIL", "550 who are you")], "try_again", None),
        (&[("DATA", "421 going down")], "try_again", Some(421)),
        (&[(".", "554 spam")], "refused", Some(554)),
        (&[(".", "451 later")], "try_again", Some(451)),
        (&[(".", "")], "no_answer", None),
    ];
    for (replies, kind, want) in cases {
        let error = send_to(replies).await.0.unwrap_err();
        let code = match &error {
            MailError::Refused { code } | MailError::TryAgain { code, .. } => *code,
            MailError::NoAnswer { .. } => None,
        };
        assert_eq!((error.kind(), code), (kind, want), "{replies:?}");
        assert!(!format!("{error:?} {error}").contains("jane"), "{error:?}");
    }
}

#[tokio::test]
async fn a_mail_the_server_took_is_sent_even_if_the_good_bye_fails() {
    send_to(&[("QUIT", "")]).await.0.unwrap();
}

#[tokio::test]
async fn without_starttls_nothing_is_said_about_a_mail_that_needs_it() {
    let (port, talk) = server(&[]).await;
    let client = client(&format!("smtp://me:secret@127.0.0.1:{port}?tls=required")).unwrap();
    let sent = client.send(NOW, &mail("Receipt", "")).await;
    assert!(matches!(sent, Err(MailError::TryAgain { .. })), "{sent:?}");
    assert_eq!(talk.await.unwrap(), ["EHLO shop.example"]);
}

#[tokio::test]
async fn a_server_that_is_not_there_may_be_tried_again() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    drop(listener);
    let sent = client(&format!("smtp://127.0.0.1:{port}")).unwrap().send(NOW, &mail("Receipt", "")).await;
    assert!(matches!(sent, Err(MailError::TryAgain { .. })), "{sent:?}");
}

#[test]
fn a_wrong_setting_is_refused_by_its_name_and_without_its_password() {
    for url in ["", "file:", "http://me:secret@mail.example.com", "smtp://", "mail.example.com", "smtp://h/path"] {
        assert!(matches!(client(url), Err(MailSettingsError::Url)), "{url}");
    }
    let error = client("smtp://me:secret@mail.example.com?tls=perhaps").unwrap_err();
    assert!(error.to_string().starts_with("MAIL_URL") && !format!("{error:?} {error}").contains("secret"));
    for from in ["", "no", "a@b@c"] {
        let settings = MailSettings { url: Secret::new("file:x"), from: from.to_owned() };
        assert!(matches!(MailClient::new(&settings), Err(MailSettingsError::From)), "{from}");
    }
    for url in ["smtps://mail.example.com", "smtp://mail.example.com", "smtp://10.0.0.1:25?tls=none", "file:.data/mail"]
    {
        assert!(client(url).is_ok(), "{url}");
    }
}
