# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The numbers of a report as OpenMetrics text, for Prometheus and whatever else reads it.

Format: https://prometheus.io/docs/specs/om/open_metrics_spec/ - one ``# TYPE`` and ``# HELP`` for each family, its
samples together, labels escaped, ``# EOF`` at the end.
"""

from __future__ import annotations

import collections
import typing as t

from .facts import Facts
from .numbers import headline

Labels = t.Mapping[str, str]
Sample = tuple[str, Labels, float]  # what comes after the family's name, labels, value


def open_metrics(facts: Facts) -> str:
    """Return the text. The same facts give the same text."""
    lines: list[str] = []
    for name, kind, unit, explanation, samples in _families(facts):
        lines.append(f"# TYPE {name} {kind}")
        if unit:
            lines.append(f"# UNIT {name} {unit}")
        lines.append(f"# HELP {name} {_escaped(explanation)}")
        lines += [f"{name}{suffix}{_labels(labels)} {_value(value)}" for suffix, labels, value in samples]
    return "\n".join([*lines, "# EOF", ""])


def _families(facts: Facts) -> t.Iterator[tuple[str, str, str, str, list[Sample]]]:
    n = headline(facts)
    yield (
        "rollcall_report_time_seconds",
        "gauge",
        "seconds",
        "When these numbers were taken, in seconds since 1970.",
        [("", {}, facts.generated_at.timestamp())],
    )
    events = {"joiner": n.joiners, "mover": n.movers, "leaver": n.leavers}
    yield (
        "rollcall_people_incomplete",
        "gauge",
        "",
        "People whose joining, moving or leaving is not complete.",
        [("", {"event": event}, count) for event, count in events.items()],
    )
    yield (
        "rollcall_tasks_open",
        "gauge",
        "",
        "Manual tasks that wait for their owner.",
        _counted((task.app, task.owner, task.urgency) for task in facts.tasks),
    )
    yield (
        "rollcall_tasks_overdue",
        "gauge",
        "",
        "Manual tasks that are late.",
        _counted((task.app, task.owner, task.urgency) for task in facts.tasks if task.overdue),
    )
    for what, words in (("provision", "give access"), ("revoke", "take access away")):
        samples: list[Sample] = []
        for one in facts.durations:
            if one.what != what or one.scope == "all":
                continue
            labels = {"scope": one.scope, "name": one.name}
            samples.append(("", {**labels, "quantile": "0.5"}, one.median))
            samples.append(("", {**labels, "quantile": "0.95"}, one.p95))
            samples.append(("_count", labels, one.count))
        yield (
            f"rollcall_{what}_seconds",
            "summary",
            "seconds",
            f"How long it took to {words}, by app and owner.",
            samples,
        )
    yield (
        "rollcall_service_level_ratio",
        "gauge",
        "ratio",
        "Tasks that ended in time, as a part of all.",
        [("", {"scope": s.scope, "name": s.name}, s.ratio) for s in facts.service_levels if s.scope != "all"],
    )
    yield (
        "rollcall_revocation_debt",
        "gauge",
        "",
        "What is still to be taken away, by the days that it has been due.",
        [
            ("", {"from_days": str(d.start), "to_days": "" if d.end is None else str(d.end)}, d.count)
            for d in facts.debt
        ],
    )
    for name, explanation, count in (
        ("orphan_accounts", "Accounts that belong to nobody.", n.orphans),
        ("findings", "What somebody should look at.", n.findings),
        ("failed_changes", "Changes that did not work and have not worked since.", n.failures),
        ("exceptions", "Grants outside the rules that are in force.", n.exceptions),
        ("locks", "Emergency locks in force.", n.locks),
        ("duty_conflicts", "Conflicts of duties for which nobody answers.", n.conflicts),
        ("leavers_with_access", "People who have left and have an account that can be used.", n.leavers_left),
        ("unexplained_privilege", "Privileged grants that no rule gives.", len(facts.gaps.privilege)),
        ("unused_accounts", "People's accounts that nobody has used for 90 days.", len(facts.gaps.unused)),
    ):
        yield f"rollcall_{name}", "gauge", "", explanation, [("", {}, count)]


def _counted(keys: t.Iterable[tuple[str, str, str]]) -> list[Sample]:
    counts = collections.Counter(keys)
    return [
        ("", {"app": app, "owner": owner, "urgency": urgency}, counts[app, owner, urgency])
        for app, owner, urgency in sorted(counts)
    ]


def _labels(labels: Labels) -> str:
    if not labels:
        return ""
    return "{" + ",".join(f'{name}="{_escaped(value)}"' for name, value in labels.items()) + "}"


def _escaped(text: str) -> str:
    # two texts must not become one: the same sample twice, and nobody reads any of them
    plain = text.encode("utf-8", errors="backslashreplace").decode().replace("\r", "\\r")
    return plain.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


def _value(value: float) -> str:
    return str(int(value)) if value == int(value) else repr(float(value))
