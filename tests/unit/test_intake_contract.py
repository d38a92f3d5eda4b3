from __future__ import annotations

import csv
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from services.intake.contract import code_lists
from services.intake.contract.fields import CONTRACT, Each
from services.intake.contract.values import Kind
from services.intake.problems import Refused
from services.intake.sources.json import parse

if TYPE_CHECKING:
    from collections.abc import Iterator


def leaves(node: Any, path: str = "") -> Iterator[tuple[str, Kind]]:
    if isinstance(node, Kind):
        yield path, node
    elif isinstance(node, Each):
        yield from leaves(node.of, path + "[]")
    else:
        for name, item in node.items():
            yield from leaves(item, f"{path}.{name}" if path else name)


def paths_in(cell: str) -> list[str]:
    """The JSON paths of a cell: `a.b`, `a.{b,c}` or `a[]{b,c}`, several with `;` or `,` between."""
    named = re.sub(
        r"([\w.]+)\{([^}]*)\}",
        lambda group: " ".join(f"{group[1]}.{name}" for name in group[2].split(",")),
        cell.replace("[]", ""),
    )
    return re.findall(r"\w+(?:\.\w+)+|message_id|referred_at|attachments(?!\.)", named)


def test_the_contract_has_every_path_of_the_minimum_data_set():
    known = {path.replace("[]", "") for path, _ in leaves(CONTRACT)}
    with (Path(__file__).parents[1] / "samples/minimum_data_set.csv").open() as file:
        paths = [path for row in csv.DictReader(file) for path in paths_in(row["json_path"])]
    assert len(paths) == 102
    assert [path for path in paths if path not in known and not any(one.startswith(f"{path}.") for one in known)] == []


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        (b"", "unreadable"),
        (b"[]", "unreadable"),
        (b"{", "unreadable"),
        (b'{"a": NaN}', "unreadable"),
        (b'{"a": 1e999}', "unreadable"),
        (b'{"a": "\xff"}', "unreadable"),
        (b'{"a": 1, "a": 2}', "duplicate-key"),
        (b'{"p": {"a": 1, "\\u0061": 2}}', "duplicate-key"),
        (b'{"a":' * 40 + b"1" + b"}" * 40, "too-deep"),
        (b"[" * 100_000, "too-deep"),
    ],
)
def test_what_cannot_be_read_is_refused_with_its_reason(body: bytes, problem: str):
    with pytest.raises(Refused) as refused:
        parse(body)
    assert refused.value.code == problem


def test_what_postgres_cannot_store_is_replaced():
    assert parse(b'{"a": "x\\u0000\\ud800y", "n": 123456789012345678901234567890}') == {
        "a": "x\ufffd\ufffdy",
        "n": "123456789012345678901234567890",
    }


def test_code_lists_are_those_of_the_data_dictionary():
    assert len(code_lists.REASONS) == 30
    assert len(code_lists.ETHNIC_CATEGORIES) == 21
    assert len(code_lists.SOURCES_OF_REFERRAL) == 44
