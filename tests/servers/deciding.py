# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reviewers decide: at the page, with the keys that it names and nothing else, and on the sheet that lies beside it."""

from __future__ import annotations

import pathlib
import typing as t

from ansible_collections.rollcall.access.tests.servers.eight_apps import EightApps

#: What a reviewer writes where the page asks for a reason.
WHY = "answers for the accounts"

#: On the sheets, the first item of each reviewer in each of these is taken away.
ON_SHEETS = ("Code", "CRM")


def open_page(company: EightApps, desk: t.Any, reviewer: str, stage: int) -> t.Any:
    path = company.company.path / f"review/{reviewer}-stage-{stage}.html"
    return desk.visit(path, today=f"{company.company.env['ROLLCALL_AS_OF']}T09:00:00Z")


def hand_in(company: EightApps, desk: t.Any, page: t.Any, stage: int = 1) -> None:
    """Save with the page's own key, and send what the browser downloaded."""
    saved = desk.save(page)
    company.company.write(f"sent/{stage}/{saved.name}", saved.read_bytes())


def fill_in_the_others(company: EightApps, stage: int) -> None:
    """Whoever has sent nothing that a page saved decides on their sheet."""
    sheets = sorted((company.company.path / "review").glob("*.csv"))
    mine = [path for path in sheets if path.stem.endswith("-stage-2") == (stage == 2)]
    sent = [path.name for path in (company.company.path / f"sent/{stage}").iterdir()]
    fill_in([path for path in mine if not any(path.stem in name for name in sent)], company, f"sent/{stage}")


def take_away(page: t.Any, apps: dict[str, int]) -> None:
    """Go down the page and revoke the first items of these apps, as many as it says for each."""
    left = dict(apps)
    page.keyboard.press("j")
    for _place in range(_undecided(page)):
        if not any(left.values()):
            break
        app = _app(page)
        page.clock.run_for(2000)
        if left.get(app):
            left[app] -= 1
            page.keyboard.press("n")
        else:
            page.keyboard.press("j")
    assert not any(left.values()), f"the page ends before {left} are found"


def keep_groups(page: t.Any) -> None:
    """Keep what is undecided in each group at once, and what takes a reason one by one."""
    while before := _undecided(page):
        page.clock.run_for(20000)
        page.keyboard.press("g")
        page.keyboard.press("y")
        if _undecided(page) == before:
            # nothing but these is left in the group, and the page has gone on to the first of them
            _keep(page)
            assert _undecided(page) == before - 1


def keep_one_by_one(page: t.Any) -> int:
    """Keep what is undecided, item by item; return for how many the page asked for a reason."""
    return sum(_keep(page) for _place in range(_undecided(page)))


def fill_in(sheets: t.Iterable[pathlib.Path], company: EightApps, folder: str) -> None:
    """Fill in sheets, and put them into a folder. What stands in them already is left as it is."""
    for path in sheets:
        sheet = company.sheet(str(path.relative_to(company.company.path)))
        left = set(ON_SHEETS)
        for row in sheet:
            if row["decision"]:
                continue
            revoked = row["app"] in left
            left.discard(row["app"])
            row.update(decision="revoke" if revoked else "keep", reason="seen", by=row["reviewer"])
        company.write_sheet(f"{folder}/{path.name}", sheet)


def _keep(page: t.Any) -> bool:
    page.clock.run_for(2500)
    page.keyboard.press("y")
    if page.evaluate("document.activeElement.tagName") != "INPUT":
        return False
    page.keyboard.type(WHY)
    page.keyboard.press("Enter")
    return True


def _undecided(page: t.Any) -> int:
    progress = page.locator("#progress")
    return int(progress.get_attribute("aria-valuemax")) - int(progress.get_attribute("aria-valuenow"))


def _app(page: t.Any) -> str:
    """Return the app of the item that has the focus, as a screen reader says it; by app, the group's heading does."""
    if page.get_attribute("#by-app", "aria-pressed") == "true":
        return str(page.locator(".group:has(.here) h2").inner_text())
    said = str(page.evaluate("document.activeElement.getAttribute('aria-label')"))
    return said.partition("; ")[0].rpartition(" in ")[2]
