from django.db import migrations


class Migration(migrations.Migration):
    """Incidents are found by the words of number and title (the search of the console has the same expression)."""

    atomic = False

    dependencies = [
        ("response", "0002_reported_by"),
        ("alerts", "0003_words"),
    ]

    operations = [
        migrations.RunSQL(
            "CREATE INDEX CONCURRENTLY IF NOT EXISTS response_incident_words ON response_incident"
            " USING gin (array_to_tsvector(switchback_terms(number || ' ' || title)))",
            "DROP INDEX CONCURRENTLY IF EXISTS response_incident_words",
        ),
    ]
