"""The pieces of the embedded system that decide something."""

from __future__ import annotations

import socket
import stat
from typing import TYPE_CHECKING

import pytest

from services.frontdoor.embedded.folder import Folder
from services.frontdoor.embedded.ports import choose
from services.frontdoor.recovery import Held, lost
from shared.errors import Usage

if TYPE_CHECKING:
    from pathlib import Path


def a_free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as sock:
        return int(sock.getsockname()[1])


def test_a_partition_that_ends_before_a_stored_offset_lost_records():
    assert lost({("received", 0): 4}, {("received", 0): Held(0, 4, None)}) == [("received", 0)]
    assert lost({("received", 0): 4}, {("received", 0): Held(0, 5, None)}) == []


def test_a_topic_that_is_gone_lost_records():
    assert lost({("received", 0): 0}, {}) == [("received", 0)]


def test_a_partition_of_which_nothing_was_stored_lost_none():
    assert lost({}, {("received", 0): Held(0, 0, None)}) == []


def test_free_ports_differ():
    assert len(set(choose(0))) == 6


def test_one_port_may_be_set_apart(monkeypatch: pytest.MonkeyPatch):
    port = a_free_port()
    monkeypatch.setenv("FRONTDOOR_KAFKA_PORT", str(port))
    assert choose(0).kafka == port


def test_a_setting_that_is_no_port_is_refused(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("FRONTDOOR_AUDIT_PORT", "eighty")
    with pytest.raises(Usage, match="FRONTDOOR_AUDIT_PORT must be a port number"):
        choose(0)


@pytest.mark.parametrize("port", [-1, 65_536])
def test_a_base_that_is_no_port_is_refused(port: int):
    with pytest.raises(Usage, match="port"):
        choose(port)


def test_a_folder_keeps_its_identity_and_its_secrets(tmp_path: Path):
    first = Folder(tmp_path / "data")
    first.claim()
    again = Folder(tmp_path / "data")
    assert again.identity() == first.identity()
    assert again.secret("teams/hub") == first.secret("teams/hub")
    assert first.secret("teams/hub") != first.secret("teams/crisis")
    assert stat.S_IMODE((tmp_path / "data" / "secrets.json").stat().st_mode) == 0o600


def test_a_folder_is_claimed_once(tmp_path: Path):
    Folder(tmp_path / "data").claim()
    with pytest.raises(Usage, match="in use by process"):
        Folder(tmp_path / "data").claim()
