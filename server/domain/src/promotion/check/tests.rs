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
