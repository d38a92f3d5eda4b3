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
from services.triage.rules.letters import plain
from shared.codes import NOT_RECORDED

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

Value = str | int
_DIGITS: Final = "(0|[1-9][0-9]{0,8})"  # 012 is twelve to some and ten to others
_NUMBER: Final = re.compile(_DIGITS)
_ALTERNATIVE: Final = re.compile(r" or (?!(?:more|under)(?: or |$))")  # the `or` of "20 or more" joins nothing
_FORMS: Final[dict[str, Callable[..., tuple[int, int]]]] = {  # how numbers are written -> the first and last meant
    "{}": lambda _low, _high, number: (number, number),
    "under {}": lambda low, _high, number: (low, number - 1),
    "{} or under": lambda low, _high, number: (low, number),
    "{} or more": lambda _low, high, number: (number, high),
    "over {}": lambda _low, high, number: (number + 1, high),
    "{} to {}": lambda _low, _high, first, last: (first, last),
}
LONGEST: Final = 1000  # characters of a cell
_ANY: Final = frozenset(("-", "*", "any", "all"))  # how other tables say what a blank cell says here
_JOINTS: Final = re.compile(r" ?[,;/&+] ?(?:or |and )?| and ")
_PATTERNS: Final = {form: re.compile(form.replace("{}", _DIGITS)) for form in _FORMS}
_SIGNS: Final = {  # other ways to write numbers -> the form that means the same
    re.compile(r"(?:>=|=>|at least) ?(\d{1,9})|(\d{1,9}) ?\+"): "{} or more",
    re.compile(r"(?:<=|=<|at most|up to) ?(\d{1,9})"): "{} or under",
    re.compile(r"(?:<|less than|below) ?(\d{1,9})"): "under {}",
    re.compile(r"(?:>|more than|above) ?(\d{1,9})"): "over {}",
    re.compile(r"(\d{1,9}) ?(?:-+|\.{2,3}|and) ?(\d{1,9})"): "{} to {}",
    re.compile(r"= ?(\d{1,9})"): "{}",
    re.compile(r"not (\d{1,9})"): "under {0} or over {0}",
}
_NO_WHOLE: Final = re.compile(r"\d[.,]\d|-\d|\d{10}")


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
    if len(text) > LONGEST:
        raise CellError(f"more than {LONGEST} characters", "make several rows of this one")
    if text.lower() in _ANY and text not in domain.words:
        raise CellError(f"{shown(text)} is no value", "leave the cell blank for any")
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
    several = _JOINTS.split(text)
    cure = f"write it as {' or '.join(several)!r}" if domain.words.issuperset(several) else nearest(text, domain.words)
    raise CellError(f"{shown(text)} is not a value of this input", cure)


def _numbers(text: str, domain: Allowed) -> Allowed:
    whole = Allowed()
    for part in _ALTERNATIVE.split(text):
        if part == NOT_RECORDED:
            whole |= Allowed(frozenset((_word(part, domain),)))
        elif (span := _span(part, domain.numbers[0])) is not None:
            whole |= Allowed(numbers=(span,))
        else:
            raise CellError(f"{shown(text)} is no way to write numbers", _in_words(text, domain.numbers[0]))
    return whole


def _in_words(text: str, possible: range) -> str:
    """The cure for numbers written otherwise: the form that says what a sign says, else the nearest form."""
    written = plain(text)
    for sign, form in _SIGNS.items():
        if match := sign.fullmatch(written):
            return f"write it as {form.format(*(int(digits) for digits in match.groups() if digits))!r}"
    tidy = re.sub(r"\d{1,9}", lambda digits: str(int(digits[0])), written)
    if any(pattern.fullmatch(tidy) for pattern in _PATTERNS.values()):
        return f"write it as {tidy!r}"
    if _NO_WHOLE.search(written):
        return f"use whole numbers from {possible[0]} to {possible[-1]}"
    match = _NUMBER.search(written)
    number = int(match[0]) if match and int(match[0]) in possible else possible[0]
    return nearest(written, [*(form.format(number, possible[-1]) for form in _FORMS), NOT_RECORDED])


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
