"""Addresses of all rooms; each room keeps its own, the console arranges them."""

from django.urls import include, path

urlpatterns = [
    path("", include("monitoring.alerts.urls")),
    path("", include("notify.urls")),
    path("", include("console.urls")),
]

handler500 = "console.views.broken.server_error"
