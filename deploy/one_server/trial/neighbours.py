"""What can one student do to another? Tried with two accounts, as root: `make hub-check`.

Twice: on a hub without what protects (kernels on ports, no limit of processes, nothing ended), so
that the probes are seen to find something, and on the hub as it is configured.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psutil

from common import memory_group
from deploy.one_server import accounts
from deploy.one_server.trial import hub, student

NAMES, FOREIGN = ("tlprobe0", "tlprobe1"), "tlprobe-foreign"
UNPROTECTED = """
from common import memory_group
c.Spawner.args = []
memory_group.MOST_TASKS = 100_000
memory_group.end_processes = lambda group: None
"""
LISTEN = """
import json, pwd, time, zmq
user = pwd.getpwnam({other!r})
table = [line.split() for line in open("/proc/net/tcp").readlines()[1:]]
mine = [row[1] for row in table if row[3] == "0A" and int(row[7]) == user.pw_uid]
addresses = ["tcp://127.0.0.1:" + str(int(place.split(":")[1], 16)) for place in mine]
files = [line.split()[-1] for line in open("/proc/net/unix") if user.pw_dir + "/" in line]
addresses += ["ipc://" + file for file in sorted(set(files))]
context, poller, heard = zmq.Context(), zmq.Poller(), b""
for address in addresses:
    channel = context.socket(zmq.SUB)
    channel.subscribe(b"")
    channel.connect(address)
    poller.register(channel, zmq.POLLIN)
end = time.monotonic() + {seconds}
while time.monotonic() < end:
    for channel, _ in poller.poll(200):
        heard += b"".join(channel.recv_multipart())
context.destroy(linger=0)
print(json.dumps([len(addresses), {secret!r}.encode() in heard]))
"""
TALK = """
import time
for _ in range({seconds} * 2):
    print({secret!r}, flush=True)
    time.sleep(0.5)
"""
MULTIPLY = """
import subprocess
started = []
try:
    for _ in range({most}):
        started.append(subprocess.Popen(["sleep", "60"]))
except OSError:
    pass
for each in started:
    each.kill()
    each.wait()
print(len(started))
"""
LEAVE = """
import subprocess
for _ in range(3):
    subprocess.run("setsid sleep 900 >/dev/null 2>&1 &", shell=True, check=True)
"""


def overheard(channels, seconds=8):
    """A student listens at every address of a neighbour: (addresses, whether output was heard)."""
    secret = uuid.uuid4().hex
    cell = LISTEN.format(other=NAMES[1], secret=secret, seconds=seconds)
    with ThreadPoolExecutor(1) as threads:
        talk = TALK.format(secret=secret, seconds=seconds + 2)
        talking = threads.submit(student.run_cell, channels[1], talk)
        said = json.loads(student.printed(student.run_cell(channels[0], cell)))
        assert secret in student.printed(talking.result())
    return said


def multiplied(channel):
    """How many processes a student could start, of a hundred more than are allowed."""
    cell = MULTIPLY.format(most=memory_group.MOST_TASKS + 100)
    return int(student.printed(student.run_cell(channel, cell)))


def left_behind(address, session, name, seconds=30):
    """How many processes of a student live on after their server was stopped."""
    student.call(session, "DELETE", f"{address}/hub/api/users/{name}/server")
    end = time.monotonic() + seconds
    while (left := processes(name)) and time.monotonic() < end:
        time.sleep(1)
    return len(left)


def processes(*names):
    """The processes of these accounts."""
    return [p for p in psutil.process_iter(["username"]) if p.info["username"] in names]


def foreign_account_stays():
    """Whether `accounts.py --remove` leaves an account that it did not make."""
    comment = ["--comment", "an account of somebody else"]
    subprocess.run(["useradd", "--no-create-home", *comment, FOREIGN], check=True)
    try:
        with tempfile.NamedTemporaryFile("w", suffix=".txt") as file:
            print(FOREIGN, file=file, flush=True)
            accounts.main([file.name, "--remove"])
        return subprocess.run(["id", FOREIGN], capture_output=True).returncode == 0
    finally:
        subprocess.run(["userdel", FOREIGN], check=True)


def probed(folder, passwords, more):
    """What the probes found on one hub."""
    with hub.running(folder, hub.passed_on(), more=more) as address:
        sessions, channels = [], []
        for name, password in passwords.items():
            session, server = student.log_in(address, name, password), f"{address}/user/{name}/"
            student.open_link(session, f"{address}/hub/user-redirect/lab", server=server)
            channels.append(student.open_notebook(session, server, "probe.ipynb"))
            sessions.append(session)
        seen, heard = overheard(channels)
        started = multiplied(channels[0])
        works = student.printed(student.run_cell(channels[1], "print(41 + 1)")) == "42"
        student.run_cell(channels[0], LEAVE)
        left = left_behind(address, sessions[0], NAMES[0])
    return {"addresses": seen, "heard": heard, "started": started, "neighbour_works": works,
            "left_behind": left}  # fmt: skip


def both(folder):
    """{"before": found without protection, "after": with it, ...}, on two accounts made for it."""
    found = {"limit": memory_group.MOST_TASKS}
    with hub.class_list(NAMES) as passwords:
        try:
            for name, more in (("before", UNPROTECTED), ("after", "")):
                found[name] = probed(folder, passwords, more)
                end_processes()
        finally:
            end_processes()
    return found | {"foreign_account_stays": foreign_account_stays()}


def end_processes():
    """End what the accounts of this trial still run, or they cannot be removed."""
    for process in processes(*NAMES):
        process.kill()
    psutil.wait_procs(processes(*NAMES), timeout=10)


def is_kept(found):
    """Whether the probes find something without protection, and nothing with it."""
    before, after, limit = found["before"], found["after"], found["limit"]
    seen = before["heard"] and before["started"] > limit and before["left_behind"] > 0
    held = not after["heard"] and after["started"] < limit and after["left_behind"] == 0
    return seen and held and after["neighbour_works"] and found["foreign_account_stays"]


def main(argv=None):
    """Try it, print and write what was found; return 0 if the hub keeps neighbours apart."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--folder", type=Path, required=True, help="what install.sh filled")
    folder = parser.parse_args(argv).folder.resolve()
    found = both(folder)
    text = json.dumps(found, indent=1)
    (folder / "neighbours.json").write_text(text + "\n", encoding="utf-8")
    print(text)
    return int(not is_kept(found))


if __name__ == "__main__":
    sys.exit(main())
