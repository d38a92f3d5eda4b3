"""The formula: a rule set in the language of solvers (SMT-LIB 2.6), built from the same sets as the run-time masks.

Each input has one Boolean a class (see `classes`), of which exactly one is true; where it has two, the second is the
first denied. Whatever is defined gets a name; what is the same gets the same name.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from services.triage.proof.classes import Class
    from services.triage.rules import Allowed, Value

TRUE: Final = "true"
FALSE: Final = "false"
NOBODY: Final = frozenset[str]()


class Formula:
    """Text that grows by definitions; `taken` gives what was added since it was last taken.

    `places` gives the class that each value of an input belongs to. A term is the name of a Boolean, or `true` or `false`. `other` are the inputs that have a second value in the same
    referral's place: for two referrals that differ in these alone.
    """

    def __init__(self, classes: Mapping[str, tuple[Class, ...]]) -> None:
        self.classes = classes
        self.places = {
            name: {value: place for place, known in enumerate(split) for value in known.values}
            for name, split in classes.items()
        }
        self._lines: list[str] = []
        self._names: dict[str, str] = {}
        self._cells: dict[tuple[str, Allowed, bool], str] = {}
        for name in classes:
            self._declare(name, other=False)

    def second(self, name: str) -> None:
        """Gives an input a second value: another referral's."""
        if f"second {name}" not in self._names:
            self._names[f"second {name}"] = name
            self._declare(name, other=True)

    def value(self, name: str, place: int, *, other: bool = False) -> str:
        """Whether an input has a value of the class at this place."""
        return f"{name}{'!' if other else ''}.{place}"

    def is_value(self, name: str, value: Value) -> str:
        """Whether an input has this value, or one of its class."""
        return self.value(name, self.places[name][value])

    def _declare(self, name: str, *, other: bool) -> None:
        values = [self.value(name, place, other=other) for place in range(len(self.classes[name]))]
        if len(values) == 1:
            self._lines.append(f"(define-fun {values[0]} () Bool true)")
        elif len(values) == 2:
            self._lines.append(f"(declare-const {values[0]} Bool)(define-fun {values[1]} () Bool (not {values[0]}))")
        else:
            self._lines += [f"(declare-const {value} Bool)" for value in values]
            self._lines.append(f"(assert (or {' '.join(values)}))")
            pairs = ((one, another) for place, one in enumerate(values) for another in values[:place])
            self._lines += [f"(assert (not (and {one} {another})))" for one, another in pairs]

    def cell(self, name: str, allowed: Allowed, *, other: bool = False) -> str:
        """Whether an input has one of the values that a cell allows."""
        known = self._cells.get((name, allowed, other))
        if known is None:
            inside = [place for place, one in enumerate(self.classes[name]) if one.value in allowed]
            whole = len(inside) == len(self.classes[name])
            known = TRUE if whole else self.any_of(self.value(name, place, other=other) for place in inside)
            self._cells[name, allowed, other] = known
        return known

    def when(self, asked: Mapping[str, Allowed], other: frozenset[str] = NOBODY) -> str:
        """Whether all cells of a row match."""
        return self.all_of(self.cell(name, allowed, other=name in other) for name, allowed in asked.items())

    def all_of(self, terms: Iterable[str]) -> str:
        """Whether each of the terms holds."""
        known = dict.fromkeys(term for term in terms if term != TRUE)
        if FALSE in known:
            return FALSE
        return self._defined("and", known) if known else TRUE

    def any_of(self, terms: Iterable[str]) -> str:
        """Whether one of the terms holds."""
        known = dict.fromkeys(term for term in terms if term != FALSE)
        if TRUE in known:
            return TRUE
        return self._defined("or", known) if known else FALSE

    def no(self, term: str) -> str:
        """Whether the term does not hold."""
        return {TRUE: FALSE, FALSE: TRUE}.get(term) or self._named(f"(not {term})")

    def differ(self, one: str, another: str) -> str:
        """Whether one of the two terms holds and the other does not."""
        if one in {TRUE, FALSE}:
            one, another = another, one
        if another in {TRUE, FALSE}:
            return self.no(one) if another == TRUE else one
        return FALSE if one == another else self._named(f"(xor {one} {another})")

    def either(self, condition: str, then: str, otherwise: str) -> str:
        """`then` where the condition holds, else `otherwise`."""
        return then if then == otherwise else self._named(f"(ite {condition} {then} {otherwise})")

    def literal(self, term: str) -> str:
        """A Boolean to assume: where it is true, the term holds."""
        key = f"literal {term}"
        if key not in self._names:
            name = self._names[key] = f"q{len(self._names)}"
            self._lines.append(f"(declare-const {name} Bool)(assert (=> {name} {term}))")
        return self._names[key]

    def _defined(self, operator: str, terms: Mapping[str, None]) -> str:
        return next(iter(terms)) if len(terms) == 1 else self._named(f"({operator} {' '.join(terms)})")

    def _named(self, expression: str) -> str:
        name = self._names.get(expression)
        if name is None:
            name = self._names[expression] = f"t{len(self._names)}"
            self._lines.append(f"(define-fun {name} () Bool {expression})")
        return name

    def taken(self) -> str:
        """What was added since this was last called."""
        text = "\n".join(self._lines)
        self._lines.clear()
        return text
