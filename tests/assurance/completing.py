"""A rule file with the examples that the gate still asks for, as the gate proposes them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from services.triage.proof.edges import missing_edges
from services.triage.proof.prover import Prover
from services.triage.rules import Place, examine
from services.triage.rules.layout import read_layout

if TYPE_CHECKING:
    from services.triage.proof.edges import Missing


def completed(text: bytes) -> tuple[bytes, int]:
    """The file and how many examples were added; with none it is as it was."""
    place = Place("rules")
    rules = examine(text, place, roles=None)
    place.refuse_if_faulty()
    if rules is None:
        raise ValueError("no rule set")
    prover, layout = Prover(rules), read_layout(text, "rules")
    tables = [table.cells for table in layout.tables]
    columns = tables[-1][0]  # of the examples, the last table
    lines = [_line(missing, prover) for missing in missing_edges(prover)]
    tables[-1] += tuple(tuple(line.get(column, "") for column in columns) for line in lines)
    return layout.with_cells(tables), len(lines)


def _line(missing: Missing, prover: Prover) -> dict[str, str]:
    given, got = prover.words(missing.facts), missing.got
    return {
        "row": missing.edge.row.id,
        "given": "" if given == "as given" else given,
        "priority": got.urgency,
        "destination": got.destination,
        "also": ", ".join(got.also),
        "hold": "yes" if got.hold else "",
        "why": "as the gate proposes it",
    }
