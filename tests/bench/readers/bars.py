"""BaRS against fhir.resources (R4B): the whole reading, and the library's parse of the same Bundles."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson
from fhir.resources.R4B.bundle import Bundle
from pydantic import ValidationError

from services.intake.contract.reading import read
from services.intake.sources.forms import FORMS
from tests.bars import EXPECTED, SOURCES, sample

if TYPE_CHECKING:
    from collections.abc import Callable

_GP = SOURCES["gp"]


def pairs() -> list[tuple[str, Callable[[], Any], Callable[[], Any], float]]:
    """From bytes to what they tell, and to what the contract reads of it; over one as senders fill them, and small Bundles.

    10 is the goal for a Bundle as systems write it; the others have floors below which a change loses speed.
    """
    small, full = [body for body in map(sample, EXPECTED) if _is_fhir(body)], [sample("full-referral.json")]
    written = [orjson.dumps(orjson.loads(body)) for body in full]  # as systems write it: no blanks, no line ends
    told = FORMS["bars"].read
    return [
        (
            "parse and map a full Bundle, against fhir.resources' parse",
            lambda: [told(body, _GP) for body in written],
            _bare(written),
            10,
        ),
        (
            "the same Bundle, indented for people",
            lambda: [told(body, _GP) for body in full],
            _bare(full),
            8.5,
        ),
        ("parse and map every sample, against the same", lambda: [told(body, _GP) for body in small], _bare(small), 6),
        (
            "parse, map and read every sample, against the same",
            lambda: [read(told(body, _GP).document) for body in small],
            _bare(small),
            4,
        ),
    ]


def _bare(bodies: list[bytes]) -> Callable[[], Any]:
    return lambda: [Bundle.model_validate_json(body) for body in bodies]


def _is_fhir(body: bytes) -> bool:
    """Whether both sides read a sample: some are no FHIR on purpose."""
    try:
        Bundle.model_validate_json(body)
        FORMS["bars"].read(body, _GP)
    except (ValidationError, ValueError, Exception):  # noqa: BLE001  (whatever either side has against it)
        return False
    return True
