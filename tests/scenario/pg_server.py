"""A PostgreSQL server of a test's own: data in a temporary folder, reached through a socket there and a free
port of loopback; ended and removed with the test. Nothing outlives it, so it is kept in memory where there is room, and
nothing is flushed; benches want it `on_disk`."""
import glob
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import server

STARTED_S = 60
SETTINGS = """
fsync = off
full_page_writes = off
max_connections = 60
shared_buffers = 64MB
listen_addresses = '127.0.0.1'
unix_socket_directories = '{folder}'
port = {port}
max_wal_size = 256MB
log_min_messages = fatal
deadlock_timeout = 200ms
"""


def server_programs():
    """The folder of initdb and pg_ctl, the newest that is 15 or more; None where there is none."""
    found = [path for path in glob.glob("/usr/lib/postgresql/*/bin/initdb")
             if int(path.split("/")[4]) >= 15]
    if found:
        return Path(max(found, key=lambda path: int(path.split("/")[4]))).parent
    on_path = shutil.which("initdb")
    return Path(on_path).parent if on_path else None


COMMIT = b"\0COMMIT\0"  # in a message that prepares it


class Server(server.Server):
    prefix = "huiliu-pg-"

    def __init__(self, password=None, settings="", on_disk=False, keep=None):
        super().__init__(password, on_disk, keep)
        self.settings = SETTINGS + settings  # of two lines about one thing the later counts
        self.bin = server_programs()
        self.data = self.folder / "data"
        self.conf = self.data / "postgresql.conf"

    def run(self, program, *arguments):
        """initdb and the server refuse to run as root: then as the user the package made."""
        command = [str(self.bin / program), *arguments]
        if os.geteuid() == 0:
            command = ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups", *command]
        done = subprocess.run(command, cwd=self.folder, stdin=subprocess.DEVNULL, capture_output=True, text=True,
                              timeout=STARTED_S, env={"PATH": os.environ["PATH"], "LC_ALL": "C", "TZ": "Asia/Tokyo"})
        if done.returncode != 0:
            raise RuntimeError(f"{program} {' '.join(arguments)}: {done.stdout}{done.stderr}")

    def pg_ctl(self, *arguments):
        self.run("pg_ctl", "-D", str(self.data), "-w", "-s", "-l", str(self.folder / "log"), *arguments)

    def begin(self):
        if os.geteuid() == 0:
            shutil.chown(self.folder, "postgres", "postgres")
        if self.conf.exists():  # kept
            if (self.data / "postmaster.pid").exists():
                self.data = None
                raise RuntimeError(f"another server runs in {self.folder}")
            self.set(self.settings.format(folder=self.folder, port=self.port))
            return self.pg_ctl("start")
        arguments = ["-D", str(self.data), "-U", "huiliu", "-E", "UTF8", "--no-locale", "--no-sync"]
        if self.password:
            (self.folder / "password").write_text(self.password, encoding="utf-8")
            if os.geteuid() == 0:
                shutil.chown(self.folder / "password", "postgres")
            arguments += ["--auth=scram-sha-256", f"--pwfile={self.folder / 'password'}"]
        else:
            arguments += ["--auth=trust"]
        self.run("initdb", *arguments)
        self.set(self.settings.format(folder=self.folder, port=self.port))
        self.pg_ctl("start")

    def end(self):
        if self.data and (self.data / "postmaster.pid").exists():
            self.pg_ctl("stop", "-m", "fast" if self.keep else "immediate")

    def restart(self):
        """As if the machine had crashed: nothing is said to the clients."""
        self.pg_ctl("restart", "-m", "immediate")

    def address(self, user="huiliu", password=None, database="postgres"):
        secret = f":{password}" if password else ""
        return f"postgresql://{user}{secret}@127.0.0.1:{self.port}/{database}"

    def sql(self, text, database="postgres", timeout_s=60):
        """Rows of what psql answers, as lists of texts; NULL is None."""
        env = {**os.environ, "PGPASSWORD": self.password or "", "PGTZ": "UTC"}
        done = subprocess.run([str(self.bin / "psql"), "-X", "-q", "-v", "ON_ERROR_STOP=1", "-A", "-t", "-F", "\x1f",
                               "-R", "\x1e", "-P", "null=\x1d", "-h", str(self.folder), "-p", str(self.port),
                               "-U", "huiliu", "-d", database, "-c", text],
                              capture_output=True, text=True, timeout=timeout_s, env=env)
        if done.returncode != 0:
            raise RuntimeError(f"{text}: {done.stderr}")
        out = done.stdout.removesuffix("\n")
        return [[None if cell == "\x1d" else cell for cell in row.split("\x1f")] for row in out.split("\x1e") if row]


    # --- what each kind of database says in its own words ---

    def rows(self, text):
        return [json.loads(row[0]) for row in self.sql(f"SELECT row_to_json(q)::text FROM ({text}) AS q")]

    def cut(self):
        """Ends every connection of Huiliu's."""
        self.sql("SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE application_name = 'huiliu'")

    def watch_writes(self, tables):
        """Every write of these tables by row, in test_writes."""
        text = ("CREATE TABLE IF NOT EXISTS test_writes (name text); DELETE FROM test_writes; CREATE OR REPLACE FUNCTION "
                "test_write() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN INSERT INTO test_writes VALUES (TG_OP || '' '' || "
                "TG_TABLE_NAME); RETURN NULL; END';")
        for table in tables:
            text += (f"CREATE OR REPLACE TRIGGER test_write AFTER INSERT OR UPDATE OR DELETE ON {table} FOR EACH ROW "
                     "EXECUTE FUNCTION test_write();")
        self.sql(text)

    def comment(self, table, column):
        return self.sql(f"SELECT col_description('{table}'::regclass, attnum) FROM pg_attribute"
                        f" WHERE attrelid = '{table}'::regclass AND attname = '{column}'")[0][0]

    def unlike_bytes(self):
        """Columns whose texts do not compare byte by byte."""
        return self.sql("SELECT c.relname, a.attname FROM pg_attribute a JOIN pg_class c ON c.oid = attrelid JOIN pg_collation"
                        " l ON l.oid = a.attcollation WHERE c.relkind = 'r' AND c.relnamespace ="
                        " current_schema::regnamespace AND l.collname <> 'C'")

    def role_add(self, name, password):
        """A user who may connect and nothing else."""
        self.sql(f"CREATE ROLE {name} LOGIN PASSWORD '{password}'")


def missing():
    """Why no server can be had here, or None."""
    return None if server_programs() else "no server programs of PostgreSQL 15 or newer are here (postgresql-15)"


if __name__ == "__main__":
    # pg_server.py COMMAND…: runs it with HUILIU_TEST_STORE set to a fresh server's address.
    with Server() as own:
        sys.exit(subprocess.run(sys.argv[1:], env={**os.environ, "HUILIU_TEST_STORE": own.url},
                                check=False).returncode)
