#!/usr/bin/env python3
"""`huiliu service …`: the service in the background, by a supervisor of our own, and what systemd is asked to do.

No test waits for an instant: each waits until what it wants is so. Whatever a test has started ends with it."""
# Takes 40 s.
import fcntl
import contextlib
import json
import os
import re
import shutil
import signal
import socket
import stat
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import lib
from lib import contains, holds, same

PATIENCE_S = 120
NOT_RUNNING = 3
OWN = {"HUILIU_SYSTEMD": "no"}

BELOW_TMP = str(lib.BUILD).startswith(("/tmp/", "/var/tmp/"))  # there a unit must not have a /tmp of its own


class Background:
    """A home whose service may run in the background; `end` takes it away, however the test ended."""

    def __init__(self, t):
        self.home = t.home()
        t.when_over(self.end)

    def run(self, *words, check=None, **options):
        return lib.huiliu(self.home, "service", *words, env=OWN, check=check, **options)

    def status(self):
        code, out, _ = self.run("status", "--json")
        return code, json.loads(out.splitlines()[0])["service"][0]

    def wait(self, condition, what):
        deadline = time.monotonic() + PATIENCE_S
        while not (found := condition()):
            holds(time.monotonic() < deadline, f"waited in vain until {what}; the log:\n{self.log()[-2000:]}")
            time.sleep(0.05)
        return found

    def running(self, *, other_than=0):
        """The status once it runs, with another process than the one named."""
        def look():
            code, state = self.status()
            return state if code == 0 and state["pid"] != other_than else None
        return self.wait(look, "the service runs")

    def log(self):
        path = self.home / "logs" / "service.log"
        return path.read_text(errors="replace") if path.exists() else ""

    def events(self, name):
        return [json.loads(line) for line in self.log().splitlines() if f'"event":"{name}"' in line]

    def processes(self):
        """Ids of everything that runs on this home."""
        found = []
        for entry in Path("/proc").iterdir():
            try:
                words = (entry / "cmdline").read_bytes().split(b"\0") if entry.name.isdigit() else []
                alive = words and (entry / "stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
            except OSError:
                continue
            if alive and str(self.home).encode() in words:
                found.append(int(entry.name))
        return found

    def end(self):
        log = self.log()
        for number in (signal.SIGTERM, signal.SIGKILL):
            deadline = time.monotonic() + 30
            for pid in self.processes():
                try:
                    os.kill(pid, number)
                    os.kill(pid, signal.SIGCONT)
                except ProcessLookupError:
                    pass
            while self.processes() and time.monotonic() < deadline:
                time.sleep(0.05)
        lib.sanitizers_quiet(log)


def gone(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] == "Z"
    except OSError:
        return True


def test_it_starts_says_so_and_stops(t):
    service = Background(t)
    same(service.status()[0], NOT_RUNNING, "status before")
    out = service.run("start", check=0)[1]
    code, state = service.status()
    same((code, state["state"], state["restarts"]), (0, "running", 0), "status")
    contains(out, str(state["pid"]))
    holds(os.readlink(f"/proc/{state['pid']}/exe") == os.readlink(f"/proc/{state['supervisor']}/exe"), "two programs")
    same((service.home / "service.pid").read_text(), f"{state['supervisor']}\n", "service.pid")
    contains(service.run("stop", check=0)[1], "has ended")
    same(service.processes(), [], "processes left")
    code, state = service.status()
    same((code, state["state"], state["last_exit"]), (NOT_RUNNING, "stopped", "exit code 0"), "status after")
    contains(service.run("stop", check=0)[1], "does not run")


def test_a_child_that_is_killed_comes_again(t):
    service = Background(t)
    service.run("start", check=0)
    first = service.running()["pid"]
    os.kill(first, signal.SIGKILL)
    state = service.running(other_than=first)
    same((state["restarts"], state["last_exit"]), (1, "signal 9 (Killed)"), "status")
    same(len(service.events("child_ended")), 1, "logged")
    os.kill(state["pid"], signal.SIGTERM)  # ending by itself, without a fault, is no reason to stay away
    state = service.running(other_than=state["pid"])
    same((state["restarts"], state["last_exit"]), (2, "exit code 0"), "status")
    pauses = [event["again_in_ms"] for event in service.events("child_ended")]
    holds(pauses[1] == 2 * pauses[0], f"pauses {pauses} do not grow")


def test_a_child_that_hangs_is_killed(t):
    service = Background(t)
    service.run("start", check=0)
    first = service.running()["pid"]
    os.kill(first, signal.SIGSTOP)
    state = service.running(other_than=first)
    same(len(service.events("child_hangs")), 1, "logged")
    contains(state["last_exit"], "signal")


def test_a_second_start_is_refused(t):
    service = Background(t)
    service.run("start", check=0)
    before = service.running()
    contains(service.run("start", check=1)[2], "service_runs")
    contains(service.run("supervise", check=1)[2], "service_runs")
    same(service.status()[1], before, "the first one")


def test_restart_begins_anew(t):
    service = Background(t)
    service.run("start", check=0)
    before = service.running()
    service.run("restart", check=0)
    after = service.running()
    holds(after["pid"] != before["pid"] and after["supervisor"] != before["supervisor"], "the same processes")
    same(sorted(service.processes()), sorted([after["pid"], after["supervisor"]]), "processes")


def test_signals_reach_the_child(t):
    service = Background(t)
    service.run("start", check=0)
    state = service.running()
    os.kill(state["supervisor"], signal.SIGHUP)
    (service.home / "huiliu.yaml").write_text("log_level: info\n")
    os.kill(state["supervisor"], signal.SIGHUP)
    service.wait(lambda: service.events("reloaded"), "the child reloads")
    same(service.running()["pid"], state["pid"], "process after the reload")
    os.kill(state["supervisor"], signal.SIGTERM)
    service.wait(lambda: gone(state["pid"]) and gone(state["supervisor"]), "both are gone")
    same(service.status()[1]["last_exit"], "exit code 0", "how the child ended")


def test_a_supervisor_that_is_killed_takes_the_child_with_it(t):
    service = Background(t)
    service.run("start", check=0)
    state = service.running()
    os.kill(state["supervisor"], signal.SIGKILL)
    service.wait(lambda: gone(state["pid"]), "the child is gone")
    code, out, _ = service.run("status")
    same(code, NOT_RUNNING, "status")
    contains(out, "did not end orderly", str(state["supervisor"]))
    service.run("start", check=0)
    holds(service.running()["supervisor"] != state["supervisor"], "a new supervisor")


def test_a_number_that_another_program_has_is_left_alone(t):
    service = Background(t)
    other = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
    t.processes.append(other)
    (service.home / "service.pid").write_text(f"{other.pid}\n")
    code, out, _ = service.run("status")
    same(code, NOT_RUNNING, "status")
    contains(out, "another program has that number", str(other.pid))
    contains(service.run("stop", check=0)[1], "does not run")
    holds(other.poll() is None, "the other program got a signal")
    service.run("start", check=0)
    service.run("stop", check=0)
    holds(other.poll() is None, "the other program got a signal")


def test_a_lock_of_somebody_else_is_not_signalled(t):
    """Another program that locks the file is neither taken for the supervisor nor ended."""
    service = Background(t)
    with open(service.home / "service.pid", "w") as file:
        fcntl.lockf(file, fcntl.LOCK_EX)
        contains(service.run("stop", check=1)[2], "service_elsewhere")
        same(service.status()[0], NOT_RUNNING, "status")
        contains(service.run("start", check=1)[2], "service_runs")


# Stands for a supervisor in its last instant, which nobody can hit from outside: on SIGTERM it empties the file as one does, and
# lets go of the lock later.
LEAVES_SLOWLY = """
import fcntl, os, signal, sys, time
def leave(*_):
    os.truncate(sys.argv[1], 0)
    time.sleep(1)
    os._exit(0)
signal.signal(signal.SIGTERM, leave)
file = open(sys.argv[1], "w")
fcntl.lockf(file, fcntl.LOCK_EX)
file.write(f"{os.getpid()}\\n")
file.flush()
print("held", flush=True)
time.sleep(600)
"""


def test_restart_waits_until_the_lock_is_free(t):
    service = Background(t)
    old = subprocess.Popen([sys.executable, "-c", LEAVES_SLOWLY, service.home / "service.pid"], stdout=subprocess.PIPE, text=True)
    t.processes.append(old)
    same(old.stdout.readline(), "held\n", "the one before")
    contains(service.run("restart", check=0)[1], "has ended")
    same(old.wait(), 0, "exit code of the one before")
    service.running()


def test_a_setting_that_is_wrong_is_said_and_tried_again(t):
    """`start` is a failure until the service runs; mended, the supervisor goes on by itself."""
    service = Background(t)
    service.run("start", check=0)
    first = service.running()["pid"]
    (service.home / "huiliu.yaml").write_text("workers: none\n")
    os.kill(first, signal.SIGKILL)
    service.wait(lambda: service.events("child_needs_person"), "the mistake is met")
    contains(service.log(), "option_number")
    holds(service.status()[0] == NOT_RUNNING, "it runs with a setting that is wrong")
    contains(service.run("restart", check=1)[2], "option_number")  # before anything is stopped
    holds(service.events("supervisor_ended") == [], "restart stopped the supervisor first")
    (service.home / "huiliu.yaml").write_text("")
    service.running(other_than=first)


def test_start_fails_when_the_service_does(t):
    service = Background(t)
    (service.home / "key").unlink()
    code, out, err = service.run("start")
    same(code, 1, "exit code")
    contains(err, "service_not_ready", "exit code 1", "key")
    holds("runs" not in out, "success was claimed")
    same(service.status()[0], NOT_RUNNING, "status")
    service.run("stop", check=0)
    same(service.processes(), [], "processes left")


def test_a_home_that_is_gone(t):
    service = Background(t)
    service.run("start", check=0)
    state = service.running()
    away = service.home.with_name("away")
    service.home.rename(away)
    contains(service.run("status", check=1)[2], "home_missing")
    os.kill(state["pid"], signal.SIGKILL)
    service.wait(lambda: gone(state["supervisor"]), "the supervisor is gone")
    contains((away / "logs" / "service.log").read_text(), "home_gone")


def test_logs_show_the_last_lines_and_follow(t):
    service = Background(t)
    contains(service.run("logs", check=1)[2], "service_log")
    service.run("start", check=0)
    first = service.running()["pid"]
    same(len(service.run("logs", "--lines", "2", check=0)[1].splitlines()), 2, "lines")
    same(service.run("logs", check=0)[1], service.log(), "the whole log")
    follow = t.start(service.home, "service", "logs", "-f", "--lines", "0", env=OWN)
    (service.home / "logs" / "service.log").rename(service.home / "logs" / "moved.log")
    os.kill(first, signal.SIGKILL)
    service.running(other_than=first)
    service.wait(lambda: service.events("child_ready"), "the new file has the event")
    lines = iter(follow.stdout.readline, "")
    for line in lines:
        if "child_ready" in line:
            break
    follow.send_signal(signal.SIGINT)
    follow.communicate(timeout=PATIENCE_S)
    same(follow.returncode, 0, "exit code of logs -f")


def reloaded(log):
    """While it turns there is no file for a moment."""
    with contextlib.suppress(FileNotFoundError):
        return '"reloaded"' in log.read_text()
    return False


def test_a_log_file_turns_and_is_opened_again(t):
    service = Background(t)
    (service.home / "huiliu.yaml").write_text("log_level: info\nlog_file: mine.log\nlog_max_mb: 1\n")
    mine = service.home / "mine.log"
    service.run("start", check=0)
    state = service.running()
    contains(service.run("logs", check=0)[2], "mine.log")
    mine.rename(service.home / "away.log")
    os.kill(state["pid"], signal.SIGHUP)
    service.wait(lambda: reloaded(mine), "the log is opened again")
    with open(mine, "a") as file:
        file.write("x" * 1024 * 1024 + "\n")
    os.kill(state["pid"], signal.SIGHUP)
    service.wait(lambda: (service.home / "mine.log.1").exists() and reloaded(mine), "it turns")
    holds(mine.stat().st_size < 4096, "the new file is not new")


# --- systemd ---

class Systemd:
    """A folder that stands for /, and systemctl and journalctl that write down how they were called."""

    def __init__(self, t, code=0):
        self.root, self.home = t.folder(), t.home()
        (self.root / "run/systemd/system").mkdir(parents=True)
        (self.root / "bin").mkdir()
        for name in ("systemctl", "journalctl"):
            script = self.root / "bin" / name
            script.write_text(f"#!/bin/sh\necho {name} \"$@\" >>{self.root}/calls\nexit {code}\n")
            script.chmod(0o755)
        self.env = {"HUILIU_SYSTEMD": self.root, "PATH": f"{self.root}/bin:{os.environ['PATH']}",
                    "XDG_CONFIG_HOME": self.root / "config"}
        self.system = os.geteuid() == 0
        place = "etc/systemd/system" if self.system else "config/systemd/user"
        self.unit = self.root / place / "huiliu.service"

    def run(self, *words, home=None, check=None):
        return lib.huiliu(home or self.home, "service", *words, env=self.env, check=check)

    def calls(self):
        path = self.root / "calls"
        lines = path.read_text().splitlines() if path.exists() else []
        path.unlink(missing_ok=True)
        return lines


def test_systemd_is_asked(t):
    systemd = Systemd(t)
    contains(systemd.run("start", check=1)[2], "unit_missing")
    out = systemd.run("install", check=0)[1]
    contains(out, str(systemd.unit), "daemon-reload", "enable --now huiliu")
    user = "" if systemd.system else "--user "
    same(systemd.calls(), [], "install asks nothing of systemd")
    for verb in ("start", "stop", "restart", "status"):
        systemd.run(verb, check=0)
        same(systemd.calls(), [f"systemctl {user}{verb} --no-pager huiliu.service"], verb)
    systemd.run("logs", "-f", "--lines", "7", check=0)
    same(systemd.calls(), [f"journalctl {user}--no-pager -n 7 -u huiliu.service -f"], "logs")
    holds(not (systemd.home / "service.pid").exists(), "a supervisor of our own ran")


def test_systemds_watchdog_waits_for_a_reload(t):
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as said:
        path = t.folder() / "notify"
        said.bind(str(path))
        said.settimeout(PATIENCE_S)
        home = t.home()
        process = t.start(home, "run", env={"NOTIFY_SOCKET": path, "WATCHDOG_USEC": 30000000})

        def hear():
            while (text := said.recv(1024).decode()) == "WATCHDOG=1":
                pass
            return text
        same(hear(), "READY=1", "when it runs")
        process.send_signal(signal.SIGHUP)
        same(hear(), "RELOADING=1\nWATCHDOG_USEC=600000000", "when it reloads")
        same(hear(), "READY=1\nWATCHDOG_USEC=30000000", "when it has")
        process.send_signal(signal.SIGTERM)
        same(hear(), "STOPPING=1", "when it ends")
        process.communicate(timeout=PATIENCE_S)


def test_systemds_exit_codes_become_ours(t):
    for theirs, status, start in ((3, NOT_RUNNING, 1), (4, 1, 1), (1, 1, 1)):
        systemd = Systemd(t, theirs)
        systemd.run("install", check=0)
        systemd.run("status", check=status)
        systemd.run("start", check=start)
    (systemd.root / "bin/systemctl").unlink()
    systemd.env["PATH"] = str(systemd.root / "bin")
    contains(systemd.run("status", check=1)[2], "systemd_program")


def test_a_unit_of_somebody_else_is_not_overwritten(t):
    systemd = Systemd(t)
    systemd.run("install", check=0)
    systemd.run("install", check=0)  # its own file it may write again
    other = t.home()
    contains(systemd.run("install", home=other, check=1)[2], "unit_foreign", "--force")
    contains(systemd.run("stop", home=other, check=1)[2], "unit_other_home")
    same(systemd.calls(), [], "systemd was asked about another home's unit")
    systemd.unit.write_text("[Service]\nExecStart=/bin/mine\n")
    contains(systemd.run("install", check=1)[2], "unit_foreign")
    same(systemd.unit.read_text(), "[Service]\nExecStart=/bin/mine\n", "the file of a person")
    systemd.run("install", "--force", check=0)
    contains(systemd.unit.read_text(), "Type=notify")
    same(stat.S_IMODE(systemd.unit.stat().st_mode), 0o644, "mode of the unit")


def test_the_unit_of_deploy_is_what_install_prints(t):
    folder = Path(tempfile.mkdtemp(dir=lib.BUILD))  # not below /tmp, which such a unit hides
    t.folders.append(folder)
    lib.huiliu(folder / "home", "init", check=True)
    text = lib.huiliu(folder / "home", "service", "install", "--print", "--user", "huiliu", check=True)[1]
    text = text.replace(str(folder / "home"), "/var/lib/huiliu")
    text = text.replace(os.path.realpath(lib.program("huiliu")), "/usr/local/bin/huiliu")
    wanted = (lib.ROOT / "deploy/huiliu.service").read_text()
    if BELOW_TMP:
        wanted = wanted.replace("PrivateTmp=yes\n", "")
    same(text, wanted, "deploy/huiliu.service")
    holds(not list(folder.rglob("*.service")), "--print wrote a file")


def test_the_image_has_every_library(t):
    """What the program is linked with comes from a package that the Dockerfile installs, or is copied by it."""
    if not shutil.which("dpkg"):
        raise lib.Skip("this is no Debian: which package a library is of cannot be asked")
    text = (lib.ROOT / "deploy/Dockerfile").read_text()
    installed = set(re.search(r"--no-install-recommends \\\n(.*?)\\\n", text, re.DOTALL)[1].split())
    needed = subprocess.run(["objdump", "-p", lib.program("huiliu")], stdout=subprocess.PIPE, text=True, check=True)
    libraries = set(re.findall(r"NEEDED +(\S+)", needed.stdout))
    paths = subprocess.run(["ldd", lib.program("huiliu")], stdout=subprocess.PIPE, text=True, check=True).stdout
    checked = 0
    for name, path in re.findall(r"^\s*(\S+) => (/\S+)", paths, re.MULTILINE):
        if name not in libraries or re.match(r"lib(a|ub|t)san\.|libyyjson", name):
            continue
        real = os.path.realpath(path)  # /lib is /usr/lib by now, and packages may still say /lib
        owner = subprocess.run(["dpkg", "-S", real, real.removeprefix("/usr")], stdout=subprocess.PIPE,
                               stderr=subprocess.DEVNULL, text=True).stdout
        holds(owner, f"no package has {real}")
        package = owner.split(":")[0]
        holds(package in installed | {"libc6", "libgcc-s1"}, f"{name} is of {package}, which the image does not have")
        checked += 1
    holds(checked >= 6, f"only {checked} libraries were looked at")


def test_a_unit_holds_any_path(t):
    folder = Path(tempfile.mkdtemp(dir=lib.BUILD))
    t.folders.append(folder)
    home = folder / "a \"b\" 50%d $HOME"
    lib.huiliu(home, "init", check=True)
    (home / "huiliu.yaml").write_text(f"store: sqlite:{folder}/data.db\n")
    text = lib.huiliu(home, "service", "install", "--print", "--user", "huiliu", check=True)[1]
    quoted = f'{folder}/a \\"b\\" 50%%d '
    contains(text, f'--home "{quoted}$$HOME" run\n', f'ReadWritePaths="{quoted}$HOME" "{folder}"')
    holds(("PrivateTmp=yes" in text) != BELOW_TMP, "a /tmp of its own, unless that would hide the home")
    below_tmp = Path(tempfile.mkdtemp(dir="/tmp"))  # TMPDIR may be elsewhere
    t.folders.append(below_tmp)
    lib.huiliu(below_tmp / "home", "init", check=True)
    text = lib.huiliu(below_tmp / "home", "service", "install", "--print", check=True)[1]
    contains(text, "ReadWritePaths")
    holds("PrivateTmp" not in text, "a home below /tmp would be hidden from its service")


def test_without_systemd_there_is_nothing_to_install(t):
    contains(Background(t).run("install", check=1)[2], "no_systemd", "@reboot")


if __name__ == "__main__":
    lib.main(globals())
