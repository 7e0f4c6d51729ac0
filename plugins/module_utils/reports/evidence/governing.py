# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs, the versions of the policy that they worked with, and who approved what the guard had stopped."""

from __future__ import annotations

import typing as t

from .case import Case, Sheet
from .history import RunTold


def runs_of(case: Case) -> list[RunTold]:
    """Return the runs that were at work at any time in the period."""
    return [run for run in case.history.runs.values() if case.period.overlaps(run.began, run.ended or run.began)]


def runs(case: Case) -> Sheet:
    rows = [
        (
            run.id,
            run.command,
            run.actor,
            run.began,
            run.ended,
            run.outcome or "did not end",
            run.said,
            run.tool,
            run.policy,
            run.commit,
            run.awx_job,
            run.seq,
        )
        for run in runs_of(case)
    ]
    return case.sheet(
        "runs",
        "Runs",
        "Every run in the period: who started it, with which version of the tool and of the policy, and how it ended.",
        "run command by began ended outcome said tool policy commit awx_job event",
        rows,
    )


def policy_versions(case: Case) -> Sheet:
    found: dict[tuple[str, str], list[RunTold]] = {}
    for run in runs_of(case):
        found.setdefault((run.policy, run.commit), []).append(run)
    rows = [
        (
            policy,
            commit.removesuffix("-dirty"),
            not commit.endswith("-dirty") if commit else None,
            min(run.began for run in mine),
            max(run.began for run in mine),
            len(mine),
        )
        for (policy, commit), mine in found.items()
    ]
    return case.sheet(
        "policy_versions",
        "Versions of the policy in force",
        "Which version of the policy, at which commit, runs worked with. Clean: nothing in it was changed without "
        "being "
        "committed; empty where the policy is in no repository.",
        "policy commit clean first_run last_run runs",
        sorted(rows, key=lambda row: row[3]),
    )


def policy_commits(case: Case) -> Sheet:
    rows: t.Iterable[tuple[t.Any, ...]] = (
        (each.id, each.authored, each.author, each.committed, each.committer, each.subject, each.files)
        for each in case.commits or ()
    )
    return case.sheet(
        "policy_commits",
        "Changes of the policy",
        "The commits of the policy and catalog in the period, as the repository has them: who wrote them and who took "
        "them "
        "in. Who reviewed a change is in the system that the repository lies in.",
        "commit written_at author taken_in_at committer subject files",
        rows,
    )


def approvals(case: Case) -> Sheet:
    """What the guard stopped in the period, and who approved it."""
    rows = []
    # an emergency passes the limits, which its plan says all the same
    urgent = {change.plan for change in case.history.work.changes if change.urgency == "emergency"}
    for stop in case.history.stops:
        if not case.period.has(stop.at) or stop.plan in urgent:
            continue
        said = [one for one in case.history.approvals if one.plan == stop.plan]
        rows.append(
            (
                stop.plan,
                stop.at,
                stop.actor,
                stop.breaches,
                tuple(dict.fromkeys(one.by for one in said)),
                min((one.at for one in said), default=None),
                stop.seq,
            )
        )
    return case.sheet(
        "guard_stops",
        "Plans that the guard stopped",
        "Plans in the period that would have changed more than the guard lets through by itself, and who approved "
        "them. "
        "Without an approval nothing of them was carried out. Emergencies are not stopped.",
        "plan stopped_at run_by limits_passed approved_by approved_at event",
        rows,
    )


def earlier_packs(case: Case) -> Sheet:
    """The packs that were made before this one: a sample that was drawn until it pleased would show here."""
    rows = []
    for event in case.history.packs:
        data = event.data
        sample = data.get("sample") or {}
        rows.append(
            (
                event.at,
                event.actor,
                str(data.get("from", "")),
                str(data.get("until", "")),
                sample.get("size"),
                str(sample.get("of", "")),
                str(sample.get("seed", "")),
                str(data.get("manifest_sha256", "")),
                event.seq,
            )
        )
    return case.sheet(
        "earlier_packs",
        "Packs that were made before this one",
        "Every evidence pack that the ledger knows of, with the seed of its sample. A seed that was tried until the "
        "sample "
        "pleased shows here.",
        "made_at by from until sample of seed manifest_sha256 event",
        rows,
    )
