"""Which ids were one shopper's at the build: a mapped table, so that no process holds a dict of them.

The ids of a shopper stand beside each other, the user's id first, then the others, the newest first.
"""

from collections.abc import Iterable
from itertools import groupby
from typing import Any

import numpy as np

from recomengine._core.csr import Int32, Int64
from recomengine._core.strings import StringTable, build_string_table
from recomengine.events.joined import MAX_JOINED, JoinedIds
from recomengine.models.arrays import Arrays


def people_arrays(aliases: Iterable[Any]) -> Arrays:
    """aliases: rows of user_id, anonymous_id and first_seen_id, those of a user together, the newest first."""
    ids: list[str] = []
    indptr, persons, first_seen = [0], [], []
    for person, (user_id, rows) in enumerate(groupby(aliases, key=lambda row: row["user_id"])):
        of_user = list(rows)
        own = [user_id, *(row["anonymous_id"] for row in of_user)]
        seen = of_user[0]["first_seen_id"]
        first_seen.append(len(ids) + (own.index(seen) if seen in own else 0))
        persons += [person] * len(own)
        ids += own
        indptr.append(len(ids))
    offsets, data, slots = build_string_table(ids)
    return {
        "people.offsets": offsets, "people.data": data, "people.slots": slots, "people.indptr": np.array(indptr),
        "people.persons": np.array(persons, np.int32), "people.first_seen": np.array(first_seen, np.int64),
    }  # fmt: skip


NOBODY = people_arrays(())


class People:
    def __init__(self, arrays: Arrays) -> None:
        if "people.indptr" not in arrays:  # a model from before joins were part of it
            arrays = NOBODY
        self._offsets: Int64 = arrays["people.offsets"]
        self._data = arrays["people.data"]
        self._table = StringTable(self._offsets, self._data, arrays["people.slots"])
        self._indptr: Int64 = arrays["people.indptr"]
        self._persons: Int32 = arrays["people.persons"]
        self._first_seen: Int64 = arrays["people.first_seen"]

    def find(self, user_id: str) -> JoinedIds | None:
        """The shopper whom any of their ids names; None of an id that was joined with no other."""
        number = self._table.find(user_id)
        if number < 0:
            return None
        person = int(self._persons[number])
        start, end = int(self._indptr[person]), int(self._indptr[person + 1])
        newest = range(start, min(end, start + 1 + MAX_JOINED))
        return JoinedIds([self._text(each) for each in newest], self._text(int(self._first_seen[person])))

    def _text(self, number: int) -> str:
        return bytes(self._data[self._offsets[number] : self._offsets[number + 1]]).decode()


def names_of(aliases: Iterable[Any]) -> dict[str, str]:
    """The shopper of each anonymous id that was joined with one."""
    return {row["anonymous_id"]: row["user_id"] for row in aliases}
