"""The gate's plugin: a run that leaves a test out has failed."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def gate(folder: Path, test: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    (folder / "test_it.py").write_text(f"import pytest\n\ndef test_plain():\n    pass\n\n{test}\n")
    plugins = ["-p", "no:cacheprovider", "-p", "tests.nothing_left_out"]
    return subprocess.run(
        [
            sys.executable,
            "-m",
            "pytest",
            "-q",
            *plugins,
            "--rootdir",
            str(folder),
            "-c",
            "/dev/null",
            *arguments,
            str(folder),
        ],
        check=False,
        capture_output=True,
        text=True,
        cwd=ROOT,
    )


@pytest.mark.parametrize(
    ("test", "how"),
    [
        ("def test_it():\n    pytest.skip('no')", "skipped"),
        ("@pytest.mark.xfail\ndef test_it():\n    assert False", "xfailed"),
        ("@pytest.mark.xfail\ndef test_it():\n    pass", "xpassed"),
    ],
)
def test_leaving_a_test_out_fails_the_run(tmp_path: Path, test: str, how: str):
    run = gate(tmp_path, test)
    assert run.returncode == 1
    assert f"LEFT OUT {how}: " in run.stdout


def test_deselecting_a_test_fails_the_run(tmp_path: Path):
    run = gate(tmp_path, "def test_it():\n    pass", "-k", "plain")
    assert run.returncode == 1
    assert "LEFT OUT deselected: " in run.stdout


def test_a_run_of_everything_passes_and_ends_with_its_closing_line(tmp_path: Path):
    run = gate(tmp_path, "def test_it():\n    pass")
    assert run.returncode == 0
    assert "2 passed" in run.stdout.splitlines()[-1]
