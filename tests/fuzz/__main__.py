"""`make fuzz`: garbles each standard's samples with the reader's own coverage as a guide; a fault ends a standard's turn.

`python -m tests.fuzz [STANDARD] [--minutes M]`, in the venv of requirements/fuzz.txt. A standard has its target in
`tests/fuzz/<standard>.py`: `one(data: bytes)`, which raises only where the reader has a fault. What it raised on is kept
in tests/samples/<standard>/found/, where the tests read it for ever.
"""

from __future__ import annotations

import argparse
import importlib
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).parent
SAMPLES = HERE.parent / "samples"


def standards() -> list[str]:
    """Every standard that has a target."""
    return sorted(file.stem for file in HERE.glob("[a-z]*.py"))


def turn(standard: str, minutes: float) -> None:
    """One standard, in this process; libFuzzer ends it."""
    import atheris  # noqa: PLC0415  (only the venv of requirements/fuzz.txt has it)

    found = SAMPLES / standard / "found"
    found.mkdir(parents=True, exist_ok=True)
    with atheris.instrument_imports(include=["services", "csv", "json", "hl7"]):
        target = importlib.import_module(f"tests.fuzz.{standard}")
    with tempfile.TemporaryDirectory() as grown:
        seeds = [grown, str(found.parent)]
        atheris.Setup(
            [standard, f"-max_total_time={minutes * 60:.0f}", f"-artifact_prefix={found}/", *seeds], target.one
        )
        atheris.Fuzz()


def main() -> int:
    """Every standard in its turn, each in a process of its own; 1 where any has a fault."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("standard", nargs="?", choices=standards())
    parser.add_argument("--minutes", type=float, default=2, help="of each standard (default 2)")
    arguments = parser.parse_args()
    if arguments.standard:
        turn(arguments.standard, arguments.minutes)
        return 0
    command = [sys.executable, "-m", "tests.fuzz", "--minutes", str(arguments.minutes)]
    ended = {standard: subprocess.run([*command, standard], check=False).returncode for standard in standards()}
    for standard, code in ended.items():
        print(f"{standard}: {'a fault, kept in tests/samples' if code else 'no fault'}")
    return int(any(ended.values()))


if __name__ == "__main__":
    sys.exit(main())
