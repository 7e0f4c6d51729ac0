# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Making an evidence pack: what goes in is gathered, written aside, signed, recorded, and moved into place."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import pathlib
import secrets
import shutil
import typing as t

from ..errors import EvidenceError, LedgerError, RollcallError
from ..ledger.checkpoints import PACK, public_keys, public_pem, sign_manifest
from ..ledger.encoding import time_text
from ..ledger.engines import database_of
from ..ledger.export import export
from ..model import Run
from ..policy.commit import commits_between
from ..reports.evidence.case import Case
from ..reports.evidence.files import write_files
from ..reports.evidence.history import History
from ..reports.evidence.period import SAMPLED, Period, Sample, period_of
from ..reports.evidence.sheets import Pack, pack_of
from ..sources.glancing import without_collecting
from ..writing import write_text
from .company import Company
from .pack_folder import MANIFEST, SIGNATURE, beside, check_directory, move_into_place, sweep
from .pack_scope import scope_of
from .runs import tool_version

LEDGER = "ledger"
PACKED = "evidence.packed"


@dataclasses.dataclass(frozen=True)
class Asked:
    """What a pack is asked for. ``events`` None: the events go in unless the scope is a part of the company.

    ``seed`` empty: one is made up, and written down.
    """

    first: str
    last: str
    directory: pathlib.Path
    scope: t.Mapping[str, t.Any]
    sample: int = 0
    seed: str = ""
    of: str = "people"
    font: pathlib.Path | None = None
    events: bool | None = None


@dataclasses.dataclass(frozen=True)
class Made:
    """A pack that was made; ``manifest`` is empty where nothing was written (check mode)."""

    pack: Pack
    folder: pathlib.Path
    manifest: str


def make_pack(company: Company, asked: Asked, *, actor: str, begin: t.Callable[[], Run] | None) -> Made:
    """Make a pack in ``asked.directory``; an earlier pack there is replaced.

    ``begin`` begins the run that it is recorded in, None writes nothing at all. It is called when the pack lies beside
    its place, whole but for the signature; then the ledger says that it was made, with which sample, and it is signed
    and moved. What earlier runs left that were killed on the way is taken away. Raises EvidenceError or
    UnknownName, before anything is written, for a period, a scope, a sample or a directory that cannot be; LedgerError
    for a ledger without events or without a key.
    """
    now = company.clock.now()
    zone = company.settings.working_day.zone
    period = period_of(asked.first, asked.last, zone=zone, today=company.settings.working_day.today(now))
    if asked.of not in SAMPLED:
        raise EvidenceError(
            f"a sample cannot be drawn from {asked.of!r}", todo=f"Give rollcall_sample_of as {', '.join(SAMPLED)}"
        )
    check_directory(asked.directory)
    if asked.font is not None and not asked.font.is_file():
        raise EvidenceError("there is no such font", where=str(asked.font), todo="Name a .ttf file, or leave it out")
    path = database_of(company.settings.ledger).path
    if path is not None and not path.exists():
        raise LedgerError("there is no ledger to take evidence from", where=str(path))
    folder = asked.directory
    if begin is None:
        return Made(_pack(company, asked, period, company.ledger.head.seq), folder, "")
    folder.parent.mkdir(parents=True, exist_ok=True)
    try:
        with beside(folder) as aside:
            # the export sees one state of the ledger; whatever is written meanwhile belongs to the next pack
            export(company.ledger, aside / LEDGER, now)
            exported = json.loads((aside / LEDGER / MANIFEST).read_text(encoding="utf-8"))
            # millions of events, and none of what is made of them is garbage
            with without_collecting():
                pack = _pack(company, asked, period, exported["head"]["seq"])
                manifest = _write(company, asked, pack, aside, exported, actor)
            signature = json.dumps(sign_manifest(company.ledger, manifest), indent=1) + "\n"
            digest = hashlib.sha256(manifest).hexdigest()
            run = begin()
            company.ledger.append(PACKED, run, company.clock.now(), data={**_told(pack), "manifest_sha256": digest})
            # at last: what is signed is also recorded, wherever a run is killed
            write_text(aside / SIGNATURE, signature, mode=0o640)
            move_into_place(aside, folder)
            sweep(folder)
    except OSError as error:
        raise EvidenceError(
            f"the pack cannot be written: {error.strerror or error}",
            where=str(error.filename or folder),
            todo="Name a directory that the user who runs this may write to",
        ) from error
    return Made(pack, folder, digest)


