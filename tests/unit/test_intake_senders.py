from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from services.intake.senders import Senders, read_senders
from shared.errors import Usage
from shared.localities import read_localities
from tests.intake import DEPLOY

if TYPE_CHECKING:
    from pathlib import Path

ONE, TWO, THREE = (hashlib.sha256(key.encode()).hexdigest() for key in ("one", "two", "three"))
GP = {"name": "GP", "keys": [ONE]}
TEAM = {"name": "Team", "keys": [TWO], "destinations": ["hub"]}


def senders(folder: Path, sources: dict[str, Any] | None = None, teams: dict[str, Any] | None = None) -> Senders:
    (folder / "sources.yaml").write_text(yaml.safe_dump({"sources": sources or {"gp": GP}}))
    (folder / "teams.yaml").write_text(yaml.safe_dump({"teams": teams or {"team": TEAM}}))
    return read_senders(folder / "sources.yaml", folder / "teams.yaml", {"lambeth": None})


@pytest.mark.parametrize(
    ("header", "who"),
    [
        ("Bearer one", "gp"),
        ("bearer  three ", "gp"),
        ("Bearer two", "team"),
        ("Bearer ", None),
        ("Bearer four", None),
        ("Basic one", None),
        ("one", None),
        (f"Bearer {ONE}", None),
        (None, None),
    ],
)
def test_a_sender_is_known_by_either_of_its_keys_and_by_nothing_else(
    tmp_path: Path, header: str | None, who: str | None
):
    known = senders(tmp_path, {"gp": GP | {"keys": [ONE, THREE]}}).who(header)
    assert (known.id if known else None) == who


@pytest.mark.parametrize(
    ("entry", "place"),
    [
        ({"keys": []}, "keys: too_short"),
        ({"keys": [ONE, TWO, THREE]}, "keys: too_long"),
        ({"keys": ["a-key-in-clear"]}, "keys.0: string_pattern_mismatch"),
        ({"keys": [TWO]}, "two senders"),
        ({"may": ["delete"]}, "may.0: literal_error"),
        ({"locality": "narnia"}, "narnia"),
        ({"synthetc": True}, "synthetc: extra_forbidden"),
    ],
)
def test_a_mistake_in_the_config_is_refused_with_its_place_and_never_a_key(
    tmp_path: Path, entry: dict[str, Any], place: str
):
    with pytest.raises(Usage) as refused:
        senders(tmp_path, {"gp": GP | entry})
    assert place in refused.value.detail
    assert "sources.yaml" in refused.value.detail
    assert "a-key-in-clear" not in refused.value.detail


def test_the_examples_can_be_read_and_somebody_stands_for_every_destination():
    localities = read_localities(DEPLOY / "localities.yaml")
    read = read_senders(DEPLOY / "sources.yaml", DEPLOY / "teams.yaml", localities)
    rules = yaml.safe_load((DEPLOY / "rules/lambeth/ruleset.yaml").read_bytes())
    assert read.destinations == set(rules["destinations"])
    assert [team.id for team in read.teams if team.hub] == ["hub"]
