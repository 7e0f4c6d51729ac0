# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs the contestants of a row in turn and compares their medians."""

from __future__ import annotations

import dataclasses
import json
import statistics
import typing as t

from .row import AtMost, Contestant, Limit, RateOver, Row, Sample, TimesFaster


@dataclasses.dataclass(frozen=True)
class Verdict:
    """One limit, held against what was measured."""

    text: str
    measured: float
    limit: float
    reached: bool


@dataclasses.dataclass(frozen=True)
class Measured:
    """A row with all its samples (seconds already divided by the part that was done)."""

    row: Row
    samples: t.Mapping[str, t.Sequence[Sample]]

    def seconds(self, name: str) -> float:
        """Return the median time of a contestant, in seconds, for the whole work."""
        return statistics.median(sample.seconds for sample in self.samples[name])

    def peak_mb(self, name: str) -> float:
        """Return the median of the most memory that a contestant held, in MB; 0 when nobody looked."""
        return statistics.median(sample.peak_mb for sample in self.samples[name])

    def verdicts(self) -> list[Verdict]:
        """Hold the row's limits against the medians."""
        return [self._verdict(limit) for limit in self.row.limits]

    def _verdict(self, limit: Limit) -> Verdict:
        ours = self.seconds(limit.ours)
        if isinstance(limit, AtMost):
            ratio = ours / self.seconds(limit.other)
            text = f"{limit.ours} / {limit.other} at most {limit.factor:g}"
            return Verdict(text, ratio, limit.factor, ratio <= limit.factor)
        if isinstance(limit, TimesFaster):
            ratio = self.seconds(limit.other) / ours
            text = f"{limit.other} / {limit.ours} at least {limit.factor:g}"
            return Verdict(text, ratio, limit.factor, ratio >= limit.factor)
        if isinstance(limit, RateOver):
            rate = limit.units / ours
            text = f"{limit.ours} at least {limit.per_second:,g} a second"
            return Verdict(text, rate, limit.per_second, rate >= limit.per_second)
        peak = self.peak_mb(limit.ours)
        # a contestant that nobody looked at must not pass as small
        return Verdict(
            f"{limit.ours} at most {limit.megabytes:g} MB", peak, limit.megabytes, 0 < peak <= limit.megabytes
        )


def measure(row: Row, repeat: int, say: t.Callable[[str], None]) -> Measured:
    """Run all contestants once unmeasured, then ``repeat`` times in turn. Whatever a contestant raises ends the row."""
    samples: dict[str, list[Sample]] = {contestant.name: [] for contestant in row.contestants}
    for turn in range(repeat + 1):
        for contestant in row.contestants:
            sample = contestant.run()
            if turn:
                samples[contestant.name].append(_whole(contestant, sample))
        say(f"{row.key}: {'warmed up' if not turn else f'{turn} of {repeat}'}")
    return Measured(row, samples)


def _whole(contestant: Contestant, sample: Sample) -> Sample:
    return dataclasses.replace(sample, seconds=sample.seconds / contestant.part)


def table(results: t.Sequence[Measured]) -> str:
    """Return the table that people read."""
    lines = []
    for result in results:
        lines.append(f"{result.row.key}: {result.row.work}")
        for contestant in result.row.contestants:
            seconds = [sample.seconds for sample in result.samples[contestant.name]]
            part = f"  (did {contestant.part:.3g} of it)" if contestant.part != 1 else ""
            memory = result.peak_mb(contestant.name)
            held = f"  {memory:,.0f} MB" if memory else ""
            lines.append(
                f"    {contestant.name:<34} {_time(statistics.median(seconds)):>10}"
                f"  ({_time(min(seconds))} to {_time(max(seconds))}){held}{part}"
            )
        for verdict in result.verdicts():
            sign = "reached" if verdict.reached else "MISSED"
            lines.append(f"    {sign:<8} {verdict.text}: {verdict.measured:,.2f}")
        if result.row.remark:
            lines.append(f"    {result.row.remark}")
    return "\n".join(lines)


def as_json(results: t.Sequence[Measured], about: t.Mapping[str, t.Any]) -> str:
    """Return everything that was measured, with each sample."""
    rows = [
        {
            "key": result.row.key,
            "work": result.row.work,
            "remark": result.row.remark,
            "contestants": [
                {
                    "name": contestant.name,
                    "part": contestant.part,
                    "median_seconds": result.seconds(contestant.name),
                    "seconds": [sample.seconds for sample in result.samples[contestant.name]],
                    "peak_mb": result.peak_mb(contestant.name) or None,
                }
                for contestant in result.row.contestants
            ],
            "limits": [dataclasses.asdict(verdict) for verdict in result.verdicts()],
        }
        for result in results
    ]
    return json.dumps({**about, "rows": rows}, indent=2) + "\n"


def _time(seconds: float) -> str:
    if seconds < 0.001:
        return f"{seconds * 1e6:.1f} µs"
    return f"{seconds * 1000:.1f} ms" if seconds < 1 else f"{seconds:,.2f} s"
