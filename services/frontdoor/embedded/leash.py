"""Starts one part so that it cannot outlive its supervisor: `python -I -S leash.py PARENT SIGNAL USER COMMAND...`.

The kernel sends SIGNAL to the part when PARENT dies, even by SIGKILL (Linux; elsewhere only the supervisor's own stop
does it). A USER other than `-` is whom to become first: PostgreSQL refuses to run as root. That user keeps one
capability, to pass folders that only root may enter (a home of mode 0700), so no folder's mode is ever widened.
Standard library alone, and run as a file: it is replaced by the part within milliseconds.
"""

from __future__ import annotations

import ctypes
import os
import sys

PR_SET_PDEATHSIG, PR_SET_KEEPCAPS, PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE = 1, 8, 47, 2  # linux/prctl.h
CAP_DAC_OVERRIDE = 1  # linux/capability.h
CAPABILITY_VERSION_3 = 0x20080522


def main(parent: int, signal: int, user: str, command: list[str]) -> None:
    """Becomes `command`; never returns."""
    linux = ctypes.CDLL(None) if sys.platform == "linux" else None
    if user != "-":
        become(user, linux)
    if linux:  # after the change of user, which would clear it
        linux.prctl(PR_SET_PDEATHSIG, signal)
    if os.getppid() != parent:
        sys.exit("its supervisor is gone")
    os.execv(command[0], command)  # noqa: S606  (to be replaced is what this program is for)


def become(user: str, linux: ctypes.CDLL | None) -> None:
    """Changes to `user`, keeping CAP_DAC_OVERRIDE where this process has it."""
    import pwd

    entry = pwd.getpwnam(user)
    if linux:
        linux.prctl(PR_SET_KEEPCAPS, 1)
    os.setgroups([])
    os.setgid(entry.pw_gid)
    os.setuid(entry.pw_uid)
    if linux:
        header = (ctypes.c_uint32 * 2)(CAPABILITY_VERSION_3, 0)
        wanted = 1 << CAP_DAC_OVERRIDE
        sets = (ctypes.c_uint32 * 6)(wanted, wanted, wanted)  # effective, permitted, inheritable; then the upper words
        if linux.capset(header, sets) == 0:
            linux.prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, CAP_DAC_OVERRIDE, 0, 0)


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]), sys.argv[3], sys.argv[4:])
