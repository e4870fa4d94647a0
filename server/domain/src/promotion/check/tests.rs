use super::*;
use crate::catalog::SoldBy;
use crate::money::Money;
use crate::promotion::Target;
use crate::unit::WeightUnit;
use PromotionError::*;

fn usd(minor: i64) -> Money {
    Money::new(minor, Currency::USD)
}

fn store() -> StoreId {
    StoreId::new("here").unwrap()
}

fn at(second: i64) -> Option<OffsetDateTime> {
    OffsetDateTime::from_unix_timestamp(second).ok()
}

fn sku(text: &str) -> Sku {
    Sku::new(text).unwrap()
}

fn article(number: &str, cents: i64, sold_by: SoldBy) -> CatalogItem {
    CatalogItem {
        sku: sku(number),
        name: number.to_owned(),
        sold_by,
        unit_price: usd(cents),
        tax_category: "food".into(),
        category: Some("grocery".into()),
        subcategory: None,
        brand: None,
        identifiers: vec![],
        deposits: vec![],
    }
}

fn items() -> Vec<CatalogItem> {
    vec![article("jam", 400, SoldBy::Unit), article("ham", 1000, SoldBy::Weight(WeightUnit::Lb))]
}

fn promotion(kind: PromotionKind) -> Promotion {
    Promotion {
        id: PromotionId("p".into()),
        name: "P".into(),
        kind,
        target: Target::default(),
        valid_from: None,
        valid_until: None,
        hours: Default::default(),
        stores: Default::default(),
        members_only: false,
        uses_max: None,
        discount_max: None,
        priority: 0,
        exclusive: false,
    }
}

fn percent(text: &str) -> PromotionKind {
    PromotionKind::Percent { percent: text.parse().unwrap() }
}

fn on(number: &str, kind: PromotionKind) -> Promotion {
    Promotion { target: Target { skus: [sku(number)].into(), ..Target::default() }, ..promotion(kind) }
}

#[test]
fn a_promotion_that_can_never_apply_is_refused_with_its_reason() {
    let half = || promotion(percent("50"));
    let basket = PromotionKind::BasketAmount { threshold: usd(1000), amount: usd(100) };
    let table = [
        (half(), Ok(())),
        (promotion(percent("0")), Err(PercentOutOfRange)),
        (promotion(percent("100.1")), Err(PercentOutOfRange)),
        (promotion(percent("-5")), Err(PercentOutOfRange)),
        (promotion(percent("33.333333")), Err(PercentTooPrecise)),
        (promotion(PromotionKind::AmountOff { amount: usd(0) }), Err(AmountTooLow)),
        (promotion(PromotionKind::AmountOff { amount: Money::new(5, Currency::JPY) }), Err(OtherCurrency)),
        (promotion(PromotionKind::MemberPrice { unit_price: usd(-1) }), Err(AmountTooLow)),
        (promotion(PromotionKind::BuyGet { buy: 0, get: 1, percent: Decimal::TEN }), Err(SetTooSmall)),
        (promotion(PromotionKind::BuyGet { buy: 1, get: 0, percent: Decimal::TEN }), Err(SetTooSmall)),
        (promotion(PromotionKind::BuyGet { buy: 1, get: 1, percent: Decimal::ZERO }), Err(PercentOutOfRange)),
        (promotion(PromotionKind::MultiBuy { count: 1, price: usd(1) }), Err(SetTooSmall)),
        (promotion(PromotionKind::BasketPercent { threshold: usd(-1), percent: Decimal::TEN }), Err(AmountTooLow)),
        (promotion(basket.clone()), Ok(())),
        (Promotion { uses_max: Some(2), ..promotion(basket) }, Err(UsesOfBasket)),
        (Promotion { uses_max: Some(0), ..half() }, Err(NoUses)),
        (Promotion { discount_max: Some(usd(0)), ..half() }, Err(CapIsNothing)),
        (Promotion { discount_max: Some(Money::new(1, Currency::JPY)), ..half() }, Err(OtherCurrency)),
        (Promotion { valid_from: at(5), valid_until: at(5), ..half() }, Err(WindowEmpty)),
        (Promotion { valid_from: at(5), valid_until: at(6), ..half() }, Ok(())),
        (Promotion { stores: [StoreId::new("there").unwrap()].into(), ..half() }, Err(NotForThisStore)),
        (Promotion { stores: [store()].into(), ..half() }, Ok(())),
    ];
    for (promotion, want) in table {
        assert_eq!(promotion.check(&store(), Currency::USD), want, "{promotion:?}");
    }
    assert!(Promotion { valid_until: at(5), ..half() }.is_over(OffsetDateTime::from_unix_timestamp(5).unwrap()));
}

