# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Writing files whole or not at all."""

from __future__ import annotations

import os
import pathlib
import tempfile

#: The mode of files that hold personal data: for their owner and group.
PERSONAL = 0o640


def write_text(path: str | os.PathLike[str], text: str, mode: int | None = None) -> pathlib.Path:
    """Write ``text`` as UTF-8 to ``path`` and return it. See ``write_bytes``."""
    return write_bytes(path, text.encode(), mode)


def write_bytes(path: str | os.PathLike[str], content: bytes, mode: int | None = None) -> pathlib.Path:
    """Write ``content`` to ``path`` and return it.

    The file is there with its new content or with its old one, never with half of either. Its ``mode`` is what
    the umask gives, where none is said.
    """
    target = pathlib.Path(path)
    umask = os.umask(0)
    os.umask(umask)
    handle, name = tempfile.mkstemp(prefix=f".{target.name}.", dir=target.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(name, 0o666 & ~umask if mode is None else mode)
        os.replace(name, target)
    except BaseException:
        pathlib.Path(name).unlink(missing_ok=True)
        raise
    return target
