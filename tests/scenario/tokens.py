#!/usr/bin/env python3
"""Tokens of consents: codes and addresses, one rotating pair for several accounts, and its rotation when processes die,
answers are lost and authorisations are withdrawn. No token, code or secret may show anywhere."""
# Takes 60 s.
import re
import signal
import urllib.parse

import lib
from lib import contains, holds, same
from truth import START_MS, Stage

APP = "dou-app"
SECRET = re.compile(r"\bdp[tacr][0-9a-f]{16,}")  # every token and code of the sandbox looks like this


class Consents(Stage):
    """DOU+ accounts in the sandbox that are shops here, without a token yet; `known`: only so many of them."""

    def __init__(self, t, shops, known=None, **switches):
        switches.setdefault("douplus_orders", 40)
        super().__init__(t, shops=False, life_shops=0, douplus_shops=shops, **switches)
        self.said = []
        self.accounts = [s for s in self.sandbox.shops if s["platform"] == "douplus"]
        app = next(a for a in self.sandbox.apps if a["platform"] == "douplus")
        self.secret = app["app_secret"]
        self.tell("app", "add", APP, "--platform", "douplus", "--key", app["app_key"], "--secret-file", "-",
                  text_in=self.secret + "\n", check=True)
        self.shops = self.accounts[:known]
        for shop in self.shops:
            self.add(shop, "--app", APP)

    def add(self, shop, *words):
        self.tell("shop", "add", shop["name"], "--platform", "douplus", "--external-id", shop["external_id"], *words,
                  check=True)

    def tell(self, *words, **options):
        code, out, err = self.run(*words, **options)
        self.said.append(out + err)
        return code, out, err

    def code_for(self, shops):
        """What a person gets who consents for these accounts."""
        reply = self.sandbox.request("consent", {"shops": [s["external_id"] for s in shops]})[1]
        return lib.json.loads(reply)["auth_code"]

    def authorize(self, shop, code, **options):
        return self.tell("shop", "authorize", shop["name"], "--code", code, **options)

    def authorised(self, shops=None):
        """All of them by one consent, given to the first."""
        shops = shops or self.shops
        self.authorize(shops[0], self.code_for(shops), check=True)
        return self

    def pull(self, *words, **options):
        code, out, err = self.tell("sync", "--stream", "ad_orders", *words, **options)
        return code, out, err

    def near_its_end(self):
        """The stored tokens have half an hour to live; the manifest says to refresh one hour ahead."""
        self.execute(f"UPDATE token SET changed_ms = {START_MS} - 84600000, expires_ms = {START_MS} + 1800000")

    def calls(self, route):
        return self.sandbox.counts()["routes"]["douplus." + route]

    def refreshes(self):
        return [c["refreshes"] for c in self.sandbox.counts()["consents"]]

    def tokens(self):
        return [(r["owner"], r["state"]) for r in self.rows("SELECT owner, state FROM token ORDER BY owner")]

    def states(self):
        return [r["state"] for r in self.rows("SELECT state FROM shop ORDER BY id")]

    def uses(self):
        return [r["token_of"] for r in self.rows("SELECT token_of FROM shop ORDER BY id")]

    def waits_for_a_person(self):
        """Every shop is marked, with what to do; nothing is asked of the platform any more."""
        same(self.states(), ["needs_person"] * len(self.shops), "states")
        for row in self.rows("SELECT state_reason FROM shop"):
            contains(row["state_reason"], f"huiliu shop authorize {self.shops[0]['name']}")
        asked = self.calls("refresh"), self.calls("orders")
        code, out, err = self.pull("--json")
        same(code, 3, "exit of a sync whose shops wait")
        contains(out, "huiliu shop authorize")
        same((self.calls("refresh"), self.calls("orders")), asked, "calls")

    def healthy(self):
        """Everything lands, every shop is on, and there is one living token."""
        self.pull("--full", check=True)
        self.rows_equal()
        same(self.states(), ["enabled"] * len(self.shops), "states")
        same(self.tokens(), [("shop:1", "fresh")], "tokens")
        self.nothing_shows()

    def nothing_shows(self):
        """No token, code or secret in what was said, in the log or in the clear in any file of the home."""
        for text in self.said:
            holds(not SECRET.search(text) and self.secret not in text, "a secret is shown: " + lib.short(text))
        for path in self.home.rglob("*"):
            data = path.read_bytes().decode("latin-1") if path.is_file() else ""
            holds(not SECRET.search(data) and self.secret not in data, f"{path.name} holds a secret in the clear")


