"""What the catalogue's entries say to people."""

from django.utils.translation import gettext_lazy as _

from contingency.catalog.models import Part
from contingency.org.sentences import row_changed
from kernel import sentences
from kernel.i18n import register_names
from kernel.names import ChineseNames

PART_NAMES_ZH = ChineseNames(Part, "name_en", "name_zh")
register_names(PART_NAMES_ZH)

sentences.register("catalog.part_defined.v1", _("%(actor)s defined the guarded part %(subject)s."))
sentences.register("catalog.matchers_set.v1", _("%(actor)s changed which alerts belong to %(subject)s."))
for name in ("catalog.fault_kind_changed.v1", "catalog.failure_cause_changed.v1", "catalog.impact_area_changed.v1"):
    sentences.register(name, row_changed)
