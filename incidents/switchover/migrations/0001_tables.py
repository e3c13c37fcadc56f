import datetime
import uuid

import django.db.models.deletion
import django_fsm
import pgtrigger.compiler
import pgtrigger.migrations
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("catalog", "0001_tables"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="GatewaySample",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("claimed_at", models.DateTimeField(null=True)),
                ("seen_at", models.DateTimeField(null=True)),
                ("view", models.JSONField(default=dict)),
                ("part", models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, related_name="+", to="catalog.part")),
            ],
        ),
        migrations.CreateModel(
            name="Outage",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("public_id", models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ("version", models.PositiveIntegerField(default=1, editable=False)),
                ("number", models.CharField(max_length=20, unique=True)),
                ("origin", models.CharField(default="primary", max_length=10)),
                (
                    "state",
                    django_fsm.FSMField(
                        choices=[
                            ("failing", "Failing"),
                            ("switching", "Switching"),
                            ("on_standby", "On the standby"),
                            ("switching_back", "Switching back"),
                            ("back_on_primary", "Back on the primary"),
                            ("repaired_in_place", "Repaired in place"),
                            ("called_off", "Called off"),
                        ],
                        default="failing",
                        max_length=50,
                        protected=True,
                    ),
                ),
                ("grade", models.CharField(blank=True, default="", max_length=10)),
                ("needs_second", models.BooleanField(default=True)),
                ("commanders", models.JSONField(blank=True, default=list)),
                ("opened_at", models.DateTimeField()),
                ("failing_since", models.DateTimeField()),
                ("business_normal_at", models.DateTimeField(blank=True, null=True)),
                ("business_normal_evidence", models.JSONField(blank=True, default=dict)),
                ("repaired_at", models.DateTimeField(blank=True, null=True)),
                ("repaired_evidence", models.JSONField(blank=True, default=dict)),
                ("ended_at", models.DateTimeField(blank=True, null=True)),
                ("part", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="outages", to="catalog.part")),
            ],
            options={
                "ordering": ["-id"],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("ended_at__isnull", True), ("state__in", ["failing", "switching", "on_standby", "switching_back"])),
                            models.Q(("ended_at__isnull", False), ("state__in", ["back_on_primary", "repaired_in_place", "called_off"])),
                            _connector="OR",
                        ),
                        name="outage_state_known_and_ended_when_over",
                    ),
                    models.CheckConstraint(condition=models.Q(("origin__in", ["primary", "standby"])), name="outage_origin_known"),
                    models.CheckConstraint(condition=models.Q(("failing_since__lte", models.F("opened_at"))), name="outage_opened_after_failure"),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("state__in", ["switching_back", "back_on_primary"]), _negated=True),
                            models.Q(("business_normal_at__isnull", False), ("repaired_at__isnull", False)),
                            _connector="OR",
                        ),
                        name="outage_back_needs_both_facts",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("state__in", ["failing", "switching", "on_standby", "switching_back"])),
                        fields=("part",),
                        name="outage_one_open_per_part",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="PartCheck",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("public_id", models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ("kind", models.CharField(choices=[("business", "Business check"), ("dry_run", "Dry run of a switch")], max_length=10)),
                ("at", models.DateTimeField()),
                ("is_ok", models.BooleanField()),
                ("took_ms", models.PositiveIntegerField()),
                ("evidence", models.JSONField(default=dict)),
                ("part", models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name="+", to="catalog.part")),
            ],
            options={
                "ordering": ["-id"],
                "indexes": [models.Index(fields=["part", "kind", "-at"], name="part_check_latest")],
            },
        ),
        migrations.CreateModel(
            name="RecoveryClock",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("public_id", models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ("version", models.PositiveIntegerField(default=1, editable=False)),
                (
                    "kind",
                    models.CharField(choices=[("switchover", "Switchover"), ("recovery", "Recovery"), ("switchback", "Switch back")], max_length=12),
                ),
                (
                    "state",
                    django_fsm.FSMField(
                        choices=[
                            ("waiting", "Waiting"),
                            ("running", "Running"),
                            ("met", "Met"),
                            ("breached", "Breached"),
                            ("met_late", "Met late"),
                            ("cancelled", "Cancelled"),
                            ("waived", "Waived"),
                        ],
                        default="waiting",
                        max_length=50,
                        protected=True,
                    ),
                ),
                ("target", models.DurationField()),
                ("thresholds", models.JSONField()),
                ("generation", models.PositiveIntegerField(default=1)),
                ("started_at", models.DateTimeField(blank=True, null=True)),
                ("due_at", models.DateTimeField(blank=True, null=True)),
                ("breached_at", models.DateTimeField(blank=True, null=True)),
                ("stopped_at", models.DateTimeField(blank=True, null=True)),
                ("evidence", models.JSONField(blank=True, default=dict)),
                ("outage", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="clocks", to="switchover.outage")),
            ],
            options={
                "ordering": ["-id"],
                "constraints": [
                    models.UniqueConstraint(fields=("outage", "kind"), name="clock_one_of_each_kind"),
                    models.CheckConstraint(condition=models.Q(("kind__in", ["switchover", "recovery", "switchback"])), name="clock_kind_known"),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("started_at__isnull", True), ("state", "waiting"), ("stopped_at__isnull", True)),
                            models.Q(
                                ("due_at__isnull", False),
                                ("started_at__isnull", False),
                                ("state__in", ["running", "breached"]),
                                ("stopped_at__isnull", True),
                            ),
                            models.Q(("state__in", ["met", "met_late", "cancelled", "waived"]), ("stopped_at__isnull", False)),
                            _connector="OR",
                        ),
                        name="clock_state_fits_times",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("due_at", None), ("due_at__gt", models.F("started_at")), _connector="OR"), name="clock_due_after_start"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("state__in", ["breached", "met_late"]), _negated=True), ("breached_at__isnull", False), _connector="OR"
                        ),
                        name="clock_breach_has_time",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Switch",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("public_id", models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ("version", models.PositiveIntegerField(default=1, editable=False)),
                ("number", models.CharField(max_length=20, unique=True)),
                ("direction", models.CharField(choices=[("over", "Switch over"), ("back", "Switch back")], max_length=4)),
                (
                    "mode",
                    models.CharField(choices=[("planned", "Planned"), ("emergency", "Emergency"), ("verify", "Verification only")], max_length=10),
                ),
                ("may_turn_emergency", models.BooleanField(default=False)),
                ("from_side", models.CharField(max_length=10)),
                ("to_side", models.CharField(max_length=10)),
                (
                    "state",
                    django_fsm.FSMField(
                        choices=[
                            ("ordered", "Ordered"),
                            ("approved", "Approved"),
                            ("executing", "Executing"),
                            ("verifying", "Verifying"),
                            ("done", "Done"),
                            ("failed", "Failed"),
                            ("reverted", "Reverted"),
                        ],
                        default="ordered",
                        max_length=50,
                        protected=True,
                    ),
                ),
                ("needs_second", models.BooleanField()),
                ("ordered_at", models.DateTimeField()),
                ("approved_at", models.DateTimeField(blank=True, null=True)),
                ("seen_at_order", models.JSONField(blank=True, default=dict)),
                ("started_at", models.DateTimeField(blank=True, null=True)),
                ("moved_at", models.DateTimeField(blank=True, null=True)),
                ("done_at", models.DateTimeField(blank=True, null=True)),
                ("settled_at", models.DateTimeField(blank=True, null=True)),
                ("abort_asked_at", models.DateTimeField(blank=True, null=True)),
                ("failure", models.CharField(blank=True, default="", max_length=40)),
                ("failure_detail", models.TextField(blank=True, default="")),
                ("instruction", models.CharField(blank=True, default="", max_length=40)),
                ("evidence", models.JSONField(blank=True, default=dict)),
                ("lease_token", models.UUIDField(blank=True, null=True)),
                ("lease_until", models.DateTimeField(blank=True, null=True)),
                (
                    "approved_by",
                    models.ForeignKey(
                        blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
                (
                    "ordered_by",
                    models.ForeignKey(
                        blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
                (
                    "outage",
                    models.ForeignKey(
                        blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name="switches", to="switchover.outage"
                    ),
                ),
                ("part", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="switches", to="catalog.part")),
                (
                    "reverts",
                    models.ForeignKey(
                        blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name="reverted_by", to="switchover.switch"
                    ),
                ),
            ],
            options={
                "ordering": ["-id"],
                "constraints": [
                    models.UniqueConstraint(condition=models.Q(("settled_at__isnull", True)), fields=("part",), name="switch_one_active_per_part"),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("settled_at__isnull", True), ("state__in", ["ordered", "approved", "executing", "verifying"])),
                            ("state", "failed"),
                            models.Q(("settled_at__isnull", False), ("state", "reverted")),
                            models.Q(("done_at__isnull", False), ("settled_at__isnull", False), ("state", "done")),
                            _connector="OR",
                        ),
                        name="switch_state_known_and_fits_times",
                    ),
                    models.CheckConstraint(condition=models.Q(("direction__in", ["over", "back"])), name="switch_direction_known"),
                    models.CheckConstraint(condition=models.Q(("mode__in", ["planned", "emergency", "verify"])), name="switch_mode_known"),
                    models.CheckConstraint(condition=models.Q(("from_side", models.F("to_side")), _negated=True), name="switch_changes_side"),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("needs_second", False),
                            ("approved_by", None),
                            models.Q(("approved_by", models.F("ordered_by")), _negated=True),
                            _connector="OR",
                        ),
                        name="switch_second_is_another",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("state__in", ["approved", "executing", "verifying", "done"]), _negated=True),
                            ("approved_at__isnull", False),
                            _connector="OR",
                        ),
                        name="switch_acts_approved",
                    ),
                ],
                "indexes": [models.Index(condition=models.Q(("settled_at__isnull", True)), fields=["id"], name="switch_workable")],
            },
        ),
        migrations.CreateModel(
            name="SwitchStep",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("public_id", models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ("version", models.PositiveIntegerField(default=1, editable=False)),
                ("order", models.PositiveSmallIntegerField()),
                ("name", models.CharField(max_length=40)),
                ("is_verification", models.BooleanField(default=False)),
                ("title_en", models.CharField(max_length=200)),
                ("title_zh", models.CharField(max_length=200)),
                ("effect_en", models.TextField()),
                ("effect_zh", models.TextField()),
                ("undo", models.CharField(blank=True, default="", max_length=40)),
                ("otherwise", models.CharField(blank=True, default="", max_length=40)),
                ("point_of_no_return", models.BooleanField(default=False)),
                ("limit", models.DurationField(default=datetime.timedelta(seconds=5))),
                (
                    "state",
                    django_fsm.FSMField(
                        choices=[
                            ("pending", "Pending"),
                            ("running", "Running"),
                            ("done", "Done"),
                            ("failed", "Failed"),
                            ("undone", "Undone"),
                            ("skipped", "Skipped"),
                        ],
                        default="pending",
                        max_length=50,
                        protected=True,
                    ),
                ),
                ("attempts", models.PositiveSmallIntegerField(default=0)),
                ("is_perhaps_done", models.BooleanField(default=False)),
                ("started_at", models.DateTimeField(blank=True, null=True)),
                ("finished_at", models.DateTimeField(blank=True, null=True)),
                ("took_ms", models.PositiveIntegerField(blank=True, null=True)),
                ("evidence", models.JSONField(blank=True, default=dict)),
                ("error", models.TextField(blank=True, default="")),
                ("switch", models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name="steps", to="switchover.switch")),
            ],
            options={
                "ordering": ["order"],
                "constraints": [
                    models.UniqueConstraint(fields=("switch", "order"), name="switch_step_order_once"),
                    models.CheckConstraint(
                        condition=models.Q(("state__in", ["pending", "running", "done", "failed", "undone", "skipped"])),
                        name="switch_step_state_known",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(models.Q(("state", "done"), _negated=True), ("finished_at__isnull", False), _connector="OR"),
                        name="switch_step_done_has_time",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Duration",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("what", models.CharField(max_length=80)),
                ("took_ms", models.PositiveIntegerField()),
                ("at", models.DateTimeField()),
                ("part", models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name="+", to="catalog.part")),
            ],
            options={
                "indexes": [models.Index(fields=["part", "what", "-at"], name="duration_latest")],
            },
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="outage",
            trigger=pgtrigger.compiler.Trigger(
                name="legal_changes",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    declare="DECLARE _is_valid_transition BOOLEAN;",
                    func='SELECT CONCAT(OLD."state", \':\', NEW."state") = ANY(\'{failing:switching,switching:on_standby,switching:failing,on_standby:switching_back,switching_back:back_on_primary,switching_back:on_standby,failing:repaired_in_place,failing:called_off}\'::text[]) INTO _is_valid_transition; IF (_is_valid_transition IS FALSE AND OLD."state" IS DISTINCT FROM NEW."state") THEN RAISE EXCEPTION \'pgtrigger: Invalid transition of field "state" from "%" to "%" on table %\', OLD."state", NEW."state", TG_TABLE_NAME; ELSE RETURN NEW; END IF;',
                    hash="1080c62b482065f2cf0e8fed6f3c200023844f08",
                    operation="UPDATE",
                    pgid="pgtrigger_legal_changes_62b8e",
                    table="switchover_outage",
                    when="BEFORE",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="recoveryclock",
            trigger=pgtrigger.compiler.Trigger(
                name="legal_changes",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    declare="DECLARE _is_valid_transition BOOLEAN;",
                    func='SELECT CONCAT(OLD."state", \':\', NEW."state") = ANY(\'{waiting:running,breached:running,running:breached,waiting:met,running:met,breached:met_late,waiting:cancelled,running:cancelled,breached:cancelled,waiting:waived,running:waived,breached:waived}\'::text[]) INTO _is_valid_transition; IF (_is_valid_transition IS FALSE AND OLD."state" IS DISTINCT FROM NEW."state") THEN RAISE EXCEPTION \'pgtrigger: Invalid transition of field "state" from "%" to "%" on table %\', OLD."state", NEW."state", TG_TABLE_NAME; ELSE RETURN NEW; END IF;',
                    hash="9a7ec70c0f5a150bef637488b77997b0a4a18141",
                    operation="UPDATE",
                    pgid="pgtrigger_legal_changes_9a858",
                    table="switchover_recoveryclock",
                    when="BEFORE",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="switch",
            trigger=pgtrigger.compiler.Trigger(
                name="legal_changes",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    declare="DECLARE _is_valid_transition BOOLEAN;",
                    func='SELECT CONCAT(OLD."state", \':\', NEW."state") = ANY(\'{ordered:approved,ordered:reverted,approved:reverted,approved:executing,executing:verifying,verifying:done,executing:failed,verifying:failed,failed:reverted,done:reverted}\'::text[]) INTO _is_valid_transition; IF (_is_valid_transition IS FALSE AND OLD."state" IS DISTINCT FROM NEW."state") THEN RAISE EXCEPTION \'pgtrigger: Invalid transition of field "state" from "%" to "%" on table %\', OLD."state", NEW."state", TG_TABLE_NAME; ELSE RETURN NEW; END IF;',
                    hash="49b868c148898cfb057a81c2e19331308a7823ce",
                    operation="UPDATE",
                    pgid="pgtrigger_legal_changes_8c614",
                    table="switchover_switch",
                    when="BEFORE",
                ),
            ),
        ),
    ]