# --- a code ---

def test_a_code_authorises_a_shop(t):
    stage = Consents(t, 1).authorised()
    _, shown, _ = stage.tell("shop", "show", stage.shops[0]["name"], "--json", check=True)
    same(lib.json.loads(shown)["token"], "fresh")
    stage.healthy()


def test_a_used_code_is_refused_and_the_shop_goes_on(t):
    stage = Consents(t, 1)
    code = stage.code_for(stage.shops)
    stage.authorize(stage.shops[0], code, check=True)
    exit_code, _, err = stage.authorize(stage.shops[0], code)
    same(exit_code, 1)
    contains(err, "code_dead", "within ten minutes", f"huiliu shop authorize {stage.shops[0]['name']}")
    stage.healthy()


def address_of(text):
    return re.search(r"https?://\S+", text)[0]


def test_the_whole_address_is_taken_and_its_state_compared(t):
    stage = Consents(t, 1)
    name, code = stage.shops[0]["name"], stage.code_for(stage.shops)
    exit_code, out, _ = stage.tell("shop", "authorize", name, text_in="")
    same(exit_code, 2, "exit without a code")
    query = urllib.parse.parse_qs(urllib.parse.urlsplit(address_of(out)).query)
    holds(re.fullmatch("[0-9a-f]{32}", query["state"][0]), "the state is random")
    stage.said.clear()
    exit_code, _, err = stage.authorize(stage.shops[0], f"https://cb.example/?state=other&auth_code={code}")
    same(exit_code, 2)
    contains(err, "consent_state")
    same(stage.calls("token"), 0, "codes sent")
    stage.authorize(stage.shops[0], f"https://cb.example/x?a=1&auth_code={code}&state={query['state'][0]}", check=True)
    stage.healthy()


def test_an_address_pasted_at_once(t):
    stage = Consents(t, 1)
    code = stage.code_for(stage.shops)
    process = stage.start("shop", "authorize", stage.shops[0]["name"], stdin=lib.subprocess.PIPE)
    said = ""
    while "state=" not in said:
        line = process.stdout.readline()
        holds(line, "no address was printed")
        said += line
    state = re.search("state=([0-9a-f]{32})", said)[1]
    _, err = process.communicate(f"https://cb.example/?auth_code={code}&state={state}\n", timeout=60)
    same((process.returncode, err), (0, ""))
    stage.healthy()


# --- one consent, several accounts ---

def test_shops_of_one_consent_share_one_token(t):
    stage = Consents(t, 5)
    stage.authorised()
    same(stage.uses(), [None, 1, 1, 1, 1])
    same(stage.tokens(), [("shop:1", "fresh")])
    _, listed = lib.huiliu_json(stage.home, "shop", "list", env=stage.env)
    same([s["token_of"] for s in listed["shops"]], [""] + [stage.shops[0]["name"]] * 4)
    stage.near_its_end()
    stage.pull("--workers", "8", check=True)
    same(stage.refreshes(), [1], "refreshes for five shops at once")
    stage.healthy()
    same(stage.refreshes(), [1], "refreshes of a fresh token")


