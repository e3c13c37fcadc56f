"""What the tests stand on: a throw-away database, real servers, loud skips."""
