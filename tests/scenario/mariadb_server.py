"""A MariaDB server of a test's own: data in a temporary folder, reached through a socket there and a free port of
loopback; ended and removed with the test. Nothing outlives it, so it is kept in memory where there is room and nothing is
flushed; but what is committed is handed to the system (2), or a killed server would have lost it. It is asked over libmariadb, because the types of columns
count and its client program does not tell them."""
import ctypes
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import server

STARTED_S = 60
SETTINGS = """[mysqld]
datadir = {folder}/data
socket = {folder}/socket
port = {port}
bind-address = 127.0.0.1
pid-file = {folder}/pid
log-error = {folder}/log.err
tmpdir = {folder}
character-set-server = latin1
default-time-zone = +09:00
innodb_flush_log_at_trx_commit = 2
innodb_buffer_pool_size = 64M
innodb_doublewrite = 0
innodb_file_per_table = 0
innodb_stats_persistent = 0
max_connections = 60
skip-log-bin
skip-name-resolve
"""
UNFLUSHED = """innodb_flush_method = nosync
debug_no_sync = 1
"""
COMMIT = b"\x07\0\0\0\x03COMMIT"  # a packet of its own
PROGRAMS = ("mariadbd", "mariadb-install-db")


def found(program):
    return shutil.which(program, path=os.environ.get("PATH", "") + ":/usr/sbin:/usr/local/sbin")


class Server(server.Server):
    """`settings`: more lines of its configuration."""
    prefix = "huiliu-maria-"

    def __init__(self, password=None, settings="", on_disk=False):
        super().__init__(password, on_disk)
        self.conf = self.folder / "conf"
        self.settings = ("" if on_disk else UNFLUSHED) + settings
        self.process = None
        # The server refuses to run as root: then as the user the package made.
        self.user = "mysql" if os.geteuid() == 0 else None

    def begin(self):
        self.set(SETTINGS.format(folder=self.folder, port=self.port) + self.settings)
        if self.user:
            shutil.chown(self.folder, self.user, self.user)
        self.install()
        self.start()
        self.sql("CREATE DATABASE huiliu; CREATE USER huiliu" +
                 (f" IDENTIFIED BY '{self.password}'" if self.password else "") +
                 "; GRANT ALL ON *.* TO huiliu", database="mysql")

    def end(self):
        self.kill()

    def install(self):
        words = [found("mariadb-install-db"), f"--defaults-file={self.conf}", "--skip-test-db",
                 "--auth-root-authentication-method=normal", "--skip-name-resolve"]
        if self.user:
            words.append(f"--user={self.user}")
        done = subprocess.run(words, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=STARTED_S,
                              check=False)
        if done.returncode != 0:
            raise RuntimeError(f"mariadb-install-db: {done.stdout[-800:]}{done.stderr[-800:]}")

    def start(self):
        words = [found("mariadbd"), f"--defaults-file={self.conf}"]
        if self.user:
            words.append(f"--user={self.user}")
        self.process = subprocess.Popen(words, cwd=self.folder, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                        stderr=subprocess.DEVNULL, env={"PATH": os.environ["PATH"], "LC_ALL": "C"})
        deadline = time.monotonic() + STARTED_S
        while not self.answers():
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError("mariadbd did not start: " + (self.folder / "log.err").read_text()[-1500:])
            time.sleep(0.05)

    def answers(self):
        with socket.socket(socket.AF_UNIX) as s:
            return s.connect_ex(str(self.folder / "socket")) == 0

    def kill(self):
        if self.process and self.process.poll() is None:
            self.process.send_signal(signal.SIGKILL)
            self.process.wait()

    def restart(self):
        """As if the machine had crashed: nothing is said to the clients."""
        self.kill()
        (self.folder / "socket").unlink(missing_ok=True)
        self.start()

    def cut(self):
        """Ends every connection of Huiliu's."""
        for (number,) in self.sql("SELECT id FROM information_schema.processlist WHERE user = 'huiliu'"):
            try:
                self.sql(f"KILL CONNECTION {number}")
            except RuntimeError:
                pass  # it has ended by itself meanwhile

    def address(self, user="huiliu", password=None, database="huiliu"):
        secret = f":{password}" if password else ""
        return f"mysql://{user}{secret}@127.0.0.1:{self.port}/{database}"

    def ask(self, text, database="huiliu", user="root"):
        """(names, rows) of the last of the statements; cells as Python has them."""
        with Link(str(self.folder / "socket"), user, database) as link:
            return link.ask(text)

    def sql(self, text, database="huiliu", user="root"):
        """Rows as lists of texts; NULL is None."""
        return [[None if cell is None else str(cell) for cell in row] for row in self.ask(text, database, user)[1]]

    def rows(self, text):
        names, rows = self.ask(text)
        return [dict(zip(names, row)) for row in rows]

    # --- what each kind of database says in its own words ---

    def watch_writes(self, tables):
        """Every write of these tables by row, in test_writes."""
        self.sql("CREATE TABLE IF NOT EXISTS test_writes (name text); DELETE FROM test_writes")
        for table in tables:
            for verb in ("INSERT", "UPDATE", "DELETE"):
                self.sql(f"CREATE OR REPLACE TRIGGER test_{table}_{verb} AFTER {verb} ON {table} FOR EACH ROW "
                         f"INSERT INTO test_writes VALUES ('{verb} {table}')")

    def comment(self, table, column):
        return self.sql("SELECT column_comment FROM information_schema.columns WHERE table_schema = 'huiliu' AND "
                        f"table_name = '{table}' AND column_name = '{column}'")[0][0]

    def unlike_bytes(self):
        """Columns whose texts do not compare byte by byte."""
        return self.sql("SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = 'huiliu' AND "
                        "collation_name <> 'utf8mb4_nopad_bin'")

    def role_add(self, name, password):
        """A user who may connect and nothing else."""
        self.sql(f"CREATE USER {name} IDENTIFIED BY '{password}'; GRANT SELECT ON huiliu.* TO {name}")


