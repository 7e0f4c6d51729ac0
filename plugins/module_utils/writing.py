# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Writing files whole or not at all."""

from __future__ import annotations

import os
import pathlib
import tempfile


def write_text(path: str | os.PathLike[str], text: str, *, mode: int = 0o666) -> pathlib.Path:
    """Write ``text`` as UTF-8 to ``path`` and return it. See ``write_bytes``."""
    return write_bytes(path, text.encode(), mode=mode)


def write_bytes(path: str | os.PathLike[str], content: bytes, *, mode: int = 0o666) -> pathlib.Path:
    """Write ``content`` to ``path`` and return it.

    The file is there with its new content or with its old one, never with half of either. Its mode is ``mode``, less
    what the umask takes away, from the moment on that it is there.
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
        os.chmod(name, mode & ~umask)
        os.replace(name, target)
    except BaseException:
        pathlib.Path(name).unlink(missing_ok=True)
        raise
    return target
