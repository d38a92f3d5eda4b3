"""Any file, however garbled: each line of it is in a row, each row is read or refused with its place, nothing else happens."""

from __future__ import annotations

import random
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.intake.coding import code
from services.intake.contract.reading import read
from services.intake.problems import Fault, Refused
from services.intake.sources import csv
from services.intake.sources.csv.heads import columns
from tests.builders import MONDAY_10AM
from tests.intake_coded import PLACE

if TYPE_CHECKING:
    from collections.abc import Callable

    from services.intake.sources.told import Told

SAMPLES: Final = sorted((Path(__file__).parents[1] / "samples" / "csv").glob("*.csv"))
HEAD: Final = "family,born,reason.text\n"
ROW: Final = "Example,1984-03-17,low\n"
GARBLES: Final[tuple[Callable[[bytes, random.Random], bytes], ...]] = (
    lambda body, chance: body[: chance.randrange(len(body) + 1)],
    lambda body, chance: body[chance.randrange(len(body) + 1) :],
    lambda body, chance: bytes(chance.choice((byte, byte, byte, byte ^ (1 << chance.randrange(8)))) for byte in body),
    lambda body, chance: body.replace(b"\n", chance.choice((b"\r", b"\x0b", b"\n\n", b""))),
    lambda body, chance: body.replace(b",", chance.choice((b";", b"\t", b',"', b'","', b"\x00"))),
    lambda body, chance: body + body[chance.randrange(len(body) + 1) :],
    lambda body, _: body.decode("latin-1").encode("utf-16"),
    lambda body, _: body.decode("latin-1").encode("utf-8"),
    lambda body, chance: body.replace(bytes([chance.choice(body or b"x")]), bytes([chance.randrange(256)])),
)


def looked_through(body: bytes) -> None:
    """What is done with a file before anything is taken: only `Refused` may come of it."""
    try:
        head, rows = csv.rows_of(body, None, None, 500)
    except Refused:
        return
    for row in rows:
        told, faults = csv.row_told(head, row)
        assert all(fault.detail for fault in faults)
        code(read(told.document), PLACE, MONDAY_10AM.date())
        assert row.fault or kept_and_read_again(head.as_bytes(row.raw)) == (faults or told)


def kept_and_read_again(receipt: bytes) -> Told | tuple[Fault, ...]:
    """What the bytes that a receipt keeps of a row say."""
    try:
        return csv.told(receipt)
    except Refused as refused:
        return refused.faults


@pytest.mark.parametrize("file", SAMPLES, ids=lambda file: file.stem)
def test_a_garbled_sample_is_read_or_refused(file: Path):
    body = file.read_bytes()[:4000]
    for seed in range(40):
        chance = random.Random(f"{file.name} {seed}")
        looked_through(chance.choice(GARBLES)(body, chance))


@given(st.text(alphabet='ab",\r\n;\t|é\x00', max_size=80))
def test_every_line_is_in_a_row(text: str):
    head, rows = csv.rows_of((HEAD + text).encode(), None, None, 500)
    kept = "".join(row.raw for row in rows)
    blank = set(' ",\t\r\n')  # a line of these alone says nothing
    carried = text.encode().decode("latin-1")
    assert [letter for letter in kept if letter not in blank] == [letter for letter in carried if letter not in blank]
    assert len(head.columns) == 3


@given(st.text(max_size=40), st.integers(0, 3))
def test_a_bad_line_takes_no_other_row_with_it(cell: str, place: int):
    """Whatever stands in one line, rows without quotes before and after it are read as they are."""
    bad = f'Example,1984-03-17,"{cell.replace(chr(13), " ").replace(chr(10), " ").replace(chr(34), "")}\n'
    lines = [ROW] * 4
    lines[place] = bad
    _, rows = csv.rows_of((HEAD + "".join(lines)).encode("utf-8", "replace"), None, None, 500)
    assert [row.line for row in rows if row.fault is None] == [2 + n for n in range(4) if n != place]


@given(st.lists(st.text(max_size=30), max_size=6))
def test_any_heads_are_known_or_not(heads: list[str]):
    assert [column.number for column in columns(heads)] == list(range(1, len(heads) + 1))


@pytest.mark.parametrize(
    ("start", "named"),
    [
        (b"PK\x03\x04", ".xlsx"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", ".xls"),
        (b"\x1f\x8b\x08", ".gz"),
        (b"%PDF-1.7", "PDF"),
    ],
)
def test_what_is_sent_in_place_of_csv_is_named(start: bytes, named: str):
    with pytest.raises(Refused) as refused:
        csv.rows_of(start + bytes(20), None, None, 10)
    assert named in refused.value.detail
    assert "save the sheet as CSV" in refused.value.detail
