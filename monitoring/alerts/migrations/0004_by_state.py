from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False  # the table may be large, and alerts come in meanwhile

    dependencies = [
        ("alerts", "0003_words"),
    ]

    operations = [
        AddIndexConcurrently(model_name="alert", index=models.Index(fields=["state", "-id"], name="alert_by_state")),
    ]
