"""What servers of tests have in common, whichever database they are: a folder, in memory where there is room, a free port of
loopback, and an end with the test."""
import os
import shutil
import socket
import tempfile
from pathlib import Path

ROOM_BYTES = 2 << 30


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def server_folder(prefix, on_disk):
    memory = Path("/dev/shm")
    if not on_disk and os.access(memory, os.W_OK) and shutil.disk_usage(memory).free > ROOM_BYTES:
        return Path(tempfile.mkdtemp(prefix=prefix, dir=memory))
    return Path(tempfile.mkdtemp(prefix=prefix))


class Server:
    """with Server() as server: … server.url. A kind of it has `prefix`, `conf` (its file of settings), `begin` (makes and starts
    what is there), `end` (whatever has begun is gone) and `address`."""

    def __init__(self, password=None, on_disk=False, keep=None):
        self.password = password
        self.keep = keep  # a folder that stays when the server ends, and in which it goes on the next time
        self.folder = Path(keep) if keep else server_folder(self.prefix, on_disk)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.port = free_port()

    def __enter__(self):
        try:
            self.begin()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        try:
            self.end()
        finally:
            if not self.keep:
                shutil.rmtree(self.folder, ignore_errors=True)

    def set(self, *lines):
        """Settings for the next start."""
        with open(self.conf, "a", encoding="utf-8") as conf:
            conf.write("\n".join(lines) + "\n")

    @property
    def url(self):
        return self.address(password=self.password)
