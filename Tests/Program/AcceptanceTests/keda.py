"""Checks that every ScaledObject in a file is one of KEDA's. Argument: the file."""

import sys

import yaml
from cloudcoil.models.keda import v1alpha1

with open(sys.argv[1]) as file:
    objects = list(yaml.safe_load_all(file))
assert objects, "the file is empty"
for found in objects:
    assert (found["apiVersion"], found["kind"]) == ("keda.sh/v1alpha1", "ScaledObject"), found
    scaled = v1alpha1.ScaledObject.model_validate(found)
    for trigger in scaled.spec.triggers:
        print(scaled.spec.scale_target_ref.name, trigger.metadata["query"])
