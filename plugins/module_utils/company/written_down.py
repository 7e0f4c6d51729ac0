# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What files and ledger say of single people: exceptions, cover for colleagues, locks.

In an emergency (``leniently``) files that cannot be read count as empty: cutting somebody off needs none of them.
"""

from __future__ import annotations

import datetime as dt
import pathlib

from ..errors import PolicyError
from ..ledger.store import Ledger
from ..model import AccessException, Cover, Lock
from ..policy.evaluation import lock_in_force
from ..policy.extensions import EXTENDED, Extension, extended
from ..policy.loading import load_exceptions_and_cover, load_locks
from ..policy.values import Catalog


def exceptions_and_cover(
    path: pathlib.Path, catalog: Catalog, ledger: Ledger, now: dt.datetime, *, leniently: bool
) -> tuple[tuple[AccessException, ...], tuple[Cover, ...]]:
    """Return the exceptions as files and ledger say them, and who stands in for whom, each as long as extended."""
    try:
        files, covers = load_exceptions_and_cover(path, catalog=catalog)
    except PolicyError:
        if leniently:
            return (), ()
        raise
    kept = (one for one in ledger.exceptions() if one.ends_at is None or now < one.ends_at)
    extensions = [Extension.from_event(event) for event in ledger.events(kind=EXTENDED)]
    return extended((*files, *kept), "exception", extensions), extended(covers, "cover", extensions)


def locks_in_force(path: pathlib.Path, ledger: Ledger, now: dt.datetime, *, leniently: bool) -> tuple[Lock, ...]:
    """Return the locks of files and ledger that hold now."""
    try:
        files = load_locks(path)
    except PolicyError:
        if not leniently:
            raise
        files = ()
    return (*(lock for lock in files if lock_in_force(lock, now)), *ledger.locks(now))