def test_accounts_that_are_no_shops_yet_are_listed_with_their_command(t):
    stage = Consents(t, 3, known=1)
    _, out, _ = stage.authorize(stage.shops[0], stage.code_for(stage.accounts), check=True)
    for account in stage.accounts[1:]:
        contains(out, f"huiliu shop add NAME --platform douplus --app {APP} --external-id {account['external_id']} "
                      f"--token-of {stage.shops[0]['name']}")
        stage.add(account, "--app", APP, "--token-of", stage.shops[0]["name"])
    stage.shops = stage.accounts
    same(stage.uses(), [None, 1, 1])
    stage.healthy()


def test_a_consent_for_another_account_changes_nothing(t):
    stage = Consents(t, 2)
    stage.authorised([stage.shops[0]])
    exit_code, _, err = stage.authorize(stage.shops[1], stage.code_for([stage.shops[0]]))
    same(exit_code, 1)
    contains(err, "consent_other", stage.shops[0]["external_id"], stage.shops[1]["external_id"])
    same(stage.tokens(), [("shop:1", "fresh")])
    same(stage.uses(), [None, None])
    same(stage.pull("--shop", stage.shops[0]["name"])[0], 0)


def test_the_shop_authorised_last_owns_and_the_rest_is_told(t):
    stage = Consents(t, 3).authorised()
    a, b, c = stage.shops
    _, out, _ = stage.authorize(b, stage.code_for([a, b]), check=True)
    contains(out, f"the shop {c['name']} has no token any more", f"huiliu shop authorize {c['name']}")
    same(stage.uses(), [2, None, None])
    same(stage.tokens(), [("shop:2", "fresh")])
    same(stage.states(), ["enabled", "enabled", "needs_person"])
    stage.authorize(c, stage.code_for([c]), check=True)
    stage.pull(check=True)
    stage.rows_equal()
    exit_code, _, err = stage.tell("shop", "remove", b["name"], "--with-rows")
    same(exit_code, 1)
    contains(err, "token_shared")
    stage.authorize(a, stage.code_for([a, b]), check=True)
    stage.tell("shop", "remove", b["name"], "--with-rows", check=True)
    stage.shops = [a, c]
    stage.pull("--full", check=True)
    stage.rows_equal()


def test_a_shop_needs_its_app_for_a_consent(t):
    stage = Consents(t, 1, known=0)
    stage.execute("DELETE FROM app")
    shop = stage.accounts[0]
    stage.add(shop)
    exit_code, _, err = stage.authorize(shop, stage.code_for([shop]))
    same((exit_code, stage.calls("token")), (1, 0))
    contains(err, "app_missing", "huiliu app add")


def test_the_only_app_is_taken_and_another_one_shares_no_token(t):
    stage = Consents(t, 2, known=0)
    one, two = stage.accounts
    stage.add(one)
    _, shown = lib.huiliu_json(stage.home, "shop", "show", one["name"], env=stage.env)
    same(shown["app"], APP)
    stage.tell("app", "add", "other", "--platform", "douplus", "--key", "1", "--secret-file", "-", text_in="2\n",
               check=True)
    words = ["shop", "add", two["name"], "--platform", "douplus", "--external-id", two["external_id"], "--app", "other"]
    exit_code, _, err = stage.tell(*words, "--token-of", one["name"])
    same(exit_code, 1)
    contains(err, "token_of", two["name"], one["name"])
    exit_code, _, err = stage.tell(*words, "--token-of", one["name"], "--token", "x")
    same(exit_code, 2)
    same(len(stage.rows("SELECT id FROM shop")), 1, "shops")


# --- a rotation that is disturbed ---

def killed_at(t, point, state):
    """Two shops whose token is to be refreshed when the process dies: the stage, the row left behind."""
    stage = Consents(t, 2).authorised()
    stage.pull(check=True)
    stage.near_its_end()
    code, out, err = stage.pull("--full", env={"HUILIU_FAIL": point + "=kill"})
    same(code, -signal.SIGKILL, f"{point} was not reached")
    same(stage.tokens(), [("shop:1", state)], "the row after " + point)
    return stage


def test_killed_before_the_refresh_was_sent(t):
    stage = killed_at(t, "token.refreshing.committed", "refreshing")
    same(stage.refreshes(), [0])
    stage.healthy()
    same(stage.refreshes(), [1])


