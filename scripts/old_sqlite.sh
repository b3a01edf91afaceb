#!/bin/sh
# Builds old releases of SQLite's library, with which tests/promises/test_old_sqlite.py runs the store:
# scripts/old_sqlite.sh DIRECTORY. npm's better-sqlite3 carries SQLite's source; needs npm and a C compiler.
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
