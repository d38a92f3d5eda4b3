"""`docs/settings.md` names every setting, its default and its meaning: `python -m tests.contract.test_settings_table` writes it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from pydantic_core import PydanticUndefined

from services.audit.settings import AuditSettings
from services.frontdoor.database import DatabaseSettings
from services.frontdoor.watch.settings import WatchSettings
from services.intake.settings import IntakeSettings, MeshSettings
from services.triage.settings import TriageSettings
from shared.fuse import FuseSettings
from shared.settings import PREFIX, ServiceSettings
from tests.conventions.tree import PRODUCT, python_files, text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pydantic.fields import FieldInfo

    from shared.settings import Settings

ROOT: Final = Path(__file__).parents[2]
FILE: Final = ROOT / "docs" / "settings.md"
HEAD: Final = """\
# Settings

Each is a variable of the environment, or a line of the file `.env` in the working folder. A wrong one stops the start with
exit code 2; its name is said, its value never. An empty one is as if it were not set. Times are in
seconds, paths from the working folder. Made from the code: `make apis`. What `docker compose` reads, passwords and ports among it:
[.env.example](../.env.example).
"""
MODELS: Final[dict[str, type[Settings]]] = {
    "Of every service": ServiceSettings,
    "Of intake": IntakeSettings,
    "Of intake's MESH mailbox, where there is one": MeshSettings,
    "Of triage": TriageSettings,
    "Of the fuse (triage, and the group `intake-status` of intake)": FuseSettings,
    "Of audit": AuditSettings,
    "Of `frontdoor watch`": WatchSettings,
    "Of `frontdoor schemas`": DatabaseSettings,
}
COMMANDS: Final = {
    "DATA": "folder of the running `frontdoor up`, for the commands that read it (default: the last that still runs)",
    "READER_DSN": "`postgresql://` of the role `frontdoor_reader`, for `reconcile`, `lag`, `watch`, `trace`, `rules history` and `sources unmapped` elsewhere",
    "AUDITOR_DSN": "`postgresql://` of the role `frontdoor_auditor`, for `trace`, `explain`, `audit verify` and `dead-letters` elsewhere",
    "AUDIT_URL": "where audit answers, for `lag` elsewhere: it has seen how far the groups were before",
    "KEY": "a source's key, for `import`; a synthetic one's, for `demo --url`",
    "TEAM_KEY": "a synthetic team's key, for `demo --url`",
    "HUB_KEY": "a synthetic hub's key, for `demo --url`",
    "PORT_BASE": "of `up --embedded`: intake's port; triage and audit take the next two (default 8080)",
    "{INTAKE,TRIAGE,AUDIT,KAFKA,MLLP,WATCH}_PORT": "of `up --embedded`: each part's own port (Kafka's default: 9092, MLLP's: 2575, the watch's: 8084)",
    "DEBUG": "1: a command that fails shows where",
}


def written() -> str:
    """The document as it is committed."""
    return HEAD + "".join(_section(title, model) for title, model in MODELS.items()) + _commands()


def _section(title: str, model: type[Settings]) -> str:
    inherited = {} if model is ServiceSettings else ServiceSettings.model_fields
    own = {name: field for name, field in model.model_fields.items() if name in model.__annotations__}
    rows = "".join(_row(name, field, inherited.get(name)) for name, field in own.items())
    return f"\n## {title}\n\n| variable | default | meaning |\n| --- | --- | --- |\n{rows}"


def _row(name: str, field: FieldInfo, inherited: FieldInfo | None) -> str:
    meaning = field.description or (inherited.description if inherited else None)
    assert meaning, f"{name} does not say what it means"
    return f"| `{PREFIX}{name.upper()}` | {_default(field)} | {meaning.replace('<', '&lt;')} |\n"


def _default(field: FieldInfo) -> str:
    value: Any = field.default
    if field.default_factory:
        return "the host's name"
    if value is PydanticUndefined:
        return "needed"
    if isinstance(value, Path) and value.is_absolute():
        value = value.relative_to(ROOT)
    return "" if value is None else f"`{value:g}`" if isinstance(value, float) else f"`{value}`"


def _commands() -> str:
    rows = "".join(f"| `{PREFIX}{name}` | {meaning} |\n" for name, meaning in COMMANDS.items())
    return f"\n## Of the commands\n\n| variable | meaning |\n| --- | --- |\n{rows}"


def named_in_code() -> Iterator[str]:
    """Every variable that the product's code or texts name whole."""
    for name in python_files(*PRODUCT):
        yield from re.findall(rf"{PREFIX}[A-Z_]*[A-Z]\b(?!_)", text(name))


def test_the_table_of_settings_is_what_the_code_says():
    assert FILE.read_text() == written(), "make apis, and look at what changed"


def test_no_variable_of_the_code_is_missing():
    told = set(re.findall(rf"`({PREFIX}[A-Z_]+)`", FILE.read_text()))
    assert set(named_in_code()) - told == set()


if __name__ == "__main__":
    FILE.write_text(written())
