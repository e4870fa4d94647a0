"""The rules of pricing, once more: exact fractions, whole lists, no shortcuts."""

import itertools
from datetime import datetime, timezone
from fractions import Fraction as F

# Grams in one unit: the pound is 0.45359237 kg by international agreement, the ounce a sixteenth of it.
GRAMS = {"lb": F("453.59237"), "oz": F("453.59237") / 16, "kg": F(1000), "g": F(1)}
PIECE = {"unit", "each", "count"}
DAYS = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
BARCODE_LENGTHS = {8, 12, 13, 14}


class Note(set):
    """What this cart met, for the counts."""


def rounded(exact, mode, note):
    whole = exact.numerator // exact.denominator
    rest = exact - whole
    if rest == F(1, 2):
        note.add("rounding:exact_half")
        up = {"half_up": True, "half_down": False, "half_even": whole % 2 == 1}[mode]
    else:
        up = rest > F(1, 2)
    return whole + 1 if up else whole


def shared(amount, weights):
    """Largest remainder; of equal remainders the earlier."""
    total = sum(weights)
    if total == 0:
        return [amount] + [0] * (len(weights) - 1) if weights else []
    exact = [F(amount) * weight / total for weight in weights]
    parts = [share.numerator // share.denominator for share in exact]
    order = sorted(range(len(parts)), key=lambda i: (parts[i] - exact[i], i))
    for i in order[: amount - sum(parts)]:
        parts[i] += 1
    return parts


def same_number(a_kind, a, b_kind, b):
    """One barcode has any number of leading zeros and any kind; other numbers are what they are."""
    a_bar = a.isdigit() and len(a) in BARCODE_LENGTHS
    b_bar = b.isdigit() and len(b) in BARCODE_LENGTHS
    if a_bar and b_bar:
        return int(a) == int(b)
    return not a_bar and not b_bar and a == b and (a_kind is None or a_kind == b_kind)


def find(item, catalog, note):
    catalog = sorted(catalog, key=lambda article: article["sku"])
    for article in catalog:
        if item["kind"] == "SKU" and article["sku"] == item["id"]:
            return article
        if item["kind"] == "SCANCODE":
            if any(same_number(None, item["id"], it["kind"], it["id"]) for it in article["identifiers"]):
                note.add("scancode")
                return article
    for further in item.get("external_identifiers", []):
        for article in catalog:
            if any(same_number(further["kind"], further["id"], it["kind"], it["id"]) for it in article["identifiers"]):
                note.add("identifier")
                return article
    return None


def measure(item, article, note):
    """How much, in the article's own unit; None for a unit that does not fit."""
    value, unit = F(item["quantity"]["value"]), item["quantity"]["unit"].lower()
    if article["sold_by"] == "unit":
        return value if unit in PIECE else None
    note.add("weighed")
    if unit not in GRAMS:
        return None
    if unit != article["sold_by"]:
        note.add("converted")
    return value * GRAMS[unit] / GRAMS[article["sold_by"]]


class Line:
    def __init__(self, line_no, article, amount):
        self.line_no, self.article, self.amount = line_no, article, amount
        self.price, self.deposit = 0, 0


class Article:
    """All lines of one article number."""

    def __init__(self, article, lines):
        self.it, self.lines = article, lines
        self.sku = article["sku"]
        self.each = article["unit_price"]["minor"]
        self.amount = sum(line.amount for line in lines)
        self.by_piece = article["sold_by"] == "unit"
        self.pieces = int(self.amount) if self.by_piece else 0


def extended(each, article, s, note):
    if s["rounding_level"] == "line":
        return [rounded(each * line.amount, s["rounding"], note) for line in article.lines]
    whole = rounded(each * article.amount, s["rounding"], note)
    return shared(whole, [line.amount for line in article.lines])


def runs(p, q, note):
    at = datetime.fromisoformat(q["at"])
    starts, ends = p.get("valid_from"), p.get("valid_until")
    if (starts and at < datetime.fromisoformat(starts)) or (ends and at >= datetime.fromisoformat(ends)):
        note.add("not_running")
        return False
    hours = p.get("hours") or {}
    clock = at.astimezone(timezone.utc)
    day = DAYS[clock.isoweekday() - 1]
    if hours.get("weekdays"):
        note.add("this_weekday" if day in hours["weekdays"] else "not_this_weekday")
        if day not in hours["weekdays"]:
            return False
    begins, ends = hours.get("from"), hours.get("until")
    if begins is not None or ends is not None:
        seconds = clock.hour * 3600 + clock.minute * 60 + clock.second
        inside = (begins or 0) * 60 <= seconds and (ends is None or seconds < ends * 60)
        note.add("this_hour" if inside else "not_this_hour")
        if not inside:
            return False
    if p.get("stores") and q["store"] not in p["stores"]:
        note.add("other_store")
        return False
    if p.get("members_only") or "member_price" in p["kind"]:
        if q["member"]:
            note.add("member")
        return q["member"]
    return True


def targets(target, article):
    target = target or {}
    skus, categories = target.get("skus", []), target.get("categories", [])
    if not skus and not categories:
        return True
    return article.sku in skus or article.it.get("category") in categories or article.it.get("subcategory") in categories


def kind_of(p):
    (name, terms), = p["kind"].items()
    return name, terms


def candidates_of(q, articles, note):
    found = []
    for p in q["rule_set"]["promotions"]:
        if not runs(p, q, note):
            continue
        mine = [a for a in articles if targets(p.get("target"), a)]
        if kind_of(p)[0] == "buy_get_other":
            bought = mine
            mine = [a for a in articles if a.by_piece and targets(kind_of(p)[1]["other"], a)]
            if any(a in mine for a in bought):
                note.add("bought_and_got")
            if not any(a.by_piece and a not in mine for a in bought):
                continue
        if kind_of(p)[0] in ("buy_get", "multi_buy"):
            mine = [a for a in mine if a.by_piece]
        if mine:
            found.append((p, mine))
    return sorted(found, key=lambda c: (kind_of(c[0])[0].startswith("basket"), c[0].get("priority", 0), c[0]["id"]))


def dearest_first(articles):
    return sorted(articles, key=lambda a: (-a.each, a.sku))


def bought_for(p, mine, articles):
    """What must be bought for what the promotion makes cheaper, where that is something else."""
    if kind_of(p)[0] != "buy_get_other":
        return []
    return [a for a in articles if a.by_piece and a not in mine and targets(p.get("target"), a)]


def wanted(p, articles, bought, left, s, note):
    """What a promotion would take off each article, before limits."""
    name, terms = kind_of(p)
    off = {}
    uses = p.get("uses_max")
    mode = s["rounding"]
    if name in ("percent", "amount_off", "member_price"):
        rest = uses
        for a in dearest_first(articles) if uses is not None else articles:
            of = a.pieces if a.by_piece else 1
            used = of if rest is None else min(of, rest)
            if used < of:
                note.add("uses_limited")
            if used == 0:
                continue
            if name == "percent":
                amount = rounded(F(left[a.sku]) * used / of * F(terms["percent"]) / 100, mode, note)
            else:
                lower = terms["amount"]["minor"] if name == "amount_off" else a.each - terms["unit_price"]["minor"]
                quantity = used if a.by_piece else a.amount
                amount = min(left[a.sku], rounded(max(0, lower) * F(quantity), mode, note))
            if amount > 0:
                off[a.sku] = amount
                if rest is not None:
                    rest -= used
    elif name == "buy_get":
        row = [a for a in dearest_first(articles) for _ in range(a.pieces)]
        sets = len(row) // (terms["buy"] + terms["get"])
        if uses is not None and uses < sets:
            note.add("uses_limited")
            sets = uses
        if sets and len(row) % (terms["buy"] + terms["get"]) and terms["buy"] == 1:
            note.add("bogo_odd")
        cheaper = row[len(row) - sets * terms["get"] :]
        for a in articles:
            count = cheaper.count(a)
            if count:
                if F(terms["percent"]) == 100:
                    note.add("free_piece")
                off[a.sku] = rounded(F(left[a.sku]) * count / a.pieces * F(terms["percent"]) / 100, mode, note)
    elif name == "buy_get_other":
        sets, pieces = sum(a.pieces for a in bought) // terms["buy"], sum(a.pieces for a in articles)
        if uses is not None and uses < sets:
            note.add("uses_limited")
            sets = uses
        while sets * terms["get"] > pieces:
            note.add("too_few_to_get")
            sets -= 1
        cheapest = [a for a in reversed(dearest_first(articles)) for _ in range(a.pieces)][: sets * terms["get"]]
        for a in articles:
            count = cheapest.count(a)
            if count:
                off[a.sku] = rounded(F(left[a.sku]) * count / a.pieces * F(terms["percent"]) / 100, mode, note)
    elif name == "multi_buy":
        row = [a for a in dearest_first(articles) for _ in range(a.pieces)]
        count, price = terms["count"], terms["price"]["minor"]
        in_sets, sets = [], 0
        while len(row) >= count and sum(a.each for a in row[:count]) > price:
            if uses is not None and sets == uses:
                note.add("uses_limited")
                break
            in_sets, row, sets = in_sets + row[:count], row[count:], sets + 1
        worth = [(a, in_sets.count(a)) for a in articles]
        worth = [(a, rounded(F(left[a.sku]) * n / a.pieces, mode, note)) for a, n in worth if n]
        discount = max(0, sum(v for _, v in worth) - sets * price)
        for (a, _), part in zip(worth, shared(discount, [v for _, v in worth])):
            off[a.sku] = part
    else:
        basket = sum(left[a.sku] for a in articles)
        if basket < terms["threshold"]["minor"]:
            note.add("below_threshold")
            return {}
        if name == "basket_percent":
            amount = rounded(F(basket) * F(terms["percent"]) / 100, mode, note)
        else:
            amount = min(basket, terms["amount"]["minor"])
        for a, part in zip(articles, shared(amount, [left[a.sku] for a in articles])):
            off[a.sku] = part
    return off


def apply_all(chosen, articles, s, note):
    """The promotions of `chosen`, in order: what every line has left, and who took what."""
    left = {a.sku: sum(line.price for line in a.lines) for a in articles}
    line_left = {line.line_no: line.price for a in articles for line in a.lines}
    touched, by_line, applied = {}, {no: [] for no in line_left}, []
    for p, mine in chosen:
        exclusive = p.get("exclusive", False)
        if s["promotions_max"] is not None and len(applied) >= s["promotions_max"]:
            note.add("cart_promotions_max")
            continue
        open_to, bought = [], []
        for which, of in ((open_to, mine), (bought, bought_for(p, mine, articles))):
            for a in of:
                stopped = touched.get(a.sku) == "exclusive" or (exclusive and a.sku in touched)
                if stopped:
                    note.add("exclusive_stopped")
                elif left[a.sku] > 0:
                    which.append(a)
        off = wanted(p, sorted(open_to, key=lambda a: a.sku), bought, left, s, note) if open_to else {}
        off = {sku: off[sku] for sku in sorted(off) if off[sku] > 0}
        amount = whole = sum(off.values())
        if p.get("discount_max"):
            amount = min(amount, p["discount_max"]["minor"])
            if amount < whole:
                note.add("capped")
        if s["cart_discount_max"]:
            room = s["cart_discount_max"]["minor"] - sum(it[1] for it in applied)
            if room < amount:
                note.add("cart_capped")
                amount = room
        if amount <= 0:
            if exclusive:
                note.add("exclusive_did_not_apply")
            continue
        if amount < whole:
            off = dict(zip(off, shared(amount, list(off.values()))))
        note.add("kind:" + kind_of(p)[0])
        applied.append([p["id"], amount])
        for a in mine:
            part = off.get(a.sku, 0)
            if not part:
                continue
            touched[a.sku] = "exclusive" if exclusive else "stackable"
            left[a.sku] -= part
            for line, piece in zip(a.lines, shared(part, [line_left[line.line_no] for line in a.lines])):
                if piece:
                    line_left[line.line_no] -= piece
                    by_line[line.line_no].append([p["id"], piece])
    return line_left, by_line, applied


def taxes_of(category, q):
    """The rates of a category, by name, each with its fraction of the base."""
    mine = [r for r in q["rule_set"]["tax_rates"] if r["tax_category"] == category]
    mine = [r for r in mine if r["jurisdiction"] == q["settings"]["jurisdiction"]]
    mine.sort(key=lambda r: (r["name"], F(r["percent"]), r["included"]))
    included = sum(F(r["percent"]) for r in mine if r["included"])
    return [(r, F(r["percent"]) / (100 + (included if r["included"] else 0))) for r in mine]


def tax(articles, line_left, rates, s, note):
    """Every line's taxes, in the order of its rates."""
    lines = [line for a in articles for line in a.lines]
    if s["rounding_level"] == "line":
        return {
            line.line_no: [
                rounded(line_left[line.line_no] * part, s["rounding"], note)
                for _, part in rates[line.article["tax_category"]]
            ]
            for line in lines
        }
    on = {}
    for line in lines:
        for rate, part in rates[line.article["tax_category"]]:
            on.setdefault((rate["name"], F(rate["percent"]), rate["included"], part), []).append(line)
    share = {}
    for key, of in on.items():
        bases = [line_left[line.line_no] for line in of]
        whole = rounded(sum(bases) * key[3], s["rounding"], note)
        for line, part in zip(of, shared(whole, bases)):
            share[key, line.line_no] = part
    return {
        line.line_no: [
            share[(rate["name"], F(rate["percent"]), rate["included"], part), line.line_no]
            for rate, part in rates[line.article["tax_category"]]
        ]
        for line in lines
    }


def total_tax(articles, taxes, rates, included):
    return sum(
        amount
        for a in articles
        for line in a.lines
        for (rate, _), amount in zip(rates[a.it["tax_category"]], taxes[line.line_no])
        if rate["included"] == included
    )


def choose(candidates, articles, rates, s, note):
    note.add("policy:" + s["promotion_policy"])
    if s["promotion_policy"] == "stack" or not candidates:
        return candidates
    if len(candidates) > 8:
        note.add("best_deal:too_many")
        return candidates
    note.add("best_deal:exact")
    if len(candidates) == 8:
        note.add("best_deal:eight")
    best = None
    for size in range(len(candidates) + 1):
        for places in itertools.combinations(range(len(candidates)), size):
            unheard = Note()
            line_left, _, applied = apply_all([candidates[i] for i in places], articles, s, unheard)
            taxes = tax(articles, line_left, rates, s, unheard)
            key = (sum(line_left.values()) + total_tax(articles, taxes, rates, False), size, places)
            if best is None or key < best:
                best = key
    if len(best[2]) < len(candidates):
        note.add("best_deal:left_one_out")
    return [candidates[i] for i in best[2]]


def cause_of(item, article, amount, rates):
    if article is None:
        return "unknown_item"
    if amount is None:
        return "unknown_unit"
    if amount == 0:
        return "zero_quantity"
    if article["sold_by"] == "unit" and amount.denominator != 1:
        return "fraction_of_piece"
    return None if rates else "unknown_tax"


def reckon(q):
    """What the cart costs, and what it met on the way."""
    note, s = Note(), q["settings"]
    rates = {a["tax_category"]: taxes_of(a["tax_category"], q) for a in q["rule_set"]["items"]}
    lines, bad = [], []
    for no, item in enumerate(q["cart"]["items"], 1):
        article = find(item, q["rule_set"]["items"], note)
        amount = measure(item, article, note) if article else None
        cause = cause_of(item, article, amount, article and rates[article["tax_category"]])
        if cause:
            bad.append([no, cause])
            note.add("bad:" + cause)
        else:
            lines.append(Line(no, article, amount))
    lines.sort(key=lambda line: (line.article["sku"], line.amount, line.line_no))
    articles = [Article(of[0].article, of) for of in (list(g) for _, g in itertools.groupby(lines, lambda l: l.article["sku"]))]
    for a in articles:
        for line, price in zip(a.lines, extended(a.each, a, s, note)):
            line.price = price
        for deposit in a.it.get("deposits", []):
            note.add("deposit")
            for line, amount in zip(a.lines, extended(deposit["amount"]["minor"], a, s, note)):
                line.deposit += amount
    chosen = choose(candidates_of(q, articles, note), articles, rates, s, note)
    line_left, by_line, applied = apply_all(chosen, articles, s, note)
    taxes = tax(articles, line_left, rates, s, note)
    result = {"lines": [], "bad_lines": bad, "applied": applied}
    for line in sorted(lines, key=lambda line: line.line_no):
        own, left = list(zip(rates[line.article["tax_category"]], taxes[line.line_no])), line_left[line.line_no]
        result["lines"].append(
            {
                "line_no": line.line_no,
                "sku": line.article["sku"],
                "price": line.price,
                "discount": line.price - left,
                "deposit": line.deposit,
                "tax": sum(amount for (rate, _), amount in own if not rate["included"]),
                "tax_included": sum(amount for (rate, _), amount in own if rate["included"]),
                "taxes": [[rate["name"], amount] for (rate, _), amount in own],
                "applied": by_line[line.line_no],
            }
        )
    added, included = (total_tax(articles, taxes, rates, which) for which in (False, True))
    price, deposits = sum(line.price for line in lines), sum(line.deposit for line in lines)
    result |= {"price": price, "promotions": price - sum(line_left.values()), "tax": added, "tax_included": included}
    result |= {"deposits": deposits, "total": sum(line_left.values()) + added + deposits}
    notice(q, result, articles, rates, by_line, note)
    return result, note


def notice(q, result, articles, rates, by_line, note):
    note |= {"level:" + q["settings"]["rounding_level"], "rounding:" + q["settings"]["rounding"]}
    if any(len(it) > 1 for it in by_line.values()):
        note.add("stacked_on_one_line")
    if any(len(a.lines) > 1 for a in articles):
        note.add("duplicate_line")
    if any(a.pieces > 1000 for a in articles):
        note.add("big_quantity")
    for own in (rates[a.it["tax_category"]] for a in articles):
        note |= {"exempt"} if all(F(r["percent"]) == 0 for r, _ in own) else set()
        note |= {"several_rates"} if len(own) > 1 else set()
        note |= {"tax_included" if r["included"] else "tax_added" for r, _ in own if F(r["percent"])}
        note |= {"tax_included_several"} if sum(r["included"] for r, _ in own) > 1 else set()
    if result["total"] == 0:
        note.add("zero_total")
        note.add("zero_total_by_promotion" if result["promotions"] else "nothing_priced")
    if q["currency"] == "JPY":
        note.add("yen")