def _pack(company: Company, asked: Asked, period: Period, last_event: int) -> Pack:
    history = History()
    for event in company.ledger.events():
        if event.seq > last_event:
            break
        history.take(event)
    if not history.count:
        raise LedgerError("the ledger holds no event yet: there is nothing to prove", where=company.ledger.where)
    scope, named = scope_of(asked.scope, history, company.apps, period)
    settings = company.settings
    feed = company.feed
    unread = isinstance(feed, RollcallError)
    seed = asked.seed or (secrets.token_hex(8) if asked.sample else "")
    case = Case(
        history=history,
        period=period,
        scope=scope,
        now=company.clock.now(),
        working_day=settings.working_day,
        apps=company.apps,
        reads=company.reads(),
        policy=company.policy,
        known=company.people,
        # those that were made at run time are in the events
        exceptions=tuple(one for one in company.written[0] if one.origin is not None),
        covers=company.written[1],
        commits=commits_between(
            settings.policy,
            (settings.catalog, settings.policy, settings.exceptions, settings.locks),
            period.begins,
            period.ends,
        ),
        hr=None if isinstance(feed, RollcallError) else {person.id: person for person in feed.people},
        hr_problem=str(feed) if unread else "",
        company=settings.company,
        rehearsal=company.ledger.rehearsal,
        base=str(settings.base),
    )
    return pack_of(case, Sample(asked.sample, seed, asked.of), named)


def _told(pack: Pack) -> dict[str, t.Any]:
    """What a manifest and the ledger say of a pack."""
    period, scope, sample = pack.case.period, pack.case.scope, pack.sample
    return {
        "from": period.first.isoformat(),
        "until": period.last.isoformat(),
        "begins": time_text(period.begins),
        "ends": time_text(period.ends),
        "scope": {
            "apps": None if scope.apps is None else sorted(scope.apps),
            "people": None if scope.people is None else sorted(scope.people),
            "departments": list(scope.departments),
        },
        "sample": {"size": sample.size, "of": sample.of, "seed": sample.seed, "drawn": list(pack.drawn)},
    }


def _write(
    company: Company, asked: Asked, pack: Pack, folder: pathlib.Path, exported: t.Mapping[str, t.Any], actor: str
) -> bytes:
    """Write the pack's files and its manifest; return the manifest."""
    included = pack.case.scope.whole if asked.events is None else asked.events
    head = exported["head"]
    tool = f"rollcall.access {tool_version()}"
    about = (
        ("Made", f"{pack.case.now:%Y-%m-%d %H:%M} UTC by {actor} with {tool}"),
        ("Ledger", f"{exported['events']:,} events; the last one is number {head['seq']}, hash {head['hash']}"),
        (
            "Events",
            "all of them are in the folder ledger"
            if included
            else "not in this pack, for its scope is a part of the company; an export of the ledger fits to it",
        ),
    )
    write_files(pack, folder, about, asked.font)
    if not included:
        shutil.rmtree(folder / LEDGER)
    keys = "".join(public_pem(key) for key in public_keys(company.ledger))
    (folder / "public_key.pem").write_text(keys, encoding="ascii")
    manifest = {
        "format": PACK,
        "company": company.settings.company,
        "rehearsal": company.ledger.rehearsal,
        "made_at": time_text(pack.case.now),
        "made_by": actor,
        "tool": tool,
        **_told(pack),
        "events": {"included": included, "count": exported["events"], **head},
        "files": {name: _measure(folder / name) for name in sorted(_names(folder))},
    }
    text = json.dumps(manifest, indent=1, ensure_ascii=True).encode("ascii") + b"\n"
    (folder / MANIFEST).write_bytes(text)
    for path in folder.rglob("*"):
        # it says who has what: for its owner and group alone
        path.chmod(0o750 if path.is_dir() else 0o640)
    return text


def _names(folder: pathlib.Path) -> t.Iterator[str]:
    return (path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


def _measure(path: pathlib.Path) -> dict[str, t.Any]:
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return {"size": path.stat().st_size, "sha256": digest}
