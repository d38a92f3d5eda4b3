"""PHQ-9 and GAD-7: totals from items, and the higher where a total and its items disagree (a score never reassures)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from services.intake.contract.reading import Reading

_SCALES: Final = (("phq9", 9), ("gad7", 7))  # items score 0 to 3 each


def settle(reading: Reading) -> None:
    """Puts the totals, and item 9 of the PHQ-9 (thoughts of self-harm), into `reading`, with warnings."""
    presentation = reading.values.get("presentation")
    if presentation is None:
        return
    for name, length in _SCALES:
        items = presentation.get(f"{name}_items")
        if isinstance(items, list):
            _total(reading, presentation, name, items[:length], length)
    items = presentation.get("phq9_items")
    if isinstance(items, list) and len(items) >= 9 and items[8] is not None:
        _higher(reading, presentation, "phq9_item9", items[8])


def _total(reading: Reading, presentation: dict[str, Any], name: str, items: list[int | None], length: int) -> None:
    known = [item for item in items if item is not None]
    if len(known) == length:
        _higher(reading, presentation, name, sum(known))
    elif name not in presentation:
        reading.warn(f"presentation.{name}_items", "items-incomplete")
    elif sum(known) > presentation[name]:
        _higher(reading, presentation, name, sum(known))


def _higher(reading: Reading, presentation: dict[str, Any], name: str, from_items: int) -> None:
    total = presentation.get(name)
    if total is not None and total != from_items:
        reading.warn(f"presentation.{name}", "total-differs")
    presentation[name] = from_items if total is None else max(total, from_items)
