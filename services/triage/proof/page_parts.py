"""The parts of a page: elements whose texts are escaped when it is written, tables that can be read aloud, its style."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final
from xml.etree.ElementTree import Element, tostring

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

Part = Element | str

STYLE: Final = """
:root { color-scheme: light; }
body { font: 1rem/1.5 system-ui, "Segoe UI", Arial, sans-serif; color: #1b1b1b; background: #fff; margin: 1.5rem auto;
  max-width: 84rem; padding: 0 1.5rem; }
h1 { font-size: 1.9rem; line-height: 1.2; margin: 0 0 .5rem; } h2 { font-size: 1.45rem; margin: 2.5rem 0 .5rem;
  border-top: 3px solid #003a70; padding-top: .6rem; } h3 { font-size: 1.1rem; margin: 1.5rem 0 .3rem; }
p, ul, dl { max-width: 48rem; } dt { font-weight: 600; float: left; clear: left; width: 11rem; }
dd { margin: 0 0 .25rem 11rem; overflow-wrap: anywhere; }
a { color: #00437d; } a:focus, summary:focus { outline: 3px solid #b35900; outline-offset: 2px; }
table { border-collapse: collapse; width: 100%; margin: .5rem 0 1.5rem; font-size: .875rem; }
caption { text-align: left; font-weight: 600; padding: .3rem 0; font-size: 1rem; }
th, td { border: 1px solid #6b7680; padding: .3rem .45rem; text-align: left; vertical-align: top;
  overflow-wrap: break-word; }
td ul { margin: 0; padding-left: 1rem; }
thead th { background: #e4ebf2; } tbody th { white-space: nowrap; } .wide { overflow-x: auto; }
.good { color: #00512a; } .bad { color: #8f0f0f; font-weight: 600; } .aside { color: #3f4a54; }
.notice { border-left: .4rem solid #8f0f0f; padding: .3rem 0 .3rem .9rem; }
.sign td { height: 3.2rem; } summary { cursor: pointer; padding: .2rem 0; }
@page { size: A4 landscape; margin: 12mm; }
@media print {
  body { margin: 0; max-width: none; padding: 0; font-size: 9.5pt; } table { font-size: 8pt; } nav { display: none; }
  thead { display: table-header-group; } tr, .move { break-inside: avoid; } h2, h3, caption { break-after: avoid; }
  .wide { overflow: visible; } details::details-content { content-visibility: visible; block-size: auto; }
}
"""


def element(tag: str, /, *content: Part, **attributes: str) -> Element:
    """An element of HTML. A text in it is a text, never markup, whatever it says (`class_` stands for `class`)."""
    made = Element(tag, {key.rstrip("_").replace("_", "-"): value for key, value in attributes.items()})
    for part in content:
        if isinstance(part, Element):
            made.append(part)
        elif len(made):
            made[-1].tail = (made[-1].tail or "") + part
        else:
            made.text = (made.text or "") + part
    return made


def table(caption: str, columns: Sequence[str], rows: Iterable[Sequence[Part]], class_: str = "") -> Element:
    """A table with its caption; the first cell of a row is its heading."""
    head = element("tr", *(element("th", column, scope="col") for column in columns))
    body = [
        element("tr", element("th", first, scope="row"), *(element("td", cell) for cell in cells))
        for first, *cells in rows
    ]
    made = element("table", element("caption", caption), element("thead", head), element("tbody", *body))
    if class_:
        made.set("class", class_)
    return element("div", made, class_="wide")


def listed(items: Iterable[Part]) -> Element:
    """A list."""
    return element("ul", *(element("li", item) for item in items))


def section(name: str, heading: str, *content: Part) -> Element:
    """A part of the page that the contents lead to."""
    return element("section", element("h2", heading, id=name), *content, aria_labelledby=name)


def written(title: str, *content: Element) -> str:
    """The page as HTML: one file that asks for nothing from elsewhere and runs nothing."""
    policy = {"http-equiv": "Content-Security-Policy", "content": "default-src 'none'; style-src 'unsafe-inline'"}
    head = element(
        "head",
        element("meta", charset="utf-8"),
        Element("meta", policy),
        element("meta", name="viewport", content="width=device-width, initial-scale=1"),
        element("title", title),
        element("style", STYLE),
    )
    whole = element("html", head, element("body", *content), lang="en-GB")
    return "<!DOCTYPE html>\n" + tostring(whole, encoding="unicode", method="html") + "\n"
