"""Checks of lists: those that are asked for are to be seen, and those that are seen to be clicked."""

from recomengine.integration.facts import Facts, Placement
from recomengine.integration.judging import Levels, by_share, found
from recomengine.integration.notes import OTHERS
from recomengine.integration.schemas import Finding

ENOUGH_ASKED, ENOUGH_SEEN, ENOUGH_CLICKED = 20, 1000, 5
UNPLACED = Levels(0.1, 0.9)
NONE = "(none)"


def impressions(facts: Facts) -> Finding:
    asked = {name: note.times for name, note in facts.noted("list_asked").items() if name not in (NONE, OTHERS)}
    if not asked:
        return found("impressions", "unknown", "No list was asked for with a placementId.", "")
    often = [name for name, times in asked.items() if times >= ENOUGH_ASKED]
    seen = {each.placement_id for each in facts.placements if each.impressions}
    unseen = [name for name in often if name not in seen]
    never_asked = sorted(seen - set(asked) - {""})
    said = (
        f"Lists of {len(unseen)} of {len(often)} placements are asked for, and never seen."
        if unseen
        else f"Lists of all {len(often)} placements that are often asked for are seen."
    )
    hint = (
        f" Impressions come of {', '.join(never_asked[:5])}: is it the same under another name?" if never_asked else ""
    )
    remedy = (
        "Send an impression for each product that half of which was on screen for a second, with placementId and "
        f"recommendationId of its list; the SDK does so by itself. Or the list's element is hidden.{hint}"
    )
    return found("impressions", "problem" if unseen else "ok", said, remedy, unseen, asked=sum(asked.values()))


def placement_clicks(facts: Facts) -> Finding:
    named = [each for each in facts.placements if each.placement_id]
    if not named:
        return found("placement_clicks", "unknown", "No impression or click names a placement.", "")
    unseen = [each.placement_id for each in named if _clicked_unseen(each)]
    unclicked = [each.placement_id for each in named if each.impressions >= ENOUGH_SEEN and not each.clicks]
    if unseen:
        return found(
            "placement_clicks", "problem", f"Of {len(unseen)} placements more clicks come than impressions.",
            "Send impressions too: without them no rate, no experiment and no placement can be judged.", unseen,
        )  # fmt: skip
    said = f"Of {len(unclicked)} of {len(named)} placements impressions come, and never a click."
    remedy = "Send a click, with the list's placementId, before the page of the product opens; by the SDK or a beacon."
    return found("placement_clicks", "problem" if unclicked else "ok", said, remedy, unclicked)


def _clicked_unseen(placement: Placement) -> bool:
    return placement.clicks >= ENOUGH_CLICKED and placement.clicks > placement.impressions


def placement_ids(facts: Facts) -> Finding:
    asked = facts.noted("list_asked")
    without = asked[NONE].times if NONE in asked else 0
    remedy = "Send a placementId with each request: figures and experiments go by it."
    return by_share(
        "placement_ids", UNPLACED, without, facts.times("list_asked"), "Lists asked for without a placementId", remedy
    )


CHECKS = (impressions, placement_clicks, placement_ids)
