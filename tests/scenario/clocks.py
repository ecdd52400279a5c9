#!/usr/bin/env python3
"""A machine's clock is put forward and back by a quarter of an hour while the service works: no row is lost or doubled, and
nothing waits for a time that the clock has shown. The clock that the service sees is shifted by a small library of ours."""
import mmap
import struct
import subprocess
import time

import lib
from lib import holds
from service import Service

QUARTER_MS = 15 * 60 * 1000
PASS_MS = 5 * 60 * 1000
SHIFT_C = r"""
#include <dlfcn.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>

/* CLOCK_REALTIME and the milliseconds that stand in the file $SHIFTED_CLOCK. */
int clock_gettime(clockid_t id, struct timespec *out)
{
    static int (*real)(clockid_t, struct timespec *);
    static volatile int64_t *shift_ms;
    if (!real) {
        const char *path = getenv("SHIFTED_CLOCK");
        int fd = path ? open(path, O_RDONLY) : -1;
        void *map = fd >= 0 ? mmap(NULL, 8, PROT_READ, MAP_SHARED, fd, 0) : MAP_FAILED;
        if (map != MAP_FAILED)
            shift_ms = map;
        real = (int (*)(clockid_t, struct timespec *))dlsym(RTLD_NEXT, "clock_gettime");
    }
    int result = real(id, out);
    if (id == CLOCK_REALTIME && shift_ms)
        out->tv_sec += *shift_ms / 1000;
    return result;
}
"""


class Shifted:
    def __init__(self, t):
        folder = t.folder()
        (folder / "shift.c").write_text(SHIFT_C, encoding="utf-8")
        (folder / "shift").write_bytes(bytes(8))
        self.library = folder / "shift.so"
        done = subprocess.run(["cc", "-D_GNU_SOURCE", "-shared", "-fPIC", "-o", self.library, folder / "shift.c", "-ldl"],
                              capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise lib.Skip(f"no compiler: {done.stderr[:200]}")
        with open(folder / "shift", "r+b") as file:
            self.map = mmap.mmap(file.fileno(), 8)
        # The sanitizers want to come first; here they need not.
        self.env = {"LD_PRELOAD": str(self.library), "SHIFTED_CLOCK": str(folder / "shift"),
                    "ASAN_OPTIONS": "verify_asan_link_order=0:detect_leaks=0"}

    def put(self, ms):
        self.map[:] = struct.pack("<q", ms)

    def now_ms(self):
        return int(time.time() * 1000) + struct.unpack("<q", self.map[:])[0]


def test_a_clock_that_jumps_loses_nothing(t):
    shifted = Shifted(t)
    service = Service(t, real_time=True, life_shops=2, life_orders=2000, douplus_shops=1, douplus_orders=40,
                      quota="shop=20/1", env=shifted.env, settings=("page_size=20",))
    service.wait(lambda: service.rows("SELECT count(*) AS n FROM trade_order")[0]["n"] > 100, "the pull is at work")

    def next_of():
        return [r["next_ms"] for r in service.rows("SELECT next_ms FROM schedule WHERE lane <> 0")]

    def some_more(what):
        before = service.rows("SELECT count(*) AS n FROM trade_order")[0]["n"]
        service.wait(lambda: service.rows("SELECT count(*) AS n FROM trade_order")[0]["n"] > before, what)

    shifted.put(QUARTER_MS)
    some_more("it goes on after the clock was put forward")
    service.wait(lambda: all(at > shifted.now_ms() for at in next_of()), "the ticks that were due have come")
    shifted.put(-QUARTER_MS)
    some_more("it goes on after the clock was put back by half an hour")
    service.wait(lambda: all(at <= shifted.now_ms() + PASS_MS for at in next_of()), "no tick waits for the time before")
    service.wait(lambda: all(r["ready_ms"] <= shifted.now_ms() + PASS_MS for r in service.rows(
        "SELECT ready_ms FROM task WHERE state = 'ready'")), "no task waits for the time before")
    shifted.put(0)
    service.sandbox.config(quota=[])
    service.wait(lambda: not service.rows("SELECT 1 FROM task WHERE state = 'running'"), "the pull is over")
    service.end()
    holds(not service.rows("SELECT 1 FROM task WHERE state = 'dead'"), "a task died of the clock")
    service.all_is_read()


if __name__ == "__main__":
    lib.main({n: f for n, f in globals().items() if n == "test_a_clock_that_jumps_loses_nothing"})
