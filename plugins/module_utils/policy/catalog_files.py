# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The catalog: files -> apps and desks."""

from __future__ import annotations

import datetime as dt
import re
import string
import types
import typing as t

from ..model import (
    App,
    Approval,
    Entitlement,
    Leave,
    Origin,
    Protected,
    Seats,
    Secret,
    Sla,
    is_module_name,
)
from .desk_files import DeskProblems, DeskReader
from .durations import parse_duration
from .files import Definitions, mapping, read_directory, sequence, text_map_of, text_of, texts_of
from .problems import Problems, did_you_mean
from .values import Catalog
from .yaml_lines import Document, Path

ACCOUNT_NAME_FIELDS = ("username", "email", "first", "last", "id")
WORDS_FIELDS = ("account", "person")


#: connector, connection -> what is wrong with it: the way to it within the connection, what, and what to do
ConnectionProblems = t.Callable[
    [str, t.Mapping[str, t.Any]], t.Iterable[tuple[tuple[t.Union[str, int], ...], str, str]]
]


class CatalogReader:
    """Reads the files of a catalog. After ``read``, ``names`` has every app that is written, faulty ones included."""

    def __init__(
        self,
        problems: Problems,
        known_connectors: t.Collection[str] | None,
        connection_options: t.Mapping[str, t.Mapping[str, str]] | None,
        connection_problems: ConnectionProblems | None = None,
        desk_problems: DeskProblems | None = None,
    ) -> None:
        self.problems = problems
        self.desk_problems = desk_problems
        self.known_connectors = known_connectors
        self.connection_options = connection_options or {}
        self.connection_problems = connection_problems
        self.origins: dict[str, Origin] = {}
        #: app -> the keys of its entitlements
        self.names: dict[str, frozenset[str]] = {}

    def read(self, directory: t.Any) -> Catalog:
        apps: dict[str, App] = {}
        defined = Definitions("the app", self.problems)
        desks = DeskReader(self.problems, self.desk_problems)
        for document, _unused in read_directory(directory, "catalog", self.problems, required=True):
            desks.read(document)
            for key, content in mapping(mapping(document.value).get("apps")).items():
                path = ("apps", key)
                if not defined.add(key, document.origin(path)):
                    continue
                self.names[key] = frozenset(mapping(mapping(content).get("entitlements")))
                if isinstance(content, dict):
                    apps[key] = self._app(key, content, document, path)
        self._check_behind(apps)
        apps = {key: desks.settled(app) for key, app in apps.items()}
        return Catalog(
            types.MappingProxyType(apps), types.MappingProxyType(self.origins), types.MappingProxyType(desks.desks)
        )

    def _app(self, key: str, content: dict[str, t.Any], document: Document, path: Path) -> App:
        self.origins[key] = document.origin(path)
        leave, sla, seats = (mapping(content.get(name)) for name in ("leave", "sla", "seats"))
        durations = {
            name: duration
            for name in ("grant", "revoke", "emergency", "approve", "handover", "rotate")
            if (duration := self._duration(sla.get(name))) is not None
        }
        transfer = text_of(leave.get("transfer"))
        desk = content.get("desk")
        desk = {"name": desk} if isinstance(desk, str) else mapping(desk)
        app = App(
            key=key,
            name=text_of(content.get("name")) or key,
            connector=text_of(content.get("connector")) or "none",
            connection=types.MappingProxyType(mapping(content.get("connection"))),
            account_name=text_of(content.get("account_name")) or "{username}",
            owners=types.MappingProxyType(
                {role: owner.strip() for role, owner in mapping(content.get("owners")).items() if text_of(owner)}
            ),
            tier=text_of(content.get("tier")) or "standard",
            behind=text_of(content.get("behind")),
            leave=Leave(
                text_of(leave.get("then")) or "suspend",
                self._duration(leave.get("delete_after")),
                "" if transfer == "none" else transfer,
                texts_of(leave.get("hand_over")),
            ),
            sla=Sla(**durations),
            seats=Seats(
                seats.get("limit"), seats.get("cost"), text_of(seats.get("currency")), seats.get("per", "month")
            ),
            tags=tuple(tag for tag in sequence(content.get("tags")) if isinstance(tag, str)),
            entitlements=types.MappingProxyType(self._entitlements(key, content, document, path)),
            protect=tuple(
                Protected(text_of(one.get("account")), text_of(one.get("owner")), text_of(one.get("why")))
                for one in sequence(content.get("protect"))
                if isinstance(one, dict)
            ),
            instructions=text_of(content.get("instructions")),
            words=text_map_of(content.get("words")),
            desk=text_of(desk.get("name")),
            place=text_map_of({name: value for name, value in desk.items() if name != "name"}),
            requestable=content.get("requestable") is not False,
            approval=self._approval(mapping(content.get("approval"))),
            secrets=self._secrets(key, content, document, path),
            origin=document.origin(path),
        )
        self._check_account_name(app, document.origin((*path, "account_name")))
        self._check_words(app, document, path)
        self._check_connection(app, document, path)
        return app

    def _entitlements(
        self, app: str, content: dict[str, t.Any], document: Document, path: Path
    ) -> dict[str, Entitlement]:
        result: dict[str, Entitlement] = {}
        named = Definitions("the value", self.problems)
        for key, one in mapping(content.get("entitlements")).items():
            if not isinstance(one, dict):
                continue
            origin = document.origin((*path, "entitlements", key))
            rank = one.get("rank", 0)
            entitlement = Entitlement(
                key=key,
                kind=text_of(one.get("kind")) or "group",
                value=text_of(one.get("value")) or key,
                rank=rank if isinstance(rank, int) else 0,
                privileged=one.get("privileged") is True,
                description=text_of(one.get("description")),
                origin=origin,
            )
            # What is read back from the app has to have one name here.
            named.add(f"{entitlement.kind}: {entitlement.value}", origin, "Two entitlements of one app need two values")
            if "rank" in one and entitlement.kind != "role":
                self.problems.error(
                    "wrong_value", f"only a role has a rank; this is a {entitlement.kind}", origin, app=app
                )
            result[key] = entitlement
            self.origins[f"{app}:{key}"] = origin
        return result

    def _approval(self, content: dict[str, t.Any]) -> Approval:
        usual = Approval()
        return Approval(
            texts_of(content.get("approvers")) or usual.approvers,
            texts_of(content["privileged"]) if "privileged" in content else usual.privileged,
            self._duration(content.get("longest")),
        )

    def _secrets(self, app: str, content: dict[str, t.Any], document: Document, path: Path) -> tuple[Secret, ...]:
        result = []
        known = frozenset(mapping(content.get("entitlements")))
        for key, one in mapping(content.get("secrets")).items():
            step = (*path, "secrets", key)
            known_to = texts_of(mapping(one).get("known_to"))
            for name in known_to:
                if name not in known:
                    message = f'the app "{app}" has no entitlement "{name}"'
                    place = document.origin((*step, "known_to"))
                    self.problems.error("unknown_entitlement", message, place, did_you_mean(name, known), app=app)
            if isinstance(one, dict):
                result.append(
                    Secret(
                        key,
                        text_of(one.get("name")) or key,
                        text_of(one.get("kind")) or "password",
                        text_of(one.get("owner")),
                        known_to,
                        text_of(one.get("owned_by")),
                        document.origin(step),
                    )
                )
        return tuple(result)

    def _duration(self, value: t.Any) -> dt.timedelta | None:
        try:
            return parse_duration(value) if isinstance(value, str) else None
        except ValueError:  # the schema has said so, with the line
            return None

    def _check_account_name(self, app: App, origin: Origin) -> None:
        try:
            fields = [
                field
                for _unused, field, _also, _more in string.Formatter().parse(app.account_name)
                if field is not None
            ]
        except ValueError as error:
            self.problems.error("wrong_value", f'"account_name" is no template: {error}', origin, app=app.key)
            return
        for field in fields:
            if field not in ACCOUNT_NAME_FIELDS:
                expected = ", ".join(f"{{{one}}}" for one in ACCOUNT_NAME_FIELDS)
                self.problems.error(
                    "wrong_value", f'"account_name" knows {expected}; found {{{field}}}', origin, app=app.key
                )

    def _check_words(self, app: App, document: Document, path: Path) -> None:
        for kind, text in app.words.items():
            for field in re.findall(r"\{([^{}]*)\}", text):
                if field not in WORDS_FIELDS:
                    expected = ", ".join(f"{{{one}}}" for one in WORDS_FIELDS)
                    message = f'"words.{kind}" knows {expected}; found {{{field}}}'
                    self.problems.error("wrong_value", message, document.origin((*path, "words", kind)), app=app.key)

    def _check_connection(self, app: App, document: Document, path: Path) -> None:
        origin = document.origin((*path, "connector"))
        own_module = is_module_name(app.connector)
        if not own_module and self.known_connectors is not None and app.connector not in self.known_connectors:
            self.problems.error(
                "unknown_connector",
                f'there is no connector "{app.connector}"',
                origin,
                did_you_mean(app.connector, self.known_connectors)
                or "Expected one of " + ", ".join(sorted(self.known_connectors)),
                app=app.key,
            )
            return
        options = self.connection_options.get(app.connector)
        if options is not None:
            self._check_options(app, options, document, path)
        if self.connection_problems is None or (options is None and not own_module):
            return
        for step, message, todo in self.connection_problems(app.connector, app.connection):
            name = ".".join(str(part) for part in step)
            place = document.origin((*path, "connection", *step))
            self.problems.error("wrong_connection", f"connection.{name}: {message}", place, todo, app=app.key)

    def _check_options(self, app: App, options: t.Mapping[str, str], document: Document, path: Path) -> None:
        for name in app.connection:
            if name not in options:
                self.problems.error(
                    "unknown_option",
                    f'the connector "{app.connector}" has no option "{name}"',
                    document.origin((*path, "connection", name)),
                    did_you_mean(name, options) or f"Its options: {', '.join(sorted(options)) or 'none'}",
                    app=app.key,
                )
        for name, need in options.items():
            if need != "optional" and app.connection.get(name) in (None, "", {}, []):
                self.problems.error(
                    "missing_option",
                    f'the connector "{app.connector}" needs the option "{name}"',
                    document.origin((*path, "connection")),
                    f'Name a variable: {name}: "{{{{ vault_{app.key.replace("-", "_")}_{name} }}}}"'
                    if need == "secret"
                    else "",
                    app=app.key,
                )

    def _check_behind(self, apps: t.Mapping[str, App]) -> None:
        for app in apps.values():
            if not app.behind:
                continue
            if app.behind not in self.names:
                message = f'the app "{app.key}" is behind "{app.behind}", which the catalog does not have'
                self.problems.error("unknown_app", message, app.origin, did_you_mean(app.behind, self.names))
                continue
            seen = [app.key]
            above = app.behind
            while above in apps and above not in seen:
                seen.append(above)
                above = apps[above].behind
            if above == app.key:
                self.problems.error(
                    "wrong_value", "apps are behind one another in a circle: " + " > ".join([*seen, above]), app.origin
                )
