# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One company, put together: settings, people, policy, apps and ledger, each read when it is first asked for."""

from __future__ import annotations

import dataclasses
import difflib
import functools
import os
import pathlib
import threading
import typing as t

from ..connectors import registry
from ..connectors.contract import Connector
from ..connectors.own_module_calls import Modules
from ..desks.contract import Desk
from ..desks.registry import build as build_desk
from ..desks.registry import desk_problems
from ..errors import (
    GuardStop,
    LedgerError,
    PolicyError,
    Refused,
    RollcallError,
    SettingsError,
    SourceUnreachable,
    UnknownName,
)
from ..ledger.remembered import Roll
from ..ledger.store import Ledger
from ..model import AccessException, App, Cover, Finding, Lock, Person, Status, is_module_name
from ..policy.commit import git_commit
from ..policy.covering import Covered, cover_exceptions
from ..policy.evaluation import lock_in_force
from ..policy.extensions import EXTENDED, Extension, extended
from ..policy.loading import load_catalog, load_exceptions_and_cover, load_locks, load_policy, load_sound_apps
from ..policy.matching import attributes_read
from ..policy.organisation import Organisation, names_of
from ..policy.values import Catalog, Policy
from ..sources.people import Feed, read_people
from .feed_names import name_of_feed
from .population import Population, population_of, remembered_population
from .settings import Settings

Resolve = t.Callable[[t.Any], t.Any]

#: What the inventory read in Ansible's main process. Its workers are forked from there and find it without reading HR
#: and the policy again for each host; and all of one run works on one and the same feed.
_SHARED: dict[tuple[t.Any, ...], dict[str, t.Any]] = {}

#: What is to be shared when it is known that somebody will use it.
_LATER: list[t.Callable[[], Company]] = []
_WATCHING: list[bool] = []


def _silence(text: str) -> None:
    """Show nothing."""


# stands for a policy that cannot be read
_NO_RULES = Policy("")


