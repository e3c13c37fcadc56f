"""The database's own part of the kernel: the clock's functions, the clock's row, and no TRUNCATE of the journal."""

from django.db import migrations

CLOCK = """
INSERT INTO kernel_clock (id, wound_by, windable) VALUES (1, interval '0', false) ON CONFLICT DO NOTHING;

CREATE FUNCTION switchback_now() RETURNS timestamptz LANGUAGE sql VOLATILE AS
$$ SELECT clock_timestamp() + (SELECT wound_by FROM kernel_clock WHERE id = 1) $$;

CREATE FUNCTION switchback_wind_clock(delta interval) RETURNS interval LANGUAGE plpgsql AS $$
DECLARE total interval;
BEGIN
    UPDATE kernel_clock SET wound_by = wound_by + delta WHERE id = 1 AND windable RETURNING wound_by INTO total;
    IF total IS NULL THEN
        RAISE EXCEPTION 'the clock of this installation may not be wound' USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN total;
END $$;
"""
CLOCK_BACK = "DROP FUNCTION switchback_wind_clock(interval); DROP FUNCTION switchback_now(); DELETE FROM kernel_clock;"

TABLES = ("kernel_entry", "kernel_entry_link", "kernel_seal")
GUARD = """
CREATE FUNCTION switchback_refuse_truncate() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'insufficient_privilege'; END $$;
""" + "".join(
    f"CREATE TRIGGER refuse_truncate BEFORE TRUNCATE ON {table} FOR EACH STATEMENT EXECUTE FUNCTION switchback_refuse_truncate();\n"
    for table in TABLES
)
GUARD_BACK = "".join(f"DROP TRIGGER refuse_truncate ON {table};\n" for table in TABLES) + "DROP FUNCTION switchback_refuse_truncate();"


class Migration(migrations.Migration):
    """One idea: what Python cannot be trusted to keep, the database keeps."""

    dependencies = [("kernel", "0001_tables")]
    operations = [
        migrations.RunSQL(CLOCK, CLOCK_BACK),
        migrations.RunSQL(GUARD, GUARD_BACK),
    ]
