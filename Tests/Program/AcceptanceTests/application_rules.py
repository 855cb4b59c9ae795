"""What holds for the applications beside the pipelines: an example has to be read at a sitting, and to run where Python and boto3 are.

Arguments: the folder of the pipelines. Prints what is wrong, and how many there are."""

import ast
import pathlib
import sys

ALLOWED = set(sys.stdlib_module_names) | {"boto3", "botocore"}
# Reads of tables: what is asked is asked of the queries.
READS = {"get_item", "batch_get_item", "transact_get_items", "query", "scan", "execute_statement", "batch_execute_statement", "get_paginator"}
programs = sorted(pathlib.Path(sys.argv[1]).glob("*/app/*.py"))
wrong = []
for program in programs:
    text = program.read_text()
    if len(text.splitlines()) >= 200:
        wrong.append(f"{program} has 200 lines or more")
    for node in ast.walk(ast.parse(text)):
        names = [one.name for one in node.names] if isinstance(node, ast.Import) else [node.module] if isinstance(node, ast.ImportFrom) else []
        beside = {other.stem for other in program.parent.glob("*.py")}
        wrong += [f"{program} imports {name}" for name in names if name.split(".")[0] not in ALLOWED | beside]
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in READS:
            wrong.append(f"{program} reads a table: {node.func.attr} in line {node.lineno}")
print("\n".join(wrong) if wrong else f"{len({program.parent for program in programs})} applications")
