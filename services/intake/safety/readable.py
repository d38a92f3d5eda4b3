"""What a person reads in a text with markup, and in a document of text: the words, for the screen and for the hub. Pure."""

from __future__ import annotations

import codecs
import html
import re
from typing import Final

# Each of these goes over a text once, whatever it holds: what is read here came from outside.
TAGS: Final = re.compile(r"<[/a-zA-Z?!][^<>]*>")
_INLINE: Final = re.compile(r"</?(?:a|b|i|u|em|strong|font|span|sub|sup|small|mark)\b[^<>]*>", re.IGNORECASE)
_UNSEEN: Final = re.compile(r"<(?:style|script)\b[^<>]*>[^<]*(?=</)", re.IGNORECASE)
_NO_WORD: Final = re.compile(r"(?<![^\s<>])[^\s<>]{1000,}")  # pictures inside a text
_XML: Final = frozenset(
    ("application/xml", "application/xhtml+xml", "application/hl7-v3+xml", "application/hl7-cda+xml")
)
_RTF: Final = frozenset(("application/rtf", "text/rtf"))
# Of RTF 1.9.1: groups that hold no text of the document, pictures in hex, characters by number, lines, other control words.
_RTF_HEADS: Final = re.compile(r"\{\\(?:fonttbl|colortbl|stylesheet|info|\*)(?:[^{}]|\{(?:[^{}]|\{[^{}]*\})*\})*\}")
_RTF_HEX: Final = re.compile(r"(?<![0-9a-fA-F\s])[0-9a-fA-F\s]{1000,}")
_RTF_BYTE: Final = re.compile(r"\\'([0-9a-fA-F]{2})")
_RTF_LINE: Final = re.compile(r"\\(?:par|line|tab|cell|row|page|sect)(?![a-z]) ?")
_RTF_WORD: Final = re.compile(r"\\[a-z]+-?\d* ?|[{}]|\\[*~_-]")
_MARKS: Final = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))


def shown(text: str) -> str:
    """A text without its markup: tags stand between words, but for those that may stand inside one (`over<b>dose</b>`)."""
    if "<" in text:
        text = TAGS.sub(" ", _INLINE.sub("", _UNSEEN.sub(" ", text)))
    return html.unescape(text) if "&" in text else text


def words_of(content: bytes, media: str) -> str:
    """The words of a document of text (plain, HTML, XML, RTF); nothing of any other, which only people can read."""
    kind = media.partition(";")[0].strip().casefold()
    if kind in _RTF:
        text = _unwritten(content.decode("windows-1252", "replace"))
    elif kind.startswith("text/") or kind in _XML:
        text = decoded(content)
        text = text if kind == "text/plain" else shown(text)
    else:
        return ""
    return "\n".join(filter(None, (" ".join(line.split()) for line in _NO_WORD.sub(" ", text).splitlines())))


def decoded(content: bytes) -> str:
    """Bytes of text without a word about how they are encoded: by their mark, as UTF-8, else as Windows-1252."""
    codec = next((codec for mark, codec in _MARKS if content.startswith(mark)), "utf-8")
    try:
        return content.decode(codec).replace("\0", "")
    except UnicodeDecodeError:
        return content.decode("windows-1252", "replace").replace("\0", "")


def _unwritten(rtf: str) -> str:
    text = _RTF_HEX.sub(" ", _RTF_HEADS.sub("", rtf)).replace("\r", "").replace("\n", "")
    text = _RTF_BYTE.sub(lambda found: bytes.fromhex(found[1]).decode("windows-1252", "replace"), text)
    text = re.sub(r"\\u(-?\d{1,5}) ?\??", lambda found: chr(int(found[1]) % 65_536), text)
    return _RTF_WORD.sub("", _RTF_LINE.sub("\n", text)).translate(_LONE)


_LONE: Final = dict.fromkeys((0, *range(0xD800, 0xE000)), "\ufffd")  # no text may hold them
