"""Grown rule files: as many rows as asked for, all of them alive, in Lambeth's proportions and with its inputs.

Up to Lambeth's own number the rows are some of Lambeth's; beyond it each further row narrows one of those, stands just
above it and comes to the same end. A narrow file has only rows that ask for no more than ten inputs between them.
`beats`, promises and examples are computed, which does for a benchmark alone: in a real file clinicians say them.
"""

from __future__ import annotations

import random
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

import yaml

from services.triage.proof.prover import Prover
from services.triage.proof.rows import check_rows_alive
from services.triage.rules import Place, examine
from tests.assurance.completing import completed
from tests.bench.rules.written import Example, written
from tests.plain_rules import PlainRow, Value, inputs_of, lines_of, propose, row_of, rows_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

MORE: Final = 150  # per cent of the rows that are wanted: some turn out to be dead
LAMBETH: Final = Path(__file__).parents[3] / "deploy" / "rules" / "lambeth" / "ruleset.yaml"
TEN: Final = frozenset(
    [
        "age",
        "function",
        "perinatal",
        "phq9",
        "problem",
        "psychosis",
        "rapidly_worsening",
        "referrer_urgency",
        "severe_mental_illness",
        "to_others",
    ]
)  # those that bear the most rows between them
KINDS: Final = ("urgency", "sections", "overlays")
Facts = dict[str, Value]


class Seeds(NamedTuple):
    """What files grow from: Lambeth's rows, inputs and examples; `shown` has the examples that each row has a say in."""

    rows: list[PlainRow]
    inputs: dict[str, frozenset[Value]]
    quiet: Facts
    shown: dict[str, list[Facts]]


@cache
def seeds(*, narrow: bool = False) -> Seeds:
    """Lambeth's, read once; where `narrow`, of its rows those that ask for the ten inputs alone."""
    if narrow:
        wide = seeds()
        return wide._replace(rows=[row for row in wide.rows if {name for name, _ in row.asks} <= TEN])
    file = LAMBETH.read_bytes()
    rows, inputs, examples = rows_of(file), inputs_of(file), yaml.safe_load(file)["examples"]
    quiet = {name: _value(str(text), inputs[name]) for name, text in examples["given"].items()}
    shown: dict[str, list[Facts]] = {row.id: [] for row in rows}
    for line in lines_of(examples["table"]):
        given = dict(part.strip().split(" = ") for part in line["given"].split(";"))
        facts = quiet | {name: _value(text, inputs[name]) for name, text in given.items()}
        for row in _with_a_say(rows, facts):
            shown[row].append(facts)
    return Seeds(rows, inputs, quiet, shown)


def _value(text: str, domain: frozenset[Value]) -> Value:
    return text if text in domain else int(text)


def _with_a_say(rows: list[PlainRow], facts: Facts) -> set[str]:
    """The rows that have a say in what comes of a referral."""
    came = propose(rows, facts)
    return {*came.urgency_rows, came.row, *came.overlay_rows}


