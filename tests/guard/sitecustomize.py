"""The network guard of the tests: a Python that starts with this folder on its path stays offline.

conftest.py imports it for the tests themselves; test_lessons.py puts its folder on PYTHONPATH, so
that the kernels of the notebooks obey it too.
"""

import socket

LOCAL = {None, "", "127.0.0.1", "::1", "localhost", b"127.0.0.1", b"localhost"}


class NetworkTouched(RuntimeError):
    """A test tried to reach something other than this machine."""


def refuse_unless_local(host):
    if host not in LOCAL:
        raise NetworkTouched(f"A test tried to reach {host!r}: tests use 127.0.0.1 only.")


def guarded(method):
    def connect(self, address, *arguments):
        if self.family in (socket.AF_INET, socket.AF_INET6):
            refuse_unless_local(address[0])
        return method(self, address, *arguments)

    return connect


def guarded_lookup(lookup):
    def getaddrinfo(host, *arguments, **keywords):
        refuse_unless_local(host)
        return lookup(host, *arguments, **keywords)

    return getaddrinfo


if not hasattr(socket, "guarded_by_tests"):
    socket.guarded_by_tests = True
    socket.socket.connect = guarded(socket.socket.connect)
    socket.socket.connect_ex = guarded(socket.socket.connect_ex)
    socket.getaddrinfo = guarded_lookup(socket.getaddrinfo)
