"""Letters: characters that are not what they seem, named so that people can find them."""

from __future__ import annotations

import unicodedata
from typing import Final

# Letters of other alphabets that look like ours, and the signs that word processors put for ours.
_CYRILLIC: Final = str.maketrans("асԁеһіјӏорԛѕԝхуАВЕІЈКМНОРЅТХУ", "acdehijlopqswxyABEIJKMHOPSTXY")
_GREEK: Final = str.maketrans("αικνορυχΑΒΕΖΗΙΚΜΝΟΡΤΥΧ", "aikvopuxABEZHIKMNOPTYX")
_SIGNS: Final = str.maketrans(
    {**dict.fromkeys("‐‑‒–—−", "-"), **dict.fromkeys("‘’", "'"), **dict.fromkeys("│┃¦∣ǀ", "|"), "≥": ">=", "≤": "<="}
)
_QUOTES: Final = str.maketrans(dict.fromkeys("“”„", '"'))
_PLAIN: Final = _CYRILLIC | _GREEK | _SIGNS | _QUOTES
_TO_TYPE: Final = {"\t": "use spaces", "\ufeff": "save the file as UTF-8 without a byte order mark"}


def plain(text: str) -> str:
    """The text with each look-alike as the character that it looks like."""
    if text.isascii():
        return text
    return unicodedata.normalize("NFKC", text).translate(_PLAIN)


def unusual(text: str) -> str:
    """The first character that an English keyboard lacks, in brackets; blank where there is none."""
    for letter in text:
        if not letter.isascii():
            like = plain(letter)
            seems = f", which looks like {like}" if like != letter and like.isascii() else ""
            return f" (it contains {letter if letter.isprintable() else ''} {_name(letter)}{seems})"
    return ""


def unseen(text: str) -> int | None:
    """Where a text first holds what cannot be seen or cannot be told from a plain space, if anywhere."""
    if text.isprintable():
        return None
    return next(at for at, letter in enumerate(text) if not letter.isprintable())


def unseen_fault(letter: str) -> tuple[str, str]:
    """What to say of such a character, and the cure."""
    what = {"\t": "a tab", "\ufeff": "a byte order mark"}.get(letter)
    if what is None:
        kind = "a space other than the keyboard's" if letter.isspace() else "a character that cannot be seen"
        what = f"{kind}: {_name(letter)}"
    return what, _TO_TYPE.get(
        letter, "type a plain space" if letter.isspace() else "take it out, or type the text anew"
    )


def without_unseen(text: str) -> str:
    """The text as it seems: what cannot be seen taken out, a space of any kind made a plain one."""
    if text.isprintable():
        return text
    return "".join(letter if letter.isprintable() else " " * letter.isspace() for letter in text)


def _name(letter: str) -> str:
    code = f"U+{ord(letter):04X}"
    name = unicodedata.name(letter, "")
    return f"{name} ({code})" if name else code
