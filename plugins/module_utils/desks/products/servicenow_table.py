# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""ServiceNow's Table API, as far as a desk needs it.

Source: https://www.servicenow.com/docs/r/api-reference/rest-apis/c_TableAPI.html
"""

from __future__ import annotations

import re
import typing as t

from ...errors import AppError, Broken, Refused
from ...http import Answer, Session

Row = t.Mapping[str, t.Any]

ROLE = "the role itil"
# In an encoded query "^" begins another condition, "," another value of a list and "javascript:" a script.
# Source: https://servicenow.github.io/sdk/guides/encoded-query-guide
SAFE = re.compile(r"[\w.@+' -]{1,100}")
ID = re.compile(r"[0-9a-f]{32}", re.ASCII)
_PAGE = 100  # rows of an answer, and values in a query


class TableApi:
    """Rows of tables. ``where`` begins every error. A field comes as what is stored and what is shown."""

    def __init__(self, session: Session) -> None:
        self.session = session

    def rows(self, table: str, query: str, fields: t.Sequence[str], where: str) -> list[Row]:
        """Return all rows that an encoded query finds.

        The header X-Total-Count counts before access control: rows that are counted and not shown are an error, never
        taken for deleted.
        """
        rows: dict[str, Row] = {}
        while True:
            params = {
                "sysparm_query": f"{query}^ORDERBYsys_id",
                "sysparm_fields": ",".join(dict.fromkeys(("sys_id", *fields))),
                "sysparm_display_value": "all",
                "sysparm_exclude_reference_link": "true",
                "sysparm_limit": str(_PAGE),
                "sysparm_offset": str(len(rows)),
            }
            answer = self._request("GET", f"api/now/table/{table}", where, params=params)
            found = answer.body.get("result") if isinstance(answer.body, dict) else None
            if not isinstance(found, list) or not all(isinstance(one, dict) and value(one, "sys_id") for one in found):
                raise Broken(f"expected rows of {table}", where=where)
            page = {value(one, "sys_id"): one for one in found}
            if set(page) & set(rows):
                raise Broken(f"a page of {table} came twice", where=where)
            rows.update(page)
            total = answer.headers.get("x-total-count", "")
            if not total.isdigit():
                raise Broken(f"expected the number of rows of {table} in the header X-Total-Count", where=where)
            if len(rows) >= int(total):
                return list(rows.values())
            if len(page) < _PAGE:
                what = f"{len(rows)} of {total} rows of {table} are shown: access control hides the others"
                todo = "Give the user who signs in the right to read the whole table"
                raise Refused(f"{what}; this needs {_needed(table)}", where=where, todo=todo)

    def one(self, table: str, query: str, fields: t.Sequence[str], where: str) -> Row | None:
        """Return the only row of a query; None for none or several."""
        rows = self.rows(table, query, fields, where)
        return rows[0] if len(rows) == 1 else None

    def insert(self, table: str, body: t.Mapping[str, str], fields: t.Sequence[str], where: str) -> Row:
        return self._write("POST", f"api/now/table/{table}", body, fields, where, shown_values=False)

    def change(
        self,
        table: str,
        id: str,
        body: t.Mapping[str, str],
        fields: t.Sequence[str],
        where: str,
        *,
        shown_values: bool = False,
    ) -> Row:
        """Change a row and return it. ``shown_values``: the body has choices as they are shown, not as stored."""
        return self._write("PATCH", f"api/now/table/{table}/{id}", body, fields, where, shown_values=shown_values)

    def _write(
        self,
        method: str,
        path: str,
        body: t.Mapping[str, str],
        fields: t.Sequence[str],
        where: str,
        *,
        shown_values: bool,
    ) -> Row:
        params = {
            "sysparm_fields": ",".join(dict.fromkeys(("sys_id", *fields))),
            "sysparm_display_value": "all",
            "sysparm_exclude_reference_link": "true",
            "sysparm_input_display_value": str(shown_values).lower(),
        }
        answer = self._request(method, path, where, params=params, body=dict(body))
        row = answer.body.get("result") if isinstance(answer.body, dict) else None
        if not isinstance(row, dict) or not value(row, "sys_id"):
            raise Broken("expected the row as it is now", where=where)
        return row

    def _request(self, method: str, path: str, where: str, **more: t.Any) -> Answer:
        try:
            return self.session.request(method, path, where=where, **more)
        except Refused as error:
            raise _named(error, path) from None


def _named(error: Refused, path: str) -> AppError:
    """Name the role where access control refused; a data policy or a business rule refuses with the same status."""
    if error.details.get("status") != 403:
        return error
    answer = error.answer.get("error") if isinstance(error.answer, dict) else None
    said = " ".join(str(answer.get(name) or "") for name in ("message", "detail")) if isinstance(answer, dict) else ""
    if said and not re.search("security|acl|authori[sz]", said, re.IGNORECASE):
        error.message = error.message.replace("the credentials are known and lack the permission", "refused")
        error.todo = "Look at the data policies and business rules of the table"
        return error
    error.message = f"{error.message.rstrip('. ')}; this needs {_needed(path.rpartition('table/')[2].split('/')[0])}"
    return error


def _needed(table: str) -> str:
    more = f" and read access to {table}" if table.startswith("sys_") else ""
    return ROLE + more


def value(row: Row, field: str) -> str:
    """Return what is stored in a field, as text."""
    found = row.get(field)
    if isinstance(found, dict):
        found = found.get("value")
    return "" if found is None else str(found)


def shown(row: Row, field: str) -> str:
    """Return a field as a person sees it."""
    found = row.get(field)
    if isinstance(found, dict):
        found = found.get("display_value")
    return "" if found is None else str(found)


def chunks(of: t.Sequence[str]) -> t.Iterator[t.Sequence[str]]:
    """Yield numbers or ids, as many as one query takes: its address stays below 4,000 characters."""
    for start in range(0, len(of), _PAGE):
        yield of[start : start + _PAGE]


def table_name(name: str, where: str) -> str:
    """Return the name of a table. Raises Refused for what cannot be one."""
    if not re.fullmatch(r"[a-z][a-z0-9_]{0,79}", name, re.ASCII):
        raise Refused(f"expected the name of a table that extends Task, found {name!r}", where=where)
    return name


def checked_id(id: str, where: str) -> str:
    """Return an id as it is put into an address. Raises Broken for what is none."""
    if not ID.fullmatch(id):
        raise Broken("expected a sys_id", where=where)
    return id
