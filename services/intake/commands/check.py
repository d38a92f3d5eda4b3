"""`frontdoor sources check`: how a test message would be read and answered, and what triage would be told. Nothing runs, nothing is kept."""

from __future__ import annotations

import datetime as dt
import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from uuid import uuid4

from services.intake.commands.listing import DEPLOY, add_files, sources_of
from shared.command_line import CLEAN, FINDING, add_command
from shared.errors import Usage

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterable, Iterator

    from services.intake.coding import Place
    from services.intake.preview import Preview
    from services.intake.senders import Source
    from services.intake.sources.forms import Reply
    from shared.command_line import Commands

EXAMPLES: Final = """
frontdoor sources check referral.json --as json
frontdoor sources check list.csv --as csv                                 each row of it, and the answer to the file
frontdoor sources check message.hl7 --as hl7v2 --source practices-north   as that source's settings have it
frontdoor sources check message.json --as bars --json                     for a program
frontdoor sources check message --as mesh --workflow REFERRAL_V1          as FRONTDOOR_MESH_WORKFLOWS has it

The file must be a test message: its values are shown. Shown are each value's place in the message and in the contract, what was
warned of, what no field takes, the answer in the standard's own form, and the facts that triage would be told. Nothing needs to
run. Exit code 0: it would be taken, without a warning. 1: refused, or taken with warnings. 2: no such file, standard or source.
"""
_WIDEST: Final = 60  # characters of a column


def register(commands: Commands) -> None:
    """Adds `check` to the command line."""
    parser = add_command(commands, "check", "say how a test message would be read and answered", EXAMPLES)
    parser.add_argument("file", type=Path)
    parser.add_argument("--as", dest="standard", metavar="STANDARD", required=True, help="json, csv, bars, hl7v2 ...")
    parser.add_argument("--workflow", metavar="ID", help="of MESH, with --as mesh: which standard comes under it")
    parser.add_argument("--source", metavar="S", help="whose settings count (default: one that may do everything)")
    add_files(parser)
    parser.add_argument("--screen", type=Path, metavar="FILE", default=DEPLOY / "screen.yaml", help="words of risk")
    parser.add_argument("--json", action="store_true", help="for a program")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """0 where all of it would be taken without a warning, else 1."""
    from services.intake.sources.forms import FORMS

    standard = _carried(arguments.workflow) if arguments.standard == "mesh" else arguments.standard
    if standard not in FORMS:
        raise Usage("standard", f"--as is one of {', '.join(sorted(FORMS))}, or mesh with a --workflow")
    try:
        content = arguments.file.read_bytes()
    except OSError as error:
        raise Usage("file", f"{arguments.file}: {error.strerror}") from error
    seen, answer = _previewed(arguments, standard, content)
    if arguments.json:
        shown: Any = [_as_json(one) for one in seen]
        print(json.dumps({"rows": shown, "answer": _answer(answer)} if answer else shown, indent=2))
    else:
        print("The values of a test message. Never check a real person's message here.")
        for one in seen:
            print("\n".join(("", *_lines(standard, one))))
        if answer:
            print("\n".join(_answered(answer)))
    return FINDING if any(one.refused or one.warnings for one in seen) else CLEAN


def _previewed(arguments: argparse.Namespace, standard: str, content: bytes) -> tuple[list[Preview], Reply | None]:
    """What would become of each message of a file, and how a file of rows would be answered as a whole."""
    from services.intake.preview import Where, preview, preview_rows
    from services.intake.settings import IntakeSettings
    from services.intake.sources.forms import Moment
    from services.intake.sources.hl7v2.message import messages

    fields = IntakeSettings.model_fields
    where = Where(_source(arguments), _place(arguments), str(fields["phone_now"].default))
    moment, by_mesh = Moment(dt.datetime.now(dt.UTC), uuid4()), arguments.standard == "mesh"
    if standard == "csv" and not by_mesh:
        return preview_rows(content, max(int(fields["csv_rows"].default), content.count(b"\n") + 1), where, moment)
    several = standard == "hl7v2" and not by_mesh
    found = messages(content.strip(b"\x0b\x1c\r\n")) if several else [content]
    return [preview(standard, one, where, moment, by_mesh=by_mesh) for one in found], None


