import django.contrib.postgres.indexes
import django.contrib.postgres.search
import django.db.models.deletion
import pgtrigger.compiler
import pgtrigger.migrations
from django.db import migrations, models

# Whole Latin words; of every other script each two neighbouring characters, and the last one alone. About 40 microseconds an alert.
TERMS = r"""
CREATE FUNCTION switchback_terms(given text) RETURNS text[] LANGUAGE sql IMMUTABLE PARALLEL SAFE COST 1000 AS $$
    SELECT coalesce(array_agg(DISTINCT term), '{}') FROM (
        SELECT left(word[1], 60) AS term FROM regexp_matches(lower(given), '[a-z0-9]+', 'g') AS word
        UNION ALL
        SELECT substr(run[1], place, 2) FROM regexp_matches(lower(given), '([^\x01-\x7f]+)', 'g') AS run, generate_series(1, length(run[1])) AS place
    ) AS terms
$$
"""
ALL_ARE_DUE = "INSERT INTO alerts_search_due (alert_id, at) SELECT id, clock_timestamp() FROM alerts_alert"


class Migration(migrations.Migration):
    dependencies = [
        ("alerts", "0002_legal_changes"),
        ("catalog", "0001_tables"),
    ]

    operations = [
        migrations.RunSQL(TERMS, "DROP FUNCTION switchback_terms(text)"),
        migrations.CreateModel(
            name="AlertWords",
            fields=[
                (
                    "alert",
                    models.OneToOneField(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="words",
                        serialize=False,
                        to="alerts.alert",
                    ),
                ),
                ("terms", django.contrib.postgres.search.SearchVectorField()),
            ],
            options={
                "db_table": "alerts_search",
            },
        ),
        migrations.CreateModel(
            name="AlertWordsDue",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("alert_id", models.BigIntegerField()),
                ("at", models.DateTimeField()),
            ],
            options={
                "db_table": "alerts_search_due",
            },
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="alert",
            trigger=pgtrigger.compiler.Trigger(
                name="search_new",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="INSERT INTO alerts_search_due (alert_id, at) SELECT f.id, p.at FROM fresh f, (SELECT switchback_now() AS at) p; RETURN NULL;",
                    hash="d7dc20231e80e5636b43af9a608fab66b0c19254",
                    level="STATEMENT",
                    operation="INSERT",
                    pgid="pgtrigger_search_new_bb6d1",
                    referencing="REFERENCING NEW TABLE AS fresh ",
                    table="alerts_alert",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="alert",
            trigger=pgtrigger.compiler.Trigger(
                name="search_changed",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    condition='WHEN (OLD."summary" IS DISTINCT FROM (NEW."summary"))',
                    func="INSERT INTO alerts_search_due (alert_id, at) VALUES (NEW.id, switchback_now()); RETURN NULL;",
                    hash="06b99afe5e4d503d39af3d8a3e1a7c45434a96b3",
                    operation='UPDATE OF "summary"',
                    pgid="pgtrigger_search_changed_3c99b",
                    table="alerts_alert",
                    when="AFTER",
                ),
            ),
        ),
        migrations.AddIndex(
            model_name="alertwords",
            index=django.contrib.postgres.indexes.GinIndex(fields=["terms"], name="alert_words"),
        ),
        migrations.RunSQL(ALL_ARE_DUE, migrations.RunSQL.noop),
    ]
