"""A file written whole, or not at all."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path


def write_whole(file: Path, text: bytes, *, mode_of: Path) -> None:
    """Puts the text in the file's place at once, with the mode of another file."""
    file = file.resolve()
    with tempfile.NamedTemporaryFile(dir=file.parent, prefix=f".{file.name}.", delete=False) as new:
        try:
            new.write(text)
            new.flush()
            os.fsync(new.fileno())
            shutil.copymode(mode_of, new.name)
            Path(new.name).replace(file)
        except BaseException:
            Path(new.name).unlink()
            raise
