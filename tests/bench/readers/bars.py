"""BaRS against fhir.resources (R4B): the whole reading, and the library's parse of the same Bundles."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fhir.resources.R4B.bundle import Bundle
from pydantic import ValidationError

from services.intake.reading import read
from services.intake.sources.forms import FORMS
from tests.bars import EXPECTED, SOURCES, sample

if TYPE_CHECKING:
    from collections.abc import Callable

_GP = SOURCES["gp"]


def pairs() -> list[tuple[str, Callable[[], Any], Callable[[], Any], float]]:
    """From bytes to what they tell, and to what the contract reads of it."""
    bodies = [body for body in map(sample, EXPECTED) if _is_fhir(body)]
    read_by_us = FORMS["bars"].read
    bare: Callable[[], Any] = lambda: [Bundle.model_validate_json(body) for body in bodies]  # noqa: E731  (as in the other pairs)
    return [
        ("parse and map, against fhir.resources' parse", lambda: [read_by_us(body, _GP) for body in bodies], bare, 10),
        (
            "parse, map and read, against fhir.resources' parse",
            lambda: [read(read_by_us(body, _GP).document) for body in bodies],
            bare,
            5,
        ),
    ]


def _is_fhir(body: bytes) -> bool:
    """Whether both sides read a sample: some are no FHIR on purpose."""
    try:
        Bundle.model_validate_json(body)
        FORMS["bars"].read(body, _GP)
    except (ValidationError, ValueError, Exception):  # noqa: BLE001  (whatever either side has against it)
        return False
    return True
