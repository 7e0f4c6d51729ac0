# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The folder of an evidence pack: what may be written over, and how a new one gets there."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import pathlib
import re
import secrets
import shutil
import typing as t

from ..errors import EvidenceError
from ..ledger.checkpoints import PACK

MANIFEST, SIGNATURE = "manifest.json", "signature.json"

# bytes of the random part of a name
_LENGTH = 6


def check_directory(folder: pathlib.Path) -> None:
    """Raise EvidenceError unless a pack may be put here: it is not there yet, empty, or an earlier pack and no more."""
    try:
        if not folder.exists():
            return
        if not folder.is_dir():
            raise EvidenceError("this is no directory", where=str(folder), todo="Name one that is to be made")
        names = {path.name for path in folder.iterdir()}
        if not names:
            return
        earlier = json.loads((folder / MANIFEST).read_text(encoding="utf-8")) if MANIFEST in names else {}
        known = {name.split("/", 1)[0] for name in earlier["files"]} if earlier.get("format") == PACK else set()
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise EvidenceError(
            f"it cannot be seen whether this is an earlier pack: {error}",
            where=str(folder),
            todo="Name a directory that is empty, or is to be made",
        ) from error
    others = sorted(names - known - {MANIFEST, SIGNATURE})
    if others:
        raise EvidenceError(
            f"the directory is no evidence pack, and not empty: it holds {', '.join(others[:5])}",
            where=str(folder),
            todo="Name a directory that is empty, or is to be made",
        )


@contextlib.contextmanager
def beside(folder: pathlib.Path) -> t.Iterator[pathlib.Path]:
    """Make a hidden directory beside ``folder``, for a pack that is being made. At the end it is gone.

    It is held meanwhile, so that another run knows it from what was left by one that was killed.
    """
    aside = folder.with_name(f".{folder.name}.{secrets.token_hex(_LENGTH)}")
    aside.mkdir(mode=0o750)
    held = os.open(aside, os.O_RDONLY)
    try:
        # where a file system cannot hold a directory, nothing is swept there either
        with contextlib.suppress(OSError):
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield aside
    finally:
        shutil.rmtree(aside, ignore_errors=True)
        os.close(held)


def sweep(folder: pathlib.Path) -> None:
    """Take away what runs have left beside ``folder`` that were killed while they made a pack for it."""
    ours = re.compile(rf"\.{re.escape(folder.name)}\.[0-9a-f]{{{2 * _LENGTH}}}(\.earlier)?")
    for path in folder.parent.iterdir():
        if not ours.fullmatch(path.name) or path.is_symlink() or not path.is_dir():
            continue
        with contextlib.suppress(OSError):
            held = os.open(path, os.O_RDONLY)
            try:
                fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(path, ignore_errors=True)
            finally:
                os.close(held)


def move_into_place(aside: pathlib.Path, folder: pathlib.Path) -> None:
    """Put a pack where it belongs. What was there is taken away when the new one is there."""
    earlier = aside.with_name(f"{aside.name}.earlier")
    with contextlib.suppress(FileNotFoundError):
        folder.rename(earlier)
    try:
        aside.rename(folder)
    except OSError:
        if earlier.exists():
            earlier.rename(folder)
        raise
    shutil.rmtree(earlier, ignore_errors=True)
