"""Ports: shared between workers, held open through a worker's death, and said to be taken by whom."""

import os
import socket

import pytest

from ringside.cli.ports import is_free, open_public, program_on, shown
from ringside.core.errors import Misconfigured


def close(sockets: list[socket.socket]) -> None:
    for sock in sockets:
        sock.close()


def test_workers_share_one_port() -> None:
    listeners = open_public("127.0.0.1", 0, 3)
    assert len({listener.getsockname() for listener in listeners}) == 1
    assert len({os.fstat(listener.fileno()).st_ino for listener in listeners}) == 3
    close(listeners)


def test_sockets_taken_over_are_used_and_more_are_opened_beside_them() -> None:
    taken = open_public("127.0.0.1", 0, 1)
    both = open_public("127.0.0.1", 9, 2, taken)
    assert both[0] is taken[0]
    assert both[1].getsockname() == taken[0].getsockname()
    close(both)


def test_more_sockets_than_workers_are_all_kept() -> None:
    taken = open_public("127.0.0.1", 0, 3)
    assert open_public("127.0.0.1", 9, 1, taken) == taken
    close(taken)


def test_a_viewer_in_the_queue_of_a_socket_lent_out_outlives_whom_it_was_lent_to() -> None:
    [listener] = open_public("127.0.0.1", 0, 1)
    worker = socket.socket(fileno=os.dup(listener.fileno()))
    with socket.create_connection(listener.getsockname()) as viewer:
        worker.close()
        successor = socket.socket(fileno=os.dup(listener.fileno()))
        accepted, address = successor.accept()
        assert address == viewer.getsockname()
        accepted.close()
        successor.close()
    close([listener])


def test_a_port_is_free_or_not_and_its_program_is_named() -> None:
    [listener] = open_public("127.0.0.1", 0, 1)
    port = listener.getsockname()[1]
    assert not is_free("127.0.0.1", port)
    assert program_on(port).endswith(f"(pid {os.getpid()})")
    close([listener])
    assert is_free("127.0.0.1", port)
    assert program_on(port) == ""


def test_an_address_of_another_machine_gives_a_sentence() -> None:
    with pytest.raises(Misconfigured, match=r"port 8080 on 192\.0\.2\.1 cannot be opened: Cannot assign"):
        is_free("192.0.2.1", 8080)


def test_addresses_are_written_as_a_browser_takes_them() -> None:
    assert shown("127.0.0.1", 8080) == ("http://127.0.0.1:8080/", "http://127.0.0.1:8080/")
    assert shown("::1", 443, "https")[0] == "https://[::1]:443/"
    assert shown("0.0.0.0", 80)[0] == "http://127.0.0.1:80/"
