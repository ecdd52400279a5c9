#!/usr/bin/env python3
"""When schedules run, worked out by looking at every minute with Python's own zones. Shares no code with src/queue/schedule.c.

    tests/vectors/schedules.py > tests/vectors/schedules.txt

A line: zone, schedule, an instant in ms, and the next runs after it."""
import datetime
import random
from zoneinfo import ZoneInfo

UTC = datetime.timezone.utc
MINUTE = datetime.timedelta(minutes=1)
RUNS = 6
CLOCKS = [  # a zone and days on which its clock is changed, or is not
    ("Asia/Shanghai", ["2026-11-20", "2028-02-27", "2026-12-30"]),
    ("America/New_York", ["2026-03-07", "2026-10-31", "2027-03-13"]),
    ("Europe/Berlin", ["2026-03-28", "2026-10-24"]),
    ("Australia/Lord_Howe", ["2026-04-04", "2026-10-03"]),  # by half an hour
    ("America/Santiago", ["2026-04-03", "2026-09-05"]),     # at midnight
    ("Africa/Casablanca", ["2026-02-14", "2026-03-21"]),
]
LINES = ["30 7 * * mon", "*/5 * * * *", "0 2 * * *", "30 2 * * *", "*/15 1-3 * * *", "15,45 1 * * *", "0 0 * * *", "59 23 * * *",
         "0 0 1 * *", "0 0 29 2 *", "0 12 13 * fri", "0 */6 * * *", "7 * * * sun", "0 * * * mon", "50 * * * tue-sat", "0 0-23 * * *", "20 1,2,3 * * 6,7", "@daily",
         "@hourly", "@weekly", "@monthly", "*/30 0 * * *", "5 4 */2 * *", "0 9 31 jan-mar,oct mon-fri/2"]
NICK = {"@hourly": "0 * * * *", "@daily": "0 0 * * *", "@weekly": "0 0 * * 0", "@monthly": "0 0 1 * *"}
MONTHS = "jan feb mar apr may jun jul aug sep oct nov dec".split()
WEEKDAYS = "sun mon tue wed thu fri sat".split()


def values(text, low, high, words=(), first=0):
    found = set()
    for item in text.split(","):
        span, _, step = item.partition("/")
        ends = [low, high] if span == "*" else [words.index(w) + first if w in words else int(w) for w in span.split("-")]
        found |= set(range(ends[0], ends[-1] + 1, int(step or 1)))
    return found


class Line:
    def __init__(self, text):
        minute, hour, day, month, weekday = NICK.get(text, text).split()
        self.minutes, self.hours = values(minute, 0, 59), values(hour, 0, 23)
        self.days, self.months = values(day, 1, 31), values(month, 1, 12, MONTHS, 1)
        self.weekdays = {w % 7 for w in values(weekday, 0, 7, WEEKDAYS)}
        self.both = day[0] == "*" or weekday[0] == "*"

    def names(self, local):
        day, weekday = local.day in self.days, local.isoweekday() % 7 in self.weekdays
        return (local.minute in self.minutes and local.hour in self.hours and local.month in self.months
                and (day and weekday if self.both else day or weekday))


def instant_of(local, zone):
    """Of a local time without a zone: the first of two, or the jump that passes over it."""
    at = local.replace(tzinfo=zone).astimezone(UTC)
    if at.astimezone(zone).replace(tzinfo=None) == local:
        return at
    at = (local - datetime.timedelta(hours=3)).replace(tzinfo=zone).astimezone(UTC)
    offset = at.astimezone(zone).utcoffset()
    while at.astimezone(zone).utcoffset() == offset:
        at += MINUTE
    return at


def runs(line, zone, after):
    """Looks at every minute, day by day."""
    found = set()
    utc_day = after.replace(hour=0, minute=0, second=0, microsecond=0) - datetime.timedelta(days=2)
    while len(found) < RUNS + 2:
        day = utc_day.replace(tzinfo=None)
        if len(line.hours) < 24:
            near = {instant_of(t, zone) for t in (day + i * MINUTE for i in range(1440)) if line.names(t)}
        else:
            near = {t for t in (utc_day + i * MINUTE for i in range(1440)) if line.names(t.astimezone(zone))}
        found |= {t for t in near if t > after}
        utc_day += datetime.timedelta(days=1)
    return sorted(found)[:RUNS]


def main():
    random.seed(20261120)
    print("# made by schedules.py: zone | schedule | after, ms | next runs, ms")
    for name, days in CLOCKS:
        for day in days:
            for text in LINES:
                start = datetime.datetime.fromisoformat(f"{day}T00:00:00+00:00")
                after = start + datetime.timedelta(seconds=random.randrange(2 * 86400))
                times = runs(Line(text), ZoneInfo(name), after)
                print(name, text, int(after.timestamp() * 1000), " ".join(str(int(t.timestamp()) * 1000) for t in times),
                      sep="|")


main()