def grown(count: int, *, narrow: bool = False, seed: int = 3) -> bytes:
    """A rule file of `count` rows."""
    rng, shown, base = random.Random(seed), dict(seeds().shown), seeds(narrow=narrow).rows
    rows = _some_of(base, rng, count)
    if len(rows) < count:
        rows = _alive(_more(rng, rows, base, shown, count * MORE // 100), shown)
        rows = _some_of(rows, rng, count)  # taking rows out leaves the others alive
    return completed(_file(rows, shown))[0]


def _more(
    rng: random.Random, rows: list[PlainRow], base: list[PlainRow], shown: dict[str, list[Facts]], count: int
) -> list[PlainRow]:
    """So many rows, each further one just above the row that it narrows."""
    rows, last = list(rows), _last(rows)
    while short := _short(rows, base, count):
        parent = rng.choice([row for row in rows if row.kind == short and row is not last])  # nor taken from above
        child, examples = _narrowed(rng, parent, [*base, *rows], shown[parent.id])
        shown[child.id] = examples
        rows.insert(rows.index(parent), child)
    return rows


def _alive(rows: list[PlainRow], shown: dict[str, list[Facts]]) -> list[PlainRow]:
    """Without the rows that have no say in their own examples, or that the gate would refuse."""
    rows = [
        row for row in rows if row is rows[-1] or any(row.id in _with_a_say(rows, facts) for facts in shown[row.id])
    ]
    dead = _dead(_file(rows, shown))
    return [row for row in rows if row.id not in dead]


def _file(rows: list[PlainRow], shown: dict[str, list[Facts]]) -> bytes:
    """The rows as a file, with an example for each."""
    return written(LAMBETH.read_text(), [_with_beats(row, rows) for row in rows], _examples(rows, shown))


def _dead(file: bytes) -> set[str]:
    """The rows that the gate would refuse since they change nothing."""
    place = Place("grown")
    rules = examine(file, place, roles=None)
    place.refuse_if_faulty()
    if rules is not None:
        check_rows_alive(Prover(rules), place)
    return {finding.row for finding in place.findings}


def _some_of(rows: list[PlainRow], rng: random.Random, count: int) -> list[PlainRow]:
    """As many rows as are wanted, in order; the last destination row catches all, so it stays."""
    last = _last(rows)
    chosen = {last.id}
    for kind in KINDS:
        of_kind = [row.id for row in rows if row.kind == kind and row is not last]
        chosen.update(rng.sample(of_kind, min(len(of_kind), _share(kind, rows, count) - (kind == "sections"))))
    return [row for row in rows if row.id in chosen]


def _last(rows: list[PlainRow]) -> PlainRow:
    """The destination row that catches what no other does."""
    return [row for row in rows if row.kind == "sections"][-1]


def _share(kind: str, base: list[PlainRow], count: int) -> int:
    """How many of `count` rows are of this kind; destination rows take what rounding leaves."""
    if kind == "sections":
        return count - _share("urgency", base, count) - _share("overlays", base, count)
    return round(count * sum(row.kind == kind for row in base) / len(base))


def _short(rows: list[PlainRow], base: list[PlainRow], count: int) -> str | None:
    """A kind of which there are too few rows."""
    return next((kind for kind in KINDS if sum(row.kind == kind for row in rows) < _share(kind, base, count)), None)


def _narrowed(
    rng: random.Random, parent: PlainRow, rows: list[PlainRow], shown: list[Facts]
) -> tuple[PlainRow, list[Facts]]:
    """A row that asks for what its parent does and one to three things more, and referrals that it matches."""
    inputs, asked = seeds().inputs, {name for name, _ in parent.asks}
    free = sorted({name for row in rows for name, _ in row.asks} - asked)
    added = {name: _cell(rng, inputs[name]) for name in rng.sample(free, min(len(free), rng.randint(1, 3)))}
    ids = {row.id for row in rows}
    family = parent.id.partition("-")[0]
    name = next(made for number in range(1, 1000) if (made := f"{family}-{number}") not in ids)
    child = row_of(parent.kind, parent.table, parent.cells | added | {"row": name}, inputs)
    values = [(name, sorted(allowed, key=str)) for name, allowed in child.asks if name in added]
    return child, [facts | {name: rng.choice(some) for name, some in values} for facts in shown]


def _cell(rng: random.Random, domain: frozenset[Value]) -> str:
    """A cell as people write them: a word or two, or a range of numbers."""
    numbers = sorted(value for value in domain if isinstance(value, int))
    words = sorted(value for value in domain if isinstance(value, str))
    if not numbers:
        return " or ".join(sorted(rng.sample(words, rng.randint(1, min(2, len(words) - 1)))))
    low = rng.randint(1, min(numbers[-1], 60) - 1)
    high = min(numbers[-1], low + rng.randint(1, 20))
    unknown = rng.choice(("", "", " or not recorded")) if words else ""
    return rng.choice((f"{low} to {high}", f"{low} or more", f"under {low}")) + unknown


def _with_beats(row: PlainRow, rows: list[PlainRow]) -> PlainRow:
    """The row with `beats` as it must be: the later rows of its section that can match too and come to another end."""
    if row.kind != "sections":
        return row
    later = (other for other in rows[rows.index(row) + 1 :] if other.table == row.table)
    beats = [other.id for other in later if _end(other) != _end(row) and _can_both_match(row, other)]
    return row._replace(cells=row.cells | {"beats": ", ".join(beats)})


def _end(row: PlainRow) -> tuple[str, str]:
    return row.text("destination"), row.text("priority")


def _can_both_match(one: PlainRow, other: PlainRow) -> bool:
    wanted = dict(one.asks)
    return all(wanted.get(name, allowed) & allowed for name, allowed in other.asks)


def _examples(rows: list[PlainRow], shown: dict[str, list[Facts]]) -> Iterator[Example]:
    """One for each row, and beside it the numbers at and beside every threshold of the row."""
    seen: set[frozenset[tuple[str, Value]]] = set()
    for row in rows:
        facts = next(facts for facts in shown[row.id] if row.id in _with_a_say(rows, facts))
        for case in (facts, *(facts | {name: edge} for name, allowed in row.asks for edge in _edges(name, allowed))):
            if (key := frozenset(case.items())) not in seen:
                seen.add(key)
                given = {name: value for name, value in case.items() if value != seeds().quiet[name]}
                yield Example(row.id, given or {"age": case["age"]}, propose(rows, case))


def _edges(name: str, allowed: frozenset[Value]) -> Iterable[int]:
    """The numbers at which a cell begins or ends to match, and their neighbours just outside."""
    numbers = {value for value in seeds().inputs[name] if isinstance(value, int)}
    inside = {value for value in allowed if isinstance(value, int)}
    near = {beside for value in inside for beside in (value - 1, value + 1) if beside in numbers - inside}
    return sorted(near | {value for value in inside if {value - 1, value + 1} & near})
