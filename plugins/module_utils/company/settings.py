# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What ``rollcall.yml`` says: the one file that names everything else."""

from __future__ import annotations

import dataclasses
import datetime as dt
import difflib
import os
import pathlib
import typing as t
import zoneinfo

from ..clock import Clock, WorkingDay
from ..errors import PolicyError, SettingsError
from ..planning.guard import Limits
from ..policy.durations import parse_duration
from ..policy.problems import Problems
from ..policy.schema import check_schema
from ..policy.yaml_lines import load_document

PLUGIN = "rollcall.access.people"
#: folders that have to be there, and those that may be missing
_FOLDERS = ("catalog", "policy")
MAY_BE_MISSING = ("exceptions", "locks", "requests")
_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


@dataclasses.dataclass(frozen=True)
class Settings:
    """``rollcall.yml``, checked, with every path made absolute."""

    path: pathlib.Path
    sources: tuple[t.Mapping[str, t.Any], ...]
    catalog: pathlib.Path
    policy: pathlib.Path
    exceptions: pathlib.Path
    locks: pathlib.Path
    ledger: str
    company: str = ""
    normalise: t.Mapping[str, t.Mapping[str, t.Any]] = dataclasses.field(default_factory=dict)
    username: str = "{first}.{last}"
    lead_time: dt.timedelta = dt.timedelta(days=3)
    working_day: WorkingDay = dataclasses.field(default_factory=WorkingDay)
    as_of: dt.datetime | None = None
    rehearsal: bool = False
    limits: Limits = dataclasses.field(default_factory=Limits)
    fallback_owner: str = ""
    security: str = ""
    #: what HR calls people who are here for a time
    temporary_types: tuple[str, ...] = ("contractor",)
    evidence: pathlib.Path = pathlib.Path("evidence")
    requests: pathlib.Path = pathlib.Path("access/requests")
    chasing: t.Mapping[str, t.Any] = dataclasses.field(default_factory=dict)
    reviews: t.Mapping[str, t.Any] = dataclasses.field(default_factory=dict)
    #: may hold secrets and templates: it goes through the caller's ``resolve`` and is never shown
    notifications: t.Mapping[str, t.Any] = dataclasses.field(default_factory=dict, repr=False)

    @property
    def base(self) -> pathlib.Path:
        """The directory that relative paths start from."""
        return self.path.parent

    @property
    def clock(self) -> Clock:
        return Clock(self.as_of)

    @classmethod
    def load(cls, path: str | os.PathLike[str], environment: t.Mapping[str, str] | None = None) -> Settings:
        """Read and check ``rollcall.yml``.

        ``$ROLLCALL_LEDGER`` and ``$ROLLCALL_AS_OF`` take the place of ``ledger`` and ``as_of``. Raises SettingsError
        with file and line.
        """
        environment = os.environ if environment is None else environment
        file = pathlib.Path(path).resolve()
        if not file.is_file():
            raise SettingsError(
                f"there is no file {file}",
                todo="Name the company's rollcall.yml with -i rollcall.yml, or in $ROLLCALL_CONFIG",
            )
        data = _checked(file)
        base = file.parent
        _folders_are_there(data, base, file)
        day = data.get("working_day") or {}
        working_day = _working_day(day, file)
        return cls(
            path=file,
            sources=tuple(data["sources"]),
            catalog=base / data.get("catalog", "access/catalog"),
            policy=base / data.get("policy", "access/policy"),
            exceptions=base / data.get("exceptions", "access/exceptions"),
            locks=base / data.get("locks", "access/locks"),
            ledger=_ledger_url(
                environment.get("ROLLCALL_LEDGER") or data.get("ledger", "sqlite:///ledger.db"), base, file
            ),
            company=data.get("company", ""),
            normalise=data.get("normalise") or {},
            username=data.get("username", cls.username),
            lead_time=parse_duration(data["lead_time"]) if "lead_time" in data else cls.lead_time,
            working_day=working_day,
            as_of=_as_of(environment.get("ROLLCALL_AS_OF") or data.get("as_of"), working_day, file),
            rehearsal=bool(data.get("rehearsal", False)),
            limits=Limits.from_settings(data.get("guard") or {}),
            fallback_owner=data.get("fallback_owner", ""),
            security=data.get("security", ""),
            temporary_types=tuple(data.get("temporary_types", cls.temporary_types)),
            evidence=base / data.get("evidence", "evidence"),
            requests=base / data.get("requests", "access/requests"),
            chasing=data.get("chasing") or {},
            reviews=data.get("reviews") or {},
            notifications=data.get("notifications") or {},
        )


