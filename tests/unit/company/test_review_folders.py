# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the daily run writes for reviewers: pages and sheets of the stage that a review has reached. A real ledger."""

from __future__ import annotations

import csv
import io
import pathlib
import typing as t

import pytest
from ansible_collections.rollcall.access.plugins.module_utils.company.following_reviews import follow_reviews
from ansible_collections.rollcall.access.plugins.module_utils.company.review_folders import folder_of
from ansible_collections.rollcall.access.tests.unit.company.campaigns import (
    ANN,
    EVE,
    HUB,
    TWO,
    decide,
    everything,
    follow,
    item,
    opened,
    place,
    review,
)
from ansible_collections.rollcall.access.tests.unit.company.place import Place

__all__ = ["place"]


def there(place: Place) -> dict[str, tuple[int, str]]:
    """The files of the review's folder, with what tells whether they were written again."""
    return {
        path.name: (path.stat().st_mtime_ns, path.read_text(encoding="utf-8"))
        for path in (place.path / "pages/q2").glob("*")
    }


def sheet_of(place: Place, name: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO((place.path / "pages/q2" / name).read_text(encoding="utf-8"))))


def daily(place: Place, day: str, **more: t.Any) -> t.Any:
    return follow(place, day, pages=place.path / "pages", **more)


def test_the_reviewers_of_the_next_stage_get_pages_and_sheets_from_the_daily_run(place):
    opened(place, stages=TWO, directory=place.path / "pages/q2")
    first = there(place)
    assert set(first) == {f"{who}{end}" for who in (ANN, EVE, HUB) for end in (".csv", "-stage-1.html")}
    assert daily(place, "2026-06-02").written == []
    everything(place, "2026-06-03")
    decide(place, "2026-06-03", ("2", "code", "revoke", EVE))
    found = daily(place, "2026-06-04")
    assert found.passed_on
    assert HUB in {item.reviewer for item in review(place).items if item.stage == 1}
    names = {path.name for path in found.written}
    assert names == {f"{who}-stage-2{end}" for who in _second(place) for end in (".csv", ".html")}
    assert there(place).items() >= first.items()
    # what the first stage has taken away is asked of nobody
    ids = {row["item_id"] for row in sheet_of(place, f"{HUB}-stage-2.csv")}
    assert ids == {one.id for one in review(place).items if one.reviewer == HUB and one.stage == 1}
    assert item(place, "2", "code").id not in ids
    assert '"reviewer":"hub@acme.example"' in there(place)[f"{HUB}-stage-2.html"][1]


def _second(place: Place) -> set[str]:
    return {one.reviewer for one in review(place).items if one.stage == 1}


def test_what_is_there_is_left_alone_and_what_is_lost_comes_back(place):
    opened(place)
    assert len(daily(place, "2026-06-02").written) == 6
    sheet = place.path / f"pages/q2/{EVE}.csv"
    sheet.write_text("half filled in", encoding="utf-8")
    before = there(place)
    again = daily(place, "2026-06-02")
    assert (again.written, again.changed) == ([], False)
    assert there(place) == before
    (place.path / f"pages/q2/{EVE}.html").unlink()
    assert [path.name for path in daily(place, "2026-06-03").written] == [f"{EVE}.html"]
    assert there(place)[f"{EVE}.csv"] == before[f"{EVE}.csv"]


def test_who_has_got_somebody_elses_decisions_finds_them_on_a_page(place):
    opened(place)
    daily(place, "2026-06-02")
    before = there(place)
    place.edit("people.csv", ("Head,Sales,1,2018-01-01,,", "Head,Sales,1,2018-01-01,2026-06-03,"))
    found = daily(place, "2026-06-04")
    assert found.handed_over == {"q2": len([one for one in review(place).items if one.handed])}
    assert f"{ANN}.html" in {path.name for path in found.written}
    assert there(place)[f"{ANN}.html"] != before[f"{ANN}.html"]


def test_a_run_that_only_looks_writes_no_file(place):
    opened(place)
    run = place.run(place.open(as_of="2026-06-03"))
    company = place.open(as_of="2026-06-03", writes=False)
    assert follow_reviews(company, run, pages=place.path / "pages").written == []
    assert not (place.path / "pages").exists()


def test_a_review_that_is_closed_or_over_gets_no_files(place):
    opened(place)
    everything(place, "2026-06-03")
    assert daily(place, "2026-06-04", close_due=True).written == []
    assert there(place) == {}


@pytest.mark.parametrize("id", ["../up", "/etc/cron.d/x", "..", ".hidden", "a/b", "q1\n"])
def test_no_id_of_a_review_leads_out_of_the_folder(id):
    pages = pathlib.Path("/srv/pages")
    found = folder_of(pages, id)
    assert found.parent == pages
    assert found.resolve().parent == pages
    assert folder_of(pages, "2026-Q4") == pages / "2026-Q4"
