"""Homes on each kind of database, as tests of the views need them: written by the test itself through the tables, read
as people do: by the old program's names, on a server as a user who may read the views and nothing else.

Servers are started once and end with the script; every home has a database of its own there."""
import atexit
import itertools
import os
import re
import sqlite3
import subprocess
from xml.etree import ElementTree

import lib
import mariadb_server
import pg_server

SYSTEMS = ("life", "douplus", "temu")


class Base:
    """A home and its database. Statements are SQLite's with `?`; what is written is there after commit()."""
    env = None

    def __init__(self, t, sandbox=None):
        self.waiting = []
        self.make(t, sandbox)

    def huiliu(self, *words, **options):
        return lib.huiliu(self.home, *words, env=self.env, **options)

    def execute(self, sql, values=()):
        self.waiting.append(filled(sql, values, self.literal))

    def commit(self):
        waiting, self.waiting = self.waiting, []
        self.run("BEGIN;\n" + ";\n".join(waiting) + ";\nCOMMIT;\n")

    def rows(self, system, sql, *values):
        """Dicts of what an old query finds on the views of a system, in its words."""
        names, rows = self.ask(system, filled(sql, values, self.literal))
        return [dict(zip(names, row)) for row in rows]


def filled(sql, values, literal):
    parts = sql.split("?")
    lib.same(len(parts), len(values) + 1, f"values of {sql}")
    return "".join(part + literal(value) for part, value in zip(parts, values)) + parts[-1]


def quoted(value):
    if value is None:
        return "NULL"
    return str(value) if isinstance(value, int) else "'" + str(value).replace("'", "''") + "'"


def reader_start(command):
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    process.stdin.write("BEGIN;\nSELECT count(*) FROM life.orders;\n")
    process.stdin.flush()
    process.stdout.readline()
    return process


def typed(text, kind):
    """What a driver would hand out for a value of this type; decimals as float, since tests know the exact integers."""
    if text is None:
        return None
    if kind in ("bigint", "integer", "LONGLONG", "LONG", "TINY"):
        return int(text)
    return float(text) if re.match(r"numeric|double|NEWDECIMAL|DOUBLE", kind) else text


class OnSqlite(Base):
    kind = "sqlite"

    def make(self, t, sandbox):
        self.home = t.home(sandbox)

    def literal(self, value):
        return f"X'{value.hex()}'" if isinstance(value, bytes) else quoted(value)

    def run(self, text):
        base = sqlite3.connect(self.home / "huiliu.db")
        base.executescript(text)
        base.close()

    def ask(self, system, sql):
        with lib.db(self.home) as base:
            found = base.execute(sql)
            answer = [column[0] for column in found.description], [tuple(row) for row in found]
        base.close()
        return answer

    def view(self, system, name):
        """What a view is called when two systems have one of that name."""
        return name if name.startswith(system) else f"{system}_{name}"

    def placed(self, system, name):
        """Its name for whoever owns the database."""
        return self.view(system, name)

    def table(self, name):
        return name

    def readable(self):
        """Everybody who can read the file may read a view."""


class OnServer(Base):
    """Each system has a schema or database of its own."""

    def view(self, system, name):
        return name

    def placed(self, system, name):
        return f"{system}.{name}"


