#!/usr/bin/env python3
"""Every route of the OpenAPI document, asked at random: with and without rights, with parameters that fit and that do not.

    tests/scenario/api_property.py                     300 requests; REQUESTS=N for another number, SEED=N for other ones

Of each answer: no 5xx; an error is problem+json with a code of docs/errors.md; a success has the form that the document
declares; nobody gets past his right, and nothing of a shop that he does not see stands in what he gets."""
import http.client
import json
import os
import random
import re
import urllib.parse

import jsonschema

import lib
from api_client import ClockHeld
from api_server import Server, user_add
from lib import holds, huiliu_json, same
from truth import SEED, Stage

REQUESTS = int(os.environ.get("REQUESTS", "300"))
RIGHTS = {"nobody": 0, "viewer": 1, "operator": 2, "admin": 3}
NASTY = ["", " ", "0", "-1", "9" * 25, "1e9", "true", "null", "' OR 1=1 --", "%", "_", "=cmd|' /C calc'!A0", "../../etc/passwd",
         "<script>", "x" * 3000, "中文", "😀", "2026-02-30", "2026-01-28T00:00:00Z", "1.005", "-0", "NaN", "a,b", "-cost,-cost", "\u202e"]
CODES = set(re.findall(r"^\| `(\w+)` \|", (lib.ROOT / "docs" / "errors.md").read_text(encoding="utf-8"), re.MULTILINE))


class World:
    """Two shops with orders, and people: one who sees the first shop, one operator of it, an admin, nobody, a forger."""

    def __init__(self, t):
        self.stage = Stage(t, platform="douplus", life_shops=0, douplus_shops=2, douplus_orders=40)
        self.stage.sync(check=False)
        self.clock = ClockHeld(self.stage.env["HUILIU_CLOCK"])  # time stands still for a server that would idle through the years
        self.shops = huiliu_json(self.stage.home, "shop", "list", env=self.stage.env)[1]["shops"]
        home = self.stage.home
        seen = self.shops[0]["name"]
        user_add(home, "root", "admin", (), "--reveals", env=self.stage.env)
        user_add(home, "viewer", "viewer", [seen], env=self.stage.env)
        user_add(home, "operator", "operator", [seen], env=self.stage.env)
        self.server = Server(home, env=self.stage.env)
        t.processes.append(self.server.process)
        self.server.sign_in("root")
        self.tokens = {}
        for user_id, name in ((1, "root"), (2, "viewer"), (3, "operator")):
            answer = self.server.ask("POST", "/api/v1/tokens", {"name": name, "user_id": user_id})
            same(answer.status, 201, repr(answer))
            self.tokens[name] = answer.json["token"]
        self.server.token = None
        self.document = self.server.get("/api/v1/openapi.json").json
        self.ids, self.secret = self.things(home)

    def things(self, home):
        """Ids of both shops to ask for, and what only the second shop has."""
        ids = {}
        for table, column in (("ad_order", "order_id"), ("ad_order", "item_id")):
            for row in lib.rows(home, f"SELECT shop_id, {column} AS id FROM {table} WHERE {column} IS NOT NULL"):
                ids.setdefault(row["shop_id"], set()).add(row["id"])
        first, second = sorted(ids)
        holds(len(ids[first]) > 20 and len(ids[second]) > 20, "both shops have orders")
        hidden = {i for i in ids[second] - ids[first] if len(i) >= 8} | {s["name"] for s in self.shops[1:]}
        hidden |= {str(s["external_id"]) for s in self.shops[1:]}
        return sorted(ids[first])[:20] + sorted(ids[second])[:20], hidden


