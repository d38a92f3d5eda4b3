"""The places file: each place with its codes and the roles that approve its rules."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import yaml

from shared.errors import Usage
from shared.localities import REQUIRED_ROLES, Locality, read_localities

if TYPE_CHECKING:
    from pathlib import Path


def places(folder: Path, **entries: dict[str, Any]) -> dict[str, Locality]:
    described = {key: {"name": key, "opening_hours": {}, **entry} for key, entry in entries.items()}
    file = folder / "localities.yaml"
    file.write_text(yaml.safe_dump({"localities": described}))
    return read_localities(file)


def test_a_place_asks_for_the_usual_approvals_or_its_own(tmp_path: Path):
    read = places(tmp_path, here={"default": True}, north={"approvals": ["pharmacist"]})
    assert (read["here"].approvals, read["north"].approvals) == (REQUIRED_ROLES, ("pharmacist",))


def test_codes_are_found_however_they_are_typed(tmp_path: Path):
    read = places(tmp_path, here={"default": True, "practices": [" y99001"], "postcode_districts": ["sw9"]})
    assert (read["here"].practices, read["here"].postcode_districts) == (frozenset({"Y99001"}), frozenset({"SW9"}))


@pytest.mark.parametrize(
    ("north", "says"),
    [
        ({"practices": ["y99001"]}, "a practice belongs to one locality: Y99001"),
        ({"approvals": []}, "approvals"),
        ({"default": True}, "exactly one locality"),
    ],
)
def test_a_place_that_contradicts_another_or_needs_nobodys_approval_is_refused(
    tmp_path: Path, north: dict[str, Any], says: str
):
    with pytest.raises(Usage, match=says):
        places(tmp_path, here={"default": True, "practices": ["Y99001"]}, north=north)
