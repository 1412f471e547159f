"""How does one file come from the web, whole or not at all?

Several processes may get the same file at once: each writes into a partial file with a name of its
own, in the folder where the whole one belongs, and what is whole takes its name in one step. What a
process that was killed has left there is gone on with, or removed.
"""

import contextlib
import errno
import hashlib
import os
import platform
import queue
import random
import re
import secrets
import shutil
import sys
import threading
import time
from typing import NamedTuple

PIECE = 1 << 16  # bytes read at once
FORWARD = 1_000_000  # bytes: a try that brought so many was not in vain
LARGEST = 500_000_000  # bytes; the largest archive of the course has 125 MB
PASSING = {408, 425, 429, 500, 502, 503, 504}  # answers that may be others a little later
DAY = 86_400  # seconds
HOST = hashlib.sha1(platform.node().encode()).hexdigest()[:6]  # processes have numbers on each
NOBODY = "0"  # number of the process in the name of a partial file that is free to be gone on with
PORTAL = "a web page came in its place, as in a network that wants you to log in first"
LOG_IN = "open any page in a browser, log in, and do it again"
TROUBLE = (  # what the error of a library mentions, what that means, may another try help?
    ("ProxyError", "the proxy lets nobody through to {}", False),
    ("certificate", "{} shows no valid certificate: does this network want you to log in first, "
     "or is this computer's clock wrong?", False),
    ("Schema|InvalidURL|LocationParse|TooManyRedirects", "the address leads nowhere", False),
    ("resolve|getaddrinfo", "no network, or one that does not know {}", True),
    ("unreachable", "no network leads to {}", True),
    ("refused", "{} refuses the connection", True),
    ("timed out|Timeout", "{} does not answer", True),
    ("", "the connection to {} broke off", True),
)  # fmt: skip


class Limits(NamedTuple):
    """How long to wait for what, in seconds, and how often."""

    connect: float = 15
    silence: float = 20  # without a byte
    window: float = 30  # in which, on average,
    rate: float = 4_000  # bytes a second have to come
    tries: int = 4  # one after the other in vain
    first_tries: int = 2  # where no answer came at all
    wait: float = 1  # before the second try, then twice as long each time
    longest_wait: float = 60  # that is granted to a server which asks for one


LIMITS = Limits()


class Failed(RuntimeError):
    """Why nothing came, in words. step: what to do about it; None: have a network, do it again."""

    def __init__(self, reason, step=None):
        super().__init__(reason)
        self.step = step


class DiskRefused(Failed):
    """The disk is full, or another's."""


class Gone(Failed):
    """The server has no such file."""


class Passing(Failed):
    """What another try may mend. wait: seconds to let pass before it, where the server says so."""

    def __init__(self, reason, wait=None):
        super().__init__(reason)
        self.wait = wait


def download(address, folder, *, limits=None, headers=None, quiet=False):
    """The path of a file in `folder` that holds the whole of what lies at an address.

    It has a name of this process; the caller moves or removes it. A connection that broke off is
    taken up where it was, and a line says why. quiet: without a bar. Raises Failed; what has come
    by then waits for the next call.
    """
    with writing_in(folder):
        folder.mkdir(parents=True, exist_ok=True)
        return _Download(address, folder, limits or LIMITS, headers or {}, quiet).run()


