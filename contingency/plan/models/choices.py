"""The fixed words of the plan. Everything with a number behind it is a row."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class Grade(models.TextChoices):
    """The three grades of an incident (INC-02), lowest first."""

    GENERAL = "general", _("General")
    SEVERE = "severe", _("Severe")
    MAJOR = "major", _("Major")


class Clock(models.TextChoices):
    """The three recovery clocks of an outage (RTO-01)."""

    SWITCHOVER = "switchover", _("Business on the standby")
    RECOVERY = "recovery", _("Business normal")
    SWITCHBACK = "switchback", _("Back on the primary")


class Track(models.TextChoices):
    """The two tracks of a playbook, worked side by side (INC-04)."""

    TECHNICAL = "technical", _("Technical")
    BUSINESS = "business", _("Business")


class Audience(models.TextChoices):
    """Whom a message text speaks to (COM-02). What goes outside the company is approved before it is sent."""

    RESPONDERS = "responders", _("Those who respond")
    STAFF = "staff", _("Staff")
    CUSTOMERS = "customers", _("Customers")
    SUPPLIERS = "suppliers", _("Suppliers")
    PARTNERS = "partners", _("Partners")
    PRESS = "press", _("Press")


OUTSIDE = frozenset({Audience.CUSTOMERS.value, Audience.SUPPLIERS.value, Audience.PARTNERS.value, Audience.PRESS.value})


class MessageKind(models.TextChoices):
    """What a message is for (COM-02)."""

    NOTICE = "notice", _("Notice")
    REPORT = "report", _("Report")
    COLLABORATION = "collaboration", _("Collaboration")


class ScheduleKind(models.TextChoices):
    """What comes round again."""

    REVIEW = "review", _("Review")
    CHECK = "check", _("Check")
    BACKUP = "backup", _("Backup")
    DRILL = "drill", _("Drill")
    TRAINING = "training", _("Training")


class RiskField(models.TextChoices):
    """Where a risk comes from (PLN-05)."""

    TECHNICAL = "technical", _("Technical")
    BUSINESS = "business", _("Business")
    EXTERNAL = "external", _("External")


class ResponseRole(models.TextChoices):
    """What a person does in one incident (INC-03). Not a standing role: it ends with the incident."""

    COMMANDER = "commander", _("Commander")
    TECHNICAL_LEAD = "technical_lead", _("Technical lead")
    BUSINESS_LEAD = "business_lead", _("Business lead")
    COMMUNICATIONS_LEAD = "communications_lead", _("Communications lead")
    SCRIBE = "scribe", _("Scribe")
