"""The screen of free text. It only escalates: a word found raises, none found says nothing.

It reads no negation on purpose: "denies suicidal thoughts" is found too, and a person looks.
"""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING, Final, NamedTuple

import yaml

from shared.errors import Usage

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path


_MARKS: Final = re.compile("['’`\u0300-\u036f]")  # apostrophes and what NFKD leaves of accents
_GAPS: Final = re.compile(r"[^a-z0-9\x00]+")


class Screen(NamedTuple):
    """The phrases of one config file as one expression, and the answers that say nothing (`not known`)."""

    phrases: re.Pattern[str]
    silent: tuple[str, ...] = ()

    def finds(self, prose: Iterable[str]) -> bool:
        """Whether any of the texts holds any of the phrases, whatever its case, accents and punctuation."""
        return any(self.phrases.search(_plain(text)) for text in prose)


def screen_of(phrases: Iterable[str], silent: Iterable[str] = ()) -> Screen:
    """A screen for phrases; `*` at the end of a word stands for any ending."""
    ways = [_plain(phrase.replace("*", "\x00")).strip() for phrase in phrases]
    if not all(ways):
        raise ValueError("an empty phrase would find everything")
    pattern = "|".join(re.escape(way).replace(re.escape("\x00"), "[a-z]*") for way in ways)
    return Screen(re.compile(rf" (?:{pattern}) " if ways else r"(?!)"), tuple(answer.casefold() for answer in silent))


def read_screen(file: Path) -> Screen:
    """The screen of a config file; `Usage` where it cannot be read."""
    try:
        config = yaml.safe_load(file.read_text())
        return screen_of([str(phrase) for phrase in config["phrases"]], [str(answer) for answer in config["silent"]])
    except (OSError, yaml.YAMLError, KeyError, TypeError, ValueError) as error:
        raise Usage("screen", f"{file} needs the lists `phrases` and `silent`: {type(error).__name__}") from error


def _plain(text: str) -> str:
    """Lower case, no accents, apostrophes dropped, everything else that is no letter or digit one blank."""
    letters = text.casefold() if text.isascii() else unicodedata.normalize("NFKD", text.casefold())
    return " " + _GAPS.sub(" ", _MARKS.sub("", letters)).strip() + " "
