"""`make peers`: software that others wrote, against a running front door.

HAPI (Java) sends HL7 v2 over MLLP and TLS with a client certificate to `frontdoor up --embedded`. Exit codes: 0 every step was
answered as it should be, 1 one was not, 2 Java or Maven is missing, or the front door did not start.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Final

from shared.errors import Usage
from shared.running import find

if TYPE_CHECKING:
    from shared.running import Running

HERE: Final = Path(__file__).parent
TLS: Final = HERE.parent / "samples" / "tls"
START_SECONDS: Final = 120
EXPECTED: Final = {
    "refer": ("AA", "RRI^I12"),
    "repeat": ("AA", "RRI^I12"),
    "change": ("AA", "RRI^I13"),
    "cancel": ("AA", "RRI^I14"),
    "nobody": ("AE", "ACK^I12"),
    "admission": ("AR", "ACK^A01"),
}
SECURED: Final = {
    "FRONTDOOR_MLLP_CERTIFICATE": str(TLS / "server.pem"),
    "FRONTDOOR_MLLP_KEY": str(TLS / "server.key"),
    "FRONTDOOR_MLLP_CLIENT_CA": str(TLS / "ca.pem"),
}


def main() -> int:
    """Builds the sender, starts the front door, sends, and compares."""
    missing = [program for program in ("java", "mvn") if shutil.which(program) is None]
    if missing:
        print(f"make peers needs Java 17 and Maven; not found: {', '.join(missing)}", file=sys.stderr)
        return 2
    try:
        classpath = _built()
    except subprocess.CalledProcessError:
        print("Maven could not build the sender: it says why above", file=sys.stderr)
        return 2
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder) / "data"
        command = [
            sys.executable,
            "-m",
            "services.frontdoor",
            "up",
            "--embedded",
            "--port-base",
            "0",
            "--data",
            str(data),
        ]
        system = subprocess.Popen(
            command, env=os.environ | SECURED, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL
        )
        try:
            running = _ready(system, data)
            if running is None:
                print("the front door did not start", file=sys.stderr)
                return 2
            return _compared(_sent(classpath, (running.mllp or "").rpartition(":")[2]))
        finally:
            system.terminate()
            system.wait()


def _built() -> str:
    """Compiles the sender; the classpath to run it with."""
    maven = ["mvn", "-q", "-B", "-f", str(HERE / "pom.xml"), "compile", "dependency:build-classpath"]
    file = HERE / "target" / "classpath"
    subprocess.run([*maven, f"-Dmdep.outputFile={file}"], check=True)
    return f"{HERE / 'target' / 'classes'}{os.pathsep}{file.read_text().strip()}"


def _ready(system: subprocess.Popen[bytes], data: Path) -> Running | None:
    deadline = time.monotonic() + START_SECONDS
    while system.poll() is None and time.monotonic() < deadline:
        try:
            return find(data)
        except Usage:
            time.sleep(0.2)
    return None


def _sent(classpath: str, port: str) -> list[list[str]]:
    """What HAPI read of each answer."""
    java = ["java", "-cp", classpath, "Hl7v2Sender", port, str(TLS)]
    said = subprocess.run(java, check=True, stdout=subprocess.PIPE, timeout=120, cwd=HERE / "target").stdout.decode()
    return [line.split("\t") for line in said.splitlines() if line.count("\t") == 4]


def _compared(steps: list[list[str]]) -> int:
    """Prints every step; 1 where one was answered otherwise, or the four of one referral name different ones."""
    wrong = [step for step, code, _, kind, _ in steps if EXPECTED[step] != (code, kind)]
    ids = {ours for step, *_, ours in steps if step in {"refer", "repeat", "change", "cancel"}}
    for step, code, control, kind, ours in steps:
        print(f"{step:<10} {code} {kind:<8} {control} {ours}")
    if wrong or len(steps) != len(EXPECTED) or len(ids) != 1:
        print(f"not as expected: {', '.join(wrong) or 'a step is missing, or one referral has several ids'}")
        return 1
    print(f"HAPI: {len(steps)} of {len(steps)} answered as they should be, over TLS")
    return 0


if __name__ == "__main__":
    sys.exit(main())
