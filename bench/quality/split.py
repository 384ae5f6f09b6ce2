"""Cuts a shop's events into training events and test cases: deterministic, by time, without leakage.

A shop is a folder with events.csv.gz (user_id, item_id, event_type, timestamp in ms[, price, quantity, order_id,
session_id]), catalog.csv.gz (item_id, name, category, price, attributes as JSON) and meta.json (`protocols`).

Protocols, and what a case asks for:
  user_next          the shopper's last purchase, from all before
  session_next       each next click of sessions never seen, revealed one by one
  fbt, complete      from one product of an unseen basket the others; from a basket less one product, that one
  page_next          the shopper's last purchase, on the page of the one before it, which is not known otherwise; in
                     orders, the last order from one of its products
  next_basket(_new)  the shopper's last basket; only what was never bought before
"""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

SEED = 42
DAY_MS = 86_400_000
TEXT = ("user_id", "item_id", "event_type", "order_id", "session_id")


class Case(NamedTuple):
    user: str
    kind: str
    targets: list[str]
    items: "Sequence[str]" = ()
    """The live session or the basket so far; not among the training events."""
    times: "Sequence[int]" = ()
    exclude: frozenset[str] = frozenset()


def read_events(shop: Path) -> pd.DataFrame:
    return pd.read_csv(shop / "events.csv.gz", dtype=dict.fromkeys(TEXT, str), keep_default_na=False)


def read_catalog(shop: Path) -> pd.DataFrame:
    return pd.read_csv(shop / "catalog.csv.gz", dtype=str, keep_default_na=False)


def read_meta(shop: Path) -> dict[str, Any]:
    meta: dict[str, Any] = json.loads((shop / "meta.json").read_text(encoding="utf-8"))
    return meta


def protocols_of(shop: Path) -> list[str]:
    """Those that the shop names, and what follows a page where shoppers have histories of purchases."""
    named: list[str] = read_meta(shop)["protocols"]
    return [*named, "page_next"] if {"user_next", "next_basket"} & set(named) else named


def split(shop: Path, protocol: str, max_cases: int = 5000) -> tuple[pd.DataFrame, list[Case]]:
    events = read_events(shop).reset_index(drop=True)
    if protocol == "user_next":
        return _user_next(events, max_cases)
    if protocol == "page_next":
        return _page_next(events, max_cases)
    if protocol == "session_next":
        return _session_next(events, read_meta(shop), max_cases)
    if protocol in ("fbt", "complete"):
        return _baskets(events, protocol, max_cases)
    if protocol in ("next_basket", "next_basket_new"):
        return _next_basket(events, protocol, max_cases)
    raise ValueError(
        f"Expected user_next, page_next, session_next, fbt, complete, next_basket or next_basket_new, got {protocol!r}."
    )


def _user_next(events: pd.DataFrame, max_cases: int) -> tuple[pd.DataFrame, list[Case]]:
    events = events.sort_values(["user_id", "timestamp"], kind="stable").reset_index(drop=True)
    bought = events[events.event_type == "purchase"]
    shoppers = bought.groupby("user_id")
    last = (shoppers.cumcount(ascending=False) == 0) & (shoppers.user_id.transform("size") >= 3)
    train = events.drop(bought.index[last])
    target = bought[last & bought.item_id.isin(set(train.item_id))]
    target = target.sample(min(max_cases, len(target)), random_state=SEED).sort_index()
    before = train[train.user_id.isin(set(target.user_id)) & (train.event_type == "purchase")]
    owned = {user: set(rows.item_id) for user, rows in before.groupby("user_id")}
    cases = [
        Case(user, "user_next", [item], exclude=frozenset(owned.get(user, set()) - {item}))
        for user, item in zip(target.user_id, target.item_id, strict=True)
    ]
    return train.sort_values("timestamp", kind="stable"), cases


def _page_next(events: pd.DataFrame, max_cases: int) -> tuple[pd.DataFrame, list[Case]]:
    if "order_id" in events:
        return _page_of_order(events, max_cases)
    events = events.sort_values(["user_id", "timestamp"], kind="stable").reset_index(drop=True)
    bought = events[events.event_type == "purchase"]
    shoppers = bought.groupby("user_id")
    back, enough = shoppers.cumcount(ascending=False), shoppers.user_id.transform("size") >= 4
    train = events.drop(bought.index[enough & (back < 2)])
    page, target = bought[enough & (back == 1)], bought[enough & (back == 0)]
    known = set(train.item_id)
    pairs = [
        (user, one, next_one)
        for user, one, next_one in zip(page.user_id, page.item_id, target.item_id, strict=True)
        if one != next_one and {one, next_one} <= known
    ]
    chosen = np.sort(np.random.default_rng(SEED).permutation(len(pairs))[:max_cases])
    cases = [
        Case(user, "page_next", [next_one], [one], exclude=frozenset([one]))
        for user, one, next_one in (pairs[at] for at in chosen)
    ]
    return train.sort_values("timestamp", kind="stable"), cases


