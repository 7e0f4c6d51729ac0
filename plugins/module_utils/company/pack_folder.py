# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The folder of an evidence pack: what may be written over, and how a new one gets there."""

from __future__ import annotations

import contextlib
import json
import pathlib
import shutil

from ..errors import EvidenceError
from ..ledger.checkpoints import PACK

MANIFEST, SIGNATURE = "manifest.json", "signature.json"


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
