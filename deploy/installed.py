"""Tells an image what an installation tells of itself: the version, and the commands that services bring to `frontdoor`.

`python installed.py pyproject.toml`, by the Python of the environment that is told. Without it nothing finds `frontdoor rules`, and
what names its version (a dead letter, BaRS's CapabilityStatement) fails. Needs nothing but Python.
"""

# ruff: noqa: INP001  (a script beside its configuration, not a package)

from __future__ import annotations

import sys
import sysconfig
import tomllib
from pathlib import Path


def main(file: Path) -> None:
    """Writes the `.dist-info` (Core metadata 2.1, entry points as importlib.metadata reads them)."""
    project = tomllib.loads(file.read_text())["project"]
    name, version = project["name"], project["version"]
    info = Path(sysconfig.get_path("purelib")) / f"{name}-{version}.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
    groups = {"console_scripts": project["scripts"], **project["entry-points"]}
    lines = [
        line for group, told in groups.items() for line in (f"[{group}]", *(f"{a} = {b}" for a, b in told.items()))
    ]
    (info / "entry_points.txt").write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
