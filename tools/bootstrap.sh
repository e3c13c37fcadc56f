#!/bin/sh
# Makes .venv and installs what requirements/<which>.lock names; nothing to do: done in a blink.
# usage: tools/bootstrap.sh runtime|dev          PYTHON=/path/to/python3 chooses the interpreter
set -eu
cd "$(dirname "$0")/.."
which=${1:?usage: tools/bootstrap.sh runtime|dev}
lock=requirements/$which.lock

say() { printf '%s\n' "$*"; }
fail() { printf '\n%s\n' "$*" >&2; exit 1; }

digest() { # of a file, with whatever this machine has
    if command -v sha256sum >/dev/null 2>&1; then sha256sum "$1"; else shasum -a 256 "$1"; fi | cut -c1-64
}

find_python() {
    for candidate in ${PYTHON:-} python3.11 python3.12 python3.13 python3; do
        command -v "$candidate" >/dev/null 2>&1 || continue
        "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1 || continue
        say "$candidate"
        return
    done
    fail "Python 3.11 or newer is needed and was not found.
  Debian, Ubuntu:  apt-get install python3 python3-venv
  elsewhere:       https://www.python.org/downloads/ ; or name it: PYTHON=/path/to/python3.11 make run"
}

have_uv() { command -v uv >/dev/null 2>&1 && uv --version >/dev/null 2>&1; }

stamp=.venv/.stamp-$which
wanted=$(digest "$lock")
if [ -x .venv/bin/python ] && .venv/bin/python -c '' 2>/dev/null; then
    # the developers' lock holds everything that the runtime's holds
    for name in $which dev; do
        if [ -f .venv/.stamp-$name ] && [ "$(cat .venv/.stamp-$name)" = "$(digest requirements/$name.lock) $(pwd)" ]; then exit 0; fi
    done
fi

python=$(find_python)
if [ ! -x .venv/bin/python ] || ! .venv/bin/python -c '' 2>/dev/null; then
    say "making the Python environment in .venv (with $("$python" --version))"
    rm -rf .venv
    if have_uv; then
        "$python" -m venv --without-pip .venv || fail "The Python environment could not be made: see above."
    else
        "$python" -c 'import ensurepip, venv' 2>/dev/null || fail "$python has no venv module.
  Debian, Ubuntu:  apt-get install python3-venv"
        "$python" -m venv .venv || fail "The Python environment could not be made: see above."
    fi
fi

say "installing the Python packages of $lock (first time: about a minute) ..."
if have_uv; then
    uv pip install --quiet --compile-bytecode --python .venv/bin/python --requirement "$lock" || fail "Installing failed: see above. Is the package index reachable? Then try again."
else
    .venv/bin/python -m pip --version >/dev/null 2>&1 || .venv/bin/python -m ensurepip --upgrade >/dev/null 2>&1 || fail "pip is missing in .venv and cannot be added: rm -rf .venv, and apt-get install python3-venv"
    .venv/bin/python -m pip install --require-virtualenv --disable-pip-version-check --no-input --root-user-action ignore --quiet --requirement "$lock" \
        || fail "Installing failed: see above. Is the package index reachable? Then try again."
fi
printf '%s %s\n' "$wanted" "$(pwd)" > "$stamp"
say "the Python environment is complete"