#[test]
fn a_promotion_that_no_article_can_get_is_refused_with_its_reason() {
    let multi_buy = |cents| PromotionKind::MultiBuy { count: 3, price: usd(cents) };
    let member = |cents| PromotionKind::MemberPrice { unit_price: usd(cents) };
    let in_toys = Target { categories: ["toys".into()].into(), ..Target::default() };
    let table = [
        (promotion(percent("5")), Ok(())),
        (on("jam", percent("5")), Ok(())),
        (on("tea", percent("5")), Err(UnknownSku(sku("tea")))),
        (Promotion { target: in_toys, ..promotion(percent("5")) }, Err(UnknownCategory("toys".into()))),
        (on("ham", PromotionKind::BOGO), Err(OnlyWeighed)),
        (on("ham", percent("5")), Ok(())),
        (promotion(multi_buy(1199)), Ok(())),
        (promotion(multi_buy(1200)), Err(SetPriceTooHigh)),
        (promotion(member(999)), Ok(())),
        (promotion(member(1000)), Err(MemberPriceTooHigh)),
    ];
    for (promotion, want) in table {
        assert_eq!(promotion.check_against(&items()), want, "{promotion:?}");
    }
}

#[test]
fn two_exclusive_promotions_contradict_where_only_their_ids_would_decide() {
    let exclusive = |id: &str| Promotion { id: PromotionId(id.into()), exclusive: true, ..on("jam", percent("5")) };
    let contradicts = Err(Contradicts(PromotionId("b".into())));
    let b = || exclusive("b");
    let table = [
        (b(), contradicts.clone()),
        (Promotion { target: Target::default(), ..b() }, contradicts.clone()),
        (Promotion { valid_until: at(10), ..b() }, contradicts),
        (Promotion { valid_until: at(5), ..b() }, Ok(())),
        (Promotion { priority: 1, ..b() }, Ok(())),
        (Promotion { exclusive: false, ..b() }, Ok(())),
        (Promotion { target: on("ham", percent("5")).target, ..b() }, Ok(())),
        (Promotion { kind: PromotionKind::BasketPercent { threshold: usd(0), percent: Decimal::TEN }, ..b() }, Ok(())),
        (exclusive("a"), Err(IdTwice)),
    ];
    for (other, want) in table {
        let a = Promotion { valid_from: at(5), ..exclusive("a") };
        assert_eq!(a.check_beside(&other, &items()), want, "{other:?}");
    }
}

fn jam_for(other: Target) -> Promotion {
    let kind = PromotionKind::BuyGetOther { buy: 1, get: 1, percent: Decimal::ONE_HUNDRED, other };
    Promotion { target: Target { skus: [sku("tea")].into(), ..Target::default() }, ..promotion(kind) }
}

