"""Base of every record with a life cycle."""

import uuid
from collections.abc import Collection
from typing import Any, ClassVar, Self

from django.db import models
from django_fsm import FSMField

from kernel.actors import Actor
from kernel.errors import NotFound, Stale


class Stateful(models.Model):
    """A record whose state changes only by its moves; `version` rises with each one and every edge sends it back.

    Subclasses set `journal_kind` and have exactly one FSMField, called `state`.
    """

    journal_kind: ClassVar[str]
    journal_exclude: ClassVar[frozenset[str]] = frozenset()  # secrets and bulk that the journal must not copy

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    version = models.PositiveIntegerField(default=1, editable=False)

    _loaded: dict[str, Any] | None = None

    class Meta:
        abstract = True

    @classmethod
    def from_db(cls, db: str | None, field_names: Collection[str], values: Collection[Any], **options: Any) -> Self:
        """Remember what was loaded, so that the journal can tell before from after."""
        record = super().from_db(db, field_names, values, **options)
        record.remember()
        return record

    def remember(self) -> None:
        """Take the present values as the ones to compare with."""
        self._loaded = {field.attname: self.__dict__.get(field.attname) for field in self._meta.concrete_fields}

    def changes(self) -> tuple[dict[str, Any], dict[str, Any]]:
        """What differs from what was loaded: (before, after). A new record has no before."""
        skip = self.journal_exclude | {"id", "version"}
        now = {field.attname: self.__dict__.get(field.attname) for field in self._meta.concrete_fields if field.attname not in skip}
        if self._loaded is None:
            return {}, {name: value for name, value in now.items() if value not in (None, "", [], {})}
        changed = [name for name, value in now.items() if self._loaded.get(name) != value]
        return {name: self._loaded.get(name) for name in changed}, {name: now[name] for name in changed}

    def refresh_from_db(self, *args: Any, **kwargs: Any) -> None:
        """Re-read every field, the protected state too (the library's mixin would skip it)."""
        for field in self._meta.concrete_fields:
            if isinstance(field, FSMField):
                self.__dict__.pop(field.attname, None)
        super().refresh_from_db(*args, **kwargs)
        self.remember()

    @classmethod
    def lock(cls, public_id: uuid.UUID, *, version: int | None = None) -> Self:
        """Fetch the row for update. Raises NotFound, and Stale when the person saw an older version."""
        try:
            record = cls._default_manager.select_for_update(of=("self",)).get(public_id=public_id)
        except cls.DoesNotExist:
            raise NotFound(kind=cls.journal_kind) from None
        if version is not None and record.version != version:
            raise Stale(state=record.state_label(), version=record.version)
        return record

    def state_label(self) -> str:
        """The state's name in the reader's language."""
        display = getattr(self, "get_state_display", None)
        return str(display()) if display else str(getattr(self, "state", ""))

    def journal_label(self) -> str:
        """What entries call this record, kept even when the record is gone."""
        return str(getattr(self, "number", "") or self.public_id)

    def permission_path(self) -> str:
        """Path of the org unit that the record belongs to; empty: everybody's."""
        return ""

    def extra_roles(self, actor: Actor) -> frozenset[str]:
        """Roles that the actor holds for this record only (the commander of an incident)."""
        return frozenset()
