# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One company, put together: settings, people, policy, apps and ledger, each read when it is first asked for."""

from __future__ import annotations

import dataclasses
import difflib
import functools
import typing as t

from ..connectors import registry
from ..connectors.contract import Connector
from ..connectors.own_module_calls import Modules
from ..desks.contract import Desk
from ..desks.registry import desk_problems
from ..errors import GuardStop, LedgerError, PolicyError, RollcallError, SourceUnreachable, UnknownName
from ..ledger.remembered import Roll
from ..ledger.store import Ledger
from ..model import AccessException, App, Cover, Finding, Lock, Person, Status
from ..policy.commit import git_commit
from ..policy.covering import Covered, cover_exceptions
from ..policy.loading import load_catalog, load_policy, load_sound_apps
from ..policy.matching import attributes_read
from ..policy.organisation import Organisation, names_of
from ..policy.values import Catalog, Policy
from ..sources.people import Feed
from . import read_before_forking
from .connections import Connections, Resolve
from .population import Population, population_of, remembered_population
from .reading_feed import read_feed
from .settings import Settings
from .written_down import exceptions_and_cover, locks_in_force


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
        self._connections = Connections(resolve, settings.base, modules)
        if writes and settings.as_of and not settings.rehearsal:
            raise LedgerError(
                "as_of is set, so this run would carry out another day than today",
                where=str(settings.path),
                todo="Remove as_of, or add rehearsal: true with a ledger of its own; check and plan work as it is",
            )

    def share(self) -> None:
        """Keep HR, catalog and policy as read, for the processes that are forked from this one."""
        names = ("catalog", "policy", "commit", "catalog_findings", "population", "organisation")
        read = {name: getattr(self, name) for name in names}
        if "feed" in self.__dict__:
            read.update(feed=self.feed, feed_name=self.feed_name)
        read_before_forking.keep(self._key, read)

    @staticmethod
    def forget_shared() -> None:
        """Begin anew: read HR, catalog and policy again."""
        read_before_forking.forget()

    @staticmethod
    def share_later(make: t.Callable[[], Company]) -> None:
        """Share the company that ``make`` returns when this process forks for the first time: when a task runs.

        Where that is not possible, the process that is forked reads everything itself, and has the error to tell.
        """

        def share() -> None:
            with make() as company:
                company.share()

        read_before_forking.before_forking(share)

    @property
    def is_shared(self) -> bool:
        """Whether the inventory has read everything, or as much as is asked for, already."""
        return self._shared("population") is not None

    @property
    def _key(self) -> tuple[t.Any, ...]:
        settings = self.settings
        return (settings.path, settings.as_of, settings.ledger, self.emergency, self.from_ledger)

    def _shared(self, name: str) -> t.Any:
        return None if self.anew else read_before_forking.kept(self._key, name)

    @functools.cached_property
    def ledger(self) -> Ledger:
        settings = self.settings
        if not self.writes:
            # reading only: a real ledger may be looked at with any as_of
            return Ledger.open(settings.ledger, rehearsal=settings.rehearsal, read_only=True, create=False)
        return Ledger.open(settings.ledger, rehearsal=settings.rehearsal)

    def close(self) -> None:
        self._connections.close()
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
        return exceptions_and_cover(
            self.settings.exceptions, self.catalog, self.ledger, self.clock.now(), leniently=self.emergency
        )

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
        return locks_in_force(self.settings.locks, self.ledger, self.clock.now(), leniently=self.emergency)

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
        feed, self._feed_name = read_feed(self.settings, self.resolve, self.clock.now())
        return feed

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
        return self._connections.settings_of(app)

    def connect(self, app: App) -> Connector:
        """Return the app's connector, made once. Call it first from the main thread: templates are filled in here."""
        return self._connections.of_app(app)

    def desk(self, key: str) -> Desk:
        """Return a desk of the catalog, made once. Raises Refused when it cannot be, which concerns it alone."""
        return self._connections.of_desk(key, self.catalog.desks.get(key))

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
