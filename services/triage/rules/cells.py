"""Cells: each is read once, to the set of values that it allows.

What runs (bit masks) and what is proved (formulae) are both built from these sets. A number cell never allows
`not recorded` unless it says so. `not x` allows every other value of a worded input, `not recorded` too: unknown is
not "no" (clinical ground rule 4).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING, Final

from services.triage.rules.findings import nearest, shown
from shared.codes import NOT_RECORDED

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

Value = str | int
_NUMBER: Final = re.compile(r"[0-9]{1,9}")
_ALTERNATIVE: Final = re.compile(r" or (?!(?:more|under)(?: or |$))")  # the `or` of "20 or more" joins nothing
_FORMS: Final[dict[str, Callable[..., tuple[int, int]]]] = {  # how numbers are written -> the first and last meant
    "{}": lambda _low, _high, number: (number, number),
    "under {}": lambda low, _high, number: (low, number - 1),
    "{} or under": lambda low, _high, number: (low, number),
    "{} or more": lambda _low, high, number: (number, high),
    "over {}": lambda _low, high, number: (number + 1, high),
    "{} to {}": lambda _low, _high, first, last: (first, last),
}
_PATTERNS: Final = {form: re.compile(form.replace("{}", "([0-9]{1,9})")) for form in _FORMS}


class CellError(ValueError):
    """A cell that is no set of its input's values; `cure` says what to write."""

    def __init__(self, message: str, cure: str) -> None:
        super().__init__(message)
        self.cure = cure


@dataclass(frozen=True, slots=True)
class Allowed:
    """A set of values: words (`not recorded` is one) and whole numbers, as sorted ranges that do not touch."""

    words: frozenset[str] = frozenset()
    numbers: tuple[range, ...] = ()

    @classmethod
    def of(cls, values: Iterable[Value]) -> Allowed:
        """The set of these values."""
        listed = tuple(values)
        words = frozenset(value for value in listed if isinstance(value, str))
        return cls(words, _merged(tuple(range(value, value + 1) for value in listed if isinstance(value, int))))

    def __contains__(self, value: Value) -> bool:
        return value in self.words if isinstance(value, str) else any(value in span for span in self.numbers)

    def __iter__(self) -> Iterator[Value]:
        return chain(sorted(self.words), *self.numbers)

    def __bool__(self) -> bool:
        return bool(self.words or self.numbers)

    def __or__(self, other: Allowed) -> Allowed:
        return Allowed(self.words | other.words, _merged(self.numbers + other.numbers))

    def __and__(self, other: Allowed) -> Allowed:
        pairs = ((one, another) for one in self.numbers for another in other.numbers)
        shared = (range(max(a.start, b.start), min(a.stop, b.stop)) for a, b in pairs)
        return Allowed(self.words & other.words, _merged(tuple(filter(len, shared))))

    def __le__(self, other: Allowed) -> bool:
        return self | other == other

    def meets(self, other: Allowed) -> bool:
        """Whether some value is in both."""
        if self.words & other.words:
            return True
        return any(a.start < b.stop and b.start < a.stop for a in self.numbers for b in other.numbers)


def _merged(spans: tuple[range, ...]) -> tuple[range, ...]:
    """Ranges that overlap or touch made one, in order: the one normal form, so that equal sets are equal."""
    merged: list[range] = []
    for span in sorted(spans, key=lambda span: span.start):
        if merged and span.start <= merged[-1].stop:
            merged[-1] = range(merged[-1].start, max(merged[-1].stop, span.stop))
        else:
            merged.append(span)
    return tuple(merged)


def read_cell(cell: str, domain: Allowed) -> Allowed:
    """The values of `domain` that a cell allows; raises `CellError`. A blank cell allows any."""
    text = " ".join(cell.split())
    if not text:
        return domain
    allowed = _numbers(text, domain) if domain.numbers else _words(text, domain)
    if not allowed:
        raise CellError(f"{shown(text)} allows nothing", "name a value, or leave the cell blank for any")
    return allowed


def read_value(text: str, domain: Allowed) -> Value:
    """The one value of `domain` that a text names; raises `CellError`."""
    if text in domain.words:
        return text
    if _NUMBER.fullmatch(text) and (number := int(text)) in domain:
        return number
    span = domain.numbers[0] if domain.numbers else None
    some = [f"a number from {span[0]} to {span[-1]}"] if span else []
    raise CellError(f"{shown(text)} is not a value of this input", nearest(text, [*domain.words, *some]))


def _words(text: str, domain: Allowed) -> Allowed:
    alternatives = text.split(" or ")
    if any(word.startswith("not ") and word != NOT_RECORDED for word in alternatives):
        return Allowed(domain.words - {_word(text.removeprefix("not "), domain)})
    return Allowed(frozenset(_word(word, domain) for word in alternatives))


def _word(text: str, domain: Allowed) -> str:
    if text in domain.words:
        return text
    if text == NOT_RECORDED:
        raise CellError(
            "this input is never `not recorded`", "declare `may be: not recorded` under inputs, or take it out"
        )
    if " or " in text:
        raise CellError(f"{shown(text)} after `not`, or beside it", "`not` takes one word; else name what is allowed")
    raise CellError(f"{shown(text)} is not a value of this input", nearest(text, domain.words))


def _numbers(text: str, domain: Allowed) -> Allowed:
    whole = Allowed()
    for part in _ALTERNATIVE.split(text):
        if part == NOT_RECORDED:
            whole |= Allowed(frozenset((_word(part, domain),)))
        elif (span := _span(part, domain.numbers[0])) is not None:
            whole |= Allowed(numbers=(span,))
        else:
            number = match.group() if (match := _NUMBER.search(text)) else 0
            forms = [form.format(number, domain.numbers[0][-1]) for form in _FORMS]
            raise CellError(f"{shown(text)} is no way to write numbers", nearest(text, [*forms, NOT_RECORDED]))
    return whole


def _span(text: str, possible: range) -> range | None:
    """The numbers that one form names, all of which must be possible; None where it is no form."""
    for form, pattern in _PATTERNS.items():
        if match := pattern.fullmatch(text):
            numbers = [int(digits) for digits in match.groups()]
            if outside := [number for number in numbers if number not in possible]:
                message = f"{outside[0]} is outside {possible[0]} to {possible[-1]}"
                raise CellError(message, "use a number that this input can have")
            first, last = _FORMS[form](possible[0], possible[-1], *numbers)
            if last < first:
                raise CellError(f"{shown(text)} allows nothing", "write the smaller number first, inside the range")
            return range(first, last + 1)
    return None
