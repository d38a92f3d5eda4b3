"""The JSON Schema of every published event type, as committed in docs/schemas.

    python -m tests.contract.snapshot      writes what changed; refuses a change that breaks a published version

A breaking change is a new type: add `<type>.v2` to `shared.events` beside `.v1`, whose model stays as it is for as long
as such records are read (audit reads them for ever).
"""

from __future__ import annotations

import inspect
import json
import sys
from pathlib import Path
from typing import Any, Final

import msgspec

from shared.cloudevents import SCHEMAS
from shared.events import PAYLOADS
from tests.contract.compatibility import breaks, readers_first

FOLDER: Final = Path(__file__).parents[2] / "docs" / "schemas"
SAMPLES: Final = FOLDER / "samples"
DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"


def schema_of(event_type: str) -> dict[str, Any]:
    """The schema that an event of this type is read by."""
    return {"$schema": DIALECT, "$id": SCHEMAS + event_type, **flat(msgspec.json.schema(PAYLOADS[event_type]))}


def flat(schema: dict[str, Any]) -> dict[str, Any]:
    """The schema with its root at the root, the type of every list of words, and descriptions without indents."""
    definitions: dict[str, Any] = spelt(schema["$defs"])
    return {**definitions.pop(schema["$ref"].rpartition("/")[2]), "$defs": definitions}


def spelt(part: Any) -> Any:
    """A part of a schema as readers of it expect it."""
    if isinstance(part, list | tuple):
        return [spelt(item) for item in part]
    if not isinstance(part, dict):
        return inspect.cleandoc(part) if isinstance(part, str) else part
    return {"type": "string"} | _spelt_in(part) if "enum" in part else _spelt_in(part)


def _spelt_in(part: dict[str, Any]) -> dict[str, Any]:
    return {name: spelt(value) for name, value in part.items()}


def file_of(event_type: str) -> Path:
    """Where the schema of a type is kept."""
    return FOLDER / f"{event_type}.json"


def committed(event_type: str) -> dict[str, Any]:
    """The schema as it was last written down."""
    kept: dict[str, Any] = json.loads(file_of(event_type).read_text())
    return kept


def published() -> list[str]:
    """Every event type of which there ever was a schema."""
    return sorted(file.stem for file in FOLDER.glob("*.json"))


def write() -> int:
    """Writes every schema that may change, says what it did, and gives the exit code: 1 where something breaks."""
    broken = False
    for event_type in PAYLOADS:
        new, file = schema_of(event_type), file_of(event_type)
        old = committed(event_type) if file.exists() else new
        for finding in (found := breaks(old, new)):
            print(f"{event_type}: {finding}")
        for finding in readers_first(old, new):
            print(f"{event_type}: {finding.replace('narrower', 'wider')}: update readers before writers")
        if found:
            print(f"{event_type}: not written: this is a new version; add a .v2 beside it")
        else:
            file.write_text(json.dumps(new, indent=2, ensure_ascii=False) + "\n")
        broken = broken or bool(found)
    return int(broken)


if __name__ == "__main__":
    sys.exit(write())
