"""The peer of (b): the same rules as a decision graph of zen-engine: one table each for urgency, destination, overlays.

In zen's favour: rows of the urgency table stand with the most urgent first, so that its first match will do; a context
holds only what some row asks, numbers that are not recorded being -1; putting the answer together is not timed.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import zen

from tests.plain_rules import AT_ONCE, ORDER

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.bench.rules.if_elif import Answer
    from tests.plain_rules import PlainRow, Value

KEY = "triage"
Context = dict[str, Any]


class Zen:
    """An engine that holds the rules as a graph."""

    def __init__(self, rows: list[PlainRow], inputs: Mapping[str, frozenset[Value]]) -> None:
        graph = _graph(rows, inputs)
        self._asked = sorted({name for row in rows for name, _ in row.asks})
        self._numbers = {name for name in self._asked if 0 in inputs[name]}
        self._sections = {row.id: row.table for row in rows}
        self._engine = zen.ZenEngine({"loader": {"type": "static", "content": {KEY: graph}}})
        self._decision = zen.ZenEngine().create_decision(json.dumps(graph))

    def context(self, facts: Mapping[str, Value]) -> Context:
        """What zen is given of a referral."""
        return {
            name: -1 if name in self._numbers and facts[name] == "not recorded" else facts[name] for name in self._asked
        }

    def evaluate(self, context: Context) -> Any:
        """By a graph that was compiled when it was loaded: the quickest way found, its batches included."""
        return self._engine.evaluate(KEY, context)["result"]

    def as_in_its_readme(self, context: Context) -> Any:
        """By `create_decision`, the first thing that its README shows."""
        return self._decision.evaluate(context)["result"]

    def answer(self, facts: Mapping[str, Value]) -> Answer:
        """What the rules make of a referral."""
        result = self.evaluate(self.context(facts))
        route, overlays = result["sections"], result["overlays"]
        codes = [ORDER[-1], result.get("urgency", {}).get("priority"), route.get("priority"), facts["referrer_urgency"]]
        named = str(facts["current_team"]) if route["destination"] == "current_team" else route["destination"]
        also = dict.fromkeys(row["add"] for row in overlays if row.get("add") not in {None, "", named})
        hold = any(row.get("hold") for row in overlays) and self._sections[route["row"]] not in AT_ONCE
        return next(code for code in ORDER if code in codes), named, tuple(also), hold


def _graph(rows: list[PlainRow], inputs: Mapping[str, frozenset[Value]]) -> Context:
    of_kind = {kind: [row for row in rows if row.kind == kind] for kind in ("urgency", "sections", "overlays")}
    of_kind["urgency"].sort(key=lambda row: ORDER.index(row.cells["priority"]))
    tables = [_table(kind, some, inputs) for kind, some in of_kind.items()]
    nodes = [{"id": "in", "type": "inputNode"}, *tables, {"id": "out", "type": "outputNode"}]
    edges = [("in", table["id"]) for table in tables] + [(table["id"], "out") for table in tables]
    return {
        "nodes": [{"name": node["id"], "position": {"x": 0, "y": 0}, **node} for node in nodes],
        "edges": [{"id": f"{a}-{b}", "type": "edge", "sourceId": a, "targetId": b} for a, b in edges],
    }


def _table(kind: str, rows: list[PlainRow], inputs: Mapping[str, frozenset[Value]]) -> Context:
    asked = sorted({name for row in rows for name, _ in row.asks})
    outputs = [
        name for name in ("row", "priority", "destination", "add", "hold") if any(row.text(name) for row in rows)
    ]
    content = {
        "hitPolicy": "collect" if kind == "overlays" else "first",
        "inputs": [{"id": name, "name": name, "field": name} for name in asked],
        "outputs": [{"id": f"{name}_", "name": name, "field": name} for name in outputs],
        "rules": [
            {"_id": row.id}
            | {name: _cell(row.text(name), inputs[name]) for name in asked}
            | {f"{name}_": f'"{row.text(name)}"' for name in outputs}
            for row in rows
        ],
        "outputPath": kind,
    }
    return {"id": kind, "type": "decisionTableNode", "content": content}


def _cell(cell: str, domain: frozenset[Value]) -> str:
    """A cell in zen's words."""
    if 0 not in domain:
        if cell.startswith("not ") and not cell.startswith("not recorded"):
            return f'$ != "{cell.removeprefix("not ")}"'
        return ", ".join(f'"{word}"' for word in cell.split(" or ")) if cell else ""
    parts = {
        r"(\d+) or more": r">= \1",
        r"over (\d+)": r"> \1",
        r"(\d+) or under": r"[0..\1]",
        r"under (\d+)": r"[0..\1)",
        r"(\d+) to (\d+)": r"[\1..\2]",
        "not recorded": "-1",
        r"(\d+)": r"\1",
    }
    return ", ".join(_first(parts, part) for part in re.split(r" or (?!more|under)", cell)) if cell else ""


def _first(parts: Mapping[str, str], part: str) -> str:
    return next(re.sub(pattern, zen, part) for pattern, zen in parts.items() if re.fullmatch(pattern, part))
