# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""All questions, in the order in which they are listed."""

from __future__ import annotations

import difflib

from ...errors import QuestionError
from .of_access import OF_ACCESS
from .of_control import OF_CONTROL
from .question import Answer, Question, answer

QUESTIONS: tuple[Question, ...] = (*OF_ACCESS, *OF_CONTROL)

#: What lists them all.
LIST = "list"


def question_of(key: str) -> Question:
    """Return a question by its key. Raises QuestionError, which names those that there are."""
    found = {question.key: question for question in QUESTIONS}
    if key not in found:
        # "admins" is further from "administrators" than from "readings", and begins as it does
        near = [one for one in found if key[:5] == one[:5]] or difflib.get_close_matches(key, found, 1)
        raise QuestionError(
            f"there is no question {key!r}",
            todo=(f"Did you mean {near[0]!r}? " if near else "") + f"There are {', '.join(found)}",
        )
    return found[key]


def listed() -> Answer:
    """Return all questions with what is to be given with them, and what may be."""
    rows = [(one.key, one.needs, one.takes, one.criteria, one.shows, one.title) for one in QUESTIONS]
    return answer("question needs takes criteria shows asks", rows, f"{len(rows)} questions")
