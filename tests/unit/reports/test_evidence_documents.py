# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The page and the PDF of an evidence pack: texts are data, letters are honest, the same pack gives the same bytes."""

from __future__ import annotations

import base64
import html.parser
import re
import zlib

import pytest
from ansible_collections.rollcall.access.plugins.module_utils.errors import EvidenceError
from ansible_collections.rollcall.access.plugins.module_utils.reports.evidence.criteria import CRITERIA
from ansible_collections.rollcall.access.plugins.module_utils.reports.evidence.document import Document, Section
from ansible_collections.rollcall.access.plugins.module_utils.reports.evidence.letters import Letters
from ansible_collections.rollcall.access.plugins.module_utils.reports.evidence.page import place, render
from ansible_collections.rollcall.access.plugins.module_utils.reports.evidence.pdf import render_pdf

HOSTILE = "<script>alert(1)</script> <b>bold</b> &amp; {{ 7 * 7 }} \u202e\x07"


def document(*cells: str) -> Document:
    rows = tuple((cell, "leaver") for cell in cells)
    section = Section("people", f"People {cells[0]}", cells[0], ("name", cells[0]), rows, 1000, "tables/people.csv")
    story = Section(f"story-{cells[0]}", "Story", "", ("when",), (), 0)
    return Document("Evidence", cells[0], (("Scope", cells[0]),), (("5", "people", "people"),), (section, story))


def texts(pdf: bytes) -> str:
    """Return what a PDF shows, as far as it is written in a standard font."""
    found = []
    for stream in re.findall(rb"stream\r?\n(.*?)endstream", pdf, re.DOTALL):
        try:
            content = zlib.decompress(base64.a85decode(stream.strip(), adobe=False))
        except (ValueError, zlib.error):
            content = zlib.decompress(base64.a85decode(b"<~" + stream.strip(), adobe=True))
        found += re.findall(rb"\((.*?)(?<!\\)\) Tj", content)
    text = re.sub(rb"\\([0-7]{3})", lambda octal: bytes([int(octal[1], 8)]), b" ".join(found))
    return re.sub(rb"\\([()\\])", rb"\1", text).decode("cp1252", errors="replace")


class Elements(html.parser.HTMLParser):
    def __init__(self, text: str) -> None:
        super().__init__()
        self.names: list[str] = []
        self.ids: list[str] = []
        self.links: list[str] = []
        self.cells: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.names.append(tag)
        values = dict(attrs)
        if "id" in values:
            self.ids.append(values["id"])
        if tag == "td":
            self.cells.append(values["data-what"])
        if tag == "a":
            self.links.append(values["href"])


def test_texts_are_texts_on_the_page():
    text = render(document(HOSTILE))
    page = Elements(text)
    assert "script" not in page.names
    assert "b" not in page.names
    assert "{{ 7 * 7 }}" in text
    assert "default-src &#39;none&#39;" in text or "default-src 'none'" in text
    assert all(re.fullmatch(r"[\w-]+", id, re.ASCII) for id in page.ids)


def test_each_cell_says_what_its_column_is_called_for_those_who_see_no_head():
    page = Elements(render(document("Ann", HOSTILE)))
    assert page.cells == ["name", "Ann"] * 2


def test_every_link_of_the_page_leads_somewhere_in_the_pack():
    page = Elements(render(document("Ann")))
    inside = [link for link in page.links if link.startswith("#")]
    assert inside
    assert {link[1:] for link in inside} <= set(page.ids)
    assert {link for link in page.links if not link.startswith("#")} == {"tables/people.csv"}


def test_ids_of_people_make_ids_of_sections_that_differ():
    made = [place(f"story-{id}") for id in ("a b", "a_b", "a-b", "ab", "É", 'a"b', "a'b")]
    assert len(set(made)) == len(made)


def test_texts_are_texts_in_the_pdf():
    shown = texts(render_pdf(document(HOSTILE)))
    assert "<script>alert(1)</script>" in re.sub(r"\s+", " ", shown).replace("alert(1) </script>", "alert(1)</script>")


def test_letters_that_the_font_has_not_stand_in_latin_ones_and_the_first_page_says_so():
    shown = texts(render_pdf(document("Łukasz 王", "Zoë Ünal")))
    assert "Łukasz" not in shown
    assert "Lukasz Wang" in shown
    assert "Zoë" in shown
    assert "texts hold letters that the font of this PDF does not have" in re.sub(r"\s+", " ", shown)
    assert "does not have" not in texts(render_pdf(document("Zoë Ünal")))


@pytest.mark.parametrize(
    ("text", "fitting", "replaced"),
    [
        ("Zoë", "Zoë", 0),
        ("Łukasz", "Lukasz", 1),
        ("王", "Wang", 1),
        ("שרה", "SRh", 1),
        ("two\nlines", "two lines", 1),
        ("\x07", "?", 1),
        ("plain", "plain", 0),
    ],
)
def test_each_letter_is_written_or_replaced(text, fitting, replaced):
    letters = Letters()
    assert letters.fit(text).casefold() == fitting.casefold()
    assert letters.replaced == replaced


def test_a_file_that_is_no_font_is_refused_by_its_name(tmp_path):
    (tmp_path / "font.ttf").write_text("no font")
    with pytest.raises(EvidenceError, match=r"font\.ttf: this is no TrueType font"):
        Letters(tmp_path / "font.ttf")


def test_the_same_document_gives_the_same_bytes():
    assert render_pdf(document("Ann", "Łukasz")) == render_pdf(document("Ann", "Łukasz"))
    assert render(document("Ann")) == render(document("Ann"))


def test_a_table_longer_than_a_page_and_a_word_longer_than_a_line_are_printed():
    pdf = render_pdf(document("x" * 3000, *(f"row {n}" for n in range(400))))
    shown = texts(pdf)
    assert "row 399" in shown
    assert pdf.count(b"/Type /Page\n") > 5


def test_every_criterion_that_was_promised_is_there():
    numbers = {(one.framework, one.number) for one in CRITERIA}
    assert {number for framework, number in numbers if framework == "SOC 2"} == {"CC6.1", "CC6.2", "CC6.3"}
    assert {number for framework, number in numbers if framework.startswith("ISO")} == {
        "A.5.15",
        "A.5.16",
        "A.5.17",
        "A.5.18",
        "A.8.2",
    }
    hipaa = {number for framework, number in numbers if framework == "HIPAA"}
    assert all(number.startswith(("164.308(a)(3)", "164.308(a)(4)")) for number in hipaa)
    assert len(hipaa) == 6
