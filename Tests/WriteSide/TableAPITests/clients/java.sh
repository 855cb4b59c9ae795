#!/bin/sh
# java.sh JARS PROGRAM ARGUMENT...: compiles a program of this directory with the libraries in JARS, and runs it.
set -eu
jars=$1 program=$2
shift 2
classes=$(mktemp -d)
trap 'rm -rf "$classes"' EXIT
javac -cp "$jars/*" -sourcepath "$(dirname "$0")" -d "$classes" "$(dirname "$0")/$program.java"
java -cp "$classes:$jars/*" "$program" "$@"
