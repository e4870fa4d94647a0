//! Mails to shoppers. The words are in the file below; here is what happens when a mail does not leave.

mod dispute_words;
mod payoff_words;
mod refund_words;
mod words;

use std::time::Duration;

use domain::dispute::DisputeNews;
use domain::effect::{PayoffNews, RefundNews, SignInCode};
use domain::id::{DisputeId, EmailAddress, PaymentLinkId, PayoffId, RefundId, SignInCodeId, TripId};
use domain::outbox::{Failure, OutboxState, after_failure};

use super::{Worker, jitter};
use crate::client::mail::{Attachment, Mail, MailError};
use crate::failpoint::{self, Commit, Failpoint};
use crate::flow::dispute::dispute_mail;
use crate::flow::mail_failed::mail_failed;
use crate::flow::payment_link::{forget_link, link_mail, notice_link};
use crate::flow::payoff::payoff_mail;
use crate::flow::read_receipt::trip_mail;
use crate::flow::read_refund::refund_mail;
use crate::flow::sign_in::{code_mail, forget_code};
use crate::paper;
use crate::store::StoreError;
use crate::store::outbox::Claim;

/// A mail server that takes longer is given up, well before the lease ends and another worker sends the same mail.
const SENT_WITHIN: Duration = Duration::from_secs(45);

/// A subject and a text.
struct Words {
    subject: String,
    text: String,
}

pub(super) async fn send_receipt(worker: &Worker, claim: &Claim, trip: &TripId) -> Result<(), StoreError> {
    let Some(mail) = trip_mail(&worker.database, &worker.vault, trip).await? else {
        return worker.end(claim, OutboxState::Dropped, Some("there is nobody to write to")).await;
    };
    let words = words::receipt(&mail, &worker.public_url);
    let name = paper::file_name(mail.receipt.started_at);
    let file = Attachment { name, bytes: paper::receipt_pdf(&mail.receipt) };
    send_with(worker, claim, mail.to, words, Some(file)).await
}

pub(super) async fn send_debt_notice(worker: &Worker, claim: &Claim, trip: &TripId) -> Result<(), StoreError> {
    let Some(mail) = trip_mail(&worker.database, &worker.vault, trip).await? else {
        return worker.end(claim, OutboxState::Dropped, Some("there is nobody to write to")).await;
    };
    let link = notice_link(&worker.database, &worker.vault, claim.id, trip, worker.clock.now()).await?;
    let Some(token) = link else {
        return worker.end(claim, OutboxState::Dropped, Some("nothing is owed any more")).await;
    };
    let words = words::debt_notice(&mail, &token, &worker.public_url);
    send(worker, claim, mail.to, words).await
}

pub(super) async fn send_refund_notice(
    worker: &Worker,
    claim: &Claim,
    refund: RefundId,
    news: RefundNews,
) -> Result<(), StoreError> {
    let Some(mail) = refund_mail(&worker.database, &worker.vault, refund).await? else {
        return worker.end(claim, OutboxState::Dropped, Some("there is nobody to write to")).await;
    };
    let words = refund_words::notice(&mail, news, &worker.public_url);
    send(worker, claim, mail.to, words).await
}

pub(super) async fn send_dispute_notice(
    worker: &Worker,
    claim: &Claim,
    dispute: DisputeId,
    news: DisputeNews,
) -> Result<(), StoreError> {
    let Some(mail) = dispute_mail(&worker.database, &worker.vault, dispute).await? else {
        return worker.end(claim, OutboxState::Dropped, Some("there is nobody to write to")).await;
    };
    let words = dispute_words::notice(&mail.shown, news, &worker.public_url);
    send(worker, claim, mail.to, words).await
}

pub(super) async fn mail_sign_in_code(worker: &Worker, claim: &Claim, id: SignInCodeId) -> Result<(), StoreError> {
    let Some((to, code)) = code_mail(&worker.database, &worker.vault, id, worker.clock.now()).await? else {
        return worker.end(claim, OutboxState::Dropped, Some("the code is over")).await;
    };
    send(worker, claim, to, words::sign_in_code(&code)).await?;
    forget_code(&worker.database, claim.id, id).await
}

