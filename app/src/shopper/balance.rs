//! `/balance`: what is owed, for which trips, why, and what to do about it.

use domain::money::Money;
use leptos::form::ActionForm;
use leptos::prelude::*;

use crate::backend::dispute::OwedDispute;
use crate::backend::{Balance, OwedTrip};
use crate::island::SubmitButton;
use crate::part::asked::asked;
use crate::part::moment::Day;
use crate::part::money::amount;
use crate::part::notice::{Notice, Tone};
use crate::part::title::PageTitle;
use crate::shopper::payoff::Pay;
use crate::word::balance as word;
use crate::word::date::day;
use crate::word::dispute;
use crate::word::{layout, payoff as pay_word};

#[component]
pub(crate) fn BalancePage() -> impl IntoView {
    asked(async |backend| backend.balance().await, |balance| view! { <BalanceView balance /> })
}

#[component]
fn BalanceView(balance: Balance) -> impl IntoView {
    let content = if balance.debts.is_empty() && !balance.total.is_empty() {
        view! { <OwedSum balance /> }.into_any()
    } else if balance.debts.is_empty() {
        view! {
            <Notice tone=Tone::Good title=word::NOTHING>
                <p>{word::NOTHING_TEXT}</p>
            </Notice>
        }
        .into_any()
    } else {
        view! { <Owed balance /> }.into_any()
    };
    view! {
        <PageTitle name=word::NAME />
        <h1>{word::TITLE}</h1>
        {content}
    }
}

#[component]
fn Owed(balance: Balance) -> impl IntoView {
    let contacts = contacts(&balance.debts);
    let (can_pay, total) = (balance.can_pay, sum(&balance.total));
    let table = if can_pay {
        view! {
            <form action="/balance/check" method="get">
                <DebtTable balance />
                <p class="hint">{word::CHOOSE}</p>
                <button class="button" type="submit">
                    {word::CONTINUE}
                </button>
            </form>
        }
        .into_any()
    } else {
        view! { <DebtTable balance /> }.into_any()
    };
    view! {
        <section class="owed">
            <h2 class="owed-label">{word::OWED}</h2>
            <p class="owed-total">{total}</p>
        </section>
        {table}
        <section>
            <h2>{if can_pay { word::PAY_ELSEWHERE } else { word::PAY }}</h2>
            <p>{word::PAY_TEXT}</p>
            <dl class="facts">
                {contacts
                    .into_iter()
                    .map(|(store, contact)| {
                        view! {
                            <dt>{store}</dt>
                            <dd>{contact}</dd>
                        }
                    })
                    .collect::<Vec<_>>()}
            </dl>
        </section>
        <section>
            <h2>{word::GATE}</h2>
            <p>{word::GATE_TEXT}</p>
        </section>
    }
}

/// For who sees no trip: how much, and a way to pay it.
#[component]
fn OwedSum(balance: Balance) -> impl IntoView {
    let can_pay = balance.can_pay;
    let sums = balance.total.into_iter().map(|total| {
        let pay = ServerAction::<Pay>::new();
        let form = can_pay.then(|| {
            view! {
                <ActionForm action=pay>
                    <input type="hidden" name="trips" value="" />
                    <input type="hidden" name="agreed_minor" value=total.minor().to_string() />
                    <input type="hidden" name="currency" value=total.currency().code().to_owned() />
                    <SubmitButton label=pay_word::PAY.to_owned() busy_label=layout::BUSY.to_owned() />
                </ActionForm>
            }
        });
        view! {
            <section class="owed">
                <h2 class="owed-label">{word::OWED}</h2>
                <p class="owed-total">{amount(total)}</p>
            </section>
            {form}
        }
    });
    view! {
        {sums.collect::<Vec<_>>()}
        <p>{if can_pay { pay_word::CHECK_LEAD } else { word::PAY_AT_STORE }}</p>
        <p class="hint">{word::SUM_ONLY}</p>
    }
}

/// The roles repeat what the elements say: on a phone the rows are laid out as cards, and some browsers then forget it.
#[component]
fn DebtTable(balance: Balance) -> impl IntoView {
    let total = sum(&balance.total);
    let can_pay = balance.can_pay;
    let rows: Vec<_> = balance.debts.into_iter().map(|debt| view! { <DebtRow debt can_pay /> }).collect();
    view! {
        <table class="table debt-table" role="table">
            <caption>{word::BY_TRIP}</caption>
            <thead role="rowgroup">
                <tr role="row">
                    <th scope="col" role="columnheader">{word::DATE}</th>
                    <th scope="col" role="columnheader">{word::STORE}</th>
                    <th scope="col" role="columnheader">{word::CAUSE}</th>
                    <th scope="col" role="columnheader" class="money">{word::AMOUNT}</th>
                </tr>
            </thead>
            <tbody role="rowgroup">{rows}</tbody>
            <tfoot role="rowgroup">
                <tr role="row">
                    <th scope="row" role="rowheader" colspan="3">{word::TOTAL}</th>
                    <td role="cell" class="money">{total}</td>
                </tr>
            </tfoot>
        </table>
    }
}

#[component]
fn DebtRow(debt: OwedTrip, can_pay: bool) -> impl IntoView {
    let label = word::pay_for(&day(debt.started_at), &amount(debt.outstanding));
    let (dispute_address, dispute_text) = match debt.dispute {
        Some(OwedDispute { id, is_open: true }) => (format!("/disputes/{id}"), dispute::OPEN_LINK),
        Some(OwedDispute { id, is_open: false }) => (format!("/disputes/{id}"), dispute::REJECTED_LINK),
        None => (format!("/trips/{}/dispute", debt.trip), dispute::LINK),
    };
    let choice = can_pay.then(|| {
        view! {
            <input class="debt-choice" type="checkbox" name="trip" value=debt.trip.to_string() checked aria-label=label />
        }
    });
    view! {
        <tr role="row">
            <th scope="row" role="rowheader" class="debt-date">
                {choice}
                <a href=format!("/trips/{}", debt.trip)>
                    <Day at=debt.started_at />
                </a>
            </th>
            <td role="cell" class="debt-store">{debt.store_name}</td>
            <td role="cell" class="debt-cause">
                {word::cause(debt.cause)} " " <span class="debt-age">{word::since(debt.items, debt.days)}</span> " "
                <a class="debt-dispute" href=dispute_address>
                    {dispute_text}
                </a>
            </td>
            <td role="cell" class="debt-amount money">{amount(debt.outstanding)}</td>
        </tr>
    }
}

/// Amounts of different currencies stand beside each other; they are never added.
pub(crate) fn sum(amounts: &[Money]) -> String {
    amounts.iter().map(|it| amount(*it)).collect::<Vec<_>>().join(" + ")
}

/// Each store once, in the order of the debts.
fn contacts(debts: &[OwedTrip]) -> Vec<(String, String)> {
    let mut contacts: Vec<(String, String)> = vec![];
    for debt in debts {
        let contact = (debt.store_name.clone(), debt.contact.clone());
        if !contacts.contains(&contact) {
            contacts.push(contact);
        }
    }
    contacts
}
