"""Downloads under fault: what is refused, in which words, what is kept, and what stands in.

Each fault is injected by a server on this machine; time limits are arguments, short here.
"""

import contextlib
import errno
import hashlib
import io
import json
import os
import re
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import time
import zipfile
from pathlib import Path

import pytest
from PIL import Image

from tests import faulty
from tests.faulty import FAST
from tests.lessons import ROOT
from tl_course import photographs, records
from tl_course.commands import fetch
from tl_course.engine import archives, computer, downloads

CONTENT = bytes(range(256)) * 1000  # 256 kB
TOP = "shop-abc"


@pytest.fixture
def serve():
    """A function from answers to a server; all are closed in the end."""
    servers = []

    def start(*answers):
        servers.append(faulty.Server(*answers))
        return servers[-1]

    yield start
    for server in servers:
        server.close()


def get(server, folder, limits=FAST):
    return downloads.download(f"{server.address}/a.zip", folder, limits=limits)


def refused(server, folder, limits=FAST):
    """(Failed, seconds that it took)."""
    start = time.monotonic()
    with pytest.raises(downloads.Failed) as caught:
        get(server, folder, limits)
    return caught.value, time.monotonic() - start


def files(folder):
    """{path: bytes} of every file below, hidden ones too."""
    found = [path for path in Path(folder).rglob("*") if path.is_file()]
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in found}


# ---------------------------------------------------------------- one file


def test_a_whole_file_takes_one_request(serve, tmp_path):
    server = serve(faulty.whole(CONTENT))
    path = get(server, tmp_path)
    assert path.read_bytes() == CONTENT and path.parent == tmp_path
    assert len(server.requests) == 1
    assert server.requests[0][1]["Accept-Encoding"] == "identity"


def test_a_broken_connection_is_taken_up_where_it_was(serve, tmp_path, capsys):
    part = faulty.broken_off(CONTENT, 100_000)
    server = serve(part, part, faulty.whole(CONTENT))
    assert get(server, tmp_path).read_bytes() == CONTENT
    assert server.ranges == [0, 100_000, 200_000]
    said = capsys.readouterr().err
    assert re.search(r"the connection to 127.0.0.1:\d+ broke off; again in 0 s\.", said)


def test_where_the_server_knows_no_ranges_it_starts_again(serve, tmp_path):
    part = faulty.broken_off(CONTENT, 100_000, ranges=False)
    server = serve(part, faulty.whole(CONTENT, ranges=False))
    assert get(server, tmp_path).read_bytes() == CONTENT


def test_two_versions_are_never_joined(serve, tmp_path):
    new = CONTENT[::-1]
    old = faulty.broken_off(CONTENT, 100_000, code='"old"')
    server = serve(old, faulty.whole(new, code='"new"'))
    assert get(server, tmp_path).read_bytes() == new
    assert server.ranges == [0, 100_000, 0]
    server = serve(faulty.broken_off(CONTENT, 100_000), faulty.whole(new))  # control: the same code
    assert get(server, tmp_path).read_bytes() == CONTENT[:100_000] + new[100_000:]


def test_what_is_whole_already_is_not_sent_again(serve, tmp_path):
    server = serve(faulty.whole(CONTENT))
    path = get(server, tmp_path)
    path.rename(as_if_left(path))
    assert get(server, tmp_path).read_bytes() == CONTENT
    assert server.ranges == [0, len(CONTENT)]


def as_if_left(path, *, process=downloads.NOBODY):
    """The name that a partial file of a process which is gone has."""
    parts = path.name.split(".")
    parts[4] = process
    return path.with_name(".".join(parts))


def test_each_try_that_brings_much_is_none_in_vain(serve, tmp_path, monkeypatch):
    monkeypatch.setattr(downloads, "FORWARD", 20_000)
    server = serve(*[faulty.broken_off(CONTENT, 30_000)] * 8, faulty.whole(CONTENT))
    assert get(server, tmp_path).read_bytes() == CONTENT
    monkeypatch.setattr(downloads, "FORWARD", 40_000)  # control
    server = serve(faulty.broken_off(CONTENT, 30_000))
    assert "broke off" in str(refused(server, tmp_path / "other")[0])
    assert server.ranges == [0, 30_000, 60_000]


