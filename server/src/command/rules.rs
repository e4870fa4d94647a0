//! `storeside rules`: versions of prices, promotions, taxes and rules for the gate.

use domain::catalog::RuleSetId;
use domain::gate::{HoldRule, RiskAction, RiskRule, RiskRuleKind};
use domain::id::StoreId;
use domain::promotion::{DayMinute, Hours, Promotion, PromotionKind, Target};
use domain::tax::TaxRate;

use super::{Desk, moment, moment_text, say};
use crate::flow::compare_rules::{RowChange, RulesComparison, compare_rules};
use crate::flow::publish_rules::{PublishRulesError, list_rules, publish_rules, roll_back_rules};

/// The words after `storeside rules`.
#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// All versions, the newest first.
    List {
        /// Of which store.
        #[arg(long)]
        store: Option<StoreId>,
    },
    /// What differs: between the rules in force and the draft, or between two versions.
    Diff {
        /// The first version; else the one in force.
        #[arg(long, value_name = "VERSION")]
        from: Option<i64>,
        /// The second version; else the draft.
        #[arg(long, value_name = "VERSION")]
        to: Option<i64>,
        /// Of which store.
        #[arg(long)]
        store: Option<StoreId>,
    },
    /// Put the draft in force. Not by anybody who had a hand in it.
    Publish {
        /// Who publishes it.
        #[arg(long = "as", value_name = "STAFF")]
        by: String,
        /// From when on, like 2026-12-01T06:00:00Z; else now.
        #[arg(long, value_name = "TIME")]
        from: Option<String>,
        /// Of which store.
        #[arg(long)]
        store: Option<StoreId>,
    },
    /// Bring back the version before the one in force, at once.
    Rollback {
        /// Who brings it back.
        #[arg(long = "as", value_name = "STAFF")]
        by: String,
        /// Another version than the one before.
        #[arg(long, value_name = "VERSION")]
        to: Option<i64>,
        /// Of which store.
        #[arg(long)]
        store: Option<StoreId>,
    },
}

/// Does what was asked.
///
/// # Errors
///
/// What the flows say; a database that is away.
pub async fn run(desk: &Desk, command: &Command) -> anyhow::Result<()> {
    match command {
        Command::List { store } => list(desk, &desk.store(store.as_ref()).await?).await,
        Command::Diff { from, to, store } => {
            let store = desk.store(store.as_ref()).await?;
            let (from, to) = (from.map(RuleSetId), to.map(RuleSetId));
            let compared = compare_rules(&desk.database, &store, from, to, desk.now).await?;
            say(&format!("From rule set {} to {}:", compared.before.id.0, compared.after.id.0));
            print_changes(&compared.changes);
            Ok(())
        }
        Command::Publish { by, from, store } => {
            let store = desk.store(store.as_ref()).await?;
            let from = from.as_deref().map(moment).transpose()?;
            match publish_rules(&desk.database, &store, by, from, desk.now).await {
                Err(PublishRulesError::Contradicts(wrong)) => {
                    anyhow::bail!("the draft contradicts itself, and was not published:\n{}", wrong.join("\n"))
                }
                published => {
                    let from = moment_text(from.unwrap_or(desk.now));
                    say(&format!("Rule set {} of {store} is in force from {from}.", published?.0));
                    say(
                        "Visits that began before keep the prices they began with; the gate decides the next tap by it.",
                    );
                    Ok(())
                }
            }
        }
        Command::Rollback { by, to, store } => {
            let store = desk.store(store.as_ref()).await?;
            let done = roll_back_rules(&desk.database, &store, by, to.map(RuleSetId), desk.now).await?;
            let restored = done.restored.0;
            say(&format!("Rule set {} is in force, with everything of {restored}.", done.id.0));
            for (id, from) in done.scheduled {
                say(&format!(
                    "Rule set {} was published for {} and comes into force then all the same.",
                    id.0,
                    moment_text(from)
                ));
                say(&format!(
                    "  To keep {restored} beyond that, roll back with --to {restored} then, or publish other rules from a moment after it."
                ));
            }
            Ok(())
        }
    }
}

async fn list(desk: &Desk, store: &StoreId) -> anyhow::Result<()> {
    for listed in list_rules(&desk.database, store, desk.now).await? {
        let version = &listed.version;
        let state = match version.in_force_from {
            None => "draft".to_owned(),
            Some(from) if listed.is_in_force => format!("IN FORCE since {}", moment_text(from)),
            Some(from) => format!("from {}", moment_text(from)),
        };
        let nobody = || "the program".to_owned();
        let drafted = version.drafted_by.clone().unwrap_or_else(nobody);
        let people = match (&version.published_by, version.restores) {
            (Some(by), Some(restored)) => format!("{by} brought back {}", restored.0),
            (Some(by), None) => format!("drafted by {drafted}, published by {by}"),
            (None, _) => format!("drafted by {drafted}"),
        };
        let parts: Vec<String> = listed
            .parts
            .iter()
            .map(|part| format!("{} {} ({} rows of {})", part.kind.as_str(), part.id.0, part.row_count, part.source))
            .collect();
        say(&format!("{}\t{state}\t{people}\t{}", version.id.0, parts.join(", ")));
    }
    Ok(())
}

