#!/usr/bin/env python3
"""Metrics worked out with fractions. Shares no code with src/derive/metric.c, and has the formulas by hand.

    tests/vectors/metrics.py > tests/vectors/metrics.txt

A line: family, decimals of the currency, `one` row or `many`, what goes in, `=`, what comes out (`?`: unknown). A weighed
average of many rows goes in as NUMBER/WEIGHTS."""
import random
from fractions import Fraction

LIMIT = 2 ** 63
AD = ("orders videos budget cost plays likes comments shares follows home_visits conversions shown live_clicks gift_users"
      " gift_amount live_comments live_follows gifts").split()
TRADE = ("orders pieces gmv refunds received goods_cost freight commission profit_before_ads gmv_costed ad_spend cancelled shipped"
         " late").split()


def half_up(value):
    """Away from zero at .5."""
    sign = -1 if value < 0 else 1
    return sign * int((2 * abs(value) + 1) // 2)


def half_even(value):
    low = value.numerator // value.denominator
    rest = value - low
    return low + (rest > Fraction(1, 2) or (rest == Fraction(1, 2) and low % 2 == 1))


def minus(*parts):
    if any(part is None for part in parts):
        return None
    return parts[0] - sum(parts[1:])


def over(a, b, decimals, times=1, zero=None):
    """Both as fractions of whole units."""
    if a is None or b is None:
        return None
    if b == 0:
        return zero
    return half_up(a / b * times * 10 ** decimals)


def ad(v, e):
    def money(name):
        return None if v[name] is None else Fraction(v[name], 10 ** e)

    def count(name):
        return None if v[name] is None else Fraction(v[name])
    plays = count("plays")
    return {"conversion_cost": over(money("cost"), count("conversions"), e),
            "plays_per_100": over(plays, money("cost"), 2, 100, 0),
            "like_rate": over(count("likes"), plays, 4, 1, 0), "comment_rate": over(count("comments"), plays, 4, 1, 0),
            "share_rate": over(count("shares"), plays, 4, 1, 0), "follow_rate": over(count("follows"), plays, 4, 1, 0),
            "shares_per_100": over(count("shares"), plays, 4, 100, 0), "budget_used": over(money("cost"), money("budget"), 4, 1, 0)}


def trade(v, e):
    profit = minus(v["profit_before_ads"], v["ad_spend"])

    def money(value):
        return None if value is None else Fraction(value, 10 ** e)

    def count(name):
        return None if v[name] is None else Fraction(v[name])
    return {"net": minus(v["gmv"], v["refunds"]), "profit": profit,
            "margin": over(money(profit), money(v["gmv_costed"]), 4, 1, 0), "average_order": over(money(v["gmv"]), count("orders"), e, 1, 0),
            "delay_rate": over(count("late"), count("shipped"), 4, 1, 0), "roi": over(money(v["gmv"]), money(v["ad_spend"]), 2)}


def number(rng):
    kind = rng.randrange(12)
    if kind == 0:
        return None
    if kind == 1:
        return 0
    if kind == 2:
        return -rng.randrange(10 ** rng.randrange(1, 12))
    if kind == 3:
        return rng.randrange(10 ** rng.randrange(12, 18))
    return rng.randrange(10 ** rng.randrange(1, 9))


def shown(value):
    return "?" if value is None else str(value)


def line(family, e, many, given, made):
    print(family, e, "many" if many else "one", *(f"{name}={text}" for name, text in given.items()), "=",
          *(f"{name}={shown(value)}" for name, value in made.items()))


def main():
    rng = random.Random(20261130)
    # By hand first: halves, both signs, the ends of the range.
    chosen = [("ad", 2, {"cost": 5, "conversions": 2}), ("ad", 2, {"cost": -5, "conversions": 2}), ("ad", 2, {"cost": 0, "conversions": 0}),
              ("ad", 0, {"cost": 5, "conversions": 2}), ("ad", 3, {"cost": 7, "plays": 8}), ("ad", 2, {"plays": 1, "cost": 0}),
              ("ad", 2, {"likes": 1, "plays": 20000}), ("ad", 2, {"likes": -1, "plays": 20000}), ("ad", 2, {"likes": 1, "plays": 0}),
              ("ad", 2, {"cost": LIMIT - 1, "budget": LIMIT - 1}), ("trade", 2, {"gmv": 1, "orders": 2}),
              ("trade", 2, {"gmv": 100, "ad_spend": 0}), ("trade", 2, {"gmv": 100, "ad_spend": 3})]
    for family, e, values in chosen:
        known = {name: values.get(name) for name in (AD if family == "ad" else TRADE)}
        line(family, e, False, {k: shown(v) for k, v in known.items()}, (ad if family == "ad" else trade)(known, e))
    for numerator, weights in ((5, 2), (7, 2), (-5, 2), (-7, 2), (0, 0), (7, 0), (1, 3), (2, 3), (10 ** 18, 3), (333333 * 7, 7)):
        value = 0 if weights == 0 else half_even(Fraction(numerator, weights))
        line("ad", 2, True, {"completion_5s": f"{numerator}/{weights}"}, {"completion_5s": value})
    line("ad", 2, True, {"completion_5s": "?"}, {"completion_5s": None})
    line("ad", 2, False, {"completion_5s": "123456"}, {"completion_5s": 123456})
    for _ in range(250):
        family = rng.choice(("ad", "trade"))
        e = rng.choice((0, 2, 2, 2, 3))
        values = {name: number(rng) for name in (AD if family == "ad" else TRADE)}
        made = (ad if family == "ad" else trade)(values, e)
        if all(value is None or -LIMIT <= value < LIMIT for value in made.values()):
            line(family, e, False, {k: shown(v) for k, v in values.items()}, made)


if __name__ == "__main__":
    main()