@pytest.mark.parametrize("answer", [faulty.stalled(CONTENT, 1000), faulty.stalled(CONTENT, 0)])
def test_a_server_that_falls_silent_is_given_up(serve, tmp_path, answer):
    server = serve(answer)
    failure, seconds = refused(server, tmp_path)
    assert re.fullmatch(r"127.0.0.1:\d+ does not answer", str(failure))
    assert len(server.requests) == FAST.tries
    assert seconds < 3 * FAST.tries * FAST.silence


def test_a_server_that_drips_is_given_up(serve, tmp_path):
    server = serve(faulty.dripping(CONTENT[:60]))
    failure, seconds = refused(server, tmp_path)
    assert re.search(r"sent only \d+ bytes in 0 s", str(failure))
    assert seconds < 3 * FAST.tries * FAST.window
    assert len(files(tmp_path).popitem()[1]) > server.ranges[-1] > 0, "what came is kept"
    patient = FAST._replace(rate=1)  # control: it would come in the end
    assert get(serve(faulty.dripping(b"twenty bytes of text")), tmp_path / "2", patient).exists()


def test_a_server_that_drips_its_headers_is_given_up(serve, tmp_path):
    failure, seconds = refused(serve(faulty.dripping_headers), tmp_path)
    assert "does not answer" in str(failure)
    assert seconds < 3 * FAST.first_tries * FAST.window


def test_no_wait_is_longer_than_a_minute():
    limits = downloads.LIMITS
    assert max(limits.connect, limits.silence, limits.window, limits.longest_wait) <= 60
    assert limits.wait * 2 ** (limits.tries - 2) * 1.5 <= 60


@pytest.mark.parametrize("number", [400, 401, 403, 404, 410, 451])
def test_a_final_answer_is_not_asked_for_again(serve, tmp_path, number):
    server = serve(faulty.status(number))
    failure, _ = refused(server, tmp_path)
    assert f"answers {number} for {server.address}/a.zip" in str(failure)
    assert len(server.requests) == 1
    assert files(tmp_path) == {}


@pytest.mark.parametrize("number", [429, 500, 502, 503, 504])
def test_a_passing_answer_is_asked_for_again(serve, tmp_path, capsys, number):
    server = serve(faulty.status(number), faulty.status(number), faulty.whole(CONTENT))
    assert get(server, tmp_path).read_bytes() == CONTENT
    assert len(server.requests) == 3
    assert capsys.readouterr().err.count(f"answers {number}, which may pass; again in") == 2
    server = serve(faulty.status(number))
    failure, _ = refused(server, tmp_path / "other")
    assert f"answers {number}" in str(failure) and len(server.requests) == FAST.tries


def test_a_server_that_asks_for_patience_gets_it(serve, tmp_path):
    server = serve(faulty.status(429, Retry_After="1"), faulty.whole(CONTENT))
    start = time.monotonic()
    get(server, tmp_path)
    assert time.monotonic() - start > 0.9
    server = serve(faulty.status(429), faulty.whole(CONTENT))  # control
    start = time.monotonic()
    get(server, tmp_path)
    assert time.monotonic() - start < 0.9


@pytest.mark.parametrize("wait", ["900", "Fri, 31 Dec 2100 23:59:59 GMT"])
def test_a_server_that_asks_for_too_much_patience_is_named(serve, tmp_path, wait):
    server = serve(faulty.status(429, Retry_After=wait))
    failure, seconds = refused(server, tmp_path)
    assert re.search(r"answers 429 and wants us to wait \d+ minutes", str(failure))
    assert len(server.requests) == 1 and seconds < 1


def test_a_wait_that_nobody_can_read_is_no_fault(serve, tmp_path):
    server = serve(faulty.status(503, Retry_After="soon"), faulty.whole(CONTENT))
    assert get(server, tmp_path).read_bytes() == CONTENT


