"""Where products without an event stand among the popular."""

import numpy as np
import pytest

from recomengine._core.csr import Float32, Int32
from recomengine.context import Context
from recomengine.models.build import build_model
from recomengine.models.model import Model
from recomengine.models.newcomers import Place, estimate, merged, with_features, with_newcomers
from tests.support.apps import MakeTenant, Tenant
from tests.support.shops import as_histories, build, fill_catalog, model_of, product, send


def numbers(*given: int) -> Int32:
    return np.array(given, np.int32)


def values(*given: float) -> Float32:
    return np.array(given, np.float32)


FEATURES = np.array([[1, 0.5], [0, 0.5], [0, 0], [0, 1]], np.float32)


def place(popularity: float, behind: float, *features: float) -> Place:
    return Place(popularity, behind, values(*features))


def test_a_newcomer_is_as_wanted_as_what_it_is_like() -> None:
    (found,) = estimate(
        {9: (numbers(0, 1), values(0.75, 0.25))}, values(8, 4, 1, 0), numbers(0, 2, 1), FEATURES
    ).values()
    assert (found.popularity, found.behind, found.features.tolist()) == (0.75 * 8 + 0.25 * 4, 0.25 * 2, [0.75, 0.5])


def test_what_it_is_like_may_be_popular_no_more() -> None:
    (found,) = estimate({9: (numbers(3), values(1.0))}, values(8, 4, 1, 0), numbers(0, 2, 1), FEATURES).values()
    assert (found.popularity, found.behind, found.features.tolist()) == (0.0, 3.0, [0.0, 1.0])


def test_rankings_stay_sorted_with_newcomers_among_them() -> None:
    places = {9: place(3.0, 1.5), 8: place(5.0, 0.5), 7: place(0.0, 9.0)}
    items, scores = merged(numbers(0, 1, 2), values(5, 3, 1), places)
    assert (items.tolist(), scores.tolist()) == ([0, 8, 1, 9, 2, 7], [5, 5, 3, 3, 1, 0])
    assert with_newcomers(numbers(0, 1, 2), places).tolist() == [0, 8, 1, 9, 2, 7]
    assert (items.dtype, scores.dtype) == (np.int32, np.float32)


def test_features_of_newcomers_stand_beside_those_of_the_others() -> None:
    found = with_features(FEATURES, {1: place(0, 0, 0.25, 1), 5: place(0, 0, 0.5, 0.75)})
    assert found.tolist() == [[1, 0.5], [0.25, 1], [0, 0], [0, 1], [0, 0], [0.5, 0.75]]
    assert FEATURES[1].tolist() == [0, 0.5]


def test_without_newcomers_nothing_changes() -> None:
    assert merged(numbers(2, 1), values(5, 3), {})[0].tolist() == with_newcomers(numbers(2, 1), {}).tolist() == [2, 1]


CUPS = [product(f"cup{number}", name=f"stoneware cup {number}", category="Cups") for number in range(6)]
RUGS = [product(f"rug{number}", name=f"wool rug {number}", category="Rugs") for number in range(6)]


@pytest.fixture
async def tenant(context: Context, make_tenant: MakeTenant) -> Tenant:
    """Cups are wanted more than rugs; the last of both had no event yet."""
    tenant = await make_tenant()
    await fill_catalog(context, tenant.id, [*CUPS, *RUGS])
    wanted = {**{f"cup{number}": 12 for number in range(5)}, **{f"rug{number}": 3 for number in range(5)}}
    await send(context, tenant.id, [
        {"eventType": "view", "userId": f"{name}-{shopper}", "productId": name} for name,
        count in wanted.items() for shopper in range(count)
    ])  # fmt: skip
    await build(context, tenant.id)
    await context.catalogs.get(tenant.id)
    return tenant


async def served(context: Context, tenant: Tenant) -> Model:
    model = await context.models.get(tenant.id)
    assert model is not None
    return model


async def test_products_without_events_stand_where_products_like_them_stand(context: Context, tenant: Tenant) -> None:
    cup, rug = len(CUPS) - 1, len(CUPS) + len(RUGS) - 1
    model = await served(context, tenant)
    assert model.newcomers == {cup, rug}
    order = model.fallback.tolist()
    assert order.index(cup) < order.index(rug)
    assert set(order) == set(range(len(CUPS) + len(RUGS)))


async def test_a_product_of_this_moment_and_one_that_was_there_at_the_build_are_alike(
    context: Context, tenant: Tenant
) -> None:
    before = await served(context, tenant)
    assert len(before.newcomers) == 2
    await fill_catalog(context, tenant.id, [product("cup6", name="stoneware cup 6", category="Cups")])
    await context.catalogs.update()
    await context.models.update()
    assert (await served(context, tenant)).newcomers == {5, 11, 12}
    assert 12 in before.fallback.tolist()


async def test_whoever_is_no_longer_new_waits_for_its_first_event(context: Context, tenant: Tenant) -> None:
    async with context.pool.acquire() as connection, connection.transaction():
        await connection.execute("SELECT set_config('app.tenants', $1, true)", "{" + str(tenant.id) + "}")
        await connection.execute(
            "UPDATE catalog_items SET created_at = now() - interval '15 days' WHERE tenant_id = $1", tenant.id
        )
    await build(context, tenant.id)
    model = await served(context, tenant)
    assert model.newcomers == frozenset()
    assert 5 not in model.fallback.tolist()


def test_a_model_without_products_has_no_newcomers() -> None:
    model = model_of(build_model(as_histories([], []), [], 0))
    model.take_products([], [0, 1], 2)
    assert model.newcomers == frozenset()
