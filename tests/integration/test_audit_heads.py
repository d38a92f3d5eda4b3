"""Signed heads: whoever owns the database can write every hash anew, and shorten a chain, but not sign for audit."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
from typing import TYPE_CHECKING

import asyncpg
import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.audit import store as audit_store
from services.audit.announce import heads_record
from services.audit.chain import Place
from services.audit.columns import entry
from services.audit.heads import doubt, signed, text
from services.audit.store import Store
from services.audit.verify import verify
from shared.cloudevents import from_json, to_json
from shared.errors import Usage
from shared.operations import AuditHead, AuditHeads
from shared.signing import key_id, make_key, private_key, public_keys
from shared.topics import OPERATIONS
from tests.builders import ARecord
from tests.chains import NOW, STREAM, a_record, append, some
from tests.waiting import eventually

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from services.audit.verify import Verified
    from shared.signing import PublicKeys
    from tests.stack import Database, Stack

OPERATIONS_PLACE = Place(STREAM, OPERATIONS, 0)


@pytest.fixture
async def store(database: Database) -> AsyncIterator[Store]:
    async with asyncpg.create_pool(database.dsn("frontdoor_audit"), min_size=1, max_size=4) as pool:
        yield Store(pool)


def a_key(folder: Path, name: str = "heads") -> tuple[Path, Path]:
    """The files of a pair: private, public."""
    private, public = folder / f"{name}.key", folder / f"{name}.pem"
    public.write_text(make_key(private))
    return private, public


async def publish(store: Store, private: Path | None) -> AuditHeads:
    """Publishes the heads as they are, as audit does, and has them audited."""
    key = private_key(private) if private else None
    heads = await store.heads(STREAM)
    record = heads_record(STREAM, heads, NOW, key)
    offset = heads[OPERATIONS_PLACE].offset + 1 if OPERATIONS_PLACE in heads else 0
    told = ARecord(OPERATIONS, 0, offset, record.key, record.value, record.headers)
    await append(store, [entry(told)], OPERATIONS_PLACE)
    return from_json(AuditHeads, record.value or b"")


async def looked(database: Database, keys: PublicKeys | None, *kept: AuditHeads) -> Verified:
    connection = await audit_store.connect(database.dsn("frontdoor_auditor"))
    try:
        return await verify(connection, kept, lambda _: None, keys)
    finally:
        await connection.close()


async def found(database: Database, keys: PublicKeys | None, *kept: AuditHeads) -> list[str]:
    return [str(finding) for finding in (await looked(database, keys, *kept)).findings]


SHORTENED = """
DELETE FROM audit.record WHERE topic = 'referrals.received' AND "offset" >= 2;
UPDATE audit.head SET "offset" = 1, hash = (
    SELECT hash FROM audit.record WHERE topic = 'referrals.received' AND "offset" = 1
) WHERE topic = 'referrals.received'
"""


async def test_signed_heads_vouch_for_what_stands_and_name_a_tail_that_was_cut_off_with_its_head(
    store: Store, database: Database, tmp_path: Path
) -> None:
    private, public = a_key(tmp_path)
    await append(store, some(*range(5)))
    await publish(store, private)
    keys = public_keys([public])
    assert await found(database, keys) == []
    for statement in SHORTENED.split(";"):
        await database.fetch(statement)
    assert await found(database, keys) == ["missing stream.1 referrals.received 3 2"]


async def test_rows_that_changed_places_are_named(store: Store, database: Database, tmp_path: Path) -> None:
    private, public = a_key(tmp_path)
    await append(store, some(*range(5)))
    await publish(store, private)
    owner = await asyncpg.connect(database.dsn("frontdoor_owner"))
    for before, after in ((2, 99), (3, 2), (99, 3)):
        await owner.execute(
            'UPDATE audit.record SET "offset" = $2 WHERE "offset" = $1 AND topic = \'referrals.received\'',
            before,
            after,
        )
    await owner.close()
    assert await found(database, public_keys([public])) == ["altered stream.1 referrals.received 3 2"]


async def all_made_anew(store: Store, database: Database, private: Path | None) -> None:
    """What the owner of the database could do at the most: every chain written anew, and heads published over it."""
    await database.fetch("DELETE FROM audit.record")
    await database.fetch("DELETE FROM audit.head")
    await append(store, [entry(a_record(offset, b"forged")) for offset in range(5)])
    await publish(store, private)


async def test_everything_made_anew_to_the_heads_themselves_is_found_for_want_of_the_key(
    store: Store, database: Database, tmp_path: Path
) -> None:
    private, public = a_key(tmp_path)
    other, _ = a_key(tmp_path, "other")
    await append(store, some(*range(5)))
    kept = await publish(store, private)
    keys = public_keys([public])
    await all_made_anew(store, database, None)
    assert await found(database, None) == [], "without a key it all fits"
    assert await found(database, keys) == ["unproven stream.1 frontdoor.operations 0 0"]
    await all_made_anew(store, database, other)
    (finding,) = (await looked(database, keys)).findings
    assert "which was not given" in finding.why
    assert await found(database, keys, kept) == [str(finding), "altered stream.1 referrals.received 3 4"]


async def test_heads_that_were_removed_prove_nothing(store: Store, database: Database, tmp_path: Path) -> None:
    _, public = a_key(tmp_path)
    await append(store, some(*range(3)))
    assert await found(database, public_keys([public])) == ["unproven stream.1 frontdoor.operations 0 0"]


async def test_after_a_change_of_keys_both_public_ones_are_given(
    store: Store, database: Database, tmp_path: Path
) -> None:
    keys = tmp_path / "keys"
    keys.mkdir()
    (old, old_public), (new, _) = a_key(keys, "2025"), a_key(keys, "2026")
    await append(store, some(*range(3)))
    kept = await publish(store, old)
    await publish(store, new)
    assert await found(database, public_keys([keys]), kept) == []
    (finding,) = (await looked(database, public_keys([old_public]), kept)).findings
    assert finding.kind == "unproven"


ids = st.text(min_size=1, max_size=8)
a_head = st.builds(AuditHead, stream=ids, topic=ids, partition=st.integers(0, 99), offset=st.integers(0, 99), hash=ids)
some_heads = st.builds(AuditHeads, at=st.just(NOW), heads=st.lists(a_head, max_size=4).map(tuple))


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    return a_key(tmp_path_factory.mktemp("keys"))


@given(event=some_heads, other=some_heads)
def test_a_signature_stands_for_these_heads_through_json_and_for_no_others(
    pair: tuple[Path, Path], event: AuditHeads, other: AuditHeads
) -> None:
    key, keys = private_key(pair[0]), public_keys([pair[1]])
    read = from_json(AuditHeads, to_json(signed(event, key)))
    assert doubt(read, keys) is None
    swapped = msgspec.structs.replace(other, key_id=read.key_id, signature=read.signature)
    assert (doubt(swapped, keys) is None) == (event == other)
    assert (text(event) == text(other)) == (event == other)
    assert read.key_id == key_id(key.public_key())


@pytest.mark.parametrize("signature", ["", "00", "no hex", "5b" * 64])
def test_what_is_no_signature_is_doubted(pair: tuple[Path, Path], signature: str) -> None:
    event = signed(AuditHeads(at=NOW, heads=()), private_key(pair[0]))
    assert "does not fit" in (doubt(msgspec.structs.replace(event, signature=signature), public_keys([pair[1]])) or "")


def frontdoor(database: Database | None, *arguments: object) -> subprocess.CompletedProcess[str]:
    told = {"FRONTDOOR_AUDITOR_DSN": database.dsn("frontdoor_auditor")} if database else {}
    command = [sys.executable, "-m", "services.frontdoor", "audit", *map(str, arguments)]
    return subprocess.run(command, env=os.environ | told, capture_output=True, text=True, check=False)


async def test_the_commands_make_a_key_and_hold_heads_against_it(
    store: Store, database: Database, tmp_path: Path
) -> None:
    private, public = tmp_path / "heads.pem", tmp_path / "public.pem"
    made = frontdoor(None, "key", private)
    public.write_text(made.stdout)
    assert (made.returncode, stat.S_IMODE(private.stat().st_mode)) == (0, 0o600)
    assert frontdoor(None, "key", private).returncode == 2, "a key that is there is never replaced"
    await append(store, some(*range(4)))
    await publish(store, None)
    unsigned = frontdoor(database, "verify")
    assert (unsigned.returncode, "heads of stream.1: unsigned" in unsigned.stdout) == (0, True)
    refused = frontdoor(database, "verify", "--key", public)
    assert (refused.returncode, refused.stdout.splitlines()[0]) == (
        1,
        "unproven stream.1 frontdoor.operations 0 0",
    )
    kept = tmp_path / "heads.json"
    kept.write_bytes(to_json(await publish(store, private)))
    assert frontdoor(database, "verify", "--key", public, "--heads", kept).returncode == 0
    told = json.loads(frontdoor(database, "verify", "--key", tmp_path, "--json").stdout or "{}")
    assert told == {}, "a folder with a private key among its *.pem is refused"
    told = json.loads(frontdoor(database, "verify", "--key", public, "--json").stdout)
    assert (told["findings"], list(told["heads"])) == ([], ["stream.1"])
    kept.write_bytes(kept.read_bytes().replace(b'"offset":3', b'"offset":2'))
    forged = frontdoor(database, "verify", "--key", public, "--heads", kept)
    assert (forged.returncode, "is not believed" in forged.stderr) == (2, True)


@pytest.mark.parametrize("content", ["", "no key", "-----BEGIN PRIVATE KEY-----\nMA==\n-----END PRIVATE KEY-----\n"])
def test_a_file_that_is_no_key_is_a_usage_error(tmp_path: Path, content: str) -> None:
    file = tmp_path / "key.pem"
    file.write_text(content)
    for read in (private_key, lambda each: public_keys([each])):
        with pytest.raises(Usage, match=r"key\.pem"):
            read(file)


@pytest.mark.kafka_real
async def test_audit_signs_what_it_publishes_and_does_not_start_without_its_key(stack: Stack, tmp_path: Path) -> None:
    private, public = a_key(tmp_path)
    missing = stack.begin("audit", instance="2", heads_key=tmp_path / "none")
    await eventually(lambda: missing.exit_code == 2)
    stack.start("intake", "audit", heads_key=private, heads_seconds=0.5)
    await stack.post("/referrals", {"person": {"name": "Ada Example", "born": "1990-01-01"}, "reason": {"text": "low"}})

    async def signed_and_audited() -> bool:
        return not await found(stack.database, public_keys([public]))

    await eventually(lambda: stack.fetch("SELECT 1 FROM audit.record WHERE type = 'frontdoor.audit.headed.v1'"), 60)
    await eventually(signed_and_audited, 30)
