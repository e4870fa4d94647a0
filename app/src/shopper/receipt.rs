//! A receipt on screen and on paper.

use domain::receipt::word::{SumKind, card_rows, refund_lines, sums};
use domain::receipt::{CardFacts, Held, Merchant, PaymentProgress, Receipt, ReceiptLine, ReceiptRefund};
use leptos::prelude::*;

use crate::island::{CopyButton, PrintButton};
use crate::part::moment::Moment;
use crate::part::money::{amount, quantity, unit_price};
use crate::part::notice::{Notice, Tone};
use crate::part::title::PageTitle;
use crate::shopper::receipt_mail::{ReceiptMailForm, ReceiptMailed};
use crate::word::{date, trip as word};

/// How the payment stands, then the receipt, then the payment.
#[component]
pub(crate) fn ReceiptView(receipt: Receipt) -> impl IntoView {
    let name = word::page_name(&receipt.merchant.name, &date::day(receipt.started_at));
    let progress = progress(&receipt);
    let (card, refunds, trip) = (receipt.card.clone(), receipt.refunds.clone(), receipt.trip.clone());
    let held = receipt.held;
    let paper = format!("/trips/{}/receipt.pdf", receipt.trip);
    view! {
        <PageTitle name=name />
        <ReceiptMailed />
        <div class="title-row">
            <h1>{word::RECEIPT}</h1>
            <div class="title-actions">
                <a class="button button-quiet" href=paper download>
                    {word::DOWNLOAD}
                </a>
                <PrintButton label=word::PRINT.to_owned() />
            </div>
        </div>
        {progress}
        <div class="receipt">
            <Paper receipt />
            <div>
                <Payment card held />
                <Refunds refunds />
                <ReceiptMailForm trip />
            </div>
        </div>
    }
}

fn progress(receipt: &Receipt) -> AnyView {
    match receipt.progress {
        PaymentProgress::InProgress => view! {
            <Notice tone=Tone::Calm title=word::IN_PROGRESS>
                <p>{word::IN_PROGRESS_TEXT}</p>
            </Notice>
        }
        .into_any(),
        PaymentProgress::Paid => {
            let card = receipt.card.as_ref().and_then(CardFacts::name);
            let text = word::paid_text(&amount(receipt.captured), card.as_deref());
            view! {
                <Notice tone=Tone::Good title=word::PAID>
                    <p>{text}</p>
                </Notice>
            }
            .into_any()
        }
        PaymentProgress::Owed => view! {
            <Notice tone=Tone::Warning title=word::you_owe(&amount(receipt.outstanding))>
                <p>
                    <a href="/balance">{word::OWED_TEXT}</a>
                </p>
            </Notice>
        }
        .into_any(),
        PaymentProgress::NoCharge => view! {
            <Notice tone=Tone::Good title=word::NO_CHARGE>
                <p>{word::NO_CHARGE_TEXT}</p>
            </Notice>
        }
        .into_any(),
    }
}

#[component]
fn Paper(receipt: Receipt) -> impl IntoView {
    let unidentified =
        (receipt.unidentified > 0).then(|| view! { <p class="quiet">{word::unidentified(receipt.unidentified)}</p> });
    let sums = sum_table(&receipt);
    let items = (!receipt.lines.is_empty()).then(|| view! { <Items lines=receipt.lines /> });
    view! {
        <article class="paper" aria-label=word::RECEIPT>
            <Seller merchant=receipt.merchant />
            <dl class="facts paper-facts">
                <dt>{word::DATE}</dt>
                <dd>
                    <Moment at=receipt.started_at />
                </dd>
                <dt>{word::TRIP}</dt>
                <dd class="code">{receipt.trip.to_string()}</dd>
            </dl>
            {items}
            {unidentified}
            {sums}
        </article>
    }
}

/// Who sold, as the law wants it on a receipt.
#[component]
fn Seller(merchant: Merchant) -> impl IntoView {
    let address: Vec<_> =
        merchant.address.lines().map(|line| view! { <span class="line">{line.to_owned()}</span> }).collect();
    view! {
        <header class="seller">
            <h2>{merchant.name}</h2>
            <p class="address">{address}</p>
            <dl class="facts">
                <dt>{word::TAX_NUMBER}</dt>
                <dd>{merchant.tax_number}</dd>
                <dt>{word::CONTACT}</dt>
                <dd>{merchant.contact}</dd>
            </dl>
        </header>
    }
}

