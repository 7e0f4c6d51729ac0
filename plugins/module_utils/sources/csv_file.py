# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""People from a CSV file.

Strict: every row has as many fields as the header, every quote is closed, every column has a name of its own. A file
that was cut off between two lines cannot be told from a shorter one; that is what the feed guard is for.
"""

from __future__ import annotations

import csv
import io
import typing as t

from ..errors import FeedError, SettingsError
from ..model import Finding, Origin
from .contract import Record
from .files import FileSource
from .problems import shown


class CsvFile(FileSource):
    """``path``, ``encoding``, and ``delimiter`` (a comma unless told otherwise)."""

    type: t.ClassVar[str] = "csv"
    options: t.ClassVar[t.Mapping[str, str]] = {**FileSource.options, "delimiter": "optional"}

    @property
    def heading(self) -> Origin:
        return Origin(self.name, self._heading_line)

    _heading_line = 1

    def delimiter(self) -> str:
        """Return what stands between two fields; raises SettingsError for what cannot."""
        delimiter = self.text_option("delimiter", ",")
        if len(delimiter) != 1 or delimiter in '"\r\n':
            raise SettingsError("`delimiter` must be one character", where=f"source {self.name}")
        return delimiter

    def read(self) -> t.Iterator[Record]:
        delimiter = self.delimiter()
        text = self.text()
        rows = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
        header: list[str] = []
        width = 0
        line = 1
        name = self.name
        ends_with_line = text.endswith(("\n", "\r"))
        last_line = text.count("\n") + (not ends_with_line)
        while True:
            try:
                for row in rows:
                    if not row:  # an empty line
                        line = rows.line_num + 1
                        continue
                    if not header:
                        self._heading_line = line
                        header = self.header(row)
                        width = len(header)
                    elif len(row) == width:
                        yield Record(dict(zip(header, row, strict=True)), Origin(name, line))
                    else:
                        self._odd_row(line, row, width, cut=rows.line_num >= last_line and len(row) < width)
                    line = rows.line_num + 1
                break
            except csv.Error as error:
                self._unreadable(line, error)
                return
        if header and not ends_with_line:
            self.findings.append(
                Finding(
                    code="no_final_line_end",
                    severity="note",
                    message="the last line has no line end; if the export always has one, the file is cut off",
                    where=str(Origin(name, last_line)),
                )
            )

    def header(self, row: t.Sequence[str]) -> list[str]:
        """Return the names of the columns; raises FeedError for what cannot be a header."""
        delimiter = self.delimiter()
        header = [column.strip() for column in row]
        where = str(self.heading)
        if len(header) == 1:
            for other in (";", "\t", ",", "|"):
                if other != delimiter and other in header[0]:
                    raise FeedError(
                        f"the header has one column, {shown(header[0])}",
                        where=where,
                        todo=f"Set `delimiter: {shown(other)}` for this source",
                    )
        for position, column in enumerate(header, 1):
            if not column:
                raise FeedError(f"column {position} of {len(header)} has no name", where=where)
            if header.index(column) < position - 1:
                raise FeedError(
                    f"two columns of the name {shown(column)} ({header.index(column) + 1} and {position})",
                    where=where,
                    todo="Give each column a name of its own",
                )
        return header

    def _odd_row(self, line: int, row: list[str], width: int, *, cut: bool) -> None:
        found = f"{len(row)} field{'' if len(row) == 1 else 's'} where the header has {width}"
        if cut:
            self.problems.add(Origin(self.name, line), f"the file is cut off: {found}", "Export it from HR again")
        else:
            self.problems.add(
                Origin(self.name, line), found, "Values that contain the delimiter or a line end need quotes"
            )

    def _unreadable(self, line: int, error: csv.Error) -> None:
        reason = str(error)
        if "unexpected end of data" in reason or "field limit" in reason:
            reason = "a quote that is opened here is never closed; the file is cut off or a quote is missing"
        elif "expected after" in reason:
            reason = (
                "a quoted value is followed by something else than the delimiter; a quote is missing or not doubled"
            )
        self.problems.add(Origin(self.name, line), reason, "Lines after this one could not be read")
