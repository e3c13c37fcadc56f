"""Addresses of all rooms; each room keeps its own, the console arranges them."""

from importlib.util import find_spec

from django.urls import include, path

ROOMS = ("monitoring.alerts", "notify", "console")


def _is_there(name: str) -> bool:
    try:
        return find_spec(f"{name}.urls") is not None
    except ModuleNotFoundError:
        return False


urlpatterns = [path("", include(f"{name}.urls")) for name in ROOMS if _is_there(name)]
