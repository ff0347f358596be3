"""Questions of other threads, answered by the one that owns the state."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from offbeat.app.questions import MOST_WAITING, Questions
from offbeat.errors import UnavailableError
from tests.support.waiting import wait_until


def test_a_question_is_answered_in_the_thread_that_answers() -> None:
    """And the asking thread gets what it returned."""
    woken = threading.Event()
    questions = Questions(woken.set)
    with ThreadPoolExecutor(1) as pool:
        asked = pool.submit(questions.ask, threading.get_ident)
        assert woken.wait(5)
        questions.answer_all()
        assert asked.result(5) == threading.get_ident()


def test_what_a_question_raises_is_raised_where_it_was_asked() -> None:
    """The answering thread goes on."""
    woken = threading.Event()
    questions = Questions(woken.set)
    with ThreadPoolExecutor(1) as pool:
        asked = pool.submit(questions.ask, lambda: {}["missing"])
        assert woken.wait(5)
        questions.answer_all()
        with pytest.raises(KeyError, match="missing"):
            asked.result(5)


def test_nobody_waits_for_ever() -> None:
    """A question that was given up is not asked any more."""
    called: list[int] = []
    questions = Questions(lambda: None)
    with pytest.raises(UnavailableError, match="starting, stopping or overloaded"):
        questions.ask(lambda: called.append(1), patience_seconds=0.01)
    questions.answer_all()
    assert called == []


def test_what_has_begun_is_waited_for() -> None:
    """What it does is done: whoever asked must not be told that it was not."""
    begun, never = threading.Event(), threading.Event()
    with ThreadPoolExecutor(1) as loop:

        def wake() -> None:
            loop.submit(questions.answer_all)
            assert begun.wait(5)

        def change() -> str:
            begun.set()
            never.wait(0.3)  # longer than the asking thread has patience
            return "done"

        questions = Questions(wake)
        assert questions.ask(change, patience_seconds=0.0) == "done"


def test_too_many_questions_are_refused() -> None:
    """A page that asks and asks must not fill the memory."""
    questions = Questions(lambda: None)
    for _ in range(MOST_WAITING):
        with pytest.raises(UnavailableError, match="did not come to it"):
            questions.ask(lambda: None, patience_seconds=0.0)
    with pytest.raises(UnavailableError, match="ask again in a moment"):
        questions.ask(lambda: None)
    questions.answer_all()
    with pytest.raises(UnavailableError, match="did not come to it"):
        questions.ask(lambda: None, patience_seconds=0.0)


def test_many_threads_ask_at_once() -> None:
    """Each gets its own answer."""
    questions = Questions(lambda: None)
    with ThreadPoolExecutor(8) as pool:
        asked = [pool.submit(questions.ask, lambda i=i: i * i) for i in range(32)]  # type: ignore[misc]

        def answered() -> bool:
            questions.answer_all()
            return all(one.done() for one in asked)

        wait_until(answered, what="all questions to be answered")
    assert [one.result() for one in asked] == [i * i for i in range(32)]
