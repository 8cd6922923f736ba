"""Writes aws-limits.json from the service models of the installed botocore: python3 test/models/make-limits.py

It needs a botocore that has AgentCore: pip install --upgrade botocore. Consent portals are in no botocore yet.
"""

import json
import re
from pathlib import Path

import botocore
from botocore.session import get_session

SERVICES = ["bedrock-agentcore", "bedrock-agentcore-control"]


def is_identity(operation):
    return re.match(r"/(identities|tags)/", operation.http["requestUri"])


def limits_of(shape):
    """The limits of a shape and of the shapes in it."""
    facts = {"type": shape.type_name}
    facts |= {name: shape.metadata[name] for name in ("min", "max", "pattern", "enum") if name in shape.metadata}
    if shape.metadata.get("sensitive"):
        facts["sensitive"] = True
    if "location" in shape.serialization:
        facts |= {"location": shape.serialization["location"], "locationName": shape.serialization["name"]}
    if shape.type_name == "structure":
        if getattr(shape, "is_tagged_union", False):
            facts["union"] = True
        facts["members"] = {
            name: limits_of(member) | ({"required": True} if name in shape.required_members else {})
            for name, member in shape.members.items()
        }
    elif shape.type_name == "list":
        facts["item"] = limits_of(shape.member)
    elif shape.type_name == "map":
        facts |= {"key": limits_of(shape.key), "value": limits_of(shape.value)}
    return facts


def describe(service, operation):
    return {
        "errors": sorted(error.name for error in operation.error_shapes),
        "http": {"responseCode": 200, **operation.http},
        "input": limits_of(operation.input_shape),
        "service": service,
    }


models = {name: get_session().get_service_model(name) for name in SERVICES}
operations = {
    name: describe(service, model.operation_model(name))
    for service, model in models.items()
    for name in model.operation_names
    if is_identity(model.operation_model(name))
}
source = (
    f"AWS service models as published in botocore {botocore.__version__}: the operations of identity; "
    "consent portals are not in it"
)
limits = {"operations": operations, "source": source}
(Path(__file__).parent / "aws-limits.json").write_text(json.dumps(limits, indent=1, sort_keys=True))
