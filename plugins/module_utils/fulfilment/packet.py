# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One person in one app: intent, action, read-back, evidence.

This is the heart of carrying out. Its order never changes: claim, write down what is intended, read the account, do
what is still to do, read again, write down what is so. A run that dies anywhere is repeated safely, because the second
run reads first and finds what the first one did.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import time
import typing as t

from ..clock import WorkingDay
from ..connectors.contract import Connector
from ..desks.access_records import records_from
from ..desks.wording import ALL_HOURS, owner_finding, task_for
from ..errors import AppError, Broken, Conflict, NotFound, Throttled, Transient, Unsupported
from ..ledger.records import ChangeResult
from ..model import (
    GIVING,
    REMOVALS,
    Account,
    AccountKey,
    AccountRecord,
    App,
    Because,
    Change,
    ChangeKind,
    Finding,
    GrantRecord,
    NewAccount,
    Person,
    Run,
    Task,
)
from ..planning.owners import Owners
from .asking_again import find_patiently
from .retrying import USUAL, Budget, with_retries
from .showing import UNREADABLE, shows

#: How long a claim on (person, app) is held when its run dies without giving it back.
CLAIM_FOR = dt.timedelta(minutes=10)


class Send(t.Protocol):
    """Carries changes out on another host; returns what came of them, and the account as it was read back there."""

    def __call__(self, changes: t.Sequence[Change], /) -> tuple[t.Sequence[ChangeResult], Account | None]: ...


@dataclasses.dataclass(frozen=True)
class Packet:
    """The changes of one person in one app, in order."""

    person: Person
    app: App
    changes: tuple[Change, ...]


class PacketRunner:
    """Carries packets out, one after the other or from several threads at once."""

    def __init__(
        self,
        *,
        ledger: t.Any,
        run: Run,
        now: t.Callable[[], dt.datetime],
        people: t.Mapping[str, Person],
        budget: Budget = USUAL,
        fallback_owner: str = "",
        owners: Owners | None = None,
        working_day: WorkingDay = ALL_HOURS,
        plan: str = "",
        sleep: t.Callable[[float], None] = time.sleep,
    ) -> None:
        self.ledger = ledger
        self.run = run
        self.now = now
        self.people = people
        self.budget = budget
        self.fallback_owner = fallback_owner
        self.owners = owners
        self.working_day = working_day
        self.plan = plan
        self.sleep = sleep
        #: what somebody should look at: tasks that nobody owns
        self.findings: list[Finding] = []

    def carry_out(self, packet: Packet, connector: Connector) -> list[ChangeResult]:
        """Carry one packet out and return one result per change, in the packet's order.

        Raises LedgerError when the evidence cannot be written: then nothing further may be done.
        """
        return self._claimed(packet, lambda tried: _Attempt(self, packet, connector, tried).results())

    def carry_out_elsewhere(self, packet: Packet, send: Send) -> list[ChangeResult]:
        """Have a packet carried out on another host, with the same evidence as here.

        ``send`` does it, and returns what came of it with the account as it was read back; what it raises as AppError
        leaves the packet for the next run. What could not be done there becomes a task here.
        """
        return self._claimed(packet, lambda tried: self._elsewhere(packet, send))

    def _claimed(self, packet: Packet, work: t.Callable[[frozenset[str]], list[ChangeResult]]) -> list[ChangeResult]:
        person, app = packet.person, packet.app
        now = self.now()
        if not self.ledger.claim(person.id, app.key, self.run, now, now + CLAIM_FOR):
            detail = "another run is working on this person in this app; the next run finds what it left"
            return [ChangeResult(change, "deferred", detail, attempts=0) for change in packet.changes]
        try:
            results = work(self.ledger.intend(packet.changes, self.run, self.now(), self.plan))
            self.ledger.settle(results, self.run, self.now())
            return results
        finally:
            self.ledger.release(person.id, app.key, self.run)

    def _elsewhere(self, packet: Packet, send: Send) -> list[ChangeResult]:
        attempt = _Attempt(self, packet, Connector(packet.app, {}))
        try:
            results, attempt.account = send(packet.changes)
        except AppError as error:
            return [ChangeResult(change, "deferred", str(error)) for change in packet.changes]
        attempt.done = {result.change.id: result for result in results}
        attempt.record()
        by_hand = [result for result in results if result.state == "task"]
        refused = [result.change for result in by_hand if result.detail]
        if refused:
            attempt.open_tasks(refused, "refused")
        attempt.open_tasks([result.change for result in by_hand if not result.detail], "no_operation")
        return [attempt.done[change.id] for change in packet.changes]

    def settle_interrupted(self, packet: Packet, account: Account | None, results: t.Sequence[ChangeResult]) -> None:
        """Write down how changes ended that a run intended which died; ``account`` is what the app shows now."""
        if any(result.state == "verified" for result in results):
            attempt = _Attempt(self, packet, Connector(packet.app, {}))
            attempt.account = account
            attempt.done = {result.change.id: result for result in results}
            attempt.record()
        if results:
            self.ledger.settle(results, self.run, self.now())


