"""A MariaDB server of a test's own: data in a temporary folder, reached through a socket there and a free port of
loopback; ended and removed with the test. Nothing on disk outlives it, so nothing is flushed."""
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from pg_server import free_port

STARTED_S = 60
SETTINGS = """[mysqld]
datadir = {folder}/data
socket = {folder}/socket
port = {port}
bind-address = 127.0.0.1
pid-file = {folder}/pid
log-error = {folder}/log
character-set-server = latin1
default-time-zone = +09:00
innodb_flush_log_at_trx_commit = 0
innodb_buffer_pool_size = 64M
innodb_log_file_size = 64M
innodb_doublewrite = 0
max_connections = 60
skip-log-bin
skip-name-resolve
"""
PROGRAMS = ("mariadbd", "mariadb-install-db", "mariadb")


def found(program):
    return shutil.which(program, path=os.environ.get("PATH", "") + ":/usr/sbin:/usr/local/sbin")


class Server:
    """with Server() as server: … server.url. `settings`: more lines of its configuration."""

    def __init__(self, password=None, settings=""):
        self.password = password
        self.folder = Path(tempfile.mkdtemp(prefix="huiliu-maria-"))
        self.port = free_port()
        self.settings = settings
        self.process = None
        # The server refuses to run as root: then as the user the package made.
        self.user = "mysql" if os.geteuid() == 0 else None

    def __enter__(self):
        (self.folder / "conf").write_text(SETTINGS.format(folder=self.folder, port=self.port) + self.settings,
                                          encoding="utf-8")
        if self.user:
            shutil.chown(self.folder, self.user, self.user)
        try:
            self.install()
            self.start()
            self.sql("CREATE DATABASE huiliu; CREATE USER huiliu" +
                     (f" IDENTIFIED BY '{self.password}'" if self.password else "") +
                     "; GRANT ALL ON *.* TO huiliu", database="mysql", user="root")
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        try:
            self.kill()
        finally:
            shutil.rmtree(self.folder, ignore_errors=True)

    def install(self):
        words = [found("mariadb-install-db"), f"--defaults-file={self.folder / 'conf'}", "--skip-test-db",
                 "--auth-root-authentication-method=normal", "--skip-name-resolve"]
        if self.user:
            words.append(f"--user={self.user}")
        done = subprocess.run(words, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=STARTED_S,
                              check=False)
        if done.returncode != 0:
            raise RuntimeError(f"mariadb-install-db: {done.stdout[-800:]}{done.stderr[-800:]}")

    def start(self):
        words = [found("mariadbd"), f"--defaults-file={self.folder / 'conf'}"]
        if self.user:
            words.append(f"--user={self.user}")
        self.process = subprocess.Popen(words, cwd=self.folder, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                        stderr=subprocess.DEVNULL, env={"PATH": os.environ["PATH"], "LC_ALL": "C"})
        deadline = time.monotonic() + STARTED_S
        while not self.answers():
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError("mariadbd did not start: " + (self.folder / "log").read_text()[-1500:])
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
        for row in self.sql("SELECT id FROM information_schema.processlist WHERE user = 'huiliu'", user="root"):
            try:
                self.sql(f"KILL CONNECTION {row[0]}", user="root")
            except RuntimeError:
                pass  # it has ended by itself meanwhile

    def address(self, user="huiliu", password=None, database="huiliu"):
        secret = f":{password}" if password else ""
        return f"mysql://{user}{secret}@127.0.0.1:{self.port}/{database}"

    @property
    def url(self):
        return self.address(password=self.password)

    def sql(self, text, database="huiliu", user="root"):
        """Rows of what mariadb answers, as lists of texts; NULL is None."""
        done = subprocess.run([found("mariadb"), "--no-defaults", "-S", str(self.folder / "socket"), "-u", user, "-B", "-N",
                               "--default-character-set=utf8mb4", "--init-command=SET time_zone = '+00:00'", "-D", database,
                               "-e", text], capture_output=True, text=True, timeout=60, check=False)
        if done.returncode != 0:
            raise RuntimeError(f"{text}: {done.stderr}")
        return [[cell_read(cell) for cell in line.split("\t")] for line in done.stdout.split("\n")[:-1]]


def cell_read(cell):
    """As `mariadb -B` escapes it."""
    if cell == "NULL":
        return None
    out, escaped = [], False
    for c in cell:
        if escaped:
            out.append({"n": "\n", "t": "\t", "0": "\0"}.get(c, c))
        elif c != "\\":
            out.append(c)
        escaped = c == "\\" and not escaped
    return "".join(out)


def missing():
    """Why no server can be had here, or None."""
    lacking = [program for program in PROGRAMS if not found(program)]
    return f"no {', '.join(lacking)} here (mariadb-server)" if lacking else None


if __name__ == "__main__":
    # mariadb_server.py COMMAND…: runs it with HUILIU_TEST_STORE set to a fresh server's address.
    with Server() as server:
        sys.exit(subprocess.run(sys.argv[1:], env={**os.environ, "HUILIU_TEST_STORE": server.url},
                                check=False).returncode)
