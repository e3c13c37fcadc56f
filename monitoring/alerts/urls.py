"""Addresses of the intake, each with and without a last slash: a redirect would lose the body."""

from django.urls import re_path

from monitoring.alerts.views import intake

urlpatterns = [
    re_path(r"^in/alertmanager/(?P<key>[^/]+)/?$", intake, name="in-alertmanager"),
    re_path(r"^in/prometheus/(?P<key>[^/]+)/api/v[12]/alerts/?$", intake, name="in-prometheus"),
    re_path(r"^v2/enqueue/?$", intake, name="in-pagerduty"),
    re_path(r"^in/generic/(?P<key>[^/]+)/?$", intake, name="in-generic"),
    re_path(r"^in/ping/(?P<key>[^/]+)(?:/(?:start|fail|log|\d{1,3}))?/?$", intake, name="in-ping"),
]
