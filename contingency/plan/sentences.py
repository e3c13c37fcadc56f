"""What the plan's entries say to people."""

from django.utils.translation import gettext_lazy as _

from contingency.org.sentences import row_changed
from kernel import sentences

sentences.register("plan.plan_version_loaded.v1", _("%(actor)s loaded a document: %(subject)s."))
sentences.register("plan.plan_version_submitted.v1", _("%(actor)s submitted for review: %(subject)s."))
sentences.register("plan.plan_version_sent_back.v1", _("%(actor)s sent back: %(subject)s. %(reason)s"))
sentences.register("plan.plan_version_approved.v1", _("%(actor)s approved and put in force: %(subject)s."))
sentences.register("plan.plan_version_superseded.v1", _("Superseded by version %(by_number)s: %(subject)s."))
sentences.register("plan.plan_version_read.v1", _("%(actor)s has read and understood: %(subject)s."))
sentences.register("plan.organisation_founded.v1", _("The organisation was founded with %(positions)s positions, before the first approval."))
sentences.register("plan.row_changed.v1", row_changed)
