# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Engines for SQLite whose statements are compiled once in a process, and not once for each of its ledgers.

Two engines belong to each ledger that is written to, and a forked worker makes them anew: compiling took a quarter of
the time of a short run.
"""

from __future__ import annotations

import functools
import sqlite3
import typing as t

from ..libraries import library

sa = library("sqlalchemy")

# the ledger's own statements are some hundreds
_KEPT = 2000


def sqlite_engine(connect: t.Callable[[], sqlite3.Connection], **pool: t.Any) -> t.Any:
    """Return an engine that gets its connections from ``connect``; ``pool`` says how it keeps them."""
    engine = sa.create_engine("sqlite://", creator=connect, **pool)
    # a compiled statement is kept under its dialect
    engine.dialect, compiled = _shared()
    engine.update_execution_options(compiled_cache=compiled)
    return engine


@functools.cache
def _shared() -> tuple[t.Any, t.Any]:
    """Return a dialect that has seen which SQLite this is, and what was compiled for it.

    Source: https://docs.sqlalchemy.org/en/20/core/connections.html#sql-caching, and there ``compiled_cache``
    """
    engine = sa.create_engine("sqlite://")
    engine.connect().close()
    engine.dispose()
    return engine.dialect, sa.util.LRUCache(_KEPT)
