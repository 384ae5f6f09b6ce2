"""When a call is sent again, of any failures: decided without waiting, so these tests have a clock of their own."""

import random
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recomengine_client import ApiError, Invalid, NotFound, NotReached, Patience, RateLimited, Unavailable
from recomengine_client.call import Call, nothing
from recomengine_client.retrying import BUSY, Attempts, retry_after

LOST = "lost"
"""No answer came."""
Outcome = int | str
CALL = Call(method="POST", path="/events", read=nothing)
TAKES_S = 0.5
"""What each attempt takes by the clock of these tests."""

outcomes = st.lists(st.sampled_from([LOST, *sorted(BUSY)]), min_size=1, max_size=40)
patiences = st.builds(
    Patience, attempts=st.none() | st.integers(1, 12), total_s=st.floats(0.1, 100), first_wait_s=st.floats(0.001, 5),
    longest_wait_s=st.floats(0.001, 20),
)  # fmt: skip
headers = st.none() | st.integers(0, 60).map(str)


def answer(status: int, wait: str | None = None) -> httpx.Response:
    return httpx.Response(status, headers={} if wait is None else {"Retry-After": wait})


class Sent:
    """A call that comes to one outcome after the other: the waits between them, and what it ended with."""

    def __init__(
        self, outcomes: Sequence[Outcome], patience: Patience, wait: str | None = None, call: Call[None] = CALL
    ) -> None:
        self.now = 1000.0
        self.waits: list[float] = []
        self.error: Exception | None = None
        self.attempts = Attempts(call, patience, lambda: self.now, random.Random(7).uniform)
        try:
            for outcome in outcomes:
                self.now += TAKES_S
                if isinstance(outcome, str):
                    waited: float | None = self.attempts.failed(httpx.ConnectError(outcome))
                else:
                    waited = self.attempts.answered(answer(outcome, wait))
                if waited is None:
                    return
                self.waits.append(waited)
                self.now += waited
        except (ApiError, NotReached) as error:
            self.error = error


@given(outcomes, patiences, headers)
def test_a_call_ends_within_its_attempts_and_its_time(
    outcomes: list[Outcome], patience: Patience, wait: str | None
) -> None:
    sent = Sent(outcomes, patience, wait)
    assert sent.attempts.made <= (patience.attempts or len(outcomes))
    assert sum(sent.waits) < patience.total_s
    begun_s = sent.now - 1000.0 - (TAKES_S if sent.waits else 0.0)
    assert sent.error is not None or begun_s <= patience.total_s + TAKES_S


@given(outcomes, patiences, headers)
def test_waits_double_at_most_and_are_never_shorter_than_the_server_asks(
    outcomes: list[Outcome], patience: Patience, wait: str | None
) -> None:
    sent = Sent(outcomes, patience, wait)
    for n, (waited, outcome) in enumerate(zip(sent.waits, outcomes, strict=False)):
        asked = float(wait) if wait is not None and outcome != LOST else 0.0
        drawn = waited - asked
        assert -1e-9 <= drawn <= min(patience.longest_wait_s, patience.first_wait_s * 2**n) + 1e-9


def test_many_clients_do_not_come_back_together() -> None:
    patience = Patience(first_wait_s=1.0)
    attempts = [Attempts(CALL, patience) for _ in range(50)]
    waits = [each.failed(httpx.ConnectError("")) for each in attempts]
    assert len(set(waits)) == len(waits)


@given(st.integers(100, 599).filter(lambda status: status not in BUSY and not 200 <= status < 300), patiences)
def test_a_refusal_is_told_at_once(status: int, patience: Patience) -> None:
    sent = Sent([status], patience)
    assert isinstance(sent.error, ApiError)
    assert (sent.error.status, sent.waits) == (status, [])


@given(outcomes)
def test_what_cannot_be_sent_twice_is_sent_once(outcomes: list[Outcome]) -> None:
    once = Call(method="POST", path="/events/import", read=nothing, repeatable=False, unhurried=True)
    sent = Sent(outcomes, Patience(attempts=None), call=once)
    assert sent.attempts.made == 1
    assert sent.error is not None


@pytest.mark.parametrize(("status", "kind"), [(429, RateLimited), (503, Unavailable), (502, Unavailable)])
def test_patience_that_ends_says_when_there_is_room_again(status: int, kind: type[ApiError]) -> None:
    sent = Sent([status] * 9, Patience(attempts=None, total_s=60), "40")
    assert isinstance(sent.error, kind)
    assert (sent.error.retry_after_s, len(sent.waits)) == (40.0, 1)


def test_an_import_takes_as_long_as_it_takes_until_it_fails() -> None:
    slow = Call(method="POST", path="/events/import", read=nothing, unhurried=True)
    assert Sent([LOST], Patience(total_s=TAKES_S / 2), call=slow).error is None
    assert Sent([LOST], Patience(total_s=TAKES_S / 2)).error is not None
    assert Sent([LOST] * 50, Patience(attempts=None, total_s=5 * TAKES_S), call=slow).error is not None


@pytest.mark.parametrize(("before", "done"), [([LOST], True), ([503], True), ([429], False), ([], False)])
def test_what_is_gone_when_its_deletion_is_sent_again_was_deleted(before: list[Outcome], done: bool) -> None:
    deletion = Call(method="DELETE", path="/catalog/boots", read=nothing, absent_is_done=True)
    sent = Sent([*before, 404], Patience(), call=deletion)
    assert sent.error is None if done else isinstance(sent.error, NotFound)


@given(st.integers(0, 10_000))
def test_retry_after_is_read_as_seconds_and_as_a_date(seconds: int) -> None:
    assert retry_after(str(seconds)) == seconds
    date = format_datetime(datetime.now(UTC) + timedelta(seconds=seconds), usegmt=True)
    read = retry_after(date)
    assert read is not None
    assert 0 <= read <= seconds


@given(st.text(max_size=30))
def test_a_retry_after_that_is_none_never_breaks_a_call(header: str) -> None:
    read = retry_after(header)
    assert read is None or read >= 0


@given(st.binary(max_size=60), st.sampled_from([400, 404, 413, 429, 500, 503]))
def test_any_body_of_a_refusal_becomes_an_error_with_its_status(body: bytes, status: int) -> None:
    attempts = Attempts(CALL, Patience(attempts=1))
    with pytest.raises(ApiError) as refused:
        attempts.answered(httpx.Response(status, content=body))
    assert (refused.value.status, refused.value.code) == (status, "unexpected_answer")


def test_a_problem_is_read_with_all_that_it_says() -> None:
    problem = {
        "type": "/docs/problems#invalid", "title": "Invalid input", "status": 422, "detail": "$.price: expected …",
        "instance": "/", "code": "invalid", "requestId": "r1", "errors": [{"path": "$.price", "message": "expected …"}],
    }  # fmt: skip
    with pytest.raises(Invalid) as refused:
        Attempts(CALL, Patience()).answered(httpx.Response(422, json=problem))
    error = refused.value
    assert (error.code, error.request_id, error.detail) == ("invalid", "r1", "$.price: expected …")
    assert [(one.path, one.message) for one in error.errors] == [("$.price", "expected …")]
