"""Use cases of the catalogue."""

from contingency.catalog.services.parts import (
    GatewaySpec,
    MatcherSpec,
    SideSpec,
    matcher_add,
    matcher_remove,
    matcher_set,
    part_define,
    part_register,
)
from contingency.catalog.services.taxonomy import CauseSpec, FaultKindSpec, ImpactAreaSpec, taxonomy_put

__all__ = [
    "CauseSpec",
    "FaultKindSpec",
    "GatewaySpec",
    "ImpactAreaSpec",
    "MatcherSpec",
    "SideSpec",
    "matcher_add",
    "matcher_remove",
    "matcher_set",
    "part_define",
    "part_register",
    "taxonomy_put",
]