def _page_of_order(events: pd.DataFrame, max_cases: int) -> tuple[pd.DataFrame, list[Case]]:
    """From one product of the shopper's last order the others."""
    train, baskets = _next_basket(events, "next_basket", max_cases)
    random, cases = np.random.default_rng(SEED), []
    for basket in baskets:
        page = int(random.integers(len(basket.targets)))
        others = basket.targets[:page] + basket.targets[page + 1 :]
        if others:
            one = basket.targets[page]
            cases.append(Case(basket.user, "page_next", others, [one], exclude=frozenset([one])))
    return train, cases


def _session_next(events: pd.DataFrame, meta: dict[str, Any], max_cases: int) -> tuple[pd.DataFrame, list[Case]]:
    begun = events.groupby("session_id").timestamp.min().sort_values(kind="stable")
    last_day = int((begun >= begun.max() - DAY_MS).sum())
    held_back = meta.get("test_sessions") or (last_day if meta.get("test") == "last-day" else int(len(begun) * 0.1))
    ids = begun.index.to_numpy()
    train = events[events.session_id.isin(set(ids[: len(ids) - held_back]))]
    unseen = events[events.session_id.isin(set(ids[len(ids) - held_back :])) & events.item_id.isin(set(train.item_id))]
    sessions = [
        (session, list(rows.item_id), [int(t) for t in rows.timestamp])
        for session, rows in unseen.sort_values("timestamp", kind="stable").groupby("session_id", sort=False)
        if len(rows) > 1
    ]
    cases: list[Case] = []
    for position in np.random.default_rng(SEED).permutation(len(sessions)):
        session, items, times = sessions[position]
        cases += [Case(session, "session_next", [items[k]], items[:k], times[:k]) for k in range(1, len(items))]
        if len(cases) >= max_cases:
            break
    return train, cases[:max_cases]


def _orders(events: pd.DataFrame) -> pd.DataFrame:
    grouped = events.groupby("order_id").agg(ts=("timestamp", "min"), user=("user_id", "first"))
    return grouped.sort_values("ts", kind="stable")


def _baskets(events: pd.DataFrame, protocol: str, max_cases: int) -> tuple[pd.DataFrame, list[Case]]:
    ids = _orders(events).index.to_numpy()
    cut = len(ids) - len(ids) // 10
    train = events[events.order_id.isin(set(ids[:cut]))]
    unseen = events[events.order_id.isin(set(ids[cut:])) & events.item_id.isin(set(train.item_id))]
    baskets = [
        (rows.user_id.iloc[0], list(dict.fromkeys(rows.item_id))) for _, rows in unseen.groupby("order_id", sort=False)
    ]
    baskets = [basket for basket in baskets if len(basket[1]) > 1]
    rng = np.random.default_rng(SEED)
    cases = []
    for position in rng.permutation(len(baskets))[:max_cases]:
        user, items = baskets[position]
        chosen = int(rng.integers(len(items)))
        one, rest = [items[chosen]], items[:chosen] + items[chosen + 1 :]
        given, wanted = (one, rest) if protocol == "fbt" else (rest, one)
        cases.append(Case(user, protocol, wanted, given, exclude=frozenset(given)))
    return train, cases


def _next_basket(events: pd.DataFrame, protocol: str, max_cases: int) -> tuple[pd.DataFrame, list[Case]]:
    orders = _orders(events)
    shoppers = orders.groupby("user")
    last = orders[(shoppers.cumcount(ascending=False) == 0) & (shoppers.user.transform("size") >= 3)]
    train = events[~events.order_id.isin(set(last.index))]
    last = last.sample(min(max_cases, len(last)), random_state=SEED).sort_index()
    wanted = events[events.order_id.isin(set(last.index)) & events.item_id.isin(set(train.item_id))]
    targets = {order: list(dict.fromkeys(rows.item_id)) for order, rows in wanted.groupby("order_id")}
    owned = {user: set(rows.item_id) for user, rows in train[train.user_id.isin(set(last.user))].groupby("user_id")}
    cases = []
    for order, user in zip(last.index, last.user, strict=True):
        seen = owned.get(user, set())
        items = targets.get(order, [])
        if protocol == "next_basket_new":
            items = [item for item in items if item not in seen]
        if items:
            cases.append(Case(user, protocol, items, exclude=frozenset(seen if protocol == "next_basket_new" else ())))
    return train, cases
