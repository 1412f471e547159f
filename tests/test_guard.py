"""The network guard: this machine can be reached, nothing else can."""

import socket

import pytest
import sitecustomize


def test_an_address_elsewhere_is_refused():
    with (
        socket.socket() as connection,
        pytest.raises(sitecustomize.NetworkTouched, match="192.0.2.1"),
    ):
        connection.connect(("192.0.2.1", 80))


def test_a_name_elsewhere_is_not_looked_up():
    with pytest.raises(sitecustomize.NetworkTouched, match="example.org"):
        socket.create_connection(("example.org", 443))


def test_this_machine_is_reached():
    with socket.socket() as server, socket.socket() as client:
        server.bind(("127.0.0.1", 0))
        server.listen()
        client.connect(server.getsockname())
        assert client.getpeername() == server.getsockname()
