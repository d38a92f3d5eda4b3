"""The compose project for tests: a name, ports, settings and an image tag of its own."""

from __future__ import annotations

import json
import os
import secrets
import subprocess
import sys
from pathlib import Path
from typing import Any, Final

import asyncpg
import httpx

from tests.engine import free_port

ROOT: Final = Path(__file__).parents[2]
PATIENCE: Final = 240  # seconds for what an operator pastes at once; past it the test says how far it came
PORTS: Final = ("INTAKE", "MLLP", "TRIAGE", "AUDIT", "WATCH", "KAFKA", "POSTGRES")


class Compose:
    """`docker compose` with the repository's own file, unchanged: of the repository, or of a copy of it in `root`."""

    def __init__(self, folder: Path, root: Path = ROOT) -> None:
        self.root = root
        self.project = f"frontdoor-test-{secrets.token_hex(4)}"
        self.image = f"frontdoor:{self.project}"
        # What this shell has set must not reach the containers: the project's own settings come from the file alone.
        self._environment = {name: value for name, value in os.environ.items() if not name.startswith("FRONTDOOR_")}
        self._file = folder / ".env"
        subprocess.run(
            [sys.executable, ROOT / "deploy" / "first_run.py"],
            env=self._environment | {"FRONTDOOR_ROOT": str(folder)},
            check=True,
        )
        mine = {f"FRONTDOOR_{name}_PORT": str(free_port()) for name in PORTS}
        mine |= {"FRONTDOOR_CONFIG": str(folder / "deploy" / "local"), "FRONTDOOR_IMAGE": self.image}
        with self._file.open("a") as file:
            file.writelines(f"{name}={value}\n" for name, value in mine.items())
        lines = [line for line in self._file.read_text().splitlines() if "=" in line]
        self.settings: dict[str, str] = dict(line.split("=", 1) for line in lines)

    def run(self, *arguments: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        """`docker compose ARGUMENTS`; fails with what it said."""
        command = ["docker", "compose", "--project-name", self.project, "--env-file", str(self._file), *arguments]
        done = subprocess.run(
            command, cwd=self.root, env=self._environment, capture_output=True, text=True, check=False
        )
        assert not check or done.returncode == 0, f"{arguments}:\n{done.stdout}\n{done.stderr}\n{self.logs()}"
        return done

    def paste(self, text: str) -> str:
        """Runs what an operator pastes into a shell in the folder of the system; what it printed. Fails as it fails."""
        told = self._environment | {"COMPOSE_PROJECT_NAME": self.project}
        shell = ["timeout", str(PATIENCE), "bash", "-euxo", "pipefail", "-c", text]  # -x: which line it came to
        done = subprocess.run(shell, cwd=self.root, env=told, capture_output=True, text=True, check=False)
        assert done.returncode == 0, f"{done.returncode}: {text}\n{done.stdout}\n{done.stderr}\n{self.logs()}"
        return done.stdout

    @property
    def bootstrap(self) -> str:
        """Where Kafka listens."""
        return f"localhost:{self.settings['FRONTDOOR_KAFKA_PORT']}"

    @property
    def dsn(self) -> str:
        """How to connect as the superuser."""
        password, port = self.settings["FRONTDOOR_ADMIN_PASSWORD"], self.settings["FRONTDOOR_POSTGRES_PORT"]
        return f"postgresql://postgres:{password}@127.0.0.1:{port}/frontdoor"

    def up(self, *arguments: str) -> None:
        """Starts everything and waits until all of it is ready."""
        self.run("up", "--detach", "--wait", "--wait-timeout", "180", *arguments)

    def logs(self) -> str:
        """The newest lines of every container."""
        command = ["docker", "compose", "--project-name", self.project, "--env-file", str(self._file)]
        command += ["logs", "--no-color", "--tail", "20"]
        return subprocess.run(
            command, cwd=self.root, env=self._environment, capture_output=True, text=True, check=False
        ).stdout

    def remove(self) -> None:
        """Removes containers, volumes and the image."""
        self.run("--profile", "tool", "down", "--volumes", "--remove-orphans", "--timeout", "5")
        images = [self.image, f"{self.image}-before"]
        subprocess.run(["docker", "image", "rm", "--force", *images], capture_output=True, check=False)

    def containers(self) -> dict[str, dict[str, Any]]:
        """What the engine says of each container, by the service's name."""
        ids = self.run("ps", "--all", "--quiet").stdout.split()
        said = subprocess.run(["docker", "inspect", *ids], capture_output=True, text=True, check=True).stdout
        return {one["Config"]["Labels"]["com.docker.compose.service"]: one for one in json.loads(said)}

    def url(self, service: str) -> str:
        """Where a service listens."""
        return f"http://127.0.0.1:{self.settings[f'FRONTDOOR_{service.upper()}_PORT']}"

    def post(self, path: str, body: dict[str, Any], key: str = "source") -> httpx.Response:
        """Posts as the first source, team or hub."""
        headers = {"Authorization": f"Bearer {self.settings[f'FRONTDOOR_{key.upper()}_KEY']}"}
        return httpx.post(self.url("intake") + path, json=body, headers=headers, timeout=30)

    async def rows(self, sql: str, *arguments: Any) -> list[asyncpg.Record]:
        """Rows, as the superuser."""
        connection = await asyncpg.connect(self.dsn)
        try:
            return list(await connection.fetch(sql, *arguments))
        finally:
            await connection.close()

    async def fetch(self, sql: str, *arguments: Any, role: str = "auditor") -> list[asyncpg.Record]:
        """Rows, as a role with its password, over the published port."""
        connection = await asyncpg.connect(
            host="127.0.0.1",
            port=int(self.settings["FRONTDOOR_POSTGRES_PORT"]),
            user=f"frontdoor_{role}",
            password=self.settings[f"FRONTDOOR_{role.upper()}_PASSWORD"],
            database="frontdoor",
        )
        try:
            return list(await connection.fetch(sql, *arguments))
        finally:
            await connection.close()
