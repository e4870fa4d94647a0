"""Random questions: a small shop, its rules and a cart. The same seed gives the same question."""

import random

PRICES = [1, 5, 33, 50, 99, 100, 100, 199, 299, 333, 995, 1000, 2499, 10_001]
PERCENTS = ["5", "10", "12.5", "15", "33.333", "50", "50", "99.99", "100"]
RATES = ["0", "4", "4", "4.5", "5", "7", "8.875", "10.75", "19", "0.375", "2.9"]
NAMES = ["State", "City", "County"]
# When the visit began, and a second later: a plain noon, ends of days, months and years, and other clocks than ours.
MOMENTS = [
    ("2026-03-10T12:00:00Z", "2026-03-10T12:00:01Z"),
    ("2024-02-29T23:59:59Z", "2024-03-01T00:00:00Z"),
    ("2027-01-01T00:00:00Z", "2027-01-01T00:00:01Z"),
    ("2026-03-10T21:30:00-05:00", "2026-03-10T21:30:01-05:00"),
    ("2026-11-02T00:59:00+05:30", "2026-11-02T00:59:01+05:30"),
]
DAYS = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]


def windows(at, later):
    return [{}, {}, {}, {}, {}, {"valid_from": at}, {"valid_until": later}, {"valid_until": at}, {"valid_from": later}]


def hours(r):
    """Mostly not so narrow that nothing ever runs."""
    begins, ends = sorted([r.choice([0, 1, 150, 719, 720, 721, 1169, 1170, 1439]), r.choice([1, 720, 721, 1170, 1439, 1440])])
    found = {"weekdays": r.sample(DAYS, r.randint(3, 6))} if r.random() < 0.6 else {}
    if begins < ends and r.random() < 0.6:
        found |= r.choice([{"from": begins}, {"until": ends}, {"from": begins, "until": ends}])
    return found


def question(seed):
    r = random.Random(seed)
    currency = "JPY" if r.random() < 0.05 else "USD"
    money = lambda minor: {"minor": minor, "currency": currency}
    categories = ["food", "drink", "toys", "none"]
    items = [article(r, n, money, categories) for n in range(r.randint(1, 7))]
    many = r.random() < 0.04
    big = r.random() < 0.02
    count = r.randint(9, 12) if many else 8 if r.random() < 0.01 else r.choice([0, 1, 1, 2, 2, 3, 3, 4, 5])
    at, later = r.choice(MOMENTS)
    promotions = [promotion(r, n, money, items, count >= 8, windows(at, later)) for n in range(count)]
    if big:
        promotions = [p for p in promotions if not {"buy_get", "buy_get_other", "multi_buy"} & p["kind"].keys()]
    r.shuffle(promotions)
    settings = {
        "rounding": r.choice(["half_up", "half_even", "half_down"]),
        "rounding_level": r.choice(["line", "invoice"]),
        "promotion_policy": r.choice(["stack", "stack", "best_deal"]),
        "jurisdiction": "here",
        "promotions_max": r.choice([None] * 7 + [1, 2]),
        "cart_discount_max": r.choice([None] * 7 + [money(r.choice([1, 100, 777]))]),
    }
    return {
        "cart": {"items": [cart_item(r, items, big) for _ in range(r.choice([0, 1, 1, 2, 3, 4, 5, 7, 9]))]},
        "rule_set": {"id": 1, "items": items, "promotions": promotions, "tax_rates": tax_rates(r, categories)},
        "settings": settings,
        "store": "S1",
        "currency": currency,
        "at": at,
        "member": r.random() < 0.5,
    }


def article(r, n, money, categories):
    weighed = r.random() < 0.3
    number = f"{r.randint(1, 10**11):011d}{n}"
    identifiers = [{"kind": "UPC", "id": number}]
    if r.random() < 0.3:
        identifiers.append({"kind": "PLU", "id": str(4000 + n)})
    deposits = []
    if r.random() < 0.15:
        deposits = [{"name": "Deposit", "amount": money(r.choice([5, 10, 25]))}]
    return {
        "sku": f"A{r.randint(0, 99):02d}-{n}",
        "name": f"Article {n}",
        "sold_by": r.choice(["lb", "oz", "kg", "g"]) if weighed else "unit",
        "unit_price": money(0 if r.random() < 0.02 else r.choice(PRICES)),
        "tax_category": r.choice(categories[:3] * 6 + categories[3:]),
        "category": r.choice([None, "grocery", "home"]),
        "subcategory": r.choice([None, "snacks", "tea"]),
        "identifiers": identifiers,
        "deposits": deposits,
    }