def test_killed_with_the_new_pair_in_hand(t):
    """The platform has rotated and nobody knows the new pair: the old one is tried once, then a person is asked."""
    stage = killed_at(t, "token.reply.received", "refreshing")
    code, out, _ = stage.pull("--full", "--json")
    same(code, 3)
    contains(out, f"huiliu shop authorize {stage.shops[0]['name']}")
    same((stage.refreshes(), stage.calls("refresh")), ([1], 2))
    stage.waits_for_a_person()
    stage.authorised()
    stage.healthy()


def test_killed_when_the_new_pair_is_on_disk(t):
    stage = killed_at(t, "token.saved", "fresh")
    stage.healthy()
    same(stage.refreshes(), [1], "the pair that was saved is used")


def test_an_answer_lost_after_the_rotation(t):
    """The first call of the sync is the refresh; its answer arrives and is thrown away."""
    stage = Consents(t, 2).authorised()
    stage.execute("UPDATE token SET expires_ms = 1")
    code, _, _ = stage.pull("--workers", "1", env={"HUILIU_FAIL": "gateway.reply.after=error@1"})
    same(code, 3)
    same((stage.refreshes(), stage.calls("refresh")), ([1], 2))
    stage.waits_for_a_person()
    stage.authorised()
    stage.healthy()


def test_a_withdrawn_authorisation_marks_every_shop_and_one_consent_heals_them(t):
    stage = Consents(t, 3).authorised()
    stage.pull(check=True)
    stage.sandbox.request("withdraw", {"shops": [stage.shops[1]["external_id"]]})
    code, out, _ = stage.pull("--full", "--json")
    same(code, 3)
    stage.waits_for_a_person()
    _, out, _ = stage.authorize(stage.shops[0], stage.code_for(stage.shops), check=True)
    contains(out, stage.shops[1]["name"], stage.shops[2]["name"])
    stage.healthy()


def test_a_revoked_token_is_refreshed_once_for_all(t):
    stage = Consents(t, 4).authorised()
    stage.sandbox.config(revoke_tokens=True)
    stage.pull("--workers", "8", check=True)
    same(stage.refreshes(), [1])
    stage.healthy()


def test_a_long_run_refreshes_on_its_way(t):
    """Tokens of two seconds, at ten calls a second: half of a life before its end each is replaced."""
    stage = Consents(t, 2, douplus_orders=3000, douplus_token_s=2)
    stage.authorised()
    stage.pull("--workers", "2", check=True)
    stage.rows_equal()
    holds(stage.refreshes()[0] >= 3, f"{stage.refreshes()} refreshes")
    same(stage.sandbox.counts()["outcomes"]["token"], 0, "calls with an expired token")


def test_a_storm_on_the_token_calls_loses_no_shop_for_good(t):
    """Faults before and after the rotation: either the pair goes on, or every shop says what to do and heals."""
    stage = Consents(t, 3, douplus_orders=1500, douplus_token_s=2)
    stage.authorised()
    stage.sandbox.config(faults="all=20%")
    asked = marked = 0
    while True:
        code, out, _ = stage.pull("--json")
        holds(code in (0, 3), f"exit {code}")
        if code == 0:
            break
        asked += 1
        holds(asked < 20, "does not come to an end: " + lib.short(out))
        if "needs_person" in stage.states():
            marked += 1
            same(set(stage.states()), {"needs_person"}, "one is marked, all are")
            contains(out, "huiliu shop authorize")
            for _ in range(5):  # the exchange may meet a fault itself
                if stage.authorize(stage.shops[0], stage.code_for(stage.shops))[0] == 0:
                    break
    print(f"# {asked} runs failed, in {marked} the authorisation died, {sum(stage.refreshes())} refreshes", flush=True)
    stage.sandbox.config(faults="")
    stage.healthy()


if __name__ == "__main__":
    lib.main(globals())
