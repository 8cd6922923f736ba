"""A test in Python: boto3 as the client, and the control of the server over HTTP, with the standard library."""

import json
import os
import sys
import urllib.error
import urllib.request

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

given = json.loads(sys.argv[1])
# Retries would hide the fault.
once = Config(retries={"total_max_attempts": 1})
data = boto3.client("bedrock-agentcore", config=once)
control_plane = boto3.client("bedrock-agentcore-control", config=once)


def report(name, value):
    print(json.dumps({"name": name, "value": value}), flush=True)


def local(path, body=None):
    """Asks the control of the server, or lets it act."""
    request = urllib.request.Request(
        f"{os.environ['AWS_ENDPOINT_URL_BEDROCK_AGENTCORE']}/_local/{path}",
        data=None if body is None else json.dumps(body).encode(),
        headers={"Authorization": f"Bearer {os.environ['AGENTCORE_LOCAL_TOKEN']}", "Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request) as response:
        return json.load(response)


def token():
    return data.get_workload_access_token_for_user_id(workloadName="agent", userId="alice")["workloadAccessToken"]


def ask(workload_token, **more):
    answer = data.get_resource_oauth2_token(
        workloadIdentityToken=workload_token,
        resourceCredentialProviderName="calendar",
        scopes=["openid", "profile:read", "offline_access"],
        oauth2Flow="USER_FEDERATION",
        resourceOauth2ReturnUrl="http://127.0.0.1:9/consent",
        **more,
    )
    answer.pop("ResponseMetadata")
    return answer


def code(call, **members):
    try:
        call(**members)
    except ClientError as error:
        return error.response["Error"]["Code"]
    return None


def script():
    local("seed", given["setup"])
    local("reset", {})
    report("empty", control_plane.list_workload_identities()["workloadIdentities"])
    report("seeded", [change["name"] for change in local("seed", given["setup"])["changes"]])

    workload_token = token()
    asked = ask(workload_token)
    local("consents/approve", {"sessionUri": asked["sessionUri"], "userName": "alice@example.com"})
    issued = ask(workload_token, sessionUri=asked["sessionUri"])["accessToken"]
    report("accessToken", issued)

    grant = local("grants")["grants"][0]["id"]
    local("grants/revoke", {"id": grant})
    local("clock", {"advance": "11 minutes"})
    report("afterRevocation", sorted(ask(token())))

    local("faults", {"operation": "GetResourceApiKey", "exception": "ThrottlingException", "count": 2})
    key = {"workloadIdentityToken": token(), "resourceCredentialProviderName": "weather"}
    report("faults", [code(data.get_resource_api_key, **key) for _ in range(3)])
    try:
        local("seed", {"tags": {"home": {"$env": "HOME"}}})
    except urllib.error.HTTPError as error:
        report("refused", [error.code, json.load(error)["error"]])


script()
