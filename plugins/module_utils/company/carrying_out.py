# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Carrying a plan out, and saying for each person whether everything is done."""

from __future__ import annotations

import contextlib
import typing as t

from ..errors import AppError
from ..fulfilment.executor import Executor, Outcome, packets_of
from ..fulfilment.packet import Packet, PacketRunner, Send
from ..fulfilment.retrying import USUAL, Budget
from ..fulfilment.seen import NOTHING_SEEN, Seen
from ..ledger.records import ChangeResult
from ..model import Change, Run
from ..planning.seating import WAITS
from ..working_time import check_country
from .company import Company
from .owning import owners_of
from .seat_keeping import SeatKeeper


def carry_out(
    company: Company,
    changes: t.Sequence[Change],
    run: Run,
    *,
    plan: str = "",
    workers: int = 16,
    budget: Budget = USUAL,
    progress: t.Callable[[Packet, list[ChangeResult]], None] | None = None,
    elsewhere: Send | None = None,
    whole: t.Sequence[Change] = (),
    seen: Seen = NOTHING_SEEN,
) -> Outcome:
    """Carry changes out, each with its evidence. Raises LedgerError when the evidence cannot be written, and
    SettingsError, before anything is done, when rollcall.yml names a country whose holidays are not known.

    ``elsewhere`` carries them out on another host; then nothing is connected to from here. ``whole`` are all changes of
    the plan, where these are only some of them: who needs a seat, and whose becomes free, depends on all. ``seen`` are
    accounts that were read a moment ago.
    """
    working_day = company.settings.working_day
    if not company.emergency:
        # an emergency counts by the clock
        check_country(working_day.country)
    for key in () if elsewhere else dict.fromkeys(change.app for change in changes):
        # templates are filled in here, before there are threads; what fails is reported where the app's turn comes
        with contextlib.suppress(AppError):
            company.connect(company.apps[key])
    runner = PacketRunner(
        ledger=company.ledger,
        run=run,
        now=company.clock.now,
        people=company.people,
        budget=budget,
        fallback_owner=company.settings.fallback_owner,
        owners=owners_of(company),
        working_day=working_day,
        plan=plan,
        seen=seen,
    )
    seats = SeatKeeper(company, run, whole or changes)
    results: dict[str, ChangeResult] = {}

    def go(some: t.Iterable[Change]) -> None:
        packets = packets_of(some, company.people, company.apps)
        if elsewhere:
            done = [result for packet in packets for result in runner.carry_out_elsewhere(packet, elsewhere)]
        else:
            executor = Executor(runner, company.connect, workers=workers, progress=progress)
            done = list(executor.carry_out(packets).results)
        results.update((result.change.id, result) for result in done)

    held = seats.hold(changes)
    go(change for change in changes if change.id not in held)
    if held:
        # what was taken away just now has left its seat to somebody else
        waiting = [change for change in changes if change.id in held]
        held = seats.hold(waiting)
        go(change for change in waiting if change.id not in held)
        results.update(_wait(company, run, plan, seats, [change for change in waiting if change.id in held], progress))
    return Outcome(
        tuple(results[change.id] for change in changes), (*runner.findings, *seats.findings), asked=seats.asked
    )


def _wait(
    company: Company,
    run: Run,
    plan: str,
    seats: SeatKeeper,
    waiting: t.Sequence[Change],
    progress: t.Callable[[Packet, list[ChangeResult]], None] | None,
) -> dict[str, ChangeResult]:
    """Write down what waits for a seat, and for whose task; it is in somebody's hands."""
    why = seats.explain(seats.hold(waiting), waiting)
    results = {
        change.id: ChangeResult(change, "task", *why.get(change.id, (WAITS, "")), attempts=0) for change in waiting
    }
    known = company.ledger.change_states(plan)
    new = [change for change in waiting if known.get(change.id) != "task"]
    now = company.clock.now()
    if new:
        company.ledger.intend(new, run, now, plan)
    company.ledger.settle(list(results.values()), run, now)
    for packet in packets_of(waiting, company.people, company.apps):
        if progress:
            progress(packet, [results[change.id] for change in packet.changes])
    return results