def value_of(rng, schema, world, kept=False):
    """One that fits. `kept`: it may be stored and be read by others, so that it is nothing of the second shop."""
    if "enum" in schema:
        return rng.choice(schema["enum"])
    kind = schema.get("type")
    if isinstance(kind, list):
        kind = kind[0]
    if kind == "array":
        return [value_of(rng, schema["items"], world, kept) for _ in range(rng.randrange(1, 4))]
    if kind == "boolean":
        return rng.choice([True, False])
    if kind == "integer":
        least, most = schema.get("minimum", 0), schema.get("maximum", 10 ** 6)
        return rng.choice([least, most, rng.randint(least, min(most, least + 50))])
    if schema.get("format") == "date":
        return f"2026-01-{rng.randrange(1, 29):02}"
    if schema.get("format") == "date-time":
        return f"2026-01-{rng.randrange(1, 29):02}T00:00:00Z"
    if "pattern" in schema and "[0-9]" in schema["pattern"]:
        return rng.choice(["0", "12.34", "-5"])
    least = schema.get("minLength", 0)
    ids, shops = (world.ids[:20], world.shops[:1]) if kept else (world.ids, world.shops)
    word = rng.choice(ids + [s["name"] for s in shops] + ["cost", "-created_at", "a", "1"])
    return (word + "x" * least)[:max(least, schema.get("maxLength", 200))] if len(word) < least else word


def text_of(value):
    return ("true" if value else "false") if isinstance(value, bool) else str(value)


def broken(rng, value):
    return rng.choice(NASTY) if rng.random() < 0.7 else text_of(value) + rng.choice(["x", " ", "'", "."])


def path_id(rng, path, method, schema, world):
    """Nobody takes away what the run stands on: the users, tokens and shops that it began with."""
    if method != "get" and re.search(r"/(users|tokens|shops)/", path):
        return rng.choice(["nowhere", str(rng.randint(50, 99))])
    if schema.get("type") == "integer":
        return rng.choice([1, 2, 3, rng.randint(1, 60)])
    ids = world.ids[:20] if method == "put" else world.ids  # what is put is kept, and read by others
    return rng.choice(ids + ["1", "2", "x", str(rng.randrange(10 ** 9))])


class Question:
    def __init__(self, rng, path, method, operation, world):
        self.path, self.method, self.operation = path, method, operation
        self.breaks = rng.random() < 0.4
        query = []
        for parameter in operation.get("parameters", []):
            schema = parameter["schema"]
            if parameter["in"] == "path":
                value = path_id(rng, path, method, schema, world)
                value = broken(rng, value) if self.breaks and rng.random() < 0.3 else value
                self.path = self.path.replace("{" + parameter["name"] + "}", urllib.parse.quote(text_of(value), safe="") or "x")
            elif parameter.get("required") or rng.random() < 0.3:
                value = value_of(rng, schema, world)
                for one in value if isinstance(value, list) else [value]:
                    query.append((parameter["name"], broken(rng, one) if self.breaks and rng.random() < 0.4 else text_of(one)))
        if self.breaks and rng.random() < 0.2:
            query.append((rng.choice(["nothing", "limt", "shops[]", ""]), rng.choice(NASTY)))
        self.query = urllib.parse.urlencode(query)
        self.body = self.body_of(rng, world)
        self.headers = {"X-Huiliu": "1"} if rng.random() < 0.5 else {}
        self.headers |= {"Idempotency-Key": f"k{rng.randrange(20)}"} if method == "post" and rng.random() < 0.3 else {}
        self.headers |= {"Accept-Encoding": "gzip"} if rng.random() < 0.1 else {}

    def body_of(self, rng, world):
        content = self.operation.get("requestBody", {}).get("content", {})
        if "application/json" not in content:
            return rng.choice(NASTY) if "*/*" in content else None
        schema = content["application/json"]["schema"]
        body = {}
        for name, inner in schema["properties"].items():
            if name in schema.get("required", []) or rng.random() < 0.4:
                value = value_of(rng, inner, world, True) if inner.get("type") else rng.choice([{}, [], 1, "x"])
                body[name] = rng.choice([broken(rng, value), None, 7, [], {}]) if self.breaks and rng.random() < 0.3 else value
        return body

    def ask(self, server, token):
        headers = dict(self.headers)
        if token:
            headers["Authorization"] = f"Bearer {token}"
        address = self.path + ("?" + self.query if self.query else "")
        if isinstance(self.body, str):
            headers.setdefault("Content-Type", "application/octet-stream")
            return server.ask(self.method.upper(), address, raw=self.body.encode(), headers=headers)
        return server.ask(self.method.upper(), address, body=self.body, headers=headers)

    def __str__(self):
        return f"{self.method.upper()} {self.path}?{self.query} {json.dumps(self.body, ensure_ascii=False)}"


