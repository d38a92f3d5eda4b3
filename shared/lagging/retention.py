"""For how long Kafka keeps the records of each topic, as the topic's own settings say it."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, Final

from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import KafkaError

from shared import topics

if TYPE_CHECKING:
    from aiokafka.admin import AIOKafkaAdminClient

SETTING: Final = "retention.ms"
EVERY: Final = 60.0  # seconds for which an answer counts: an operator changes it, and wants to see that


class Retention:
    """Asks now and then, over a client that is somebody else's."""

    def __init__(self, client: AIOKafkaAdminClient) -> None:
        self._client, self._asked = client, -EVERY
        self._seconds: dict[str, float] = {}

    async def seconds(self) -> dict[str, float]:
        """By topic. One that keeps its records for ever is not in it, nor one whose settings may not be seen."""
        if time.monotonic() - self._asked >= EVERY:
            self._seconds, self._asked = await self._read(), time.monotonic()
        return self._seconds

    async def _read(self) -> dict[str, float]:
        asked = [ConfigResource(ConfigResourceType.TOPIC, name, {SETTING: ""}) for name in topics.AUDITED_TOPICS]
        try:
            answers = await self._client.describe_configs(asked)
        except KafkaError:  # a broker that knows no such question: unknown is not "soon"
            return {}
        found = (resource for answer in answers for resource in answer.resources)
        return {name: kept for code, _, _, name, entries in found if not code and (kept := _kept(entries)) is not None}


def _kept(entries: list[tuple[Any, ...]]) -> float | None:
    """Seconds, of the settings of one topic."""
    told = {name: value for name, value, *_ in entries}.get(SETTING)
    milliseconds = int(told) if told is not None else -1
    return milliseconds / 1000 if milliseconds >= 0 else None
