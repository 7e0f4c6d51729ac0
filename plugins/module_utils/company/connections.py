# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The connectors of a company's apps and its desks: each made once, with the templates of its settings filled in."""

from __future__ import annotations

import pathlib
import threading
import typing as t

from ..connectors import registry
from ..connectors.contract import Connector
from ..connectors.own_module_calls import Modules
from ..desks.contract import Desk
from ..desks.registry import build as build_desk
from ..errors import PolicyError, Refused, RollcallError
from ..model import App, DeskSettings, is_module_name

#: Fills in the templates of settings that come from git; nothing from HR or an app ever goes through it.
Resolve = t.Callable[[t.Any], t.Any]


class Connections:
    """Makes connectors and desks when they are first asked for, and closes them together.

    Files that a connection names are looked for in ``base``. ``modules`` runs the modules that the catalog names as
    connectors; without it such an app cannot be connected to.
    """

    def __init__(self, resolve: Resolve, base: pathlib.Path, modules: Modules | None) -> None:
        self._resolve = resolve
        self._base = base
        self._modules = modules
        self._connectors: dict[str, Connector] = {}
        self._desks: dict[str, Desk] = {}
        self._lock = threading.Lock()

    def close(self) -> None:
        for connector in self._connectors.values():
            connector.close()
        for desk in self._desks.values():
            desk.close_session()

    def settings_of(self, app: App) -> dict[str, t.Any]:
        """Return the app's connection with its templates filled in. It may hold secrets."""
        return self._filled_in(app.connection, f"app {app.key}")

    def of_app(self, app: App) -> Connector:
        """Return the app's connector. Call it first from the main thread: templates are filled in here.

        Raises Refused where it cannot be made, which concerns this app alone.
        """
        with self._lock:
            if app.key not in self._connectors:
                try:
                    connection = self.settings_of(app)
                    if is_module_name(app.connector):
                        connection["_modules"] = self._modules
                    self._connectors[app.key] = registry.build(app, connection)
                except PolicyError as error:
                    # a missing credential concerns this app alone; the others go on
                    raise Refused(error.message, where=error.where, todo=error.todo) from error
            return self._connectors[app.key]

    def of_desk(self, key: str, settings: DeskSettings | None) -> Desk:
        """Return the desk ``key``, with these ``settings`` of the catalog. Raises Refused when it cannot be made."""
        if key not in self._desks:
            where = f"desk {key}"
            if settings is None:
                raise Refused("the catalog has no such desk any more", where=where, todo="Bring it back under desks")
            try:
                self._desks[key] = build_desk(settings, self._filled_in(settings.connection, where))
            except PolicyError as error:
                raise Refused(error.message, where=error.where or where, todo=error.todo) from error
        return self._desks[key]

    def _filled_in(self, connection: t.Mapping[str, t.Any], where: str) -> dict[str, t.Any]:
        try:
            filled = dict(self._resolve(dict(connection)))
        except RollcallError:
            raise
        except Exception as error:  # whatever the templating of the caller raises, it concerns this one alone
            raise Refused(
                f"its connection settings cannot be filled in: {error}",
                where=where,
                todo="Define the variable that the catalog names, in group_vars or as a credential",
            ) from error
        filled["_base_dir"] = str(self._base)
        return filled