def _carried(workflow: str | None) -> str:
    """The standard that comes by MESH under a workflow id, as intake's setting says: `ID=json ID=hl7v2`."""
    pairs = (pair.rpartition("=") for pair in os.environ.get("FRONTDOOR_MESH_WORKFLOWS", "").split())
    return {known: standard for known, _, standard in pairs}.get(workflow or "", "")


def _source(arguments: argparse.Namespace) -> Source:
    from services.intake.senders import Source
    from services.intake.sources.hl7v2.profile import Hl7

    if arguments.source is None:
        any_id = Hl7(application="any", processing=frozenset(("P", "T", "D")))
        return Source(id="a-source", name="a source that may do everything", keys=("0" * 64,), hl7=any_id)
    found = {source.id: source for source in sources_of(arguments)}
    if arguments.source not in found:
        raise Usage("source", f"{arguments.sources} has no source {arguments.source}: {', '.join(sorted(found))}")
    return found[arguments.source]


def _place(arguments: argparse.Namespace) -> Place:
    """The place as intake has it, with a secret that opens nothing."""
    from services.intake.coding import Place
    from services.intake.safety.screen import read_screen
    from shared.localities import default_locality, read_localities

    localities = read_localities(arguments.localities)
    return Place(localities, default_locality(localities), read_screen(arguments.screen), b"a check keeps nothing", {})


def _as_json(seen: Preview) -> dict[str, Any]:
    return {
        "does": seen.does,
        "taken": seen.refused is None,
        "values": [value._asdict() for value in seen.values],
        "unmapped": [value._asdict() for value in seen.unmapped],
        "warnings": [notice.as_json() for notice in seen.warnings],
        "locality": seen.locality,
        **({"answer": _answer(seen.reply)} if seen.reply else {}),
        "facts": seen.facts,
    }


def _answer(reply: Reply) -> dict[str, str]:
    return {"status": reply.status, "body": reply.body.decode(errors="replace")}


def _lines(standard: str, seen: Preview) -> Iterator[str]:
    what = f"taken: {seen.does}, in {seen.locality}" if seen.refused is None else f"refused: {seen.refused.detail}"
    yield f"{standard}: would be {what}"
    yield from _table(("in the message", "in the contract", "value"), seen.values)
    yield from _table(("no field takes", "kept and screened in", "value"), seen.unmapped)
    yield from _table(("warning", "code", "means"), (notice.as_json().values() for notice in seen.warnings))
    if seen.reply:
        yield from _answered(seen.reply)
    if seen.facts is not None:
        yield from _table(("triage would be told", "fact"), _flat(seen.facts))


def _answered(reply: Reply) -> Iterator[str]:
    yield f"\nanswered ({reply.status}):"
    yield from (f"  {line}" for line in _laid_out(reply.body.decode(errors="replace")).splitlines())


def _laid_out(answer: str) -> str:
    """An answer to read: JSON with a line for each of its members."""
    try:
        return json.dumps(json.loads(answer), indent=2, ensure_ascii=False)
    except ValueError:
        return answer


def _flat(node: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    if isinstance(node, dict):
        for name, item in node.items():
            yield from _flat(item, f"{path}.{name}" if path else name)
    elif node not in (None, "", [], "not recorded"):
        yield path, node


def _table(heads: tuple[str, ...], rows: Iterable[Iterable[Any]]) -> Iterator[str]:
    """A table in plain text; nothing where it has no rows."""
    told = [
        [json.dumps(cell) if isinstance(cell, bool) else " ".join(str(cell).split()) for cell in row] for row in rows
    ]
    if not told:
        return
    widths = [min(_WIDEST, max(map(len, column))) for column in zip(heads, *told, strict=True)]
    yield ""
    for row in (heads, *told):
        yield "  " + "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
