"""HL7 v2 against bare `hl7.parse`: what charset, escapes, mapping, trail and the rest that nobody mapped cost."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import hl7

from services.intake.sources.hl7v2.message import messages, parse
from services.intake.sources.hl7v2.reader import told
from tests.mllp import a_source

if TYPE_CHECKING:
    from collections.abc import Callable

SAMPLES = Path(__file__).parents[2] / "samples" / "hl7v2"
SOURCE = a_source(hl7={"facility": "G85001", "processing": ["P", "T"]})


def _readable() -> list[bytes]:
    """The samples that the bare library parses too, told as text in its own line ends."""
    found = []
    for file in sorted(SAMPLES.glob("*.hl7")):
        for message in messages(file.read_bytes()):
            try:
                told(message, SOURCE)
                hl7.parse(message.decode().replace("\n", "\r"))
            except Exception:  # noqa: BLE001, S112  (either side may refuse: both then read the others)
                continue
            found.append(message)
    return found


def pairs() -> list[tuple[str, Callable[[], Any], Callable[[], Any], float]]:
    """From bytes to segments, and to all that a message tells."""
    bodies = _readable()
    texts = [body.decode().replace("\n", "\r") for body in bodies]

    def bare() -> list[Any]:
        return [hl7.parse(text) for text in texts]

    return [
        ("segments, against hl7.parse", lambda: [parse(body) for body in bodies], bare, 0.5),
        ("all that it tells, against hl7.parse", lambda: [told(body, SOURCE) for body in bodies], bare, 0.5),
    ]