/// Says what differs between two versions.
pub fn print_changes(changes: &RulesComparison) {
    if changes.is_empty() {
        return say("Nothing differs.");
    }
    let catalog = &changes.catalog;
    if catalog.added.max(catalog.removed).max(catalog.changed) > 0 {
        say(&format!("Articles: {} new, {} gone, {} changed", catalog.added, catalog.removed, catalog.changed));
    }
    for change in &catalog.examples {
        say(&match (&change.before, &change.after) {
            (None, Some(new)) => format!("  + {}  {}  {}", change.sku, new.name, new.unit_price),
            (Some(old), None) => format!("  - {}  {}  {}", change.sku, old.name, old.unit_price),
            (Some(old), Some(new)) if old.unit_price != new.unit_price => {
                format!("  ~ {}  {}  {} → {}", change.sku, new.name, old.unit_price, new.unit_price)
            }
            (Some(old), Some(new)) if old.name != new.name => {
                format!("  ~ {}  {} → {}", change.sku, old.name, new.name)
            }
            (Some(_), Some(new)) => format!("  ~ {}  {}  (other than name and price)", change.sku, new.name),
            (None, None) => String::new(),
        });
    }
    print_rows("Promotions", &changes.promotions, promotion_text);
    print_rows("Tax rates", &changes.taxes, tax_text);
    print_rows("Rules for the gate", &changes.risk, risk_text);
}

fn print_rows<T>(what: &str, changes: &[RowChange<T>], text: impl Fn(&T) -> String) {
    if !changes.is_empty() {
        say(&format!("{what}: {} differ", changes.len()));
    }
    for change in changes {
        for (sign, row) in [("-", &change.before), ("+", &change.after)] {
            if let Some(row) = row {
                say(&format!("  {sign} {}", text(row)));
            }
        }
    }
}

fn promotion_text(promotion: &Promotion) -> String {
    let kind = match &promotion.kind {
        PromotionKind::Percent { percent } => format!("{percent} % off"),
        PromotionKind::AmountOff { amount } => format!("{amount} off each"),
        PromotionKind::BuyGet { buy, get, percent } => format!("buy {buy}, get {get} at {percent} % off"),
        PromotionKind::BuyGetOther { buy, get, percent, other } => {
            format!("buy {buy}, get {get} of {} at {percent} % off", target_text(other))
        }
        PromotionKind::MultiBuy { count, price } => format!("{count} for {price}"),
        PromotionKind::BasketPercent { threshold, percent } => format!("{percent} % off baskets from {threshold}"),
        PromotionKind::BasketAmount { threshold, amount } => format!("{amount} off baskets from {threshold}"),
        PromotionKind::MemberPrice { unit_price } => format!("{unit_price} each for members"),
    };
    let on = target_text(&promotion.target);
    let moment = |at: Option<time::OffsetDateTime>, never: &str| at.map_or_else(|| never.to_owned(), moment_text);
    let (from, until) = (moment(promotion.valid_from, "always"), moment(promotion.valid_until, "for ever"));
    let exclusive = if promotion.exclusive { ", exclusive" } else { "" };
    let hours = hours_text(&promotion.hours);
    let limits = [
        promotion.uses_max.map(|uses| format!(", at most {uses} times")),
        promotion.discount_max.map(|most| format!(", at most {most}")),
        promotion.members_only.then(|| ", members only".to_owned()),
    ];
    let limits: String = limits.into_iter().flatten().collect();
    format!(
        "{}  {}: {kind} on {on}, {from} until {until}{hours}, priority {}{exclusive}{limits}",
        promotion.id, promotion.name, promotion.priority
    )
}

fn target_text(target: &Target) -> String {
    let skus = target.skus.iter().map(ToString::to_string);
    let named: Vec<String> = skus.chain(target.categories.iter().map(ToString::to_string)).collect();
    if named.is_empty() { "everything".to_owned() } else { named.join(", ") }
}

fn hours_text(hours: &Hours) -> String {
    let days: Vec<&str> = hours.weekdays.iter().map(|day| day.as_str()).collect();
    let days = if days.is_empty() { String::new() } else { format!(", on {}", days.join(", ")) };
    let minute = |word: &str, at: Option<DayMinute>| at.map_or_else(String::new, |at| format!(", {word} {at} UTC"));
    days + &minute("from", hours.from) + &minute("until", hours.until)
}

fn tax_text(rate: &TaxRate) -> String {
    let included = if rate.included { "included" } else { "added" };
    format!("{} {} on {}: {} %, {included}", rate.jurisdiction, rate.name, rate.tax_category, rate.percent)
}

fn risk_text(rule: &RiskRule) -> String {
    let what = match &rule.kind {
        RiskRuleKind::Threshold { amount } => format!("a balance below {amount} opens"),
        RiskRuleKind::Conditional { below, incidents_max, hold } => {
            let visits = incidents_max.map_or(String::new(), |max| format!(" for at most {max} visits"));
            format!("a balance below {below}{visits} opens with {}", hold_text(hold))
        }
        RiskRuleKind::Incidents { count, within_days } => {
            let days = within_days.map_or(String::new(), |days| format!(" within {days} days"));
            format!("{count} unpaid visits{days} deny")
        }
        RiskRuleKind::Sum { over } => format!("a balance over {over} denies"),
        RiskRuleKind::Risk { risk, action } => match action {
            RiskAction::Deny => format!("{risk} denies"),
            RiskAction::Condition(hold) => format!("{risk} opens with {}", hold_text(hold)),
            RiskAction::Accept => format!("{risk} is accepted"),
            RiskAction::Ignore => format!("{risk} is ignored"),
            RiskAction::Follow => format!("{risk} follows Amazon's recommendation"),
        },
    };
    format!("{}: {what}", rule.name)
}

fn hold_text(hold: &HoldRule) -> String {
    match hold {
        HoldRule::Exactly(hold) => format!("a hold of {hold}"),
        HoldRule::Percent(percent) => format!("{percent} % of the hold"),
        HoldRule::PlusBalance => "the balance added to the hold".to_owned(),
    }
}
