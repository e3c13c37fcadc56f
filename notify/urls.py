"""The one address of the room: the link in the mails. Everything else is on the console's screens."""

from django.urls import path

from notify import views

app_name = "notify"

urlpatterns = [
    path("ack/<str:token>/", views.acknowledge, name="acknowledge"),
    path("ack/<str:token>", views.acknowledge),
]
