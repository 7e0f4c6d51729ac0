# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A report as files: the page, each table as CSV and as JSON, and the numbers as OpenMetrics text.

Each file is written under another name and moved into place, so that a reader never sees half of one. They say who has
what, so they are for their owner and group only: a file gets mode 0640 and a directory that is made here 0750, both
less what the umask takes away.
"""

from __future__ import annotations

import datetime as dt
import json
import os
import pathlib
import secrets
import typing as t

from ..errors import RollcallError
from ..tabular import write_csv
from .facts import Facts
from .openmetrics import open_metrics
from .page import render
from .tables import Table, tables

PAGE = "index.html"
METRICS = "metrics.txt"


def write_report(facts: Facts, directory: str | os.PathLike[str]) -> list[pathlib.Path]:
    """Write index.html, every table as NAME.csv and NAME.json, and metrics.txt into ``directory``.

    The directory is made where it is missing. Returns the paths, the page first. The same facts give the same bytes.
    Raises RollcallError when a file cannot be written, and MissingLibrary without Jinja2; then the files that are there
    already are whole, older ones included.
    """
    files = {**_files(facts, tables(facts)), METRICS: open_metrics(facts)}
    return _written({PAGE: render(facts, downloads=tuple(files)), **files}, pathlib.Path(directory))


def write_tables(
    facts: Facts, directory: str | os.PathLike[str], make: t.Iterable[t.Callable[[Facts], Table]]
) -> list[pathlib.Path]:
    """Write these tables as NAME.csv and NAME.json into ``directory``. Raises what ``write_report`` does."""
    return _written(_files(facts, tables(facts, make)), pathlib.Path(directory))


def _files(facts: Facts, made: t.Iterable[Table]) -> dict[str, str]:
    files: dict[str, str] = {}
    for table in made:
        files[f"{table.name}.csv"] = as_csv(table)
        files[f"{table.name}.json"] = as_json(table, facts)
    return files


def _written(texts: t.Mapping[str, str], folder: pathlib.Path) -> list[pathlib.Path]:
    try:
        folder.mkdir(mode=0o750, parents=True, exist_ok=True)
        return [_write(folder / name, text) for name, text in texts.items()]
    except OSError as error:
        raise RollcallError(
            f"the report cannot be written: {error.strerror or error}",
            where=str(error.filename or folder),
            todo="Name a directory that the user who runs this may write to",
        ) from error


def as_csv(table: Table) -> str:
    """Return the table as CSV that no spreadsheet evaluates."""
    return write_csv((dict(zip(table.columns, row, strict=True)) for row in table.rows), table.columns)


def as_json(table: Table, facts: Facts) -> str:
    """Return the table as JSON: an object per row, with the column names of the CSV; values keep their types."""
    rows = [{column: _plain(value) for column, value in zip(table.columns, row, strict=True)} for row in table.rows]
    document = {
        "table": table.name,
        "company": facts.company,
        "generated_at": _plain(facts.generated_at),
        "rehearsal": facts.rehearsal,
        "rows": rows,
    }
    return json.dumps(document, ensure_ascii=True, indent=1) + "\n"


def _plain(value: t.Any) -> t.Any:
    if isinstance(value, dt.datetime):
        return value.astimezone(dt.timezone.utc).replace(tzinfo=None).isoformat(timespec="seconds") + "Z"
    if isinstance(value, dt.date):
        return value.isoformat()
    if isinstance(value, tuple):
        return [_plain(each) for each in value]
    return value


def _write(path: pathlib.Path, text: str) -> pathlib.Path:
    # half of a surrogate pair, which a broken feed may hold, is no UTF-8: it becomes a question mark
    data = text.encode("utf-8", errors="replace")
    draft = path.with_name(f".{path.name}.{secrets.token_hex(6)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o640)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
    except BaseException:
        draft.unlink(missing_ok=True)
        raise
    return path