class _Attempt:
    """The state of one packet while it is carried out."""

    def __init__(
        self, runner: PacketRunner, packet: Packet, connector: Connector, tried: frozenset[str] = frozenset()
    ) -> None:
        self.runner = runner
        #: the ids of changes that an earlier run tried, and may have made
        self.tried = tried
        self.person = packet.person
        self.app = packet.app
        self.changes = packet.changes
        self.connector = connector
        self.account: Account | None = None
        self.done: dict[str, ChangeResult] = {}
        #: grants that were asked for together with a new account, in one call
        self.given_with_account: set[str] = set()

    def results(self) -> list[ChangeResult]:
        by_hand = [change for change in self.changes if not self._automatic(change)]
        automatic = [change for change in self.changes if change not in by_hand]
        if automatic:
            self._automatically(automatic)
        refused = [r.change for r in self.done.values() if r.state == "failed"]
        urgent = [r.change for r in self.done.values() if r.state == "deferred" and r.change.urgency == "emergency"]
        if by_hand:
            self.open_tasks(by_hand, "no_connector" if not self.connector.operations() else "no_operation")
        if refused:
            self.open_tasks(refused, "refused")
        if urgent:
            # an emergency does not wait for an app that is down: somebody goes and looks
            self.open_tasks(urgent, "deferred")
        for change in self.changes:
            if change.id not in self.done:
                handing_over = next(c for c in self.changes if c.kind is ChangeKind.TRANSFER)
                task = self.done[handing_over.id].task
                state = "task" if task else "deferred"
                detail = "" if task else "waits until what they own is handed over"
                self._finish(change, state, detail, task=task, attempts=0)
        return [self.done[change.id] for change in self.changes]

    # deciding

    def _automatic(self, change: Change) -> bool:
        if not self.connector.can(change.kind.value):
            return False
        needs_account = change.kind is not ChangeKind.CREATE and not change.account
        creating = any(c.kind is ChangeKind.CREATE for c in self.changes)
        # what is given to an account that somebody makes by hand is given by hand too, in the same task
        return not (needs_account and creating and not self.connector.can("create"))

    def _not_handed_over(self) -> bool:
        transfers = [change for change in self.changes if change.kind is ChangeKind.TRANSFER]
        return any(c.id not in self.done or self.done[c.id].state != "done" for c in transfers)

    def _finish(self, change: Change, state: str, detail: str = "", **more: t.Any) -> None:
        account = self.account.id if self.account else change.account
        self.done[change.id] = ChangeResult(change, state, detail, account=account, **more)

    # doing

    def _automatically(self, changes: list[Change]) -> None:
        try:
            self.account = self._find(changes)
        except AppError as error:
            # an app that cannot be read is not written to
            for change in changes:
                self._finish(change, "deferred", str(error))
            return
        waiting: list[Change] = []
        for position, change in enumerate(changes):
            if change.id in self.done:
                continue
            if change.kind not in UNREADABLE and shows(change, self.account):
                if change.id in self.given_with_account:
                    self._finish(change, "done")
                    waiting.append(change)
                else:
                    self._finish(change, "already")
                continue
            if self.account is None and change.kind is not ChangeKind.CREATE:
                if change.kind in REMOVALS or change.kind in UNREADABLE:
                    self._finish(change, "already", "the account is not there")
                else:
                    self._finish(change, "blocked", "there is no account to do this on")
                continue
            if change.kind is ChangeKind.DELETE and self._not_handed_over():
                # what they own would go with the account; once it is handed over, the next run deletes
                continue
            try:
                attempts = self._perform(change, changes)
            except (Broken, Throttled, Transient) as error:
                # an answer that makes no sense is no refusal: whether it was done is for the next run to find out
                cut = any(c.kind in (ChangeKind.SUSPEND, ChangeKind.DELETE) for c in changes[position + 1 :])
                if change.kind in UNREADABLE and cut:
                    # nobody keeps an account because their sessions cannot be ended, or their things handed over, now
                    self._finish(change, "deferred", str(error))
                    continue
                # what the app may have done all the same is found by the next run, which reads first
                for rest in changes[position:]:
                    if rest.id not in self.done:
                        self._finish(rest, "deferred", str(error))
                break
            except AppError as error:
                self._finish(change, "failed", str(error))
                continue
            if change.kind in UNREADABLE:
                self._finish(change, "done", attempts=attempts)
            else:
                self._finish(change, "done", attempts=attempts)
                waiting.append(change)
        self._read_back(waiting)
        self._settle_what_was_passed_over()
        self.record()

    def _settle_what_was_passed_over(self) -> None:
        """Say how it ended what could not be done before the account was cut off, and which no run does again."""
        good = {r.change.kind for r in self.done.values() if r.state in ("done", "already", "verified")}
        to_be_deleted = any(change.kind is ChangeKind.DELETE for change in self.changes)
        for result in list(self.done.values()):
            if result.change.kind not in UNREADABLE or result.state != "deferred":
                continue
            if result.change.kind is ChangeKind.TRANSFER and to_be_deleted:
                continue  # the next run hands over before it deletes
            if ChangeKind.DELETE in good:
                self._finish(result.change, "already", "the account is not there any more")
            elif ChangeKind.SUSPEND in good:
                self._finish(result.change, "failed", result.detail)

    def _find(self, changes: list[Change]) -> Account | None:
        known = next((change.account for change in changes if change.account), "")
        person = self.person
        if not self.connector.finds:
            return self._remembered(person, known)
        key = AccountKey(id=known) if known else AccountKey(external_id=person.id, email=person.email)
        account: Account | None = self._tried(lambda: self.connector.find(key))[0]
        if account is None and known:
            # the plan saw it: that it is gone is believed when several looks say so
            return self._find_patiently(key)
        if account is not None and not known:
            self._check_owner(account)
        return account

    def _find_patiently(self, key: AccountKey) -> Account | None:
        return find_patiently(self.connector, key, self.runner.budget, sleep=self.runner.sleep)

    def _remembered(self, person: Person, known: str = "") -> Account | None:
        """Return a person's account in an app that cannot be read: the one that was made or attested."""
        records = self.runner.ledger.accounts(app=self.app.key, person=person.id)
        accounts = [record.account for record in records if known in ("", record.account.id)]
        return accounts[0] if len(accounts) == 1 else None

    def _check_owner(self, account: Account, owner: Person | None = None) -> None:
        """Raise Conflict where an account, found by address or name since the plan was made, is somebody else's."""
        person, id, email = owner or self.person, account.external_id, account.email
        if id == person.id:
            return
        other_address = not id and email and person.email and email.casefold() != person.email.casefold()
        if id in self.runner.people or other_address:
            raise Conflict(
                f"the account {account.id} has the name or the address of {person.username}, and is somebody else's",
                where=f"app {self.app.key}",
                todo="Find out whose account that is; link it to the person, or give the person another name",
            )

    def _perform(self, change: Change, changes: list[Change]) -> int:
        account, kind = self.account, change.kind
        if kind is ChangeKind.CREATE:
            return self._create(change, changes)
        if account is None:
            raise AssertionError(f"{change} needs an account")
        arguments: tuple[t.Any, ...] = ()
        if kind in (ChangeKind.GRANT, ChangeKind.REVOKE):
            arguments = (self.app.entitlements[change.entitlement],)
        elif kind is ChangeKind.UPDATE:
            arguments = ({name: new for name, (_old, new) in change.details.items()},)
        elif kind is ChangeKind.TRANSFER:
            arguments = (self._heir(change),)
        # the operations are optional, so the contract's base has none of them; ``can`` has said that this one is there
        operation = getattr(self.connector, kind.value)
        return self._tried_patiently(lambda: operation(account, *arguments))[1]

    def _create(self, change: Change, changes: list[Change]) -> int:
        grants = [c for c in changes if c.kind is ChangeKind.GRANT and c.entitlement in self.app.entitlements]
        wanted = [self.app.entitlements[grant.entitlement] for grant in grants]
        new = NewAccount(**change.details)
        create = getattr(self.connector, ChangeKind.CREATE.value)
        # nobody has HR's id or the address: that was asked a moment ago
        key = AccountKey(username=new.username)
        theirs = AccountKey(external_id=new.external_id, email=new.email, username=new.username)
        unanswered = change.id in self.tried
        if unanswered:
            key = theirs

        def call() -> Account:
            nonlocal key, unanswered
            found = None
            if self.connector.finds:
                # after a lost answer, of this run or of an earlier one, it may be there: look, and make no second
                found = self._find_patiently(key) if unanswered else self.connector.find(key)
            if found is not None:
                self._check_owner(found)
                return found
            key = theirs
            try:
                return create(new, wanted)
            except Transient as error:
                unanswered = unanswered or bool(error.details.get("sent", True))
                raise
            except NotFound:
                unanswered = True  # it may be the new account that is not known everywhere yet
                raise
            except Conflict:
                # what has the name may be what was made a moment ago, when the answer was lost
                found = self._find_patiently(theirs) if unanswered and self.connector.finds else None
                if found is None:
                    raise
                self._check_owner(found)
                return found

        self.account, attempts = self._tried_patiently(call)
        self.given_with_account = {grant.id for grant in grants}
        return attempts

    def _tried(self, call: t.Callable[[], t.Any]) -> tuple[t.Any, int]:
        return with_retries(call, self.runner.budget, sleep=self.runner.sleep)

    def _tried_patiently(self, call: t.Callable[[], t.Any]) -> tuple[t.Any, int]:
        """Try what names things that were there when they were read: not every copy may have heard of them yet."""
        pause = self.runner.budget.verify_wait
        for _each in range(self.runner.budget.verify_attempts - 1):
            try:
                return self._tried(call)
            except NotFound:
                self.runner.sleep(pause)
                pause *= 2
        return self._tried(call)

    def _heir(self, change: Change) -> Account:
        heir = self.runner.people.get(change.details.get("to", self.person.manager))
        account = None
        if heir and self.connector.finds:
            known = self._remembered(heir)
            key = AccountKey(id=known.id if known else "", external_id=heir.id, email=heir.email)
            account = self._find_patiently(key) if known else self.connector.find(key)
        elif heir:
            account = self._remembered(heir)
        if account is None:
            raise Unsupported(
                "there is no account to hand over to",
                where=f"app {self.app.key}, transfer from {self.person.username}",
            )
        self._check_owner(account, heir)
        return account

    # proving

    def _read_back(self, waiting: list[Change]) -> None:
        if not waiting or not self.connector.finds:
            return
        pause = self.runner.budget.verify_wait
        missed = False
        for attempt in range(self.runner.budget.verify_attempts):
            if attempt:
                self.runner.sleep(pause)
                pause *= 2
            key = AccountKey(id=self.account.id) if self.account else AccountKey(external_id=self.person.id)
            try:
                found = self.connector.find(key)
            except (Throttled, Transient):
                continue
            except AppError as error:
                for change in waiting:
                    self._finish(change, "unverified", f"done, but it could not be read back: {error}")
                return
            for change in list(waiting):
                if found is None and change.kind is not ChangeKind.DELETE and not missed:
                    continue  # an account that is gone cannot be used; but that it is gone has to be said twice
                if shows(change, found):
                    earlier = self.done[change.id]
                    self._finish(change, "verified", attempts=earlier.attempts)
                    waiting.remove(change)
            missed = found is None
            if found is not None or not waiting:
                # also where not everything shows: the evidence is what the app shows, not what was there before
                self.account = found
            if not waiting:
                return
        for change in waiting:
            self._finish(change, "unverified", "the app accepted it, but reading it back does not show it")

    def record(self) -> None:
        """Write down whose account it is and what it now gives."""
        if not self.connector.finds:
            self._record_done()
            return
        runner, person, app = self.runner, self.person, self.app
        now = runner.now()
        good = {r.change.id for r in self.done.values() if r.state in ("already", "verified")}
        changes = [change for change in self.changes if change.id in good]
        account = self.account
        if account is None:
            gone = [change for change in changes if change.account and change.kind in REMOVALS]
            for change in gone:
                self._end_all(change.account, change.because, now)
                runner.ledger.forget_accounts(app.key, [change.account], runner.run, now)
            return
        suspending = next((c for c in changes if c.kind is ChangeKind.SUSPEND), None)
        created = any(c.kind is ChangeKind.CREATE for c in changes)
        record = AccountRecord(
            account,
            person.id,
            matched_by="created" if created else "",
            first_seen=now,
            last_seen=now,
            suspended_at=now if suspending else None,
        )
        runner.ledger.record_accounts([record], runner.run, now)
        if suspending:
            # a suspended account gives nothing: what it gave has ended
            self._end_all(account.id, suspending.because, now)
            return
        granted = {c.entitlement: c.because for c in changes if c.kind is ChangeKind.GRANT}
        back = any(c.kind is ChangeKind.REACTIVATE for c in changes)
        kept = account.entitlements if back else frozenset(granted)
        runner.ledger.record_grants(
            [
                GrantRecord(person.id, app.key, account.id, key, granted.get(key, ()), now, "verified", now)
                for key in sorted(kept & account.entitlements)
            ],
            runner.run,
            now,
        )
        for change in changes:
            if change.kind is ChangeKind.REVOKE:
                key = (person.id, app.key, account.id, change.entitlement)
                runner.ledger.end_grants([key], _first(change.because), runner.run, now)

    def _record_done(self) -> None:
        """Write down what was done in an app that cannot be read, as what somebody attests is written down."""
        runner, now = self.runner, self.runner.now()
        done = tuple(
            change for change in self.changes if change.id in self.done and self.done[change.id].state == "done"
        )
        if not done:
            return
        ledger, person, app = runner.ledger, self.person, self.app
        task = Task("", person.id, app.key, done, "", "", "", now, now)
        accounts, grants = ledger.accounts(app=app.key), ledger.grants(app=app.key, person=person.id)
        found = records_from(task, person, app, now, accounts=accounts, grants=grants)
        if found.accounts:
            ledger.record_accounts(found.accounts, runner.run, now)
        if found.grants:
            ledger.record_grants(found.grants, runner.run, now)
        for key, why in found.ended.items():
            ledger.end_grants([key], why, runner.run, now)
        if found.forgotten:
            ledger.forget_accounts(app.key, found.forgotten, runner.run, now)

    def _end_all(self, account: str, because: tuple[Because, ...], now: dt.datetime) -> None:
        runner = self.runner
        keys = [
            (grant.person, grant.app, grant.account, grant.entitlement)
            for grant in runner.ledger.grants(app=self.app.key, person=self.person.id)
            if grant.account == account
        ]
        if keys:
            runner.ledger.end_grants(keys, _first(because), runner.run, now)

    # handing over to people

    def open_tasks(self, changes: list[Change], reason: str) -> None:
        giving = tuple(change for change in changes if change.kind in GIVING)
        taking = tuple(change for change in changes if change.kind not in GIVING)
        for items in (giving, taking):
            if not items:
                continue
            task = task_for(
                items,
                self.person,
                self.app,
                manager=self.runner.people.get(self.person.manager),
                reason=reason,
                now=self.runner.now(),
                owners=self.runner.owners,
                working_day=self.runner.working_day,
                fallback_owner=self.runner.fallback_owner,
                because_of="; ".join(sorted({self.done[c.id].detail for c in items if c.id in self.done})),
            )
            finding = owner_finding(task, self.app)
            if finding is not None:
                self.runner.findings.append(finding)
            opened = self.runner.ledger.open_task(task, self.runner.run, self.runner.now())
            for change in items:
                detail = self.done[change.id].detail if change.id in self.done else ""
                self._finish(change, "task", detail, task=opened.id)


def _first(because: tuple[Because, ...]) -> Because:
    return because[0] if because else Because("unexplained")
