import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    """The silence that whoever commands an incident has put over the alerts of its part."""

    dependencies = [
        ("alerts", "0004_by_state"),
        ("response", "0003_words"),
    ]

    operations = [
        migrations.AddField(
            model_name="incident",
            name="silence",
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="alerts.silence"),
        ),
    ]
