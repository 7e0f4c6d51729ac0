# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whose the accounts are that apps showed."""

from __future__ import annotations

import typing as t

from ..model import AccountRecord
from ..planning.correlation import Correlation, Directory, correlate
from ..planning.reading import Reading
from .company import Company


def correlate_all(company: Company, readings: t.Mapping[str, Reading]) -> dict[str, Correlation]:
    """Say whose the accounts of every app are that was read."""
    records = {key: company.ledger.accounts(app=key) for key, reading in readings.items() if not reading.error}
    return correlate_with(company, readings, company.ledger.links(), records)


def correlate_with(
    company: Company,
    readings: t.Mapping[str, Reading],
    links: t.Mapping[tuple[str, str], str],
    records: t.Mapping[str, t.Iterable[AccountRecord]],
) -> dict[str, Correlation]:
    """Say the same by these ``links`` and by what the ledger had on record of each app, which somebody has read."""
    directory = Directory(company.people)
    return {
        key: correlate(company.apps[key], reading.accounts, directory, links, records[key])
        for key, reading in readings.items()
        if not reading.error
    }
