# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every connector, by the word that the catalog uses for it.

Each is imported when it is asked for, by a plain import statement: Ansible finds what to ship with a module by reading
them, and would not find one that is imported by a computed name.
"""

from __future__ import annotations

import difflib
import typing as t

from ..errors import PolicyError
from .contract import OPERATIONS, App, Connector


def _file() -> type[Connector]:
    from .file import FileConnector

    return FileConnector


def _none() -> type[Connector]:
    from .none import NoneConnector

    return NoneConnector


def _scim() -> type[Connector]:
    from .scim import ScimConnector

    return ScimConnector


_CONNECTORS: t.Mapping[str, t.Callable[[], type[Connector]]] = {"file": _file, "none": _none, "scim": _scim}


def known() -> tuple[str, ...]:
    """Return every word that ``connector:`` may have."""
    return tuple(_CONNECTORS)


def connector_class(name: str, *, where: str = "") -> type[Connector]:
    """Return the class of a connector. Raises PolicyError, with what is near, for one that does not exist."""
    if name not in _CONNECTORS:
        raise PolicyError(
            f"there is no connector {name!r}", where=where, todo=_suggestion(name, sorted(_CONNECTORS), "connectors")
        )
    return _CONNECTORS[name]()


def connection_options() -> dict[str, dict[str, str]]:
    """Return, for each connector, the options of ``connection``: name -> required, optional or secret."""
    return {name: dict(load().options) for name, load in _CONNECTORS.items()}


def build(app: App, connection: t.Mapping[str, t.Any]) -> Connector:
    """Return the connector of an app. ``connection`` has its templates resolved; names with ``_`` are the caller's.

    Raises PolicyError for a connector or an option that does not exist, and for one that is missing or empty.
    Nothing is contacted yet.
    """
    where = f"app {app.key}"
    kind = connector_class(app.connector, where=where)
    for name in connection:
        if not name.startswith("_") and name not in kind.options:
            todo = _suggestion(name, sorted(kind.options), "options")
            raise PolicyError(f"connector {kind.name} has no option {name!r}", where=f"{where}, connection", todo=todo)
    for name, need in kind.options.items():
        if need != "optional" and connection.get(name) in (None, "", {}, []):
            secret = need == "secret"
            raise PolicyError(
                f"connector {kind.name} needs {name}, which is {'empty' if name in connection else 'missing'}",
                where=f"{where}, connection",
                todo="Take it from the vault or the environment, and see that it is defined there" if secret else "",
            )
    return kind(app, connection)


def capabilities() -> list[dict[str, t.Any]]:
    """Return one row per connector: name, what it is, whether it reads, what it can do, the options it takes."""
    rows = []
    for name, load in _CONNECTORS.items():
        kind = load()
        rows.append(
            {
                "connector": name,
                "summary": (kind.__doc__ or "").strip().partition("\n")[0],
                "reads": kind.reads,
                "operations": [operation for operation in OPERATIONS if operation in kind.operations()],
                "options": dict(kind.options),
            }
        )
    return rows


def _suggestion(word: str, words: t.Sequence[str], what: str) -> str:
    near = difflib.get_close_matches(word, words, n=1)
    there = f"The {what} are {', '.join(words)}" if words else f"It takes no {what}"
    return f"Did you mean {near[0]}? {there}" if near else there
