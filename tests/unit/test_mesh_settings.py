"""What is wrong with the settings of MESH, or with who sends from where, is said at the start."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import yaml

from services.intake.senders import read_senders
from services.intake.settings import IntakeSettings, MeshSettings
from services.intake.transports.mailbox import Mailbox
from shared.errors import Usage

if TYPE_CHECKING:
    from pathlib import Path

SOUND: dict[str, Any] = {
    "mesh_url": "https://mesh.example",
    "mesh_mailbox": "box1 ",
    "mesh_password": "a password of tests",
    "mesh_shared_key": "a key of tests",
    "mesh_workflows": "REFERRALS=json OTHERS=json",
    "mesh_answers": "ANSWERS",
}
WRONG = {
    "an unknown form": ({"mesh_workflows": "REFERRALS=json LETTERS=carrier-pigeon"}, "MESH_WORKFLOWS: LETTERS"),
    "no form": ({"mesh_workflows": "REFERRALS"}, "MESH_WORKFLOWS: REFERRALS"),
    "nothing is taken": ({"mesh_workflows": ""}, "MESH_WORKFLOWS"),
    "in the open": ({"mesh_url": "http://mesh.example"}, "MESH_URL must be https"),
    "a certificate without its key": ({"mesh_cert_file": "client.pem"}, "go together"),
    "answers that are read as referrals": ({"mesh_answers": "OTHERS"}, "must not be among"),
    "no password": ({"mesh_password": ""}, "MESH_PASSWORD"),
}


def test_sound_settings_are_read():
    settings = MeshSettings.model_validate(SOUND)
    assert settings.mesh_workflows == {"REFERRALS": "json", "OTHERS": "json"}
    assert settings.mesh_mailbox == "BOX1"
    assert "of tests" not in repr(settings)


@pytest.mark.parametrize("what", WRONG)
def test_wrong_settings_are_named_and_not_shown(what: str):
    changed, named = WRONG[what]
    with pytest.raises(Usage, match=named) as error:
        MeshSettings(**SOUND | changed)
    assert "of tests" not in str(error.value)


def test_the_environment_says_it_as_text(monkeypatch: pytest.MonkeyPatch):
    for name, value in SOUND.items():
        monkeypatch.setenv(f"FRONTDOOR_{name.upper()}", value)
    assert MeshSettings().mesh_workflows == {"REFERRALS": "json", "OTHERS": "json"}


def test_a_certificate_that_cannot_be_read_stops_the_start(tmp_path: Path):
    (tmp_path / "client.pem").write_text("no certificate")
    for file in ("client.pem", "nowhere.pem"):
        settings = MeshSettings.model_validate(
            SOUND | dict.fromkeys(("mesh_cert_file", "mesh_key_file"), tmp_path / file)
        )
        with pytest.raises(Usage, match="certificate, key or CA file"):
            Mailbox(settings)


def test_whoever_polls_has_connections_enough_to_take_what_comes():
    pool: dict[str, Any] = {"postgres_dsn": "", "person_secret": "a secret of tests", "postgres_pool": 2}
    IntakeSettings(**pool)
    with pytest.raises(Usage, match="POSTGRES_POOL must be 3"):
        IntakeSettings(**pool, mesh_url="https://mesh.example")


def test_a_mailbox_stands_for_one_source_however_it_is_written(tmp_path: Path):
    def written(*mailboxes: str) -> Path:
        known = {
            f"gp-{place}": {"name": "gp", "keys": [f"{place}" * 64], "mesh": {"mailboxes": [mailbox]}}
            for place, mailbox in enumerate(mailboxes)
        }
        (tmp_path / "sources.yaml").write_text(yaml.safe_dump({"sources": known}))
        return tmp_path / "sources.yaml"

    teams = tmp_path / "teams.yaml"
    teams.write_text("teams: {}")
    senders = read_senders(written("box1", "BOX2"), teams, {})
    source = senders.sends_from("BOX1")
    assert source and source.id == "gp-0"
    assert senders.sends_from("BOX3") is None
    with pytest.raises(Usage, match="the same MESH mailbox"):
        read_senders(written("box1", "BOX1"), teams, {})
