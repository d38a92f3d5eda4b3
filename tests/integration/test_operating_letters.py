"""The page for dead letters, followed as it stands there, in containers of its own: its referral is in no receipt, and stays."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.builders import Person
from tests.integration.operated import a_system
from tests.integration.pages import pasted
from tests.waiting import eventually

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.integration.compose import Compose

pytestmark = [pytest.mark.kafka_real, pytest.mark.slow, pytest.mark.timeout(600)]

PRODUCER = (
    "docker compose exec -T kafka /opt/kafka/bin/kafka-console-producer.sh --bootstrap-server kafka:19092 "
    "--topic referrals.received --property parse.key=true --property parse.headers=true"
)


@pytest.fixture(scope="module")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Compose]:
    """A system of its own folder, as an operator has it."""
    with a_system(tmp_path_factory.mktemp("system")) as compose:
        yield compose


def first_letter(system: Compose) -> dict[str, Any] | None:
    """What waits among the dead letters, as an operator lists it."""
    said = json.loads(system.run("run", "--rm", "frontdoor", "dead-letters", "list", "--json", check=False).stdout)
    return next(iter(said["dead_letters"]), None)


async def test_a_record_that_cannot_be_read_is_looked_at_and_put_right_as_its_page_says(system: Compose) -> None:
    ada = Person("ada").received()
    head = f"ce_type:{ada.type},ce_id:{ada.cause_id},ce_synthetic:true"
    system.paste(f"printf '%s\\t%s\\t%s\\n' '{head}' {ada.referral_id} '{{' | {PRODUCER}")
    waiting = await eventually(lambda: first_letter(system), 60)
    told = {"ID": waiting["id"], "NAME": "Sam"}
    _, edit, _, again = pasted("dead-letters", "Do", told)
    show, *send = edit.splitlines()
    system.paste(show)
    assert (system.root / "value.json").read_text().strip() == "{"
    (system.root / "value.json").write_bytes(ada.value or b"")
    for line in send:
        system.paste(line)
    assert first_letter(system) is None
    system.paste(again)  # a fuse that does not blow, and as it was
    assert json.loads(system.run("run", "--rm", "frontdoor", "reconcile", "--json").stdout)["unaccounted"] == []
