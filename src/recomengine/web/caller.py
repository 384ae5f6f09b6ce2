"""Who a keyed request comes from: the key, its tenant, the tenant's configuration, the experiments that run there, and
what its widgets say of lists.
"""

from uuid import UUID

import msgspec

from recomengine.shop import ExperimentKind, Permissions, Strategy, TenantConfig


class RunningExperiment(msgspec.Struct, rename="camel", frozen=True):
    id: str
    kind: ExperimentKind
    placement_id: str | None
    """None: every placement that has no experiment of its own."""
    control_strategy: Strategy
    variant_strategy: Strategy
    traffic_split: int
    """Of 100 shoppers so many see control."""


class PlacedWidget(msgspec.Struct, rename="camel", frozen=True):
    """What a widget says of the list at its placement."""

    placement_id: str
    strategy: Strategy | None
    max_items: int
    stamp: int
    """When it was changed last."""


class Caller(msgspec.Struct, frozen=True):
    tenant_id: UUID
    key_id: UUID
    prefix: str
    permissions: Permissions
    origins: tuple[str, ...]
    tenant_status: str
    config: TenantConfig
    tenant: str
    """The tenant's id as text, as Redis keys carry it."""
    experiments: dict[str | None, RunningExperiment] = {}
    """By placement."""
    widgets: dict[str, PlacedWidget] = {}
    """By placement."""
