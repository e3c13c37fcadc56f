"""Addresses of the console."""

from django.urls import include, path

from console.views import alerts, feed, health, login, move, screens, second_step, security, switchboard, wallboard
from console.views import offline as offline_views
from console.views import plan as plan_views
from console.views import reports as report_views
from console.views import setup as setup_views
from kernel.access import RECORD, access

app_name = "console"


def _list(kind: str, address: str) -> object:
    return path(address, access(RECORD)(screens.record_list), {"kind": kind}, name=f"{kind}-list")


urlpatterns = [
    path("", screens.now, name="now"),
    path("wallboard/", wallboard.wallboard, name="wallboard"),
    path("incidents/<str:number>/", screens.room, name="room"),
    path("alerts/", alerts.table, name="alert-list"),
    path("alerts/bulk/", alerts.many, name="alert-many"),
    path("alerts/filters/", alerts.filter_keep, name="alert-filter-keep"),
    path("alerts/filters/forget/", alerts.filter_forget, name="alert-filter-forget"),
    path("alerts/silences/", alerts.silences, name="alert-silences"),
    path("alerts/unrouted/", alerts.unrouted, name="alert-unrouted"),
    path("alerts/inbox/", alerts.inbox, name="alert-inbox"),
    path("alerts/inbox/bulk/", alerts.inbox_many, name="alert-inbox-many"),
    path("alerts/inbox/<uuid:public_id>/", alerts.inbox_body, name="alert-inbox-body"),
    path("alerts/<uuid:public_id>/", alerts.one, name="alert"),
    path("alerts/<uuid:public_id>/body/", alerts.one_body, name="alert-body"),
    path("alerts/<uuid:public_id>/give/", alerts.give, name="alert-give"),
    _list("incident", "incidents/"),
    _list("switch", "switches/"),
    _list("proposal", "proposals/"),
    path("switchboard/", switchboard.board, name="switchboard"),
    path("switchboard/<slug:slug>/by-hand/", switchboard.manual, name="switch-manual"),
    path("switchboard/<slug:slug>/<slug:direction>/", switchboard.guide, name="switch-guide"),
    path("plan/", plan_views.home, name="plan"),
    path("plan/versions/", plan_views.versions, name="plan-versions"),
    path("plan/versions/<int:number>/", plan_views.version, name="plan-version"),
    path("plan/versions/<int:number>/export/", plan_views.export, name="plan-export"),
    path("plan/versions/<int:number>/paper/", plan_views.paper, name="plan-paper"),
    path("plan/compare/", plan_views.compare, name="plan-compare"),
    path("plan/load/", plan_views.load, name="plan-load"),
    path("plan/chart/", plan_views.chart, name="plan-chart"),
    path("plan/texts/", plan_views.texts, name="plan-texts"),
    path("plan/readers/", plan_views.readers, name="plan-readers"),
    path("plan/rounds/", plan_views.rounds, name="plan-rounds"),
    path("plan/playbooks/<slug:slug>/", plan_views.playbook, name="plan-playbook"),
    path("manifest.webmanifest", offline_views.manifest, name="manifest"),
    path("service-worker.js", offline_views.service_worker, name="service-worker"),
    path("offline/", offline_views.home, name="copy-home"),
    path("offline/list/", offline_views.copies, name="copies"),
    path("offline/plan/", offline_views.copy_plan, name="copy-plan"),
    path("offline/call-tree/", offline_views.copy_calls, name="copy-calls"),
    path("offline/by-hand/<slug:slug>/", offline_views.copy_by_hand, name="copy-by-hand"),
    path("setup/", setup_views.home, name="setup"),
    path("setup/sources/", setup_views.sources, name="setup-sources"),
    path("setup/sources/<uuid:public_id>/", setup_views.source, name="setup-source"),
    path("setup/parts/", setup_views.parts, name="setup-parts"),
    path("setup/probes/", setup_views.probes, name="setup-probes"),
    path("setup/people/", setup_views.persons, name="setup-people"),
    path("setup/rosters/", setup_views.rosters, name="setup-rosters"),
    path("setup/contacts/", setup_views.contacts, name="setup-contacts"),
    path("setup/security/", setup_views.own_login, name="setup-security"),
    path("setup/security/app/", security.app_page, name="security-app"),
    path("setup/security/passkey/", security.passkey_page, name="security-passkey"),
    path("setup/security/passkey/offer/", security.passkey_offer, name="security-passkey-offer"),
    path("setup/security/codes/", security.codes_page, name="security-codes"),
    path("setup/security/sessions/", security.sessions_end, name="security-sessions"),
    path("setup/tokens/", setup_views.tokens, name="setup-tokens"),
    path("reports/", report_views.home, name="reports"),
    path("reports/actions/", report_views.actions, name="report-actions"),
    path("reports/statistics/", report_views.statistics, name="report-statistics"),
    path("reports/statistics.csv", report_views.statistics_export, name="report-csv"),
    path("reports/<str:number>/", report_views.report, name="report"),
    path("reports/<str:number>/<slug:language>.pdf", report_views.pdf, name="report-pdf"),
    path("reports/<str:number>/<slug:section>/", report_views.section, name="report-section"),
    path("go/<slug:kind>/<uuid:public_id>/", screens.record_go, name="go"),
    path("do/<str:move_id>/<uuid:public_id>/", move.do, name="do"),
    path("do/<str:move_id>/", move.do, name="make"),
    path("feed/", feed.feed, name="feed"),
    path("feed/poll/", feed.poll, name="feed-poll"),
    path("login/", login.login_page, name="login"),
    path("login/second/", second_step.second_page, name="login-second"),
    path("login/again/", second_step.again_page, name="login-again"),
    path("login/passkey/", second_step.passkey_page, name="login-passkey"),
    path("login/passkey/options/", second_step.passkey_options, name="login-passkey-options"),
    path("logout/", login.logout_page, name="logout"),
    path("language/", login.language, name="language"),
    path("theme/", login.theme, name="theme"),
    path("healthz", health.shallow, name="healthz"),
    path("healthz/deep", health.deep, name="healthz-deep"),
    path("metrics", health.metrics, name="metrics"),
    path("api/", include("console.api.urls")),
]
