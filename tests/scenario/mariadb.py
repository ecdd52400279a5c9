#!/usr/bin/env python3
"""MariaDB: what on_server.py says of every server; TLS by the address; and what is MariaDB's alone."""
# Takes 100 s.
import os
import shutil
import subprocess

import lib
import mariadb_server
import on_server
from on_server import OnServer, said, server_start


def certificate(folder, name, host, signer=None):
    """A key and a certificate of a host, signed by `signer` or by itself."""
    key, cert = folder / f"{name}.key", folder / f"{name}.pem"
    words = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
             "-keyout", str(key), "-out", str(cert), "-subj", f"/CN={host}", "-addext", f"subjectAltName=DNS:{host}"]
    if signer:
        words += ["-CA", str(folder / f"{signer}.pem"), "-CAkey", str(folder / f"{signer}.key"),
                  "-addext", "basicConstraints=critical,CA:FALSE"]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise lib.Skip(f"openssl makes no certificate: {done.stderr[-200:]}")
    for path in (key, cert):
        os.chmod(path, 0o644)


def connects(home, url):
    """A home with a key goes to where the variable says."""
    code, out, err = lib.huiliu(home, "migrate", env={"HUILIU_STORE": url})
    lib.holds("hunter2" not in out + err, f"the password is shown: {err}")
    return code == 0, err


def test_tls_is_what_the_address_says(t):
    folder = t.folder()
    os.chmod(folder, 0o755)
    certificate(folder, "authority", "authority")
    certificate(folder, "other", "other")
    certificate(folder, "server", "localhost", signer="authority")
    home = t.home()
    server = server_start(t, mariadb_server, password="hunter2",
                          settings=f"ssl-cert = {folder}/server.pem\nssl-key = {folder}/server.key\n")
    by_address, by_name = server.url, server.url.replace("127.0.0.1", "localhost")
    known, unknown = f"sslrootcert={folder}/authority.pem", f"sslrootcert={folder}/other.pem"
    for url, good in ((f"{by_name}?sslmode=verify-full&{known}", True), (f"{by_address}?sslmode=verify-full&{known}", False),
                      (f"{by_address}?sslmode=verify-ca&{known}", True), (f"{by_name}?sslmode=verify-ca&{unknown}", False),
                      (f"{by_name}?sslmode=verify-full&{unknown}", False), (f"{by_address}?sslmode=require", True),
                      (f"{by_address}?sslmode=prefer", True), (f"{by_address}?sslmode=disable", True)):
        got, err = connects(home, url)
        lib.same(got, good, f"{url.split('?')[1]}: {err}")
    server.sql("ALTER USER huiliu REQUIRE SSL")
    lib.same((connects(home, f"{by_address}?sslmode=disable")[0], connects(home, by_address)[0]), (False, True),
             "a user who must use TLS, without it and with what an address says by itself")
    said(t, f"{by_name}?sslmode=verify-full", "store_url")
    shutil.rmtree(folder, ignore_errors=True)


def test_a_server_without_tls_is_refused_where_it_is_asked_for(t):
    home = t.home()
    server = server_start(t, mariadb_server, password="hunter2", settings="skip-ssl\n")
    lib.same(connects(home, server.url)[0], True, "without TLS where nobody asks for it")
    for mode in ("require", f"verify-ca&sslrootcert={os.devnull}"):
        lib.same(connects(home, f"{server.url}?sslmode={mode}")[0], False, f"sslmode={mode} of a server that has none")


def test_a_step_is_taken_again_where_it_was_left(t):
    """Every CREATE commits itself on MariaDB: a step that was cut off leaves what it had made, and is taken again over it."""
    server = server_start(t, mariadb_server)
    env = {"HUILIU_STORE": server.url}
    home = t.home(env=env)
    steps = server.sql("SELECT count(*) FROM migration")
    made = server.sql("SHOW CREATE TABLE ask_plan; SHOW CREATE TABLE task")
    server.sql("DELETE FROM migration WHERE number > 1; DROP TABLE schedule; ALTER TABLE task DROP COLUMN stop_ms;"
               "DROP INDEX ask_plan_due ON ask_plan")
    lib.huiliu(home, "init", env=env, check=True)
    lib.same(server.sql("SELECT count(*) FROM migration"), steps, "steps that were taken")
    lib.same(server.sql("SHOW CREATE TABLE ask_plan; SHOW CREATE TABLE task"), made, "tables")
    server.sql("DELETE FROM migration; DROP INDEX task_unique ON task")
    lib.huiliu(home, "init", env=env, check=True)
    server.sql("DELETE FROM setting")  # a home of its own, with a key of its own
    OnServer(t, server, life_shops=1, life_orders=5, douplus_shops=0).sync()


if __name__ == "__main__":
    lib.main({**on_server.tests_of(mariadb_server), **globals()})
