#!/usr/bin/env python3
"""Who may ask the API, against the real server: forged, expired and stolen credentials, the limits of requests, and the
OpenAPI document."""
import base64
import hashlib
import hmac
import http.client
import json
import resource
import socket
import threading
import time

import api_server
import lib
import openapi_rules
from api_server import PASSWORD, Server, until, user_add
from lib import contains, holds, huiliu, same


def started(t, command="serve", env=None):
    home = t.home()
    user_add(home, "root", "admin")
    user_add(home, "anna", "viewer")
    server = Server(home, command, env)
    t.processes.append(server.process)
    return home, server


def refuses(answer, status, code):
    same((answer.status, answer.code), (status, code), repr(answer))
    same(answer.headers["content-type"], "application/problem+json; charset=utf-8")
    same(answer.json["request_id"], answer.headers["x-request-id"])


def url64(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def jwt(header, claims, key):
    text = url64(json.dumps(header).encode()) + "." + url64(json.dumps(claims).encode())
    return text + "." + url64(hmac.new(key, text.encode(), hashlib.sha256).digest())


def test_bearers_of_others_are_refused(t):
    home, server = started(t)
    good = server.sign_in("root")
    head, claims, signature = good.split(".")
    said = json.loads(base64.urlsafe_b64decode(claims + "=="))
    same((said["iss"], said["aud"], said["exp"] - said["iat"]), ("huiliu", "huiliu-api", 900))
    wrong_key = jwt({"alg": "HS256", "typ": "JWT"}, said, b"secret")
    # The key file's own bytes are not the key of bearers.
    ring = base64.b64decode((home / "key").read_text().split()[2])
    none = url64(b'{"alg":"none","typ":"JWT"}')
    forged = [f"{none}.{claims}.", f"{none}.{claims}.{signature}", f"{head}.{claims}.", wrong_key,
              jwt({"alg": "HS256", "typ": "JWT"}, said, ring), jwt({"alg": "HS512", "typ": "JWT"}, said, ring),
              f"{head}.{url64(json.dumps(dict(said, exp=said['exp'] + 9000)).encode())}.{signature}",
              f"{head}.{claims}.{signature[:-2]}AA", "x" * 5000, "..", "a.b.c"]
    for text in forged:
        refuses(server.get("/api/v1/auth/me", headers={"Authorization": f"Bearer {text}"}), 401, "bearer")
    same(server.get("/api/v1/auth/me").json["name"], "root")
    server.stop()


def test_a_browsers_session(t):
    _, server = started(t)
    planted = "huiliu_session=" + "0" * 64
    answer = server.ask("POST", "/api/v1/auth/sign-in", {"name": "anna", "password": PASSWORD}, headers={"Cookie": planted})
    same(answer.status, 200)
    cookie = answer.headers["set-cookie"]
    contains(cookie, "HttpOnly", "SameSite=Strict", "Path=/")
    holds(planted not in cookie, "a planted session is not taken over")
    server.cookie = cookie.split(";")[0]
    same(server.get("/api/v1/auth/me").json["name"], "anna")
    refuses(server.ask("PUT", "/api/v1/auth/password", {"old": PASSWORD, "new": "another horse 2"}), 403, "csrf")
    refuses(server.ask("PUT", "/api/v1/auth/password", {"old": "x" * 12, "new": "another horse 2"}, headers={"X-Huiliu": "1"}),
            422, "password_old")
    same(server.ask("PUT", "/api/v1/auth/password", {"old": PASSWORD, "new": "another horse 2"}, headers={"X-Huiliu": "1"}).status,
         204)
    refuses(server.get("/api/v1/auth/me"), 401, "unauthenticated")
    server.stop()


def test_who_is_disabled_elsewhere_is_out_within_seconds(t):
    home, server = started(t)
    server.sign_in("anna")
    same(server.get("/api/v1/auth/me").status, 200)
    huiliu(home, "user", "disable", "anna", check=True)
    until(lambda: server.get("/api/v1/auth/me").status == 401, "a disabled user is out", 5)
    refuses(server.ask("POST", "/api/v1/auth/token", {"name": "anna", "password": PASSWORD}, headers={"Authorization": ""}),
            401, "sign_in")
    server.stop()


def test_what_is_wrong_with_a_request_is_said(t):
    _, server = started(t)
    server.sign_in("root")
    refuses(server.get("/api/v1/users?page=1"), 400, "parameter_unknown")
    refuses(server.get("/api/v1/audit?limit=5&limit=6"), 400, "parameter_twice")
    refuses(server.get("/api/v1/audit?limit=0"), 400, "parameter_range")
    refuses(server.get("/api/v1/audit?limit=1e3"), 400, "parameter_integer")
    refuses(server.get("/api/v1/audit?from=2026-01-28"), 400, "parameter_time")
    refuses(server.get("/api/v1/audit?from=2026-02-30T00:00:00Z"), 400, "parameter_time")
    same(server.get("/api/v1/audit?from=2026-02-28T00:00:00+08:00").status, 200)
    refuses(server.get("/api/v1/audit?action=%00"), 400, "url")
    refuses(server.get("/api/v1/audit?action=%ff"), 400, "url")
    refuses(server.get("/api/v1/audit?action=%zz"), 400, "url")
    refuses(server.get("/api/v1/users/x"), 400, "parameter_integer")
    refuses(server.get("/api/v1/users/99999"), 404, "user_unknown")
    refuses(server.ask("DELETE", "/api/v1/audit"), 405, "method_not_allowed")
    post = lambda **o: server.ask("POST", "/api/v1/users", **o)
    refuses(post(raw=b"{}", headers={"Content-Type": "text/plain"}), 415, "content_type")
    refuses(post(raw=b"{", headers={"Content-Type": "application/json"}), 400, "json_syntax")
    refuses(post(raw=b"[]", headers={"Content-Type": "application/json"}), 400, "body_object")
    refuses(post(raw=b'{"a":' * 2000 + b"1" + b"}" * 2000, headers={"Content-Type": "application/json"}), 400, "json_depth")
    refuses(post(raw=b'{"name":"\xff"}', headers={"Content-Type": "application/json"}), 400, "json_utf8")
    refuses(post(body={"name": "x", "role": "viewer", "rolle": 1}), 400, "parameter_unknown")
    refuses(post(body={"name": 7, "role": "viewer"}), 400, "parameter_type")
    refuses(post(body={"role": "viewer"}), 400, "parameter_missing")
    refuses(post(body={"name": "a\0b", "role": "viewer"}), 400, "parameter_nul")
    refuses(post(body={"name": "x" * 300, "role": "viewer"}), 400, "parameter_long")
    refuses(post(body={"name": "'; DROP TABLE api_user; --", "role": "viewer"}), 400, "user_name")
    refuses(post(raw=b'{"name":"' + b"x" * (2 << 20) + b'"}', headers={"Content-Type": "application/json"}), 413, "body_large")
    same(len(server.get("/api/v1/users").json["items"]), 2, "nothing was changed")
    server.stop()


def test_half_requests_and_bombs(t):
    _, server = started(t)
    contains(server.send(b"GET /api/v1/health HTTP/1.1\r\nHost: x\r\n" + b"".join(b"X-%d: y\r\n" % i for i in range(100)) +
                         b"Connection: close\r\n\r\n").decode(), "431", "headers_many")
    contains(server.send(b"GET /api/v1/health?" + b"a" * 20000 + b" HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").decode(),
             "414", "url_long")
    holds(b"HTTP/1.1 4" in server.send(b"GET / HTTP/1.1\r\nX: " + b"a" * 200000 + b"\r\n\r\n"), "a header of 200 KB is refused")
    # A request that stops in the middle holds nobody up, and nothing of it is done.
    with socket.create_connection(("127.0.0.1", server.port)) as link:
        link.sendall(b"POST /api/v1/auth/token HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 900\r\n\r\n{")
        same(server.get("/api/v1/health").status, 200)
    same(server.get("/api/v1/health").status, 200)
    server.stop()


def test_a_slow_client_loses_its_connection(t):
    """A byte a second would hold a connection for hours; all of a request is to come within 30 s."""
    _, server = started(t)
    ends = {}

    def trickle(name, first):
        began = time.monotonic()
        with socket.create_connection(("127.0.0.1", server.port)) as link:
            link.settimeout(0.5)
            link.sendall(first)
            while time.monotonic() - began < 90:
                try:
                    link.sendall(b"a")
                    if link.recv(100) == b"":
                        break
                except TimeoutError:
                    continue
                except OSError:
                    break
        ends[name] = time.monotonic() - began

    threads = [threading.Thread(target=trickle, args=args) for args in (
        ("headers", b"GET /api/v1/health HTTP/1.1\r\nX-Slow: "),
        ("body", b"POST /api/v1/auth/token HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 9000\r\n\r\n"))]
    for thread in threads:
        thread.start()
    for _ in range(20):
        began = time.monotonic()
        same(server.get("/api/v1/health").status, 200)
        holds(time.monotonic() - began < 2, "others are answered meanwhile")
        time.sleep(0.2)
    for thread in threads:
        thread.join()
    for name, seconds in ends.items():
        # A megabyte at the slowest that is let pass takes another 32 s.
        holds(25 < seconds < (70 if name == "body" else 40), f"{name}: ended after {seconds:.0f} s")
    server.stop()


def test_a_proxy_that_nobody_named_is_told_of(t):
    home, server = started(t)
    same("trusted_proxies" in huiliu(home, "status", check=True)[1], False, "nobody asked through one")
    for _ in range(2):
        same(server.get("/api/v1/health", headers={"X-Forwarded-For": "192.0.2.7"}).status, 200)
    contains(huiliu(home, "status", check=True)[1], "127.0.0.1", "trusted_proxies")
    contains(huiliu(home, "doctor")[1], "127.0.0.1", "trusted_proxies: 127.0.0.1")
    same(huiliu(home, "logs", "--json", check=True)[1].count("proxy_unnamed"), 1, "told")
    same("X-Forwarded-For" in huiliu(home, "status", env={"HUILIU_TRUSTED_PROXIES": "127.0.0.1"}, check=True)[1], False, "named by now")
    server.stop()


def files_allow(more):
    """This process may open so many."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != resource.RLIM_INFINITY and soft < more:
        resource.setrlimit(resource.RLIMIT_NOFILE, (more if hard == resource.RLIM_INFINITY else min(more, hard), hard))


def status_from(server, address):
    """Of /health, asked from one of the addresses of loopback."""
    link = http.client.HTTPConnection("127.0.0.1", server.port, timeout=10, source_address=(address, 0))
    try:
        link.request("GET", "/api/v1/health")
        return link.getresponse().status
    finally:
        link.close()


def test_idle_connections_keep_nobody_out(t):
    files_allow(2048)
    _, server = started(t)
    links = [socket.create_connection(("127.0.0.1", server.port), timeout=10) for _ in range(1100)]
    for address in ("127.0.0.1", "127.0.0.2", "127.0.0.1"):
        began = time.monotonic()
        same(status_from(server, address), 200, f"from {address}")
        holds(time.monotonic() - began < 5, "at once")
    # Requests that are begun and not ended are at work: of this address no more than its share, and others have theirs.
    held = []

    def hold():
        held.append(socket.create_connection(("127.0.0.1", server.port), timeout=10))
        held[-1].sendall(b"POST /api/v1/auth/token HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n{")

    for _ in range(128):
        hold()
    # One whose headers have not been read yet was idle, and may have given way.
    until(lambda: status_from(server, "127.0.0.1") == 429 or hold(), "who holds as many as he may is told so")
    same(status_from(server, "127.0.0.2"), 200, "another address meanwhile")
    for link in links + held:
        link.close()
    until(lambda: status_from(server, "127.0.0.1") == 200, "when they are gone he is answered again")
    server.stop()


def test_what_is_told_too_long_is_refused_before_it_comes(t):
    _, server = started(t)
    began = time.monotonic()
    answer = server.send(b"POST /api/v1/auth/token HTTP/1.1\r\nHost: x\r\nContent-Length: 10000000000000\r\n\r\n")
    contains(answer.decode(), "413", "body_large")
    answer = server.send(b"POST /api/v1/auth/token HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 2000000\r\n\r\n")
    contains(answer.decode(), "413", "body_large")
    holds(time.monotonic() - began < 5, "at once")
    for path in ("/api/v1/health%00", "/api/v1/%00health"):
        refuses(server.get(path), 400, "url")
    same(server.get("/api%2Fv1/health").status, 404, "an escaped slash is none between segments")
    same(server.get("/api/v1/he%61lth").status, 200)
    server.stop()


def test_a_flood_of_sign_ins_takes_no_memory(t):
    _, server = started(t)
    before = api_server.resident_kb(server.process)
    peak, done, codes = [0], [], []

    def guess(i):
        answer = server.ask("POST", "/api/v1/auth/token", {"name": f"nobody-{i}", "password": "wrong"})
        codes.append((answer.status, answer.code))
        done.append(1)

    threads = [threading.Thread(target=guess, args=(i,)) for i in range(60)]
    for thread in threads:
        thread.start()
    while len(done) < len(threads):
        peak[0] = max(peak[0], api_server.resident_kb(server.process))
        time.sleep(0.01)
    for thread in threads:
        thread.join()
    holds(set(codes) <= {(401, "sign_in"), (429, "sign_in_wait"), (429, "hashing_busy"), (503, "hashing_busy")}, f"{set(codes)}")
    holds((429, "sign_in_wait") in codes, "an address that guesses waits")
    holds(peak[0] - before < 400 * 1024, f"{(peak[0] - before) // 1024} MB more while passwords were checked")
    server.stop()


def test_who_asks_too_often_waits(t):
    _, server = started(t, env={"HUILIU_API_RATE": "5"})
    server.sign_in("root")
    answers = [server.get("/api/v1/auth/me") for _ in range(60)]
    refused = [a for a in answers if a.status == 429]
    holds(20 <= len(answers) - len(refused) <= 40, f"{len(refused)} of 60 refused")
    refuses(refused[0], 429, "rate")
    holds(int(refused[0].headers["retry-after"]) >= 1, "Retry-After")
    server.stop()


def test_repeated_posts_are_done_once(t):
    _, server = started(t)
    server.sign_in("root")
    body, key = {"name": "nightly", "user_id": 2}, {"Idempotency-Key": "k-1"}
    answers, threads = [], []
    for _ in range(8):
        threads.append(threading.Thread(target=lambda: answers.append(server.ask("POST", "/api/v1/tokens", body, headers=dict(key)))))
        threads[-1].start()
    for thread in threads:
        thread.join()
    made = {a.json["token"] for a in answers if a.status == 201}
    same(len(made), 1, f"{answers}")
    holds(all(a.status == 201 or a.code == "repeat_running" for a in answers), f"{answers}")
    same(len(server.get("/api/v1/tokens").json["items"]), 1)
    server.stop()


def test_everything_a_person_changes_is_in_the_audit(t):
    _, server = started(t)
    server.sign_in("root")
    same(server.ask("PATCH", "/api/v1/users/2", {"role": "operator"}, headers={"X-Request-Id": "mine-1"}).status, 200)
    line = server.get("/api/v1/audit?limit=1").json["items"][0]
    same((line["user"], line["action"], line["subject"], line["request_id"]), ("root", "user.change", "anna", "mine-1"))
    same((line["before"]["role"], line["after"]["role"]), ("viewer", "operator"))
    server.sign_in("anna")
    refuses(server.get("/api/v1/audit"), 403, "right")
    server.stop()


def test_the_answers_carry_what_browsers_need_to_know(t):
    _, server = started(t)
    answer = server.get("/api/v1/health")
    same(answer.headers["x-content-type-options"], "nosniff")
    contains(answer.headers["content-security-policy"], "default-src 'none'", "frame-ancestors 'none'")
    holds("access-control-allow-origin" not in answer.headers, "CORS is closed")
    same(server.ask("OPTIONS", "/api/v1/health", headers={"Origin": "https://evil.example"}).status, 405)
    head = server.ask("HEAD", "/api/v1/health")
    same((head.status, head.body), (200, b""))
    server.stop()


def test_the_openapi_document_is_valid(t):
    _, server = started(t)
    document = server.get("/api/v1/openapi.json")
    same(document.status, 200)
    same(openapi_rules.faults(document.json), [], "faults of the document")
    broken = json.loads(json.dumps(document.json))
    broken["paths"]["/api/v1/users/{id}"]["get"]["parameters"][0]["in"] = "path "
    holds(openapi_rules.faults(broken), "a broken document is found out")
    server.stop()


def test_a_taken_port(t):
    home, server = started(t)
    env = {"HUILIU_LISTEN": f"127.0.0.1:{server.port}"}
    code, _, err = huiliu(home, "serve", env=env)
    same(code, 1)
    contains(err, "Address already in use", str(server.port), "(listen)")
    code, _, err = huiliu(home, "run", env=env)
    same(code, 1, "a port that somebody chose is an error in run, too")
    same(huiliu(home, "serve", env={"HUILIU_LISTEN": ""})[0], 1)
    server.stop()


def test_it_answers_while_a_new_generation_opens(t):
    home, server = started(t, "run")
    server.sign_in("root")
    stop, bad = threading.Event(), []

    def ask():
        while not stop.is_set():
            answer = server.get("/api/v1/auth/me")
            if answer.status != 200:
                bad.append(repr(answer))

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for _ in range(2):
        time.sleep(1)
        server.process.send_signal(1)
        time.sleep(11)
    stop.set()
    for thread in threads:
        thread.join()
    same(bad, [], "answers while it was reloaded")
    holds("read again" in huiliu(home, "logs", check=True)[1], "it was reloaded")
    server.stop()


if __name__ == "__main__":
    lib.main(globals())