pub(super) async fn send_payoff_notice(
    worker: &Worker,
    claim: &Claim,
    payoff: PayoffId,
    news: PayoffNews,
) -> Result<(), StoreError> {
    let Some(mail) = payoff_mail(&worker.database, &worker.vault, payoff, worker.clock.now()).await? else {
        return worker.end(claim, OutboxState::Dropped, Some("there is nobody to write to")).await;
    };
    let words = payoff_words::notice(&mail.shown, news, &worker.public_url);
    send(worker, claim, mail.to, words).await
}

pub(super) async fn mail_payment_link(worker: &Worker, claim: &Claim, id: PaymentLinkId) -> Result<(), StoreError> {
    let Some(mail) = link_mail(&worker.database, &worker.vault, id, worker.clock.now()).await? else {
        worker.end(claim, OutboxState::Dropped, Some("the link is over")).await?;
        return forget_link(&worker.database, claim.id, id).await;
    };
    let words = words::payment_link(&mail, &worker.public_url);
    send(worker, claim, mail.to, words).await?;
    forget_link(&worker.database, claim.id, id).await
}

/// What the version before put into its own row.
pub(super) async fn send_sign_in_code(
    worker: &Worker,
    claim: &Claim,
    to: &EmailAddress,
    code: &SignInCode,
) -> Result<(), StoreError> {
    if claim.deadline_at.is_some_and(|deadline| worker.clock.now() >= deadline) {
        return worker.end(claim, OutboxState::Dropped, Some("the code is over")).await;
    }
    send(worker, claim, to.clone(), words::sign_in_code(code)).await
}

/// Is the lease this worker's still, and long enough for the mail? Whoever was suspended with a mail in hand sends nothing: another has.
async fn may_send(worker: &Worker, claim: &Claim) -> Result<bool, StoreError> {
    if worker.clock.now() + SENT_WITHIN > claim.until {
        return Ok(false);
    }
    crate::store::outbox::lock_claim(&mut *worker.database.acquire().await?, claim).await
}

async fn send(worker: &Worker, claim: &Claim, to: EmailAddress, words: Words) -> Result<(), StoreError> {
    send_with(worker, claim, to, words, None).await
}

async fn send_with(
    worker: &Worker,
    claim: &Claim,
    to: EmailAddress,
    words: Words,
    attachment: Option<Attachment>,
) -> Result<(), StoreError> {
    if !may_send(worker, claim).await? {
        tracing::warn!(effect.id = %claim.id, "a mail is left to another worker");
        return Ok(());
    }
    let mail = Mail { to, subject: words.subject, text: words.text, attachment, effect: claim.id };
    let sending = worker.mail.send(worker.clock.now(), &mail);
    let sent = tokio::time::timeout(SENT_WITHIN, sending)
        .await
        .unwrap_or_else(|late| Err(MailError::NoAnswer { source: Box::new(late) }));
    let Err(error) = sent else {
        failpoint::reach(Failpoint::Before(Commit::MailSent));
        worker.end(claim, OutboxState::Done, None).await?;
        failpoint::reach(Failpoint::After(Commit::MailSent));
        return Ok(());
    };
    tracing::warn!(effect.id = %claim.id, tries = claim.tries, problem = %error, "mail not sent");
    let failure = match error {
        MailError::Refused { .. } => Failure::Final,
        // A second copy has the same Message-ID: mailboxes show one.
        MailError::TryAgain { .. } | MailError::NoAnswer { .. } => Failure::TryAgain { retry_after: None },
    };
    let state = after_failure(claim.tries, failure, worker.clock.now(), claim.deadline_at, jitter());
    mail_failed(&worker.database, claim, state, &error.to_string(), worker.clock.now()).await
}