def tax_rates(r, categories):
    """The last category has none, so that its articles are bad lines."""
    rates = []
    for category in categories[:3]:
        included = r.random() < 0.3
        exempt = r.random() < 0.25
        for name in r.sample(NAMES, 1 if exempt else r.choice([1, 1, 2, 3])):
            percent = "0" if exempt else r.choice(RATES)
            mixed = r.random() < 0.05
            rates.append(
                {"jurisdiction": "here", "tax_category": category, "name": name, "percent": percent, "included": included != mixed}
            )
        rates.append({"jurisdiction": "there", "tax_category": category, "name": "Else", "percent": "77", "included": False})
    r.shuffle(rates)
    return rates


def target(r, items):
    way = r.random()
    if way < 0.4:
        return {}
    if way < 0.75:
        return {"skus": sorted({r.choice(items)["sku"] for _ in range(r.randint(1, 3))})}
    if way < 0.95:
        return {"categories": sorted({r.choice(["grocery", "home", "snacks", "tea"]) for _ in range(2)})}
    return {"skus": [r.choice(items)["sku"]], "categories": ["tea"]}


def others(r, items):
    """Never everything."""
    found = target(r, items)
    return found or {"skus": sorted({r.choice(items)["sku"] for _ in range(3)})}


def kind(r, money, items):
    percent = lambda: r.choice(PERCENTS)
    return r.choice(
        [
            lambda: {"percent": {"percent": percent()}},
            lambda: {"amount_off": {"amount": money(r.choice([1, 30, 50, 100, 500]))}},
            lambda: {"buy_get": {"buy": 1, "get": 1, "percent": "100"}},
            lambda: {"buy_get": {"buy": r.randint(1, 3), "get": r.randint(1, 2), "percent": percent()}},
            lambda: {"buy_get_other": {"buy": r.randint(1, 3), "get": r.randint(1, 2), "percent": percent(), "other": others(r, items)}},
            lambda: {"multi_buy": {"count": r.randint(2, 4), "price": money(r.choice([0, 100, 250, 500, 1000]))}},
            lambda: {"basket_percent": {"threshold": money(r.choice([0, 500, 2000])), "percent": percent()}},
            lambda: {"basket_amount": {"threshold": money(r.choice([0, 500, 2000])), "amount": money(r.choice([1, 100, 333, 1000]))}},
            lambda: {"member_price": {"unit_price": money(r.choice([0, 25, 90, 250]))}},
        ]
    )()


def promotion(r, n, money, items, plain, windows):
    """A plain one is likely to be a candidate, so that there are eight of them and more."""
    p = {"id": f"P{r.randint(0, 99):02d}-{n}", "name": f"Promotion {n}", "kind": kind(r, money, items), "priority": r.choice([0, 0, 1, 2])}
    if plain:
        return p | {"target": {} if r.random() < 0.7 else target(r, items), "exclusive": r.random() < 0.2}
    basket = next(iter(p["kind"])).startswith("basket")
    p |= {"target": target(r, items), "exclusive": r.random() < 0.25, "members_only": r.random() < 0.1}
    p |= r.choice(windows)
    if r.random() < 0.15:
        p["hours"] = hours(r)
    if r.random() < 0.2 and not basket:
        p["uses_max"] = r.randint(1, 3)
    if r.random() < 0.15:
        p["discount_max"] = money(r.choice([1, 10, 99, 250]))
    if r.random() < 0.15:
        p["stores"] = r.choice([["S1"], ["S1", "S2"], ["S2"]])
    return p


def quantity(r, item, big):
    if item["sold_by"] == "unit":
        if big and r.random() < 0.7:
            return {"value": str(r.choice([10**6, 9_999_999_999, 123_456])), "unit": "unit"}
        return {"value": r.choice(["1", "1.0", "1", "2", "2", "3", "4", "5", "7", "12"]), "unit": r.choice(["unit", "each", "Unit"])}
    unit = item["sold_by"] if r.random() < 0.6 else r.choice(["lb", "oz", "kg", "g"])
    value = r.choice(["0.5", "0.995", "1", "1.5", "0.25", "2.333", "0.005", "10", f"{r.randint(1, 9999) / 1000:.3f}"])
    return {"value": value, "unit": unit}


def cart_item(r, items, big):
    item = r.choice(items)
    line = {"id": item["sku"], "kind": "SKU", "quantity": quantity(r, item, big)}
    way = r.random()
    number = item["identifiers"][0]["id"]
    if way < 0.08:
        line |= {"id": r.choice([number, "0" + number, "00" + number]), "kind": "SCANCODE"}
    elif way < 0.10:
        line |= {"id": item["identifiers"][-1]["id"], "kind": "SCANCODE"}
    elif way < 0.14:
        line |= {"id": "gone", "external_identifiers": [{"kind": "GTIN", "id": "00" + number}]}
    elif way < 0.15:
        line["id"] = "gone"
    elif way < 0.16:
        line["quantity"] = {"value": "0", "unit": line["quantity"]["unit"]}
    elif way < 0.17:
        line["quantity"] = {"value": "1", "unit": "bushel"}
    elif way < 0.18:
        line["quantity"] = {"value": "1.5", "unit": "unit"}
    return line
