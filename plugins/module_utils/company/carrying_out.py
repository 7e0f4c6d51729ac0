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
from ..ledger.records import ChangeResult
from ..model import Change, Run
from ..working_time import check_country
from .company import Company
from .owning import owners_of


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
) -> Outcome:
    """Carry changes out, each with its evidence. Raises LedgerError when the evidence cannot be written, and
    SettingsError, before anything is done, when rollcall.yml names a country whose holidays are not known.

    ``elsewhere`` carries them out on another host; then nothing is connected to from here.
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
    )
    packets = packets_of(changes, company.people, company.apps)
    if elsewhere:
        results = [result for packet in packets for result in runner.carry_out_elsewhere(packet, elsewhere)]
        return Outcome(tuple(results), tuple(runner.findings))
    executor = Executor(runner, company.connect, workers=workers, progress=progress)
    return executor.carry_out(packets)