class Field(ctypes.Structure):
    """MYSQL_FIELD of mysql.h."""
    _fields_ = [(name, ctypes.c_char_p) for name in ("name", "org_name", "table", "org_table", "db", "catalog", "default")]
    _fields_ += [("length", ctypes.c_ulong), ("max_length", ctypes.c_ulong)]
    _fields_ += [(name, ctypes.c_uint) for name in ("n1", "n2", "n3", "n4", "n5", "n6", "n7", "flags", "decimals", "charset",
                                                    "type")]
    _fields_ += [("extension", ctypes.c_void_p)]


INTEGERS, DECIMALS, BINARY = {1, 2, 3, 8, 9, 13}, {0, 246}, 63
SESSION = "SET NAMES utf8mb4, time_zone = '+00:00', sql_mode = 'PIPES_AS_CONCAT,NO_BACKSLASH_ESCAPES'"


class Link:
    """A connection of the test's own."""

    def __init__(self, path, user, database):
        self.library = library = ctypes.CDLL("libmariadb.so.3")
        for name in ("init", "real_connect", "store_result", "fetch_row", "fetch_lengths"):
            getattr(library, "mysql_" + name).restype = ctypes.c_void_p
        library.mysql_error.restype = ctypes.c_char_p
        library.mysql_fetch_fields.restype = ctypes.POINTER(Field)
        self.link = ctypes.c_void_p(library.mysql_init(None))
        multi_statements = 1 << 16
        if not library.mysql_real_connect(self.link, None, user.encode(), None, database.encode(), 0, path.encode(),
                                          ctypes.c_ulong(multi_statements)):
            self.fail("connect")
        self.ask(SESSION)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.library.mysql_close(self.link)

    def fail(self, text):
        words = self.library.mysql_error(self.link).decode()
        self.library.mysql_close(self.link)
        raise RuntimeError(f"{text}: {words}")

    def ask(self, text):
        out = ([], [])
        bytes_ = text.encode()
        more = self.library.mysql_real_query(self.link, bytes_, ctypes.c_ulong(len(bytes_)))
        while more == 0:
            if result := self.library.mysql_store_result(self.link):
                out = self.result_read(ctypes.c_void_p(result))
            more = self.library.mysql_next_result(self.link)
        if more > 0:
            self.fail(text)
        return out

    def result_read(self, result):
        fields = self.library.mysql_fetch_fields(result)
        fields = [fields[i] for i in range(self.library.mysql_num_fields(result))]
        names, rows = [f.name.decode() for f in fields], []
        while row := self.library.mysql_fetch_row(result):
            cells = ctypes.cast(row, ctypes.POINTER(ctypes.c_void_p))
            lengths = ctypes.cast(self.library.mysql_fetch_lengths(result), ctypes.POINTER(ctypes.c_ulong))
            rows.append([cell_read(f, cells[i], lengths[i]) for i, f in enumerate(fields)])
        self.library.mysql_free_result(result)
        return names, rows


def cell_read(field, address, length):
    if address is None:
        return None
    data = ctypes.string_at(address, length)
    if field.type in INTEGERS or (field.type in DECIMALS and b"." not in data):
        return int(data)
    return data.hex() if field.charset == BINARY and field.type not in DECIMALS else data.decode()


def missing():
    """Why no server can be had here, or None."""
    lacking = [program for program in PROGRAMS if not found(program)]
    return f"no {', '.join(lacking)} here (mariadb-server)" if lacking else None


if __name__ == "__main__":
    # mariadb_server.py COMMAND…: runs it with HUILIU_TEST_STORE set to a fresh server's address.
    with Server(settings=os.environ.get("MARIADB_SETTINGS", "")) as own:
        sys.exit(subprocess.run(sys.argv[1:], env={**os.environ, "HUILIU_TEST_STORE": own.url},
                                check=False).returncode)
