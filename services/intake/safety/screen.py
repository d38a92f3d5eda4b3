"""The screen of free text. It only escalates: a word found raises, none found says nothing.

It reads no negation on purpose: "denies suicidal thoughts" is found too, and a person looks.
"""

from __future__ import annotations

import html
import re
import unicodedata
from typing import TYPE_CHECKING, Final, NamedTuple

import yaml

from services.intake.safety.readable import TAGS
from shared.errors import Usage

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path


_MARKS: Final = re.compile("['‘’‛ʼ′`\u0300-\u036f]")  # apostrophes and what NFKD leaves of accents
# What stands inside a word and shows nothing: soft hyphens, joiners of no width; a hyphen at a line's end.
_INSIDE: Final = re.compile("[\u00ad\u200b-\u200d\u2060\ufeff]|(?<=[^\\W\\d])[-\u2010][ \t]*\r?\n[ \t]*(?=[^\\W\\d])")
_APOSTROPHE: Final = str.maketrans("´", "'")  # which NFKD would take for a blank with an accent
_GAPS: Final = re.compile(r"[^a-z0-9\x00]+")


class Screen(NamedTuple):
    """The phrases of one config file as one expression, and the answers that say nothing (`not known`)."""

    phrases: re.Pattern[str]
    silent: tuple[str, ...] = ()

    def finds(self, prose: Iterable[str]) -> bool:
        """Whether any of the texts holds any of the phrases, whatever its case, accents and punctuation."""
        return any(self.phrases.search(_plain(way)) for text in prose for way in _ways(text))


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


def _ways(text: str) -> Iterator[str]:
    """The text as it stands, and as a reader sees it: without markup, entities and hyphenation.

    Tags stand between words (`<p>one</p><p>two</p>`) or inside one (`over<b>dose</b>`): both are looked at.
    """
    yield text
    seen = html.unescape(html.unescape(text)) if "&" in text else text  # markup inside XML is escaped twice
    if TAGS.search(seen):
        yield _INSIDE.sub("", TAGS.sub(" ", seen))
        seen = TAGS.sub("", seen)
    shown = seen if seen.isascii() and "-" not in seen else _INSIDE.sub("", seen)
    if shown != text:
        yield shown


def _plain(text: str) -> str:
    """Lower case, no accents, apostrophes dropped, everything else that is no letter or digit one blank."""
    if not text.isascii():
        text = unicodedata.normalize("NFKD", text.translate(_APOSTROPHE))
    letters = text.casefold()
    return " " + _GAPS.sub(" ", _MARKS.sub("", letters)).strip() + " "