class OnPostgres(OnServer):
    kind = "postgres"
    server = None
    numbers = itertools.count(1)
    user = "huiliu"
    search_path = "public"

    def make(self, t, sandbox):
        self.start()
        self.database = f"home{next(self.numbers)}"
        self.server.sql(f"CREATE DATABASE {self.database}")
        self.init(t, sandbox)
        self.readable()

    @classmethod
    def start(cls):
        if why := pg_server.missing():
            raise lib.Skip(why)
        if not OnPostgres.server:
            OnPostgres.server = pg_server.Server()
            atexit.register(OnPostgres.server.__exit__)
            OnPostgres.server.__enter__()
            OnPostgres.server.sql("CREATE ROLE reader LOGIN; CREATE ROLE poor LOGIN")

    def init(self, t, sandbox):
        address = self.server.address(user=self.user, database=self.database)
        self.env = {"HUILIU_STORE": f"{address}?options=-csearch_path%3D{self.search_path}"}
        self.home = t.home(sandbox, env=self.env)

    @classmethod
    def beside(cls, t, other):
        """Another home in the same database, its tables in a schema of their own."""
        base = Beside.__new__(Beside)
        base.database, base.waiting = other.database, []
        other.run(f"CREATE SCHEMA {base.search_path}")
        base.init(t, None)
        return base

    @classmethod
    def inside(cls, t):
        """A home whose tables lie where the views of `life` belong."""
        cls.start()
        base = Inside.__new__(Inside)
        base.database, base.waiting = f"home{next(cls.numbers)}", []
        cls.server.sql(f"CREATE DATABASE {base.database}")
        base.run("CREATE SCHEMA life")
        base.init(t, None)
        base.readable()
        return base

    @classmethod
    def poor(cls, t):
        """A home whose user owns its schema and may make none."""
        cls.start()
        base = Poor.__new__(Poor)
        base.database, base.waiting = f"home{next(cls.numbers)}", []
        cls.server.sql(f"CREATE DATABASE {base.database}")
        base.run(f"CREATE SCHEMA {base.search_path} AUTHORIZATION poor")
        base.init(t, None)
        return base

    def grant(self, system):
        self.run(f"CREATE SCHEMA {system} AUTHORIZATION {self.user}")

    def literal(self, value):
        return f"'\\x{value.hex()}'" if isinstance(value, bytes) else quoted(value)

    def run(self, text):
        self.server.sql(text, self.database)

    def readable(self):
        """People may read what is in the systems' schemas."""
        self.run("".join(f"GRANT USAGE ON SCHEMA {system} TO reader; GRANT SELECT ON ALL TABLES IN SCHEMA {system} TO reader;"
                         for system in SYSTEMS))

    def reading(self):
        """Somebody who has read a view and is not done yet; a line more and he is."""
        return reader_start([str(self.server.bin / "psql"), "-X", "-q", "-h", str(self.server.folder), "-p",
                             str(self.server.port), "-U", "reader", "-d", self.database])

    def psql(self, system, text):
        env = {**os.environ, "PGOPTIONS": f"-c search_path={system} -c timezone=America/New_York"}
        done = subprocess.run(
            [str(self.server.bin / "psql"), "-X", "-q", "-v", "ON_ERROR_STOP=1", "-A", "-F", "\x1f", "-R", "\x1e", "-P",
             "null=\x1d", "-P", "footer=off", "-h", str(self.server.folder), "-p", str(self.server.port), "-U", "reader",
             "-d", self.database], input=text, capture_output=True, text=True, timeout=60, env=env)
        lib.holds(done.returncode == 0, f"{text}: {done.stderr}")
        lines = [line.split("\x1f") for line in done.stdout.removesuffix("\n").split("\x1e")]
        return lines[0], [[None if cell == "\x1d" else cell for cell in line] for line in lines[1:]]

    def ask(self, system, sql):
        _, types = self.psql(system, sql.rstrip().removesuffix(";") + " \\gdesc\n")
        names, rows = self.psql(system, sql if sql.rstrip().endswith(";") else sql + ";")
        lib.same(names, [name for name, _ in types], "columns")
        return names, [tuple(typed(cell, kind) for cell, (_, kind) in zip(row, types)) for row in rows]

    def table(self, name):
        return f"public.{name}"


class Inside(OnPostgres):
    search_path = "life"

    def table(self, name):
        return f"life.{name}"


class Beside(OnPostgres):
    search_path = "other"


class Poor(OnPostgres):
    user, search_path = "poor", "mine"