#[test]
fn the_articles_to_get_are_there_and_others_than_those_to_buy() {
    let items = || {
        vec![
            article("jam", 400, SoldBy::Unit),
            article("ham", 1000, SoldBy::Weight(WeightUnit::Lb)),
            article("tea", 300, SoldBy::Unit),
        ]
    };
    let of = |skus: &[&str], categories: &[&str]| Target {
        skus: skus.iter().map(|it| sku(it)).collect(),
        categories: categories.iter().map(|it| (*it).into()).collect(),
    };
    assert_eq!(jam_for(Target::default()).check(&store(), Currency::USD), Err(NothingToGet));
    for (other, expected) in [
        (of(&["jam"], &[]), Ok(())),
        (of(&["gone"], &[]), Err(UnknownSkuToGet(sku("gone")))),
        (of(&[], &["cars"]), Err(UnknownCategoryToGet("cars".into()))),
        (of(&["jam", "tea"], &[]), Err(BoughtAndGot(sku("tea")))),
        (of(&[], &["grocery"]), Err(BoughtAndGot(sku("tea")))),
        (of(&["ham"], &[]), Err(OnlyWeighedToGet)),
    ] {
        let promotion = jam_for(other);
        assert_eq!(promotion.check(&store(), Currency::USD), Ok(()));
        assert_eq!(promotion.check_against(&items()), expected);
    }
    let anything = Promotion { target: Target::default(), ..jam_for(of(&["jam"], &[])) };
    assert_eq!(anything.check_against(&items()), Ok(()), "who buys anything may get something named");
    // Two exclusive ones contradict each other where they make the same article cheaper, whatever is bought for it.
    let exclusive = |id: &str, it: Promotion| Promotion { id: PromotionId(id.into()), exclusive: true, ..it };
    let jam = exclusive("a", jam_for(of(&["jam"], &[])));
    let tea = Promotion { target: of(&["tea"], &[]), ..exclusive("b", promotion(percent("10"))) };
    assert_eq!(jam.check_beside(&tea, &items()), Ok(()), "tea is bought for it, and stays as dear as it is");
    let other = Promotion { target: of(&["jam"], &[]), ..exclusive("b", promotion(percent("10"))) };
    assert_eq!(jam.check_beside(&other, &items()), Err(Contradicts(PromotionId("b".into()))));
}

#[test]
fn weekdays_and_hours_that_never_come_are_refused_and_those_that_do_not_meet_contradict_nothing() {
    use crate::promotion::{Hours, Weekday};
    let hours = |days: &[Weekday], from: &str, until: &str| Hours {
        weekdays: days.iter().copied().collect(),
        from: from.parse().ok(),
        until: until.parse().ok(),
    };
    // The epoch was a Thursday.
    let day = 86_400;
    for (it, from, until, expected) in [
        (hours(&[], "10:00", "10:00"), None, None, Err(HoursEmpty)),
        (hours(&[], "22:00", "02:00"), None, None, Err(HoursEmpty)),
        (hours(&[Weekday::Fri], "", ""), at(0), at(day), Err(NeverThen)),
        (hours(&[Weekday::Fri], "", ""), at(0), at(day + 1), Ok(())),
        (hours(&[Weekday::Thu], "00:00", "01:00"), at(3600), at(day), Err(NeverThen)),
        (hours(&[Weekday::Thu], "00:00", "01:00"), at(3600), None, Ok(())),
    ] {
        let promotion = Promotion { hours: it, valid_from: from, valid_until: until, ..promotion(percent("10")) };
        assert_eq!(promotion.check(&store(), Currency::USD), expected, "{:?}", promotion.hours);
    }
    let exclusive = |id: &str, days: &[Weekday]| Promotion {
        id: PromotionId(id.into()),
        exclusive: true,
        hours: hours(days, "", ""),
        ..promotion(percent("10"))
    };
    let monday = exclusive("a", &[Weekday::Mon]);
    assert_eq!(monday.check_beside(&exclusive("b", &[Weekday::Tue]), &items()), Ok(()));
    assert!(monday.check_beside(&exclusive("b", &[Weekday::Mon, Weekday::Tue]), &items()).is_err());
    assert!(monday.check_beside(&exclusive("b", &[]), &items()).is_err());
}
