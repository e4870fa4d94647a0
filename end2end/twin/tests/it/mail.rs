use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader},
    net::TcpStream,
};
use twin::{Twin, TwinOptions};

use crate::support::client;

const MESSAGE: &str = "From: Store <store@example.com>\r\nTo: Visa <visa.shopper@example.com>\r\n\
    Subject: =?utf-8?Q?Your_receipt_=E2=82=AC?=\r\nContent-Type: text/plain; charset=utf-8\r\n\
    Content-Transfer-Encoding: quoted-printable\r\n\r\nTotal =E2=82=AC 5.00 <b>\r\n..a line with a dot\r\n.\r\n";

/// Says each line and gives back the code of each reply.
async fn converse(twin: &Twin, said: &[&str]) -> Vec<String> {
    let mut stream = BufReader::new(TcpStream::connect(twin.smtp_addr()).await.unwrap());
    let mut codes = vec![reply(&mut stream).await];
    for line in said {
        stream.get_mut().write_all(line.as_bytes()).await.unwrap();
        codes.push(reply(&mut stream).await);
    }
    codes
}

async fn reply(stream: &mut BufReader<TcpStream>) -> String {
    loop {
        let mut line = String::new();
        stream.read_line(&mut line).await.unwrap();
        if line.as_bytes().get(3) != Some(&b'-') {
            return line.chars().take(3).collect();
        }
    }
}

#[tokio::test]
async fn a_message_sent_by_smtp_is_kept_and_read() {
    let twin = Twin::start(TwinOptions::for_tests()).await.unwrap();
    let said = [
        "EHLO me\r\n",
        "MAIL FROM:<a@example.com>\r\n",
        "rcpt TO:<b@example.com>\r\n",
        "DATA\r\n",
        MESSAGE,
        "QUIT\r\n",
    ];
    assert_eq!(converse(&twin, &said).await, ["220", "250", "250", "250", "354", "250", "221"]);

    let mail = twin.mails().unwrap().remove(0);
    assert_eq!(mail.to, ["visa.shopper@example.com"]);
    assert_eq!(mail.subject, "Your receipt €");
    assert_eq!(mail.text, "Total € 5.00 <b>\n.a line with a dot\n");

    let page = client().get(format!("{}/mails/{}", twin.url(), mail.file)).send().await.unwrap();
    let page = page.text().await.unwrap();
    assert!(page.contains("Total € 5.00 &lt;b&gt;"), "{page}");
}

#[tokio::test]
async fn commands_out_of_order_are_refused_and_a_reset_forgets_the_sender() {
    let twin = Twin::start(TwinOptions::for_tests()).await.unwrap();
    let said = [
        "DATA\r\n",
        "RCPT TO:<b@example.com>\r\n",
        "MAIL FROM:<>\r\n",
        "NOOP\r\n",
        "RSET\r\n",
        "RCPT TO:<b@c>\r\n",
        "VRFY x\r\n",
    ];
    assert_eq!(converse(&twin, &said).await, ["220", "503", "503", "250", "250", "250", "503", "502"]);
    assert!(twin.mails().unwrap().is_empty());
}

#[tokio::test]
async fn a_message_written_into_the_folder_is_listed_too_and_no_other_file_can_be_named() {
    let twin = Twin::start(TwinOptions::for_tests()).await.unwrap();
    std::fs::write(twin.mail_dir().join("one.eml"), "Subject: Written\r\n\r\nBy Storeside\r\n").unwrap();
    std::fs::write(twin.mail_dir().join("secret.txt"), "not a mail").unwrap();
    let mails = twin.mails().unwrap();
    assert_eq!((mails.len(), mails[0].subject.as_str(), mails[0].text.as_str()), (1, "Written", "By Storeside\n"));
    for file in ["secret.txt", "..%2F..%2Fetc%2Fpasswd"] {
        let found = client().get(format!("{}/mails/{file}", twin.url())).send().await.unwrap();
        assert_eq!(found.status(), 404, "{file}");
    }
}
