#!/bin/sh
# Finds the system parts that some tests need (Chromium, PostgreSQL server binaries). Where one is missing, Debian as root installs it;
# elsewhere its tests are skipped with one clear line. With CI=true a part that stays missing fails the run.
set -u
missing=""

has_chromium() { for name in chromium chromium-browser google-chrome; do command -v $name >/dev/null 2>&1 && return 0; done; return 1; }
has_postgres() { command -v initdb >/dev/null 2>&1 || ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1; }
need() { # need <label> <check> <Debian package>
    if "$2"; then return 0; fi
    if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
        echo "Installing $1 (Debian package $3) ..."
        { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$3"; } >/dev/null 2>&1
        if "$2"; then return 0; fi
    fi
    echo "Missing: $1. Its tests are skipped."
    missing="$missing $1"
}
need Chromium has_chromium chromium
need PostgreSQL has_postgres postgresql
if [ -n "$missing" ] && [ "${CI:-}" = true ]; then
    echo "CI needs all system parts; missing:$missing" >&2
    exit 1
fi
