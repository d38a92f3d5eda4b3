"""The rows of a rule set as they are written, to be shown to people: what each asks, what follows, and why it is there.

Nothing is decided here. Triage has checked the file before it came into force; what cannot be read is left out.
"""

from __future__ import annotations

from typing import Any, Final, NamedTuple

import yaml

from shared.codes import Urgency

_LOADER: Final = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # ten times as fast, where it is there
_NO_CONDITIONS: Final = {
    "row",
    "destination",
    "priority",
    "source",
    "hazard",
    "safety net",
    "beats",
    "add",
    "hold",
    "note",
}


WHERE: Final = "Where"
HOW_URGENT: Final = "How urgent"
ADDED: Final = "Added or held"


class Written(NamedTuple):
    """One row: its table, the cell of each fact that it asks for, and the other cells by column."""

    id: str
    table: str
    asks: dict[str, str]
    says: dict[str, str]

    @property
    def outcome(self) -> str:
        """What follows where the row matches."""
        said = self.says
        parts = [said.get("destination", ""), _priority(said["priority"]) if "priority" in said else ""]
        parts += [f"add {said['add']}" if "add" in said else "", "hold for a person" if "hold" in said else ""]
        return ", ".join(part for part in parts if part) or said.get("note", "")

    @property
    def does(self) -> str:
        """What the row is about: where a person goes, how urgent it is, or what is added and held."""
        return WHERE if "destination" in self.says else HOW_URGENT if "priority" in self.says else ADDED


class RuleText(NamedTuple):
    """A rule set's rows by id, and its destinations' names."""

    rows: dict[str, Written]
    names: dict[str, str]

    def name(self, destination: str) -> str:
        """A destination for people: its name and its id."""
        named = self.names.get(destination)
        return f"{named} ({destination})" if named else destination


NOTHING: Final = RuleText({}, {})


def _priority(code: str) -> str:
    words = f" ({Urgency(code).words})" if code in set(Urgency) else ""
    return f"priority {code}{words}"


def read_rules(text: str) -> RuleText:
    """The rows and names of a rule file; none where it is not a rule file."""
    try:
        document = yaml.load(text, Loader=_LOADER)  # noqa: S506  (both are safe loaders)
    except yaml.YAMLError:
        return NOTHING
    if not isinstance(document, dict):
        return NOTHING
    parts = [(name, part) for name in ("urgency", "overlays", "sections") for part in _parts(document.get(name))]
    rows = [row for name, part in parts for row in _rows(str(part.get("name", name)), str(part.get("table") or ""))]
    return RuleText({row.id: row for row in rows}, _names(document.get("destinations")))


def _rows(table: str, text: str) -> list[Written]:
    lines = [[" ".join(cell.split()) for cell in line.split("|")] for line in text.splitlines() if line.strip()]
    if not lines or "row" not in lines[0]:
        return []
    header, *rest = lines
    read = [{name: cell for name, cell in zip(header, cells, strict=False) if cell} for cells in rest]
    return [
        Written(
            cells["row"],
            table,
            {name: cell for name, cell in cells.items() if name not in _NO_CONDITIONS},
            {name: cell for name, cell in cells.items() if name in _NO_CONDITIONS},
        )
        for cells in read
        if "row" in cells
    ]


def _names(destinations: Any) -> dict[str, str]:
    if not isinstance(destinations, dict):
        return {}
    return {
        str(key): str(each["name"]) for key, each in destinations.items() if isinstance(each, dict) and "name" in each
    }


def _parts(value: Any) -> list[dict[str, Any]]:
    """The tables of a part of the file: one, or several with names."""
    return [part for part in (value if isinstance(value, list) else [value]) if isinstance(part, dict)]
