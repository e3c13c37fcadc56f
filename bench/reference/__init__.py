"""The bare view that the console is measured against: parse, one upsert statement, commit, answer."""
