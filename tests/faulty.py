"""A server on this machine that answers as badly as a test wants, for downloads."""

import http.server
import re
import threading
import time

from tl_course.engine.downloads import Limits

FAST = Limits(
    connect=1, silence=0.4, window=0.4, rate=1_000, tries=3, first_tries=2, wait=0.01,
    longest_wait=2,
)  # fmt: skip


class Server:
    """`answers`: functions of a request, one after the other; the last one stays.

    requests: what was asked, a list of (path, headers).
    """

    def __init__(self, *answers):
        self.answers, self.requests = list(answers), []
        self.lock, self.closing = threading.Lock(), threading.Event()
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                outer.answer(self)

            def log_message(self, *arguments):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.address = f"http://127.0.0.1:{self.server.server_port}"
        work = {"target": self.server.serve_forever, "args": (0.02,), "daemon": True}
        threading.Thread(**work).start()

    def answer(self, request):
        request.server_of_test = self
        with self.lock:
            self.requests.append((request.path, dict(request.headers)))
            answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        try:
            answer(request)
        except OSError:  # the other side has gone
            pass

    @property
    def ranges(self):
        """Where each request wanted to begin, in bytes."""
        wanted = (headers.get("Range", "bytes=0-") for _, headers in self.requests)
        return [int(re.fullmatch(r"bytes=(\d+)-", one)[1]) for one in wanted]

    def close(self):
        self.closing.set()
        self.server.shutdown()
        self.server.server_close()


# ---------------------------------------------------------------- answers


def start(request, content, *, code='"1"', length=None, ranges=True, kind="application/zip"):
    """Send the headers; give the bytes that are wanted."""
    match = re.fullmatch(r"bytes=(\d+)-", request.headers.get("Range", "")) if ranges else None
    begin = int(match[1]) if match else 0
    if match and begin >= len(content):
        request.send_response(416)
        request.send_header("Content-Range", f"bytes */{len(content)}")
        request.send_header("Content-Length", "0")
        request.end_headers()
        return b""
    request.send_response(206 if match else 200)
    if match:
        request.send_header("Content-Range", f"bytes {begin}-{len(content) - 1}/{len(content)}")
    request.send_header("Content-Type", kind)
    request.send_header("ETag", code)
    request.send_header("Content-Length", str(len(content) - begin if length is None else length))
    request.end_headers()
    return content[begin:]


def whole(content, **options):
    return lambda request: request.wfile.write(start(request, content, **options))


def broken_off(content, after, **options):
    """Closes the connection in the middle."""

    def answer(request):
        request.wfile.write(start(request, content, **options)[:after])

    return answer


def stalled(content, after):
    """Says nothing any more, and keeps the connection."""

    def answer(request):
        request.wfile.write(start(request, content)[:after])
        request.server_of_test.closing.wait(5)

    return answer


def dripping(content, *, every=0.05):
    """One byte now, one byte then: no time limit of a socket ever sees it."""

    def answer(request):
        for byte in start(request, content):
            request.wfile.write(bytes([byte]))
            time.sleep(every)

    return answer


def dripping_headers(request):
    """The same, before the first word of an answer is complete."""
    for byte in b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 20:
        request.wfile.write(bytes([byte]))
        time.sleep(0.05)


def status(number, **headers):
    def answer(request):
        request.send_response(number)
        for name, value in ({"Content-Length": "0"} | headers).items():
            request.send_header(name.replace("_", "-"), value)
        request.end_headers()

    return answer


def endless(request):
    request.send_response(200)
    request.end_headers()
    while True:
        request.wfile.write(bytes(100_000))
