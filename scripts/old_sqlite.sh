#!/bin/sh
# Builds old releases of SQLite's library for tests/promises/test_old_sqlite.py.
# Usage: scripts/old_sqlite.sh DIRECTORY. It needs npm, whose better-sqlite3 has SQLite's source, and a C compiler.
set -eu
command -v cc >/dev/null || { echo "no C compiler: old releases of SQLite are not built"; exit 1; }
directory=$(mkdir -p "$1" && cd "$1" && pwd)
build() {
    work=$(mktemp -d)
    (
        cd "$work"
        npm pack --silent "better-sqlite3@$2" >/dev/null
        tar xzf better-sqlite3-*.tgz
        tar xzf package/deps/sqlite3.tar.gz
        mkdir -p "$directory/$1"
        cc -O1 -shared -fPIC -DSQLITE_ENABLE_JSON1 -DSQLITE_ENABLE_DESERIALIZE -DSQLITE_ENABLE_COLUMN_METADATA \
            -o "$directory/$1/libsqlite3.so.0" sqlite3.c -lm
    )
    rm -r "$work"
}
build 3.31.1 6.0.1 # Ubuntu 20.04
build 3.34.0 7.1.2 # RHEL 9, Debian 11: 3.34.1