class Company:
    """What a run works on.

    ``resolve`` fills in the templates of settings that come from git (sources, connections); nothing from HR or an app
    ever goes through it. ``writes`` says whether the ledger may be written to; ``emergency`` makes everything that is
    not needed to cut somebody off optional: HR and the policy may be broken. ``modules`` runs the modules that the
    catalog names as connectors; without it their apps can be looked at, and not be connected to. ``anew`` reads
    everything, whatever was shared.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        resolve: Resolve = lambda value: value,
        writes: bool = False,
        emergency: bool = False,
        from_ledger: str = "",
        modules: Modules | None = None,
        anew: bool = False,
    ) -> None:
        self.settings = settings
        self.resolve = resolve
        self.writes = writes
        self.emergency = emergency
        self.from_ledger = from_ledger
        self.modules = modules
        self.anew = anew
        self.clock = settings.clock
        #: shows a line while something long is going on; whoever has a screen or a log takes its place
        self.say: t.Callable[[str], None] = _silence
        #: in an emergency, what is wrong with the catalog's other apps
        self.catalog_findings: tuple[Finding, ...] = ()
        self._feed_name = ""
        self._connectors: dict[str, Connector] = {}
        self._desks: dict[str, Desk] = {}
        self._lock = threading.Lock()
        if writes and settings.as_of and not settings.rehearsal:
            raise LedgerError(
                "as_of is set, so this run would carry out another day than today",
                where=str(settings.path),
                todo="Remove as_of, or add rehearsal: true with a ledger of its own; check and plan work as it is",
            )

    def share(self) -> None:
        """Keep HR, catalog and policy as read, for the processes that are forked from this one."""
        names = ("catalog", "policy", "commit", "catalog_findings", "population", "organisation")
        _SHARED[self._key] = {name: getattr(self, name) for name in names}
        if "feed" in self.__dict__:
            _SHARED[self._key].update(feed=self.feed, feed_name=self.feed_name)

    @staticmethod
    def forget_shared() -> None:
        """Begin anew: read HR, catalog and policy again."""
        _SHARED.clear()
        _LATER.clear()

    @staticmethod
    def share_later(make: t.Callable[[], Company]) -> None:
        """Share the company that ``make`` returns when this process forks for the first time: when a task runs.

        Where that is not possible, the process that is forked reads everything itself, and has the error to tell.
        """
        _LATER.append(make)
        if not _WATCHING:
            os.register_at_fork(before=_share_now)
            _WATCHING.append(True)

    @property
    def is_shared(self) -> bool:
        """Whether the inventory has read everything, or as much as is asked for, already."""
        return self._shared("population") is not None

    @property
    def _key(self) -> tuple[t.Any, ...]:
        settings = self.settings
        return (settings.path, settings.as_of, settings.ledger, self.emergency, self.from_ledger)

    def _shared(self, name: str) -> t.Any:
        return None if self.anew else _SHARED.get(self._key, {}).get(name)

    @functools.cached_property
    def ledger(self) -> Ledger:
        settings = self.settings
        if not self.writes:
            # reading only: a real ledger may be looked at with any as_of
            return Ledger.open(settings.ledger, rehearsal=settings.rehearsal, read_only=True, create=False)
        return Ledger.open(settings.ledger, rehearsal=settings.rehearsal)

    def close(self) -> None:
        for connector in self._connectors.values():
            connector.close()
        for desk in self._desks.values():
            desk.close_session()
        if "ledger" in self.__dict__:
            self.ledger.close()

    def __enter__(self) -> Company:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # what git says

    @functools.cached_property
    def catalog(self) -> Catalog:
        options: dict[str, t.Any] = {
            "known_connectors": registry.known(),
            "connection_options": registry.connection_options(),
            "connection_problems": registry.connection_problems,
            "desk_problems": desk_problems,
        }
        shared = self._shared("catalog")
        if shared is not None:
            self.catalog_findings = self._shared("catalog_findings")
            return shared
        try:
            return load_catalog(self.settings.catalog, **options)
        except PolicyError:
            if not self.emergency:
                raise
            # what is wrong with one app's entry must not keep somebody's accounts alive in all the others
            catalog, self.catalog_findings = load_sound_apps(self.settings.catalog, **options)
            return catalog

    @property
    def apps(self) -> t.Mapping[str, App]:
        return self.catalog.apps

    @functools.cached_property
    def policy(self) -> Policy:
        try:
            return self._shared("policy") or load_policy(
                self.settings.policy, catalog=self.catalog, known_attributes=self._columns(), commit=self.commit
            )
        except PolicyError:
            if self.emergency:
                # cutting somebody off needs no rule
                return _NO_RULES
            raise

    @property
    def rules_unknown(self) -> bool:
        """Whether the policy cannot be read, in an emergency: then nothing is known to be due or not."""
        return self.policy is _NO_RULES

    def _columns(self) -> frozenset[str] | None:
        """HR's further columns, which rules may read; None when HR cannot be read."""
        if isinstance(self.feed, RollcallError):
            return None
        return frozenset(name for person in self.feed.people for name in person.attributes)

    @functools.cached_property
    def commit(self) -> str:
        shared = self._shared("commit")
        return git_commit(self.settings.policy) if shared is None else shared

    @functools.cached_property
    def written(self) -> tuple[tuple[AccessException, ...], tuple[Cover, ...]]:
        """The exceptions as files and ledger say them, and who stands in for whom. Needs nobody to be known."""
        try:
            files, covers = load_exceptions_and_cover(self.settings.exceptions, catalog=self.catalog)
        except PolicyError:
            if self.emergency:
                return (), ()
            raise
        now = self.clock.now()
        kept = (one for one in self.ledger.exceptions() if one.ends_at is None or now < one.ends_at)
        extensions = [Extension.from_event(event) for event in self.ledger.events(kind=EXTENDED)]
        return extended((*files, *kept), "exception", extensions), extended(covers, "cover", extensions)

    @functools.cached_property
    def covered(self) -> Covered:
        """What cover for colleagues gives today."""
        exceptions, covers = self.written
        if not covers:
            return Covered()
        now, statuses = self.clock.now(), self.population.statuses
        return cover_exceptions(
            covers,
            exceptions=exceptions,
            policy=self.policy,
            catalog=self.catalog,
            organisation=self.organisation,
            left=lambda person: statuses.get(person.id) is Status.LEFT,
            today=self.settings.working_day.today(now),
            now=now,
        )

    @property
    def exceptions(self) -> tuple[AccessException, ...]:
        """Everything that is given for a time: exceptions, requests, cover, break-glass access."""
        return (*self.written[0], *self.covered.exceptions)

    @functools.cached_property
    def locks(self) -> tuple[Lock, ...]:
        now = self.clock.now()
        try:
            files = load_locks(self.settings.locks)
        except PolicyError:
            if not self.emergency:
                raise
            files = ()
        return (*(lock for lock in files if lock_in_force(lock, now)), *self.ledger.locks(now))

    def lock_on(self, person: Person) -> Lock | None:
        """Return the lock on this person, if one is in force."""
        if not self.locks:
            return None
        names = names_of(person)
        return next((lock for lock in self.locks if lock.person.strip().casefold() in names), None)

    @functools.cached_property
    def ungoverned(self) -> frozenset[str]:
        """Apps in which neither a rule nor an exception gives anybody anything: not governed yet.

        What one person is given on request does not make it governed: nobody else's access there is a mistake by that.
        """
        given = {app for rule in self.policy.rules for app, _entitlement in rule.gives}
        exceptions = (exception for exception in self.written[0] if exception.kind == "exception")
        given |= {app for exception in exceptions for app, _entitlement in exception.grants}
        return frozenset(self.apps.keys() - given)

    # who is here

    @functools.cached_property
    def holders(self) -> frozenset[str]:
        """The ids of people who have a usable account or an open task."""
        having = self.ledger.account_holders()
        waiting = {task.person for task in self.ledger.tasks(states=("open",))}
        return frozenset(having | waiting)

    @functools.cached_property
    def feed(self) -> Feed | RollcallError:
        """What HR says, or why it cannot be used."""
        shared = self._shared("feed")
        if shared is not None:
            return shared
        if self.from_ledger:
            return SourceUnreachable(self.from_ledger)
        settings = self.settings
        try:
            sources = self.resolve([dict(source) for source in settings.sources])
        except RollcallError as error:
            return error
        except Exception as error:  # whatever the templating of the caller raises: without sources nobody is known
            return SettingsError(
                f"a template in `sources` cannot be filled in: {error}",
                where=str(settings.path),
                todo="An inventory knows no variables yet: use a lookup (env, file, unvault)",
            )
        name = name_of_feed(settings, self.resolve)
        try:
            feed = read_people(
                sources,
                settings.base,
                settings.normalise,
                today=settings.working_day.today(self.clock.now()),
            )
            # a file that somebody writes meanwhile is neither the one nor the other
            self._feed_name = name if name_of_feed(settings, self.resolve) == name else ""
            return feed
        except SettingsError as error:
            return SettingsError(error.message, where=f"{settings.path}, {error.where}".rstrip(", "), todo=error.todo)
        except RollcallError as error:
            return error

    @property
    def feed_in_use(self) -> Feed | RollcallError | None:
        """The feed, where somebody has read it."""
        return self.feed if "feed" in self.__dict__ or self._shared("feed") is not None else None

    @property
    def feed_name(self) -> str:
        """What names the very file that ``feed`` was read from (``name_of_feed``); empty where that is not known."""
        return self._feed_name or self._shared("feed_name") or ""

    def roll(self) -> Roll:
        """Return everybody whom the ledger knows; more than who they are is read when somebody asks for it."""
        settings = self.settings
        return self.ledger.roll(
            lambda: Ledger.open(settings.ledger, rehearsal=settings.rehearsal, read_only=True, create=False)
        )

    @functools.cached_property
    def population(self) -> Population:
        """Everyone. Raises FeedError or GuardStop when the feed must not be used, but in an emergency.

        Where the inventory has shared it, it is as of then: who has been carried out since is in the ledger.
        """
        shared: Population | None = self._shared("population")
        if shared is not None:
            return shared
        arguments: dict[str, t.Any] = {
            "records": self.ledger.people(),
            "holders": self.holders,
            "attributes_read": attributes_read(self.policy),
            "locked": frozenset(lock.person.strip().casefold() for lock in self.locks),
            "now": self.clock.now(),
        }
        feed = self.feed
        if isinstance(feed, RollcallError):
            if not (self.emergency or isinstance(feed, SourceUnreachable)):
                raise feed
            if not (self.emergency or arguments["records"]):
                # nobody from HR and nobody from the ledger: a run over nobody would look like a good day
                raise SourceUnreachable(f"HR cannot be read, and the ledger knows nobody yet: {feed}")
            return remembered_population(self.settings, why=str(feed), **arguments)
        try:
            return population_of(self.settings, feed, **arguments)
        except GuardStop as error:
            if not self.emergency:
                raise
            return remembered_population(self.settings, why=str(error), **arguments)

    @property
    def people(self) -> t.Mapping[str, Person]:
        return self.population.people

    @functools.cached_property
    def organisation(self) -> Organisation:
        # with the shared one comes the index of rules that was made for it
        shared: Organisation | None = self._shared("organisation")
        return Organisation(self.people) if shared is None else shared

    # the apps

    def use_app(self, app: App) -> None:
        """Take this entry in place of the catalog's, for this run."""
        self.catalog = dataclasses.replace(self.catalog, apps={**self.catalog.apps, app.key: app})

    def add_person(self, person: Person) -> None:
        """Add somebody who is not in HR, for this run: the owner of an account that a task names itself."""
        population = self.population
        self.population = dataclasses.replace(
            population,
            people={**population.people, person.id: person},
            statuses={**population.statuses, person.id: Status.ACTIVE},
        )

    def connection(self, app: App) -> dict[str, t.Any]:
        """Return the app's connection with its templates filled in. It may hold secrets."""
        try:
            connection = dict(self.resolve(dict(app.connection)))
        except RollcallError:
            raise
        except Exception as error:  # whatever the templating of the caller raises, it concerns this app alone
            raise Refused(
                f"its connection settings cannot be filled in: {error}",
                where=f"app {app.key}",
                todo="Define the variable that the catalog names, in group_vars or as a credential",
            ) from error
        connection["_base_dir"] = str(self.settings.base)
        return connection

    def connect(self, app: App) -> Connector:
        """Return the app's connector, made once. Call it first from the main thread: templates are filled in here."""
        with self._lock:
            if app.key not in self._connectors:
                try:
                    connection = self.connection(app)
                    if is_module_name(app.connector):
                        connection["_modules"] = self.modules
                    self._connectors[app.key] = registry.build(app, connection)
                except PolicyError as error:
                    # a missing credential concerns this app alone; the others go on
                    raise Refused(error.message, where=error.where, todo=error.todo) from error
            return self._connectors[app.key]

    def desk(self, key: str) -> Desk:
        """Return a desk of the catalog, made once. Raises Refused when it cannot be, which concerns it alone."""
        if key not in self._desks:
            settings = self.catalog.desks.get(key)
            where = f"desk {key}"
            if settings is None:
                raise Refused("the catalog has no such desk any more", where=where, todo="Bring it back under desks")
            try:
                connection = dict(self.resolve(dict(settings.connection)))
                connection["_base_dir"] = str(self.settings.base)
                self._desks[key] = build_desk(settings, connection)
            except PolicyError as error:
                raise Refused(error.message, where=error.where or where, todo=error.todo) from error
            except RollcallError:
                raise
            except Exception as error:  # whatever the templating of the caller raises, it concerns this desk alone
                raise Refused(
                    f"its connection settings cannot be filled in: {error}",
                    where=where,
                    todo="Define the variable that the catalog names, in group_vars or as a credential",
                ) from error
        return self._desks[key]

    def need_apps(self, keys: t.Iterable[str]) -> None:
        """Raise UnknownName when the catalog lacks one of these apps."""
        for key in keys:
            if key not in self.apps:
                near = difflib.get_close_matches(key, self.apps, 1)
                raise UnknownName(
                    f"there is no app {key!r} in the catalog" + (f"; did you mean {near[0]!r}?" if near else ""),
                    where=str(self.settings.catalog),
                )

    def operations(self, keys: t.Collection[str] | None = None) -> dict[str, frozenset[str]]:
        """What can be done by itself in each of these apps (None: in all)."""
        return {
            key: registry.connector_class(app.connector).operations_for(app.connection)
            for key, app in self.apps.items()
            if keys is None or key in keys
        }

    def reads(self, keys: t.Collection[str] | None = None) -> dict[str, bool]:
        """Which of these apps (None: of all) are read by itself."""
        return {key: registry.reads(app) for key, app in self.apps.items() if keys is None or key in keys}


def _share_now() -> None:
    while _LATER:
        try:
            with _LATER.pop()() as company:
                company.share()
        except RollcallError:
            continue  # the worker meets it again, in a task that can fail


def config_path(given: str | None, environment: t.Mapping[str, str], directory: pathlib.Path) -> pathlib.Path:
    """Return where rollcall.yml is: as given, as $ROLLCALL_CONFIG says, or in the working directory."""
    name = given or environment.get("ROLLCALL_CONFIG") or "rollcall.yml"
    path = pathlib.Path(name)
    return path if path.is_absolute() else directory / path