/// The roles repeat what the elements say: on a phone the rows are laid out as cards, and some browsers then forget it.
#[component]
fn Items(lines: Vec<ReceiptLine>) -> impl IntoView {
    let rows: Vec<_> = lines.into_iter().map(|line| view! { <Item line /> }).collect();
    view! {
        <table class="table item-table" role="table">
            <caption class="hidden">{word::ITEMS}</caption>
            <thead role="rowgroup">
                <tr role="row">
                    <th scope="col" role="columnheader">{word::ITEM}</th>
                    <th scope="col" role="columnheader" class="money">{word::QUANTITY}</th>
                    <th scope="col" role="columnheader" class="money">{word::UNIT_PRICE}</th>
                    <th scope="col" role="columnheader" class="money">{word::PRICE}</th>
                </tr>
            </thead>
            <tbody role="rowgroup">{rows}</tbody>
        </table>
    }
}

#[component]
fn Item(line: ReceiptLine) -> impl IntoView {
    let promotions: Vec<_> = line
        .promotions
        .iter()
        .map(|it| view! { <span class="item-promotion">{word::promotion(&it.name, &amount(it.amount))}</span> })
        .collect();
    view! {
        <tr role="row">
            <th scope="row" role="rowheader" class="item-name">
                {line.name} {promotions}
            </th>
            <td role="cell" class="item-quantity money">{quantity(line.quantity, &line.unit)}</td>
            <td role="cell" class="item-unit-price money">{unit_price(line.unit_price, &line.unit)}</td>
            <td role="cell" class="item-price money">{amount(line.price)}</td>
        </tr>
    }
}

/// From the price of the items to what is still owed. Each line says its own name, so this is a table of two columns.
fn sum_table(receipt: &Receipt) -> impl IntoView + use<> {
    let rows = sums(receipt).into_iter().map(|sum| {
        let class = match sum.kind {
            SumKind::Part => "",
            SumKind::Total => "sum-total",
            SumKind::Owed => "sum-owed",
        };
        let text = sum.text();
        view! {
            <tr class=class>
                <th scope="row">{sum.name}</th>
                <td class="money">{text}</td>
            </tr>
        }
    });
    view! {
        <table class="table sum-table">
            <caption class="hidden">{word::SUMS}</caption>
            <tbody>{rows.collect::<Vec<_>>()}</tbody>
        </table>
    }
}

/// What was asked back so far.
#[component]
fn Refunds(refunds: Vec<ReceiptRefund>) -> impl IntoView {
    let rows = refunds.into_iter().map(|refund| {
        let lines: Vec<_> =
            refund_lines(&refund).into_iter().map(|line| view! { <span class="line">{line}</span> }).collect();
        view! {
            <dt>
                <a href=format!("/refunds/{}", refund.reference)>{amount(refund.amount)}</a>
            </dt>
            <dd>{lines}</dd>
        }
    });
    let rows: Vec<_> = rows.collect();
    (!rows.is_empty()).then(|| {
        view! {
            <section class="refunds">
                <h2>{word::REFUNDS}</h2>
                <dl class="facts">{rows}</dl>
            </section>
        }
    })
}

/// The card, and how to find this payment on its statement.
#[component]
fn Payment(card: Option<CardFacts>, held: Option<Held>) -> impl IntoView {
    let known = card.filter(|it| it.name().is_some() || it.card_statement_transaction_id.is_some());
    let facts = match known {
        Some(card) => view! { <Card card /> }.into_any(),
        None => view! { <p class="quiet">{word::CARD_COMING}</p> }.into_any(),
    };
    view! {
        <section class="payment">
            <h2>{word::PAYMENT}</h2>
            {facts}
            <p class="quiet">{word::held_now(held)}</p>
        </section>
    }
}

#[component]
fn Card(card: CardFacts) -> impl IntoView {
    let rows = card_rows(&card).into_iter().map(|(name, fact)| {
        view! {
            <dt>{name}</dt>
            <dd>{fact}</dd>
        }
    });
    let rows: Vec<_> = rows.collect();
    let statement_id = card.card_statement_transaction_id;
    let help = statement_id.is_some().then(|| {
        view! {
            <details class="help">
                <summary>{word::STATEMENT_HELP}</summary>
                <p>{word::STATEMENT_TEXT}</p>
            </details>
        }
    });
    let statement_id = statement_id.map(|id| {
        view! {
            <dt>{word::STATEMENT_ID}</dt>
            <dd class="copyable">
                <span class="code">{id.clone()}</span>
                <CopyButton text=id label=word::COPY.to_owned() copied_label=word::COPIED.to_owned() />
            </dd>
        }
    });
    view! {
        <dl class="facts">{rows} {statement_id}</dl>
        {help}
    }
}