def judge_error(answer, document):
    same(answer.headers.get("content-type"), "application/problem+json; charset=utf-8", repr(answer))
    jsonschema.validate(answer.json, document["components"]["schemas"]["Problem"])
    same(answer.json["status"], answer.status)
    holds(answer.code in CODES, f"{answer.code} is not in docs/errors.md")


def judge_success(answer, operation, document):
    content = operation["responses"]["2XX"].get("content", {})
    if answer.status == 304 or "application/json" not in content:
        return
    schema = {**content["application/json"]["schema"], "components": document["components"]}
    error = next(iter(sorted(jsonschema.Draft202012Validator(schema).iter_errors(answer.json), key=lambda e: list(e.path))), None)
    holds(error is None, error and f"{list(error.path)}: {error.message[:300]}")


def judge(answer, question, who, world):
    operation = question.operation
    right = operation["x-right"]
    holds(answer.status < 500, "no 5xx")
    if answer.status >= 400:
        judge_error(answer, world.document)
    else:
        judge_success(answer, operation, world.document)
    level = {"root": 3, "operator": 2, "viewer": 1}.get(who, 0)
    if right != "nobody" and level < (RIGHTS.get(right) or (3 if who != "root" else 0)):
        holds(answer.status >= 400, f"{who} has no right to that ({right})")
    if who != "root" and answer.body:
        said = urllib.parse.unquote(question.path + question.query) + json.dumps(question.body or "", ensure_ascii=False)
        text = answer.body.decode(errors="replace")
        leaked = [s for s in world.secret if s in text and s not in said]
        same(leaked[:3], [], "of a shop that he does not see")


def test_random_requests_hurt_nothing_and_learn_nothing(t):
    world = World(t)
    rng = random.Random(SEED)
    operations = [(p, m, o) for p, item in world.document["paths"].items() for m, o in item.items() if o["operationId"] != "ownPassword"]
    people = {"root": world.tokens["root"], "viewer": world.tokens["viewer"], "operator": world.tokens["operator"],
              "nobody": None, "forger": "hlt_" + "0" * 64}
    statuses = {}
    print(f"# SEED={SEED} REQUESTS={REQUESTS} routes {len(operations)}", flush=True)
    for number in range(REQUESTS):
        path, method, operation = operations[number % len(operations)] if number < len(operations) else rng.choice(operations)
        question = Question(rng, path, method, operation, world)
        who = rng.choice(["root", "viewer", "viewer", "operator", "nobody", "forger"])
        try:
            answer = question.ask(world.server, people[who])
        except (http.client.HTTPException, OSError) as reason:
            raise lib.Failure(f"request {number} of SEED={SEED}, {who}: {question}\n{reason!r}, the server's exit is "
                              f"{world.server.ended()}") from None
        try:
            judge(answer, question, who, world)
        except (lib.Failure, jsonschema.ValidationError) as reason:
            raise lib.Failure(f"request {number} of SEED={SEED}, {who}: {question}\n{answer!r}\n{str(reason)[:1500]}") from None
        statuses[answer.status] = statuses.get(answer.status, 0) + 1
    print("# " + ", ".join(f"{n} x {s}" for s, n in sorted(statuses.items())), flush=True)
    holds(statuses.get(200, 0) > REQUESTS // 10, f"enough succeed: {statuses}")
    same(world.server.get("/api/v1/ready").status, 200)
    world.server.stop()


if __name__ == "__main__":
    lib.main(globals())
