#!/bin/sh
# java.sh JARS PROGRAM URL: compiles a program of this directory with the libraries in JARS, and runs it.
set -eu
classes=$(mktemp -d)
trap 'rm -rf "$classes"' EXIT
javac -cp "$1/*" -d "$classes" "$(dirname "$0")/$2.java"
java -cp "$classes:$1/*" "$2" "$3"