def test_a_file_shorter_than_announced_is_not_whole(serve, tmp_path):
    server = serve(faulty.broken_off(CONTENT + bytes(44_000), len(CONTENT)))
    server.answers.append(faulty.status(416))
    assert "another version" in str(refused(server, tmp_path)[0])


@pytest.mark.parametrize(
    "answer",
    [faulty.whole(b"<html>Log in</html>", kind="text/html; charset=utf-8"), faulty.status(511)],
)
def test_a_network_that_wants_a_login_is_named(serve, tmp_path, answer):
    server = serve(answer)
    failure, _ = refused(server, tmp_path)
    assert "web page" in str(failure) and "log in" in failure.step
    assert len(server.requests) == 1


def test_a_login_page_in_the_middle_costs_nothing(serve, tmp_path):
    page = faulty.whole(b"<html>", kind="text/html", ranges=False)
    refused(serve_of := serve(faulty.broken_off(CONTENT, 100_000), page), tmp_path)
    assert [len(kept) for kept in files(tmp_path).values()] == [100_000]
    serve_of.answers = [faulty.whole(CONTENT)]
    assert get(serve_of, tmp_path).read_bytes() == CONTENT
    assert serve_of.ranges[-1] == 100_000


def test_a_file_without_an_end_is_cut_short(serve, tmp_path, monkeypatch):
    monkeypatch.setattr(downloads, "LARGEST", 1_000_000)
    failure, _ = refused(serve(faulty.endless), tmp_path)
    assert re.search("sends more than 1 MB", str(failure))
    assert files(tmp_path) == {}


