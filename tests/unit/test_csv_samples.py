"""Every sample of a CSV file yields what tests/samples/csv/samples.yaml says."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pytest
import yaml

from services.intake.contract.reading import Reading, read
from services.intake.problems import Fault, Refused
from services.intake.sources import csv

if TYPE_CHECKING:
    from services.intake.sources.told import Told

FOLDER: Final = Path(__file__).parents[1] / "samples" / "csv"
SAMPLES: Final[dict[str, dict[str, Any]]] = yaml.safe_load((FOLDER / "samples.yaml").read_text())


def test_every_file_has_its_expectation():
    assert sorted(SAMPLES) == sorted(file.name for file in FOLDER.glob("*.csv"))


@pytest.mark.parametrize("name", SAMPLES)
def test_a_sample_yields_what_it_must(name: str):
    body, expected = (FOLDER / name).read_bytes(), SAMPLES[name]
    if "refused" in expected:
        with pytest.raises(Refused) as refused:
            csv.rows_of(body, None, None, 100)
        assert refused.value.code == expected["refused"]
        return
    head, rows = csv.rows_of(body, None, None, 100)
    month_first = csv.month_first(head, rows)
    found = [seen(*csv.row_told(head, row, month_first=month_first)) for row in rows]
    assert [kept(one, told) for one, told in zip(found, expected["rows"], strict=True)] == expected["rows"]


def seen(told: Told, faults: tuple[Fault, ...]) -> dict[str, Any]:
    """What a row yields, in the terms of the table."""
    if faults:
        return {"faults": [f"{fault.path} {fault.code}" for fault in faults]}
    reading = read(told.document)
    warnings = [notice.code for notice in (*told.warnings, *told.placed(reading.warnings))]
    return {"values": reading, **({"warnings": warnings} if warnings else {})}


def kept(found: dict[str, Any], expected: dict[str, Any]) -> dict[str, Any]:
    """The values that the table asks for."""
    reading = found.get("values")
    if not isinstance(reading, Reading):
        return found
    return {**found, "values": {path: _plain(reading.get(path)) for path in expected["values"]}}


def _plain(value: Any) -> Any:
    if isinstance(value, dt.datetime):
        return value.isoformat().replace("+00:00", "Z")
    return value.isoformat() if isinstance(value, dt.date) else value


def test_a_message_is_one_row_so_that_none_goes_unseen_behind_another():
    head, row = b"nhs number,reason.code\n", b"9990000018,04\n"
    assert csv.told(head + row).document["reason"] == {"code": "04"}
    with pytest.raises(Refused) as refused:
        csv.told(head + row + row)
    assert refused.value.status == 413