class OnMariadb(OnServer):
    """The systems' databases are the server's, so that a new home takes them over."""
    kind = "mariadb"
    server = None
    numbers = itertools.count(1)
    user = "huiliu"

    def make(self, t, sandbox):
        self.start()
        self.database_new(t, sandbox)

    @classmethod
    def start(cls):
        if why := mariadb_server.missing():
            raise lib.Skip(why)
        if not OnMariadb.server:
            OnMariadb.server = mariadb_server.Server()
            atexit.register(OnMariadb.server.__exit__)
            OnMariadb.server.__enter__()
            OnMariadb.server.sql("CREATE USER reader; CREATE USER poor;" +
                                 "".join(f"GRANT SELECT ON {system}.* TO reader;" for system in SYSTEMS))

    def database_new(self, t, sandbox, name=None):
        self.database = name or f"home{next(self.numbers)}"
        self.server.sql("".join(f"DROP DATABASE IF EXISTS {system};" for system in SYSTEMS) +
                        f"CREATE DATABASE {self.database} CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin;")
        self.allow()
        self.init(t, sandbox)

    def allow(self):
        """The administrator may do everything."""

    def init(self, t, sandbox):
        self.env = {"HUILIU_STORE": self.server.address(user=self.user, database=self.database)}
        self.home = t.home(sandbox, env=self.env)

    @classmethod
    def beside(cls, t, other):
        base = cls.__new__(cls)
        base.database, base.waiting = f"home{next(cls.numbers)}", []
        cls.server.sql(f"CREATE DATABASE {base.database} CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin")
        base.init(t, None)
        return base

    @classmethod
    def inside(cls, t):
        cls.start()
        base = cls.__new__(cls)
        base.waiting = []
        base.database_new(t, None, "life")
        return base

    @classmethod
    def poor(cls, t):
        cls.start()
        base = PoorMariadb.__new__(PoorMariadb)
        base.waiting = []
        base.database_new(t, None)
        return base

    def grant(self, system):
        self.run(f"CREATE DATABASE {system}; GRANT ALL ON {system}.* TO {self.user}")

    def literal(self, value):
        """Whatever a backslash means to the session."""
        if isinstance(value, str) and "\\" in value:
            return f"CONVERT(X'{value.encode().hex()}' USING utf8mb4)"
        return f"X'{value.hex()}'" if isinstance(value, bytes) else quoted(value)

    def run(self, text):
        self.server.sql(text, self.database)

    def readable(self):
        """Rights on a whole database go on."""

    def reading(self):
        return reader_start([mariadb_server.found("mariadb"), "--no-defaults", "-n", "-B", "-S",
                             str(self.server.folder / "socket"), "-u", "reader"])

    def client(self, system, sql, *options):
        done = subprocess.run(
            [mariadb_server.found("mariadb"), "--no-defaults", "-S", str(self.server.folder / "socket"), "-u", "reader", "--default-character-set=utf8mb4",
             "--init-command=SET time_zone = '+08:00'", *options, system],
            input=sql, capture_output=True, text=True, timeout=60)
        lib.holds(done.returncode == 0, f"{sql}: {done.stderr}")
        return done.stdout

    def ask(self, system, sql):
        told = self.client(system, sql, "-t", "--column-type-info")
        types = re.findall(r"^Field +\d+: +`(.*)`$(?s:.*?)^Type: +(\w+)$", told, re.MULTILINE)
        found = ElementTree.fromstring(self.client(system, sql, "-X"))
        rows = [[None if "{http://www.w3.org/2001/XMLSchema-instance}nil" in field.attrib else field.text or ""
                 for field in row] for row in found]
        return [name for name, _ in types], [tuple(typed(cell, kind) for cell, (_, kind) in zip(row, types)) for row in rows]

    def table(self, name):
        return f"{self.database}.{name}"


class PoorMariadb(OnMariadb):
    user = "poor"

    def allow(self):
        self.server.sql(f"GRANT ALL ON {self.database}.* TO poor")


KINDS = [OnSqlite, OnPostgres, OnMariadb]
