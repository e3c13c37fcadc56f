"""Addresses of the console."""

from django.urls import include, path

from console.views import feed, health, login, move, screens
from kernel.access import RECORD, access

app_name = "console"


def _list(kind: str, address: str) -> object:
    return path(address, access(RECORD)(screens.record_list), {"kind": kind}, name=f"{kind}-list")


urlpatterns = [
    path("", screens.now, name="now"),
    path("incidents/<str:number>/", screens.room, name="room"),
    _list("alert", "alerts/"),
    _list("incident", "incidents/"),
    _list("switch", "switches/"),
    _list("proposal", "proposals/"),
    path("go/<slug:kind>/<uuid:public_id>/", screens.record_go, name="go"),
    path("do/<str:move_id>/<uuid:public_id>/", move.do, name="do"),
    path("do/<str:move_id>/", move.do, name="make"),
    path("feed/", feed.feed, name="feed"),
    path("feed/poll/", feed.poll, name="feed-poll"),
    path("login/", login.login_page, name="login"),
    path("logout/", login.logout_page, name="logout"),
    path("language/", login.language, name="language"),
    path("theme/", login.theme, name="theme"),
    path("healthz", health.shallow, name="healthz"),
    path("healthz/deep", health.deep, name="healthz-deep"),
    path("metrics", health.metrics, name="metrics"),
    path("api/", include("console.api.urls")),
]
