# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a database says when something is wrong, in words for the person who has to mend it."""

from __future__ import annotations

import contextlib
import typing as t

from ..errors import LedgerError
from ..libraries import library

sa_exc = library("sqlalchemy.exc")

_BACKUP = "Restore the last good copy; the exported evidence shows what it must hold"

# SQLite's names of result codes: https://www.sqlite.org/rescode.html
_SQLITE = (
    (
        ("SQLITE_BUSY", "SQLITE_LOCKED"),
        "it is locked: another process holds the ledger and did not let go in time",
        "Wait for the other run to end, then run again",
    ),
    (
        ("SQLITE_READONLY",),
        "it cannot be written to (read-only file, directory or file system)",
        "Make the file and its directory writable for the user who runs this",
    ),
    (
        ("SQLITE_FULL",),
        "the disk is full",
        "Free some space and run again; nothing half-written is left",
    ),
    (("SQLITE_NOTADB",), "it is not a ledger: the file is no SQLite database", "Check the path of the ledger"),
    (("SQLITE_CORRUPT",), "the file is damaged", _BACKUP),
    (
        ("SQLITE_CANTOPEN",),
        "it cannot be opened",
        "Check the path, and that the file and its directory belong to the user who runs this",
    ),
    (("SQLITE_PERM", "SQLITE_AUTH"), "access to the file is denied", "Check who owns the file"),
    (("SQLITE_IOERR",), "reading or writing the file failed", "Look at the disk and its file system, then run again"),
)

# PostgreSQL's codes, by their beginnings: https://www.postgresql.org/docs/current/errcodes-appendix.html
_POSTGRESQL = (
    (("55P03", "57014"), *_SQLITE[0][1:]),
    (("25006",), "it cannot be written to: the server or the transaction is read-only", "Use the primary server"),
    (("53100",), *_SQLITE[2][1:]),
    (("28",), "the server refused the user or the password", "Check the user and the password of the ledger's URL"),
    (("3D000",), "there is no such database", "Create the database; its tables are made by themselves"),
    (("42501",), "the user may not do this", "Give the user the right to create and change tables in its schema"),
    (
        ("57P01", "57P02", "57P03", "08"),
        "the server was stopped or is being restarted",
        "Run again when it is back: what was written down is safe, and what was under way is found",
    ),
    (("40001", "40P01"), "two runs wrote at once and one had to give way", "Run again"),
)


def explain(error: BaseException, where: str) -> LedgerError:
    """Return the LedgerError for what a database raised."""
    cause = getattr(error, "orig", None) or error
    name = getattr(cause, "sqlite_errorname", None) or ""
    state = getattr(cause, "sqlstate", None) or ""
    for code, table in ((name, _SQLITE), (state, _POSTGRESQL)):
        for beginnings, message, todo in table:
            if code and code.startswith(beginnings):
                return LedgerError(message, where=where, todo=todo, code=code)
    if isinstance(error, UnicodeError):
        return LedgerError(
            f"a text cannot be stored ({error.reason if isinstance(error, UnicodeEncodeError) else error})",
            where=where,
            todo="Look for broken characters in what HR or the app sent",
        )
    text = " ".join(str(cause).split())
    if "could not be" in text or "connection" in text.lower():
        return LedgerError(
            f"the database cannot be reached ({text})",
            where=where,
            todo="Check the URL of the ledger and that the server runs",
        )
    return LedgerError(f"the database refused: {text}", where=where, todo="Run again; if it stays, verify the ledger")


def is_away(error: BaseException) -> bool:
    """Return whether a database that was there does not let anybody in just now: it is started again, or is moved."""
    cause = getattr(error, "orig", None) or error
    state = getattr(cause, "sqlstate", None) or ""
    # the driver's own errors, of a connection that could not be made or was closed, have no code
    return state.startswith(("57P01", "57P02", "57P03", "08")) or (not state and "onnection" in str(cause))


@contextlib.contextmanager
def explained(where: str) -> t.Iterator[None]:
    """Turn what the database raises inside into LedgerErrors."""
    try:
        yield
    except UnicodeEncodeError as error:
        raise explain(error, where) from error
    except Exception as error:
        # asked this way round so that opening a ledger is the first thing that imports SQLAlchemy
        if isinstance(error, (sa_exc.SQLAlchemyError, OSError)) or type(error).__module__ == "sqlite3":
            raise explain(error, where) from error
        raise