def _checked(file: pathlib.Path) -> dict[str, t.Any]:
    try:
        document = load_document(file)
        problems = Problems()
        check_schema(document, "rollcall", problems)
        problems.stop_if_any()
    except PolicyError as error:
        raise SettingsError(error.message, where=error.where, todo=error.todo) from error
    return dict(document.value)


def _folders_are_there(data: t.Mapping[str, t.Any], base: pathlib.Path, file: pathlib.Path) -> None:
    """Refuse the misspelt name of a folder that may be missing: its locks and exceptions would count no longer."""
    for key in MAY_BE_MISSING:
        named, usual = base / str(data.get(key, f"access/{key}")), base / "access" / key
        if os.path.lexists(named):
            continue
        beside = os.listdir(named.parent) if os.access(named.parent, os.R_OK | os.X_OK) else []
        others = {(base / str(data.get(other, f"access/{other}"))).name for other in (*_FOLDERS, *MAY_BE_MISSING)}
        near = difflib.get_close_matches(named.name, [name for name in beside if name not in others], n=1)
        meant = named.with_name(near[0]) if near else usual if os.path.lexists(usual) else None
        if meant is not None:
            raise SettingsError(
                f"`{key}` is {data.get(key, f'access/{key}')!r}, which is not there",
                where=str(file),
                todo=f"Did you mean {os.path.relpath(meant, base)!r}? Correct one of the two names",
            )


def _ledger_url(url: str, base: pathlib.Path, file: pathlib.Path) -> str:
    prefix = "sqlite:///"
    if url.startswith("sqlite:") and url.removeprefix(prefix).partition("?")[0] in ("", "/", ":memory:", url):
        raise SettingsError(
            f"`ledger` is {url!r}, which names no file",
            where=str(file),
            todo="Write sqlite:///ledger.db for a file beside rollcall.yml, or sqlite:////absolute/path/ledger.db",
        )
    if url.startswith(prefix) and not url.startswith(prefix + "/"):
        return prefix + str(base / url.removeprefix(prefix))
    return url


def _working_day(day: t.Mapping[str, t.Any], file: pathlib.Path) -> WorkingDay:
    start, end = (_time_of_day(day.get(key, usual), file, key) for key, usual in (("start", "09:00"), ("end", "17:00")))
    if end <= start and day.get("days"):
        raise SettingsError(
            f"the working day ends at {end:%H:%M}, which is not after its start, {start:%H:%M}",
            where=str(file),
            todo="Correct start and end under working_day",
        )
    try:
        holidays = frozenset(dt.date.fromisoformat(str(one)) for one in day.get("holidays") or ())
    except ValueError as error:
        raise SettingsError(
            f"working_day.holidays: {error}", where=str(file), todo="Write each day as 2026-12-25"
        ) from error
    return WorkingDay(
        end,
        _zone(day.get("timezone", "UTC"), file),
        start,
        frozenset(_DAYS.index(name) for name in day.get("days") or ()),
        holidays,
        day.get("country", ""),
    )


def _zone(name: str, file: pathlib.Path) -> str:
    try:
        zoneinfo.ZoneInfo(name)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError) as error:
        raise SettingsError(
            f"working_day.timezone is {name!r}, which is no time zone",
            where=str(file),
            todo="Write it as Europe/Amsterdam",
        ) from error
    return name


def _time_of_day(text: t.Any, file: pathlib.Path, key: str = "end") -> dt.time:
    try:
        return dt.time.fromisoformat(str(text))
    except ValueError as error:
        raise SettingsError(
            f"working_day.{key} is {text!r}, which is no time of day", where=str(file), todo='Write it as "17:00"'
        ) from error


def _as_of(value: t.Any, working_day: WorkingDay, file: pathlib.Path) -> dt.datetime | None:
    if value in (None, ""):
        return None
    try:
        if isinstance(value, dt.datetime):
            moment = value
        elif isinstance(value, dt.date):
            return Clock.at_end_of(value, working_day).as_of
        elif len(str(value)) == 10:
            return Clock.at_end_of(dt.date.fromisoformat(str(value)), working_day).as_of
        else:
            moment = dt.datetime.fromisoformat(str(value))
    except ValueError as error:
        raise SettingsError(
            f"as_of is {str(value)!r}, which is neither a day nor a moment",
            where=str(file),
            todo="Write it as 2026-12-01, or as 2026-12-01T12:00",
        ) from error
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=working_day.zone)
    return moment.astimezone(dt.timezone.utc)


def config_path(given: str | None, environment: t.Mapping[str, str], directory: pathlib.Path) -> pathlib.Path:
    """Return where rollcall.yml is: as given, as $ROLLCALL_CONFIG says, or in the working directory."""
    name = given or environment.get("ROLLCALL_CONFIG") or "rollcall.yml"
    path = pathlib.Path(name)
    return path if path.is_absolute() else directory / path
