"""Addresses of the intake."""

from django.urls import URLPattern

urlpatterns: list[URLPattern] = []
