"""What a message or a page is about: a record of a higher room, known here only as the journal knows it."""

from django.db import models

from kernel.journal import Ref


class About(models.Model):
    """Kind, public id and label of the record that this one concerns; no foreign key, because those point down."""

    subject_kind = models.CharField(max_length=40)
    subject_id = models.UUIDField()
    subject_label = models.CharField(max_length=300)

    class Meta:
        abstract = True

    @property
    def about(self) -> Ref:
        """The record under whose timeline the entries of this one belong."""
        return Ref(self.subject_kind, str(self.subject_id), self.subject_label)