def place(content, path):
    """Write a file whole, or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    for left in _left_behind(path.parent, path.name):
        left.unlink(missing_ok=True)
    partial = _own(path.parent, path.name)
    try:
        partial.write_bytes(content)
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


@contextlib.contextmanager
def writing_in(folder):
    """Whatever the disk refuses becomes Failed, in words."""
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            step = "free some of it, or name another folder in TL_COURSE_CACHE"
            raise DiskRefused(f"the disk that holds {folder} is full", step) from error
        step = "name a folder of your own in TL_COURSE_CACHE"
        raise DiskRefused(f"cannot write in {folder}: {error.strerror or error}", step) from error


# ---------------------------------------------------------------- partial files


def _own(folder, key, process=None):
    """A name in `folder` that nobody else uses. key: what the file is part of."""
    process = os.getpid() if process is None else process
    return folder / f".{key}.{HOST}.{process}.{secrets.token_hex(4)}.partial"


def _left_behind(folder, key):
    """The partial files of processes that are gone, the largest first."""
    form = re.compile(rf"\.{re.escape(key)}\.(?:\w+\.)?(\w+)\.(\d+)\.\w+\.partial")
    found = {}
    for path in folder.iterdir():
        if match := form.fullmatch(path.name):
            with contextlib.suppress(OSError):  # another process was faster
                status = path.stat()
                if time.time() - status.st_mtime > DAY or _is_gone(*match.groups()):
                    found[path] = status.st_size
    return sorted(found, key=found.get, reverse=True)


def _is_gone(host, process):
    import psutil

    return host == HOST and (process == NOBODY or not psutil.pid_exists(int(process)))


# ---------------------------------------------------------------- one address


class _Download:
    """One address on its way into one partial file, `path`.

    The name of that file says of which version it is: a short code of the server's ETag.
    """

    def __init__(self, address, folder, limits, headers, quiet):
        self.address, self.folder, self.limits, self.quiet = address, folder, limits, quiet
        self.headers = headers | {"Accept-Encoding": "identity"}  # packed, no range would fit
        self.host = address.partition("//")[2].partition("/")[0]
        self.key = hashlib.sha1(address.encode()).hexdigest()[:12]
        self.path, self.version, self.answered = None, "", False

    def run(self):
        try:
            self._take_over()
            self._try_until_whole()
        except BaseException as error:
            with contextlib.suppress(OSError):
                self._let_go(of_use=not isinstance(error, OSError))
            raise
        return self.path

    def _let_go(self, *, of_use):
        """Leave what has come to the next call; where the disk is full, free it."""
        if self.path and of_use and self._have():
            self._name(self.version, NOBODY)
        elif self.path:
            self.path.unlink()

    def _take_over(self):
        """Go on with the largest part that a process which is gone has left; remove others."""
        for left in _left_behind(self.folder, self.key):
            with contextlib.suppress(OSError):  # another process took it over
                if self.path:
                    left.unlink()
                else:
                    self.version = left.name.split(".")[2]
                    self.path = left.rename(_own(self.folder, f"{self.key}.{self.version}"))
        if not self.path:
            self.path = _own(self.folder, f"{self.key}.none")
            self.path.touch()

    def _name(self, version, process=None):
        """Say in the file's name of which version it is, and whose."""
        self.version = version
        self.path = self.path.rename(_own(self.folder, f"{self.key}.{version}", process))

    def _have(self):
        return self.path.stat().st_size

    def _try_until_whole(self):
        failures, best, limits = 0, self._have(), self.limits
        while True:
            try:
                return self._try()
            except Passing as fault:
                have = self._have()
                failures = 1 if have > best + FORWARD else failures + 1
                best = max(best, have)
                if failures >= (limits.tries if self.answered else limits.first_tries):
                    raise
                wait = limits.wait * 2 ** (failures - 1) * random.uniform(1, 1.5)
                wait = fault.wait or min(wait, limits.longest_wait)
                print(f"{fault}; again in {wait:.0f} s.", file=sys.stderr)
                time.sleep(wait)

    def _try(self):
        """Get what is not here yet."""
        have = self._have()
        wanted = {"Range": f"bytes={have}-"} if have else {}
        with contextlib.closing(self._ask(self.headers | wanted)) as answer:
            self.answered = True
            if answer.status_code == 416:  # nothing comes after what we have
                if answer.headers.get("Content-Range") == f"bytes */{have}":
                    return
                self._start_over()
            self._refuse(answer)
            code = answer.headers.get("ETag") or answer.headers.get("Last-Modified", "")
            version = hashlib.sha1(code.encode()).hexdigest()[:6]
            if answer.status_code == 206 and version != self.version:
                self._start_over()
            self._name(version)
            self._keep(answer, have if answer.status_code == 206 else 0)

    def _start_over(self):
        os.truncate(self.path, 0)
        raise Passing(f"{self.host} has another version of it by now")

    def _ask(self, headers):
        """The answer, its body still to come."""
        import requests

        patience = {"stream": True, "timeout": (self.limits.connect, self.limits.silence)}
        get = requests.get
        try:
            return _within(self.limits.window, get, self.address, headers=headers, **patience)
        except (OSError, ValueError) as error:  # those of requests are one or the other
            raise self._in_words(error) from error

    def _in_words(self, error):
        inner = error.args[0] if error.args else ""
        said = f"{type(error)} {getattr(inner, 'reason', inner)!r}"  # not the address, which
        rows = (row for row in TROUBLE if re.search(row[0], said, re.IGNORECASE))  # holds any word
        _, words, passing = next(rows)
        return (Passing if passing else Failed)(words.format(self.host))

    def _refuse(self, answer):
        """Raise unless the answer holds the file."""
        status, says = answer.status_code, f"{self.host} answers {answer.status_code}"
        page = "text/html" in answer.headers.get("Content-Type", "").lower()
        if status == 511 or (status in (200, 206) and page):
            raise Failed(PORTAL, LOG_IN)
        if status in PASSING:
            wait = _retry_after(answer)
            if wait and wait > self.limits.longest_wait:
                raise Failed(f"{says} and wants us to wait {wait / 60:.0f} minutes", "do so")
            raise Passing(f"{says}, which may pass", wait)
        if status not in (200, 206):
            kind = Gone if status in (404, 410) else Failed
            address = self.address.partition("?")[0]
            raise kind(f"{says} for {address}", "tell whoever gave you the course")

    def _keep(self, answer, have):
        """Write what comes after the first `have` bytes."""
        from tqdm import tqdm

        length = answer.headers.get("Content-Length", "")
        total = have + int(length) if length.isdigit() else None
        if total and total - have > shutil.disk_usage(self.folder).free:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        style = {"unit": "B", "unit_scale": True, "disable": self.quiet, "file": sys.stderr}
        with open(self.path, "r+b") as file, tqdm(total=total, initial=have, **style) as bar:
            file.truncate(have)
            file.seek(have)
            for piece in self._pieces(answer):
                file.write(piece)
                have += len(piece)
                bar.update(len(piece))
                if max(have, total or 0) > LARGEST:
                    file.truncate(0)
                    raise Failed(f"{self.host} sends more than {LARGEST / 1e6:.0f} MB")
        if have != (total or have):  # where urllib3 does not say so
            raise Passing(f"the connection to {self.host} broke off")

    def _pieces(self, answer):
        """The bytes as they come, while enough of them come."""
        import urllib3

        start, came, limits = time.monotonic(), 0, self.limits
        try:
            while piece := answer.raw.read1(PIECE):
                yield piece
                came, passed = came + len(piece), time.monotonic() - start
                if passed > limits.window:
                    if came < limits.rate * passed:
                        raise Passing(f"{self.host} sent only {came} bytes in {passed:.0f} s")
                    start, came = time.monotonic(), 0
        except (urllib3.exceptions.HTTPError, OSError) as error:
            raise self._in_words(error) from error


def _within(seconds, function, *arguments, **keywords):
    """What a function returns, or TimeoutError: the time limit of a socket starts at each byte."""
    answers = queue.SimpleQueue()

    def work():
        try:
            answers.put((function(*arguments, **keywords), None))
        except BaseException as error:
            answers.put((None, error))

    threading.Thread(target=work, daemon=True).start()
    try:
        answer, error = answers.get(timeout=seconds)
    except queue.Empty:
        raise TimeoutError("timed out") from None
    if error:
        raise error
    return answer


def _retry_after(answer):
    """The seconds that a server asks to wait, None where it names none."""
    import urllib3

    with contextlib.suppress(urllib3.exceptions.InvalidHeader):
        return urllib3.Retry().get_retry_after(answer)
