"""What a page of deploy/runbooks has pasted is there, in the container that it is pasted into, with what it needs."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pytest
import yaml

from services.frontdoor.__main__ import COMMANDS
from services.frontdoor.cli import parser_of
from shared.topics import AUDITED_TOPICS

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator

ROOT: Final = Path(__file__).parents[2]
PAGES: Final = sorted((ROOT / "deploy" / "runbooks").iterdir())
SERVICES: Final[dict[str, Any]] = yaml.safe_load((ROOT / "docker-compose.yml").read_bytes())["services"]
ENDS: Final = re.compile(r"[()<>|&;]+")  # of one command, in a shell
TAKES_A_VALUE: Final = {"--tail", "--since", "--scale"}
OPTIONS: Final = {
    "build": set[str](),
    "exec": {"-T"},
    "logs": {"--tail", "--since", "--no-log-prefix"},
    "port": set[str](),
    "ps": {"--all"},
    "restart": set[str](),
    "stats": {"--no-stream"},
    "stop": set[str](),
    "up": {"--detach", "--no-deps", "--no-build", "--wait", "--force-recreate", "--scale"},
}


def blocks(page: Path) -> list[str]:
    """What is pasted, each command on one line."""
    return [block.replace("\\\n", " ") for block in re.findall(r"(?ms)^ *```\n(.*?)^ *```", page.read_text())]


def words(text: str) -> list[str]:
    split = shlex.shlex(text, posix=True, punctuation_chars=True)
    split.whitespace_split = True
    return [*split]


def pasted(page: Path) -> Iterator[list[str]]:
    """The words of every `docker compose` of a page, up to where the shell has what follows."""
    for line in "\n".join(blocks(page)).splitlines():
        inner = re.findall(r"\$\((docker compose [^)]*)\)", line)
        for part in (re.sub(r"\$\(docker compose [^)]*\)", "there", line), *inner):
            found = words(part)
            for start in range(len(found) - 1):
                if found[start : start + 2] == ["docker", "compose"]:
                    rest = found[start + 2 :]
                    end = next((place for place, word in enumerate(rest) if ENDS.fullmatch(word)), len(rest))
                    yield rest[:end]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.stem))
def test_a_page_pastes_no_command_that_only_an_installed_system_has(page: Path):
    assert not [line for block in blocks(page) for line in block.splitlines() if line.strip().startswith("frontdoor ")]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.stem))
def test_what_a_page_asks_of_compose_is_a_command_on_services_that_there_are(page: Path):
    for action, *told in pasted(page):
        if action != "run":
            options, named = split_options(told, OPTIONS[action])
            assert options <= OPTIONS[action], (action, told)
            assert set(named[:1] if action in {"exec", "port"} else named) <= set(SERVICES), (action, told)


def split_options(told: list[str], known: set[str]) -> tuple[set[str], list[str]]:
    """The options that stand before or between the names (of `exec` before alone), and the names."""
    options: set[str] = set()
    named: list[str] = []
    left = [*told]
    while left:
        word = left.pop(0)
        if word.startswith("-") and (not named or known - {"-T"}):
            options.add(word)
            if word in TAKES_A_VALUE:
                left.pop(0)
        else:
            named.append(word)
    return options, named


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.stem))
def test_what_a_page_runs_is_a_command_of_ours_with_files_that_its_container_sees(page: Path):
    for action, *told in pasted(page):
        if action == "run":
            mounts, service, arguments = split_run(told)
            command = as_ours(service, arguments)
            if command is None:
                continue
            for file in files(parser_of(COMMANDS).parse_args(command)):
                seen = (ROOT / file).exists() or any(file.is_relative_to(mount) for mount in mounts)
                assert seen or file == Path("-"), f"{command}: no container has {file}"


def split_run(told: list[str]) -> tuple[list[str], str, list[str]]:
    """Where files are mounted, the service, and what follows it."""
    mounts: list[str] = []
    left = [*told]
    while left[0].startswith("-"):
        option = left.pop(0)
        assert option in {"--rm", "--no-deps", "-T", "--volume"}, told
        if option == "--volume":
            mounts.append(left.pop(0).split(":")[1])
    return mounts, left[0], left[1:]


def as_ours(service: str, arguments: list[str]) -> list[str] | None:
    """What `frontdoor` is told in that service's container; None where it is the service's own job as it stands."""
    entry: list[str] = SERVICES[service].get("entrypoint", [])
    command: list[str] = SERVICES[service].get("command", [])
    if entry[:1] == ["sh"]:  # it runs what it is given
        entry = []
    if not arguments and not entry:
        return None
    first, *told = [*entry, *(arguments or command)]
    assert first == "frontdoor", (service, arguments)
    return told


def files(arguments: argparse.Namespace) -> list[Path]:
    """Every file that a command was told."""
    told = [value for value in vars(arguments).values() if value]
    flat = [each for value in told for each in (value if isinstance(value, list) else [value])]
    return [each for each in flat if isinstance(each, Path)]


def test_what_is_kept_for_longer_is_every_topic_that_a_group_reads():
    (page,) = [page for page in PAGES if page.stem == "behind-retention"]
    loops = re.findall(r"for topic in ([^;]*);", "\n".join(blocks(page)))
    assert [sorted(loop.split()) for loop in loops] == [sorted(AUDITED_TOPICS)] * 2
