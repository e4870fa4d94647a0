#!/usr/bin/env python3
"""An independent pricer, and a comparison of it with the engine on random carts, cent by cent.

    python3 oracle.py --carts 20000 --seed 1 --engine PATH/TO/price_stream

Written from the rules that the documentation of `domain::pricing` and `domain::promotion` states, with exact fractions and
the plainest means: pieces stand in a list one by one, every combination of promotions is tried. It shares no code and no
shortcut with the engine. Exits with 1 and the smallest differing cart that it finds, or when the random carts left out
something that they are meant to hit.
"""

import argparse
import collections
import json
import multiprocessing
import os
import subprocess
import sys
import time

sys.dont_write_bytecode = True

from carts import question  # noqa: E402
from reckon import reckon  # noqa: E402

CHUNK = 1000
# What a run of the usual size must have met. Each is counted once per cart.
MUST_HIT = """
kind:percent kind:amount_off kind:buy_get kind:buy_get_other kind:multi_buy kind:basket_percent kind:basket_amount kind:member_price
policy:stack policy:best_deal best_deal:exact best_deal:too_many best_deal:left_one_out best_deal:eight
level:line level:invoice rounding:half_up rounding:half_even rounding:half_down rounding:exact_half
stacked_on_one_line capped cart_capped cart_promotions_max uses_limited exclusive_stopped exclusive_did_not_apply below_threshold
weighed converted duplicate_line scancode identifier deposit exempt several_rates tax_added tax_included tax_included_several
zero_total zero_total_by_promotion nothing_priced yen member not_running other_store
this_weekday not_this_weekday this_hour not_this_hour bought_and_got too_few_to_get big_quantity bogo_odd free_piece
bad:unknown_item bad:unknown_unit bad:zero_quantity bad:fraction_of_piece bad:unknown_tax
""".split()


def ask(engine, questions):
    """The engine's answers, one per question."""
    text = "".join(json.dumps(q) + "\n" for q in questions)
    done = subprocess.run([engine], input=text, capture_output=True, text=True, check=True)
    return [json.loads(line) for line in done.stdout.splitlines()]


def minor(money):
    return money["minor"]


def facts(answer):
    """What both sides must agree on, from the engine's answer."""
    lines = [
        {
            "line_no": line["line_no"],
            "sku": line["sku"],
            "price": minor(line["price"]),
            "discount": minor(line["discount"]),
            "deposit": minor(line["deposit"]),
            "tax": minor(line["tax"]),
            "tax_included": minor(line["tax_included"]),
            "taxes": [[tax["name"], minor(tax["amount"])] for tax in line["taxes"]],
            "applied": [[it["id"], minor(it["amount"])] for it in line["applied"]],
        }
        for line in answer["lines"]
    ]
    return {
        "lines": lines,
        "bad_lines": [[bad["line_no"], bad["cause"]] for bad in answer["bad_lines"]],
        "applied": [[it["id"], minor(it["amount"])] for it in answer["applied"]],
        **{key: minor(answer[key]) for key in ("price", "promotions", "tax", "tax_included", "deposits", "total")},
    }


def difference(q, answer):
    """What is not the same, as words; None when nothing is."""
    if "error" in answer:
        return f"the engine says: {answer['error']}"
    mine, theirs = reckon(q)[0], facts(answer)
    for key in mine:
        if mine[key] != theirs[key]:
            return f"{key}: oracle {json.dumps(mine[key])}\n{' ' * len(key)}  engine {json.dumps(theirs[key])}"
    return None


def smaller(q):
    """The same cart with one thing less, in every way."""
    for path in (("cart", "items"), ("rule_set", "promotions"), ("rule_set", "tax_rates")):
        things = q[path[0]][path[1]]
        for at in range(len(things)):
            yield {**q, path[0]: {**q[path[0]], path[1]: things[:at] + things[at + 1 :]}}
    for at, promotion in enumerate(q["rule_set"]["promotions"]):
        for key in ("uses_max", "discount_max", "exclusive", "target", "members_only", "stores", "hours"):
            if promotion.get(key):
                less = {k: v for k, v in promotion.items() if k != key}
                promotions = q["rule_set"]["promotions"]
                promotions = promotions[:at] + [less] + promotions[at + 1 :]
                yield {**q, "rule_set": {**q["rule_set"], "promotions": promotions}}


def shrink(engine, q):
    """A cart that differs, and none of the carts with one thing less does."""
    while True:
        candidates = list(smaller(q))
        answers = ask(engine, candidates) if candidates else []
        q_next = next((c for c, a in zip(candidates, answers) if difference(c, a)), None)
        if q_next is None:
            used = {item["id"] for item in q["cart"]["items"]}
            kept = [item for item in q["rule_set"]["items"] if item["sku"] in used]
            lean = {**q, "rule_set": {**q["rule_set"], "items": kept}}
            return lean if difference(lean, ask(engine, [lean])[0]) else q
        q = q_next


def run_chunk(job):
    engine, seed, chunk, size = job
    questions = [question(f"{seed}/{chunk}/{number}") for number in range(size)]
    hits, failing = collections.Counter(), []
    for q, answer in zip(questions, ask(engine, questions), strict=True):
        hits.update(reckon(q)[1])
        if difference(q, answer):
            failing.append(q)
    return hits, failing


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--carts", type=int, default=20_000)
    parser.add_argument("--seed", default="1")
    parser.add_argument("--engine", required=True, help="the built example price_stream")
    args = parser.parse_args()
    began = time.monotonic()
    sizes = [min(CHUNK, args.carts - start) for start in range(0, args.carts, CHUNK)]
    jobs = [(args.engine, args.seed, chunk, size) for chunk, size in enumerate(sizes)]
    hits, failing = collections.Counter(), []
    with multiprocessing.Pool(os.cpu_count()) as pool:
        for done, (chunk_hits, chunk_failing) in enumerate(pool.imap_unordered(run_chunk, jobs), 1):
            hits.update(chunk_hits)
            failing.extend(chunk_failing)
            if sys.stderr.isatty():
                print(f"\r{done * CHUNK:>9} carts", end="", file=sys.stderr)
    for name, count in sorted(hits.items()):
        print(f"{count:>9}  {name}")
    print(f"{args.carts} carts in {time.monotonic() - began:.1f} s, {len(failing)} differ (seed {args.seed})")
    if failing:
        size = lambda q: len(q["cart"]["items"]) + len(q["rule_set"]["promotions"])
        q = shrink(args.engine, min(failing, key=size))
        print("The smallest of them:", json.dumps(q), difference(q, ask(args.engine, [q])[0]), sep="\n")
        return 1
    missed = [name for name in MUST_HIT if not hits[name]]
    if missed:
        print("Never hit, so this run proves nothing about:", ", ".join(missed))
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
