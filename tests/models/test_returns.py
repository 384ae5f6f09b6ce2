"""What was returned counts no longer as bought in a build."""

from recomengine.models.histories import NO_GROUP, PURCHASE, RETURN, VIEW
from recomengine.models.returns import without_returned
from tests.models.events import HOUR_MS, START_MS, Event, events_of, histories_of

ORDER, OTHER_ORDER = 71, 72


def did(user: int, hour: int, kind: int, item: int, group: int = NO_GROUP) -> Event:
    return Event(user, START_MS + hour * HOUR_MS, kind, item, group)


def left(events: list[Event], partly: list[tuple[int, int]] | None = None) -> list[Event]:
    return events_of(without_returned(histories_of(events), partly or []))


def test_a_return_takes_back_the_product_of_its_order_and_nothing_else() -> None:
    viewed = did(0, 0, VIEW, 1)
    kept = [did(0, 1, PURCHASE, 2, ORDER), did(0, 2, PURCHASE, 1, OTHER_ORDER), did(1, 1, PURCHASE, 1)]
    assert left([viewed, did(0, 1, PURCHASE, 1, ORDER), *kept, did(0, 3, RETURN, 1, ORDER)]) == [viewed, *kept]


def test_all_lines_of_the_product_go_whoever_sent_the_return() -> None:
    lines = [did(0, 1, PURCHASE, 1, ORDER), did(0, 2, PURCHASE, 1, ORDER)]
    assert left([*lines, did(1, 3, RETURN, 1, ORDER)]) == []


def test_what_was_returned_in_part_stays_bought() -> None:
    events = [did(0, 1, PURCHASE, 1, ORDER), did(0, 1, PURCHASE, 2, ORDER)]
    returns = [did(0, 2, RETURN, 1, ORDER), did(0, 2, RETURN, 2, ORDER)]
    assert left(events + returns, [(1, ORDER)]) == events[:1]


def test_a_return_of_no_known_order_takes_back_the_shoppers_newest_purchase_before_it() -> None:
    first, second, later = (did(0, hour, PURCHASE, 1, hour) for hour in (1, 2, 9))
    other = did(1, 2, PURCHASE, 1)
    assert left([first, second, later, other, did(0, 5, RETURN, 1)]) == [first, later, other]
    unknown = [did(0, 5, RETURN, 1, ORDER), did(0, 6, RETURN, 1, ORDER)]
    assert left([first, second, later, other, *unknown]) == [later, other]
    assert left([other, did(0, 5, RETURN, 1), did(1, 1, RETURN, 1)]) == [other]


def test_histories_without_returns_are_left_as_they_are() -> None:
    histories = histories_of([did(0, 1, PURCHASE, 1, ORDER), did(1, 1, VIEW, 1)])
    assert without_returned(histories, []) is histories
