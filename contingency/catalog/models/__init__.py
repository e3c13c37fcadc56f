"""Rows of the catalogue."""

from contingency.catalog.models.parts import Gateway, Matcher, Part, RoutingStamp, Side
from contingency.catalog.models.taxonomy import FailureCause, FaultClass, FaultKind, ImpactArea

__all__ = ["FailureCause", "FaultClass", "FaultKind", "Gateway", "ImpactArea", "Matcher", "Part", "RoutingStamp", "Side"]