def test_nobody_there(tmp_path, monkeypatch, serve):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{taken.getsockname()[1]}/a.zip"
        with pytest.raises(downloads.Failed, match="refuses the connection"):
            downloads.download(address, tmp_path, limits=FAST)
    with pytest.raises(downloads.Failed, match="leads nowhere"):
        downloads.download("gopher://127.0.0.1/a.zip", tmp_path, limits=FAST)

    def no_name(*arguments, **keywords):
        raise socket.gaierror(-2, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", no_name)
    with pytest.raises(downloads.Failed, match="no network, or one that does not know github"):
        downloads.download("https://github.example/refused/timeout", tmp_path, limits=FAST)
    assert files(tmp_path) == {}


@pytest.mark.skipif(not shutil.which("openssl"), reason="openssl makes the certificate")
def test_a_certificate_of_nobody_is_named(serve, tmp_path):
    """As where a network wants a login first and answers in another's name."""
    server = serve(faulty.whole(CONTENT))
    make = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=nobody"]
    make += ["-keyout", str(tmp_path / "key"), "-out", str(tmp_path / "certificate")]
    subprocess.run(make, check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "certificate", tmp_path / "key")
    server.server.socket = context.wrap_socket(server.server.socket, server_side=True)
    address = server.address.replace("http:", "https:") + "/a.zip"
    with pytest.raises(downloads.Failed, match="shows no valid certificate"):
        downloads.download(address, tmp_path / "cache", limits=FAST)


# ---------------------------------------------------------------- partial files


def test_after_a_failure_the_next_call_goes_on(serve, tmp_path):
    server = serve(faulty.broken_off(CONTENT, 50_000))
    refused(server, tmp_path)
    assert [len(kept) for kept in files(tmp_path).values()] == [150_000]
    server.answers = [faulty.whole(CONTENT)]
    assert get(server, tmp_path).read_bytes() == CONTENT
    assert server.ranges[-1] == 150_000
    assert len(files(tmp_path)) == 1


def test_a_partial_file_of_a_living_process_is_left_alone(serve, tmp_path):
    server = serve(faulty.whole(CONTENT))
    own = get(server, tmp_path)
    alive, gone = (as_if_left(own, process=number) for number in (str(os.getppid()), "999999999"))
    alive.write_bytes(CONTENT[:1000])
    gone.write_bytes(CONTENT[:2000])
    assert get(server, tmp_path).read_bytes() == CONTENT
    assert server.ranges == [0, 2000]
    assert alive.read_bytes() == CONTENT[:1000] and own.exists() and not gone.exists()
    os.utime(alive, (0, 0))  # nobody has written there for a day: its number is another's by now
    get(server, tmp_path)
    assert not alive.exists()


DOWNLOAD = (
    "import sys; from pathlib import Path; from tests.faulty import FAST; "
    "from tl_course.engine import downloads; "
    "path = downloads.download(sys.argv[1], Path(sys.argv[2]), limits=FAST._replace(silence=5)); "
    "path.rename(path.with_name(sys.argv[3]))"
)


def start_download(server, folder, name, **environment):
    call = [sys.executable, "-c", DOWNLOAD, f"{server.address}/a.zip", str(folder), name]
    silent = {"stdout": subprocess.DEVNULL, "stderr": subprocess.PIPE}
    return subprocess.Popen(call, cwd=ROOT, env=os.environ | environment, **silent)


def test_after_kill_9_nothing_is_left_elsewhere_and_the_next_run_goes_on(serve, tmp_path):
    temporary, folder = tmp_path / "temporary", tmp_path / "cache"
    temporary.mkdir()
    server = serve(faulty.stalled(CONTENT, 100_000), faulty.whole(CONTENT))
    running = start_download(server, folder, "whole", TMPDIR=str(temporary))
    until(lambda: folder.is_dir() and [100_000] == [len(part) for part in files(folder).values()])
    running.send_signal(signal.SIGKILL)
    running.wait()
    assert files(temporary) == {}
    assert get(server, folder).read_bytes() == CONTENT
    assert server.ranges == [0, 100_000]
    assert len(files(folder)) == 1


def until(condition, *, seconds=20):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it never came"
        time.sleep(0.02)


# ---------------------------------------------------------------- the disk


@contextlib.contextmanager
def small_disk(folder, size):
    """A disk of so many bytes, which takes a superuser; else the test is skipped."""
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={size}", "none", str(folder)]
    if os.name != "posix" or subprocess.run(mount, capture_output=True).returncode:
        pytest.skip("no disk can be made here")
    try:
        yield folder
    finally:
        subprocess.run(["umount", str(folder)], check=True)


@pytest.mark.parametrize("announced", [True, False], ids=["announced", "not announced"])
def test_a_full_disk_is_called_one_and_freed(serve, tmp_path, announced):
    def unannounced(request):
        request.send_response(200)
        request.end_headers()
        request.wfile.write(CONTENT)

    server = serve(faulty.stalled(CONTENT, 0) if announced else unannounced)  # seen before a byte
    with small_disk(tmp_path / "small", 100_000) as folder:
        failure, _ = refused(server, folder)
        assert str(failure) == f"the disk that holds {folder} is full"
        assert "TL_COURSE_CACHE" in failure.step
        assert files(folder) == {}
    assert len(server.requests) == 1


def test_a_folder_of_somebody_else_is_named(serve, tmp_path):
    server = serve(faulty.whole(CONTENT))
    (tmp_path / "file").write_text("no folder")
    failure, _ = refused(server, tmp_path / "file" / "cache")
    assert f"cannot write in {tmp_path / 'file' / 'cache'}: Not a directory" in str(failure)
    assert server.requests == []


# ---------------------------------------------------------------- archives


def picture(seed):
    buffer = io.BytesIO()
    Image.new("RGB", (32, 32), (seed * 50, 0, 100)).save(buffer, "JPEG")
    return buffer.getvalue()


def packed(contents, **options):
    """A zip as GitHub makes it: {name: bytes} under one top folder."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", **options) as archive:
        archive.writestr(f"{TOP}/README.md", "not in the manifest")
        for name, content in contents.items():
            archive.writestr(f"{TOP}/{name}", content)
    return buffer.getvalue()


def rows_of(contents):
    return {
        name: {"file": f"apples/{name}", "bytes": str(len(content)),
               "sha256": hashlib.sha256(content).hexdigest()}
        for name, content in contents.items()
    }  # fmt: skip


THREE = {f"{n}.jpg": picture(n) for n in range(3)}
ROWS = rows_of(THREE)
KEPT = {f"apples/{name}": content for name, content in THREE.items()}


def take(server, folder, rows=ROWS):
    archives.take(f"{server.address}/a.zip", rows, folder, limits=FAST)


def not_taken(server, folder, rows=ROWS):
    with pytest.raises(downloads.Failed) as caught:
        take(server, folder, rows)
    return str(caught.value)


def test_the_wanted_files_are_taken_and_nothing_else_stays(serve, tmp_path):
    take(serve(faulty.whole(packed(THREE))), tmp_path)
    assert files(tmp_path) == KEPT
    assert archives.missing(ROWS.values(), tmp_path) == []
    (tmp_path / "apples" / "1.jpg").write_bytes(THREE["0.jpg"])
    assert archives.missing(ROWS.values(), tmp_path) == [ROWS["1.jpg"]]


def header(content, name, offset, central, value):
    """The same zip with two bytes of a member's local and central header replaced."""
    changed, name = bytearray(content), f"{TOP}/{name}".encode()
    for mark, place, length in ((b"PK\3\4", offset, 30), (b"PK\1\2", central, 46)):
        where = next(m.start() for m in re.finditer(re.escape(mark), content)
                     if content[m.start() + length :].startswith(name))  # fmt: skip
        changed[where + place : where + place + 2] = value.to_bytes(2, "little")
    return bytes(changed)


def size_of(content, name, size):
    """The same zip, which says that a member has `size` bytes when unpacked."""
    changed, name = bytearray(content), f"{TOP}/{name}".encode()
    for mark, place, length in ((b"PK\3\4", 22, 30), (b"PK\1\2", 24, 46)):
        where = next(m.start() for m in re.finditer(re.escape(mark), content)
                     if content[m.start() + length :].startswith(name))  # fmt: skip
        changed[where + place : where + place + 4] = size.to_bytes(4, "little")
    return bytes(changed)


PACKED = packed(THREE, compression=zipfile.ZIP_DEFLATED)
BOMB = packed(THREE | {"1.jpg": bytes(20_000_000)}, compression=zipfile.ZIP_DEFLATED)
SIZE = len(THREE["1.jpg"])
DAMAGED = packed(THREE).replace(THREE["1.jpg"], THREE["1.jpg"][:-50] + bytes(50))
MEMBERS = {  # what is wrong with the second of three members, and what is said
    "encrypted": (header(PACKED, "1.jpg", 6, 8, 1), "cannot be unpacked: .* encrypted"),
    "unknown method": (header(PACKED, "1.jpg", 8, 10, 99), "cannot be unpacked: .*compression"),
    "other bytes": (packed(THREE | {"1.jpg": THREE["2.jpg"]}), "its SHA-256 differs"),
    "too large": (BOMB, rf"larger in the archive than its manifest says, {SIZE} bytes"),
    "larger than it says": (size_of(BOMB, "1.jpg", SIZE), "cannot be unpacked|SHA-256"),
    "missing": (packed({n: c for n, c in THREE.items() if n != "1.jpg"}), "holds no 'shop-abc/1"),
    "damaged": (DAMAGED, "cannot be unpacked: Bad CRC"),
}


@pytest.mark.parametrize("kind", MEMBERS)
def test_a_member_that_is_wrong_is_named_and_the_others_are_kept(serve, tmp_path, kind):
    content, reason = MEMBERS[kind]
    said = not_taken(serve(faulty.whole(content)), tmp_path)
    assert re.search(reason, said), said
    assert "\n" not in said
    assert files(tmp_path) == {name: c for name, c in KEPT.items() if name != "apples/1.jpg"}


def test_a_member_that_is_too_large_takes_no_memory(serve, tmp_path):
    import tracemalloc

    server = serve(faulty.whole(BOMB))
    tracemalloc.start()
    not_taken(server, tmp_path)
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert most < 5_000_000


@pytest.mark.parametrize("content", [PACKED[:-30], b"PK\3\4 and so on", b"", PACKED[100:300]])
def test_what_is_no_zip_is_called_so(serve, tmp_path, content):
    assert "no whole zip" in not_taken(serve(faulty.whole(content)), tmp_path)
    assert files(tmp_path) == {}


def test_a_login_page_that_calls_itself_a_zip_is_seen_through(serve, tmp_path):
    server = serve(faulty.whole(b"\n <!DOCTYPE html><html>Welcome to our hotel</html>"))
    assert "web page" in not_taken(server, tmp_path)
    assert files(tmp_path) == {}


@pytest.mark.parametrize(
    "file",
    ["../apples.jpg", "apples/../../x.jpg", "/x.jpg", "C:x.jpg", r"apples\..\..\x.jpg", "", "a\0b"],
)
def test_a_manifest_cannot_write_outside_its_folder(serve, tmp_path, file):
    server, folder = serve(faulty.whole(packed(THREE))), tmp_path / "cache"
    rows = ROWS | {"1.jpg": ROWS["1.jpg"] | {"file": file}}
    assert "outside the folder" in not_taken(server, folder, rows)
    assert files(tmp_path) == {} and server.requests == []
    assert archives.missing(rows.values(), folder)


def test_an_archive_cannot_write_outside_its_folder(serve, tmp_path):
    """Its names are never used as paths: the manifest's are."""
    folder = tmp_path / "cache"
    evil = packed(THREE | {"../../evil.jpg": b"x", "/evil.jpg": b"x"})
    take(serve(faulty.whole(evil)), folder)
    assert files(tmp_path) == {f"cache/{name}": content for name, content in KEPT.items()}


def test_where_a_file_cannot_be_placed_the_disk_is_named(serve, tmp_path):
    (tmp_path / "apples" / "1.jpg").mkdir(parents=True)
    said = not_taken(serve(faulty.whole(packed(THREE))), tmp_path)
    assert f"cannot write in {tmp_path}: Is a directory" in said
    assert list(files(tmp_path)) == ["apples/0.jpg"]


def test_sixteen_runs_at_once_disturb_nobody(serve, tmp_path):
    broken = faulty.broken_off(packed(THREE), 1000)
    server = serve(*[broken, faulty.status(500)] * 3, faulty.whole(packed(THREE)))
    code = (
        "import json, sys; from pathlib import Path; from tl_course.engine import archives; "
        "archives.take(sys.argv[1], json.loads(sys.argv[3]), Path(sys.argv[2]))"
    )
    call = [sys.executable, "-c", code, f"{server.address}/a.zip", str(tmp_path), json.dumps(ROWS)]
    runs = [subprocess.Popen(call, cwd=ROOT, stderr=subprocess.PIPE) for _ in range(16)]
    errors = [run.communicate(timeout=60)[1] for run in runs]
    assert [run.returncode for run in runs] == [0] * 16, errors
    assert files(tmp_path) == KEPT


# ---------------------------------------------------------------- the photographs of the course


@pytest.fixture
def groceries(monkeypatch, tmp_path, serve):
    """The data set "groceries" is three pictures, from a server that answers well."""
    server = serve(faulty.whole(packed(THREE)))
    address = f"{server.address}/owner/shop/abc"
    rows = [
        row | {"split": "test" if name == "0.jpg" else "train", "label": "apple",
               "url": f"{address}/{name}"}
        for name, row in ROWS.items()
    ]  # fmt: skip
    monkeypatch.setattr(records, "table", lambda name: rows if name == "groceries" else [])
    monkeypatch.setattr(photographs, "GITHUB", server.address)
    monkeypatch.setattr(downloads, "LIMITS", FAST)
    for name in ("MIRROR", "OFFLINE"):
        monkeypatch.delenv(f"TL_COURSE_{name}", raising=False)
    monkeypatch.setenv("TL_COURSE_CACHE", str(tmp_path / "cache"))
    return server


def draw(capsys):
    """The source of what a lesson gets, and what it says."""
    train_set, _ = photographs.load_or_draw("groceries", image_size=32, seed=0, num_per_class=2)
    return train_set.source, capsys.readouterr().out


def broken_disk(monkeypatch, number):
    """Every write is refused, as by a disk that is full or may only be read."""

    def refuse(*arguments, **keywords):
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(Path, "touch", refuse)
    monkeypatch.setattr(Path, "write_bytes", refuse)


NO_PHOTOGRAPHS = {  # an answer of the server, and the cause that a lesson names
    "no such archive": (faulty.status(404), "answers 404"),
    "too many requests": (faulty.status(429, Retry_After="900"), "wait 15 minutes"),
    "a server in trouble": (faulty.status(500), "answers 500"),
    "a login page": (faulty.whole(b"<html>", kind="text/html"), "web page .*: open any page"),
    "a damaged archive": (faulty.whole(PACKED[:-30]), "no whole zip"),
    "a damaged member": (faulty.whole(MEMBERS["other bytes"][0]), "SHA-256 differs"),
    "silence": (faulty.stalled(PACKED, 10), "does not answer"),
    "a broken line": (faulty.broken_off(PACKED, 0), "broke off"),
}


@pytest.mark.parametrize("fault", NO_PHOTOGRAPHS)
def test_whatever_the_server_does_drawings_stand_in(groceries, capsys, fault):
    answer, cause = NO_PHOTOGRAPHS[fault]
    groceries.answers = [answer]
    source, said = draw(capsys)
    assert source == "drawings"
    assert re.search(rf"The photographs 'groceries' are not on this machine.*{cause}", said)
    assert "drawings of lasagna and heart valves instead of 'groceries'" in said


@pytest.mark.parametrize(
    ("number", "cause"),
    [(errno.ENOSPC, "is full"), (errno.EROFS, "Read-only"), (errno.EDQUOT, "is full"),
     (errno.EIO, "error")],
)  # fmt: skip
def test_whatever_the_disk_does_drawings_stand_in(groceries, capsys, monkeypatch, number, cause):
    broken_disk(monkeypatch, number)
    source, said = draw(capsys)
    assert source == "drawings" and cause in said and "TL_COURSE_CACHE" in said
    assert "with a network" not in said, "the network is not what lacks"


def test_control_nothing_wrong_gives_photographs(groceries, capsys):
    source, said = draw(capsys)
    assert source == "groceries" and "drawings" not in said


def test_a_file_that_is_gone_when_it_is_read_is_no_traceback(groceries, capsys, monkeypatch):
    monkeypatch.setattr(photographs, "fetch", lambda name: Path("nowhere"))
    source, said = draw(capsys)
    assert source == "drawings" and "one of them cannot be read: [Errno 2]" in said


AS_NOBODY = """
import os
import skimage, tqdm, requests, psutil, pooch, scipy.ndimage, concurrent.futures.thread
from tl_course import photographs
if os.getuid() == 0:  # no more imports: another user may not read this Python
    os.setgid(65534)
    os.setuid(65534)
train_set, _ = photographs.load_or_draw("groceries", image_size=32, seed=0, num_per_class=2)
print(train_set.source)
"""


@pytest.mark.parametrize("variable", ["MIRROR", "CACHE"])
@pytest.mark.skipif(os.name != "posix", reason="no such rights here")
def test_an_unreadable_mirror_and_a_cache_of_another_are_no_traceback(tmp_path, variable):
    """No stand-ins: a folder without any rights, seen by a user who is no superuser."""
    locked = tmp_path / "locked"
    locked.mkdir(mode=0o000)
    for folder in (tmp_path, *tmp_path.parents[:3]):
        with contextlib.suppress(PermissionError):
            folder.chmod(folder.stat().st_mode | 0o055)
    environment = os.environ | {"TL_COURSE_OFFLINE": "1", "TL_COURSE_CACHE": str(tmp_path / "none")}
    environment |= {"HOME": str(tmp_path), "TL_COURSE_MIRROR": "0"}
    environment |= {f"TL_COURSE_{variable}": str(locked / "photographs")}
    call = [sys.executable, "-c", AS_NOBODY]
    run = subprocess.run(call, capture_output=True, text=True, cwd=ROOT, env=environment)
    assert run.stdout.endswith("\ndrawings\n"), run.stderr
    assert "The photographs 'groceries' are not on this machine" in run.stdout


def test_what_another_set_lacks_does_not_matter(groceries, monkeypatch):
    rows = {name: records.table(name) for name in records.DATASETS}
    rows["cartons"] = [rows["groceries"][0] | {"file": "cartons/x.jpg", "sha256": "0" * 64}]
    rows["cartons"][0]["url"] = rows["groceries"][0]["url"].replace("0.jpg", "9.jpg")
    monkeypatch.setattr(records, "table", rows.get)
    assert photographs.fetch("groceries").name == "cache"
    with pytest.raises(photographs.PhotographsUnavailable, match="holds no 'shop-abc/9.jpg'"):
        photographs.fetch("cartons")


def test_the_last_line_of_fetch_names_the_cause(groceries, capsys):
    groceries.answers = [faulty.broken_off(PACKED, 100), faulty.status(500), faulty.status(404)]
    assert fetch.main(type("Options", (), {"names": ["groceries"]})) == 1
    lines = capsys.readouterr().err.splitlines()
    assert lines[-1].startswith("groceries: The photographs") and "answers 404" in lines[-1], lines
    assert sum("groceries: " in line for line in lines) == 1


def test_ctrl_c_is_one_sentence_and_the_next_fetch_goes_on(groceries, capsys, monkeypatch):
    def interrupt(name):
        raise KeyboardInterrupt

    monkeypatch.setattr(photographs, "fetch", interrupt)
    assert fetch.main(type("Options", (), {"names": ["groceries"]})) == 130
    assert "the same command goes on" in capsys.readouterr().err


# ---------------------------------------------------------------- environment variables


@pytest.mark.parametrize("value", ["0", "", " ", "no", "off", "False"])
def test_zero_means_off(groceries, monkeypatch, value):
    for name in ("MIRROR", "OFFLINE"):
        monkeypatch.setenv(f"TL_COURSE_{name}", value)
    assert photographs.fetch("groceries").name == "cache"
    assert len(groceries.requests) == 1


@pytest.mark.parametrize("value", ["1", "yes", "true"])
def test_one_means_on(groceries, monkeypatch, value):
    monkeypatch.setenv("TL_COURSE_OFFLINE", value)
    with pytest.raises(photographs.PhotographsUnavailable, match="TL_COURSE_OFFLINE is set"):
        photographs.fetch("groceries")
    assert groceries.requests == []


def test_a_folder_is_the_same_wherever_one_stands(monkeypatch, tmp_path):
    monkeypatch.setenv("HOME", str(tmp_path))
    for name in ("MIRROR", "CACHE"):
        found = []
        for place in (tmp_path, ROOT, ROOT / "notebooks"):
            monkeypatch.chdir(place)
            for value in ("~/photographs", "build/photographs", str(tmp_path / "x")):
                monkeypatch.setenv(f"TL_COURSE_{name}", value)
                found.append(computer.folder_setting(name))
        assert found == 3 * [
            tmp_path / "photographs", ROOT / "build" / "photographs", tmp_path / "x"
        ]  # fmt: skip


def test_a_mirror_that_lacks_a_file_is_named(groceries, monkeypatch, tmp_path):
    monkeypatch.setenv("TL_COURSE_MIRROR", str(tmp_path / "mirror"))
    monkeypatch.setenv("TL_COURSE_OFFLINE", "1")
    named = f"is set; TL_COURSE_MIRROR, {tmp_path / 'mirror'}, does not hold all of them"
    with pytest.raises(photographs.PhotographsUnavailable, match=named):
        photographs.fetch("groceries")
