"""What a vendor does first: pastes the page's message, connects by TLS with a certificate; and a process that dies at work."""

from __future__ import annotations

import asyncio
import hashlib
import json
import re
import ssl
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pytest
import yaml

from tests.engine import free_port
from tests.mllp import Answer, Line, a_message, listening
from tests.waiting import eventually

if TYPE_CHECKING:
    from tests.stack import Database, Stack

ROOT: Final = Path(__file__).parents[2]
TLS: Final = ROOT / "tests" / "samples" / "tls"
SECURED: Final[dict[str, Any]] = {
    "mllp_certificate": TLS / "server.pem",
    "mllp_key": TLS / "server.key",
    "mllp_client_ca": TLS / "ca.pem",
}


def pasted() -> str:
    """The page's first block, as a shell gets it."""
    found = re.search(r"```python\n(.*?)```", (ROOT / "docs" / "connect" / "hl7v2.md").read_text(), re.DOTALL)
    assert found
    return found[1]


def client(name: str | None) -> ssl.SSLContext:
    """A sender's TLS, with its certificate."""
    context = ssl.create_default_context(cafile=TLS / "ca.pem")
    if name:
        context.load_cert_chain(TLS / f"{name}.pem", TLS / f"{name}.key")
    return context


def fingerprint(name: str) -> str:
    return hashlib.sha256(ssl.PEM_cert_to_DER_cert((TLS / f"{name}.pem").read_text())).hexdigest()


async def test_the_pages_message_works_as_pasted(database: Database, tmp_path: Path):
    port = free_port()
    async with listening(database, tmp_path, {"rehearsal": {"port": port}}, mllp_port=port):
        (tmp_path / "data").mkdir()
        (tmp_path / "data" / "run.json").write_text(json.dumps({"mllp": f"127.0.0.1:{port}"}))
        shell = await asyncio.create_subprocess_shell(pasted(), cwd=tmp_path, stdout=asyncio.subprocess.PIPE)
        said, _ = await shell.communicate()
    answer = Answer.of(said.replace(b"\n", b"\r"))
    assert (answer.code, answer.field("MSA", 2), answer.field("RF1", 6)) == ("AA", "MSG-1", "REF-1^YOURSYSTEM")
    assert answer.every("NTE") == []


async def test_a_client_certificate_proves_the_sender(database: Database, tmp_path: Path):
    profiles: dict[str, Any] = {
        "gp": {"certificate": fingerprint("gp"), "facility": "G85001"},
        "other-gp": {"common_name": "elsewhere", "facility": "G85002"},
    }
    async with listening(database, tmp_path, profiles, **SECURED) as (_, port):
        async with Line.open(port, client("gp")) as line:
            assert (await line.ask(a_message())).code == "AA"
            assert (await line.ask(a_message(facility="G85002"))).code == "AR"
        async with Line.open(port, client("stranger")) as line:
            assert (await line.ask(a_message())).code == "AR"


async def test_without_a_certificate_nobody_is_heard_where_one_is_required(database: Database, tmp_path: Path):
    profiles = {"gp": {"common_name": "gp"}}
    async with listening(database, tmp_path, profiles, **SECURED) as (_, port):
        with pytest.raises((OSError, asyncio.IncompleteReadError)):
            async with Line.open(port, client(None)) as line:
                await line.ask(a_message())
        async with Line.open(port) as line:
            await line.write(b"\x0b" + a_message() + b"\x1c\r")
            assert b"MSA" not in await line.closed()
        async with Line.open(port, client("gp")) as line:
            assert (await line.ask(a_message())).code == "AA"


async def test_a_certificate_may_be_optional_where_networks_are_listed(database: Database, tmp_path: Path):
    profiles = {"gp": {"common_name": "gp", "facility": "A1001"}, "fast": {"facility": "G85001"}}
    settings = {**SECURED, "mllp_client_certificate": "optional"}
    async with listening(database, tmp_path, profiles, **settings) as (_, port), Line.open(port, client(None)) as line:
        assert (await line.ask(a_message())).code == "AA"
        assert (await line.ask(a_message(facility="A1001"))).code == "AR"


async def sender(port: int, numbers: list[int], yes: dict[str, str], goes_on: asyncio.Event) -> None:
    """Sends each message until it has its answer, as an interface engine does."""
    for number in numbers:
        control = f"C{number}"
        while control not in yes:
            with suppress(OSError, asyncio.IncompleteReadError):
                async with Line.open(port) as line:
                    answer = await line.ask(a_message(control=control, name=f"R{number}"))
                    assert answer.code == "AA"
                    yes[control] = answer.referral_id
            await goes_on.wait()
            await asyncio.sleep(0)


def more_than(yes: dict[str, str], share: int) -> bool:
    return len(yes) > share


async def test_every_yes_outlives_the_process_that_gave_it(stack: Stack):
    sources = yaml.safe_load((stack.config / "sources.yaml").read_text())
    sources["sources"]["gp"]["hl7"] = {"facility": "G85001"}
    (stack.config / "sources.yaml").write_text(yaml.safe_dump(sources))
    port = free_port()
    stack.start("intake", mllp_port=port)
    yes: dict[str, str] = {}
    goes_on = asyncio.Event()
    goes_on.set()
    senders = [asyncio.create_task(sender(port, list(range(start, 200, 4)), yes, goes_on)) for start in range(4)]
    for share in (20, 70, 120):
        await eventually(partial(more_than, yes, share))
        stack.kill("intake")
        goes_on.clear()
        stack.start("intake", mllp_port=port)
        goes_on.set()
    await asyncio.gather(*senders)
    assert stack.stop("intake") == 0
    receipts = await stack.fetch("SELECT referral_id::text FROM intake.receipt")
    assert sorted(yes.values()) == sorted(row["referral_id"] for row in receipts)
    assert len(await stack.fetch("SELECT 1 FROM intake.referral")) == 200
    assert not [mark for mark in ("Example", "9990000018", "sleeping", "High St") if mark in stack.logs("intake")]
