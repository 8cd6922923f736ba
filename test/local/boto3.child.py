"""A program with boto3. It is told environment variables and what to do; it reports the results."""

import base64
import json
import sys
import time

import boto3
from botocore.exceptions import ClientError

given = json.loads(sys.argv[1])
control = boto3.client("bedrock-agentcore-control")
data = boto3.client("bedrock-agentcore")


# Standard output belongs to logs.
channel = open(3, "w")


def report(name, value):
    print(json.dumps({"name": name, "value": value}), file=channel, flush=True)


def members_of(response):
    """The members of a response, and its status."""
    metadata = response.pop("ResponseMetadata")
    return {"status": metadata["HTTPStatusCode"], "requestId": metadata.get("RequestId"), **response}


def rejected(client, call, **members):
    """What a program sees of an error: the class that it can catch, and what it says."""
    try:
        call(**members)
    except ClientError as error:
        code = error.response["Error"]["Code"]
        modeled = getattr(client.exceptions, code, None)
        return {
            "class": type(error).__name__,
            "code": code,
            "caught": modeled is not None and isinstance(error, modeled),
            "status": error.response["ResponseMetadata"]["HTTPStatusCode"],
            "requestId": error.response["ResponseMetadata"].get("RequestId"),
            "message": error.response["Error"]["Message"],
        }
    return None


def workload_identities():
    name = "w" * 255
    created = control.create_workload_identity(
        name=name, allowedResourceOauth2ReturnUrls=["https://agent.example.com/"], tags={"team": "Z=r@ch 1"}
    )
    arn = created["workloadIdentityArn"]
    report("created", members_of(created))
    read = members_of(control.get_workload_identity(name=name))
    report("read", {**read, "createdTime": read["createdTime"].timestamp(), "lastUpdatedTime": None})
    report("updated", members_of(control.update_workload_identity(name=name, allowedResourceOauth2ReturnUrls=[]))["status"])

    report("tagged", members_of(control.tag_resource(resourceArn=arn, tags={"cost centre": "a/b=c@d", "empty": ""})))
    report("tags", members_of(control.list_tags_for_resource(resourceArn=arn))["tags"])
    report("untagged", members_of(control.untag_resource(resourceArn=arn, tagKeys=["cost centre", "empty"])))
    report("tagsLeft", members_of(control.list_tags_for_resource(resourceArn=arn))["tags"])

    for number in range(25):
        control.create_workload_identity(name=f"many-{number:02}")
    pages = list(
        control.get_paginator("list_workload_identities").paginate(PaginationConfig={"PageSize": 10})
    )
    report("pages", [len(page["workloadIdentities"]) for page in pages])
    report("names", sorted(identity["name"] for page in pages for identity in page["workloadIdentities"]))

    report("exists", rejected(control, control.create_workload_identity, name=name))
    report("deleted", members_of(control.delete_workload_identity(name=name)))
    report("gone", rejected(control, control.get_workload_identity, name=name))
    report("unknown", rejected(data, data.get_workload_access_token, workloadName=name))


def rejections():
    """What the service rejects with its own message."""
    control.create_workload_identity(name="agent", allowedResourceOauth2ReturnUrls=["app:/consent"])
    control.create_workload_identity(name="runtime-a1")
    report("linked", rejected(data, data.get_workload_access_token, workloadName="runtime-a1"))
    report("linkedUser", rejected(data, data.get_workload_access_token_for_user_id, workloadName="runtime-a1", userId="a"))
    report("undeletable", rejected(control, control.delete_workload_identity, name="runtime-a1"))
    reference = {"secretId": "arn:aws:secretsmanager:us-west-2:123456789012:secret:keys-a1b2c3", "jsonKey": "weather"}
    control.create_api_key_credential_provider(
        name="weather", apiKeySecretSource="EXTERNAL", apiKeySecretConfig=reference
    )
    token = data.get_workload_access_token(workloadName="agent")["workloadAccessToken"]
    asked = {"workloadIdentityToken": token, "resourceCredentialProviderName": "weather"}
    report("denied", rejected(data, data.get_resource_api_key, **asked))
    # The token ends with the JWT that it was made of.
    claims = {"iss": "https://idp.test", "sub": "alice", "exp": int(time.time()) + 3}
    part = base64.urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip("=")
    of_jwt = data.get_workload_access_token_for_jwt(workloadName="agent", userToken=f"e30.{part}.c2ln")
    for _ in range(100):
        expired = rejected(
            data, data.get_resource_api_key, **{**asked, "workloadIdentityToken": of_jwt["workloadAccessToken"]}
        )
        if expired["code"] != "AccessDeniedException":
            break
        time.sleep(0.05)
    report("expired", expired)


def restricted():
    """What a policy denies."""
    token = data.get_workload_access_token(workloadName="agent")["workloadAccessToken"]
    asked = {"workloadIdentityToken": token, "resourceCredentialProviderName": "weather"}
    report("key", rejected(data, data.get_resource_api_key, **asked))


def tokens():
    token = data.get_workload_access_token(workloadName="agent")["workloadAccessToken"]
    report(
        "apiKey",
        data.get_resource_api_key(workloadIdentityToken=token, resourceCredentialProviderName="weather")["apiKey"],
    )
    report(
        "machine",
        data.get_resource_oauth2_token(
            workloadIdentityToken=token,
            resourceCredentialProviderName="calendar",
            scopes=["reports:read"],
            oauth2Flow="M2M",
        )["accessToken"],
    )
    user = data.get_workload_access_token_for_user_id(workloadName="agent", userId="alice")["workloadAccessToken"]
    asked = members_of(
        data.get_resource_oauth2_token(
            workloadIdentityToken=user,
            resourceCredentialProviderName="calendar",
            scopes=["reports:read"],
            oauth2Flow="USER_FEDERATION",
            resourceOauth2ReturnUrl=given["returnUrl"],
        )
    )
    report("asked", sorted(asked))
    report(
        "unauthorized",
        rejected(
            data, data.get_resource_api_key, workloadIdentityToken="none", resourceCredentialProviderName="weather"
        ),
    )


def errors():
    for name in given["errors"]:
        report(
            name,
            rejected(
                data, data.get_resource_api_key, workloadIdentityToken="any", resourceCredentialProviderName=name
            ),
        )


def signed():
    report("signed", members_of(control.create_workload_identity(name="signed", tags={"a": "b"}))["status"])
    arn = control.get_workload_identity(name="signed")["workloadIdentityArn"]
    report("signedTags", members_of(control.list_tags_for_resource(resourceArn=arn))["tags"])
    report("signedUntag", members_of(control.untag_resource(resourceArn=arn, tagKeys=["a", "b c=d"]))["status"])
    other = boto3.client("bedrock-agentcore-control", aws_secret_access_key="another", aws_access_key_id=given["keyId"])
    report("forged", rejected(other, other.get_workload_identity, name="signed"))


def caller():
    """What the official sample of consent portals calls, and reads from the responses."""
    identity = boto3.client("sts").get_caller_identity()
    report("identity", members_of(identity))
    account, region = identity["Account"], boto3.Session().region_name
    provider = control.create_oauth2_credential_provider(
        name="idp",
        credentialProviderVendor="CustomOauth2",
        oauth2ProviderConfigInput={
            "customOauth2ProviderConfig": {
                "clientId": "id",
                "clientSecret": "secret",
                "oauthDiscovery": {"discoveryUrl": given["discoveryUrl"]},
            }
        },
    )
    created = control.create_consent_portal(
        name="portal",
        executionRoleArn=f"arn:aws:iam::{account}:role/portal",
        idpConfig={"credentialProviderArn": provider["credentialProviderArn"], "scopes": ["openid"]},
        sources=[{"identifier": "gateway-0123456789", "type": "agentcore-gateway"}],
    )
    report("portalArn", created["consentPortalArn"] == f"arn:aws:bedrock-agentcore:{region}:{account}:consent-portal/{created['consentPortalId']}")
    portal = control.get_consent_portal(consentPortalIdentifier=created["consentPortalId"])
    url = portal["portalUrl"].removeprefix("https://").rstrip("/")
    report("portal", [portal["status"], f"https://{url}/callback", f"https://{url}/connect/callback"])


tasks = {
    "caller": caller,
    "workloadIdentities": workload_identities,
    "tokens": tokens,
    "errors": errors,
    "rejections": rejections,
    "restricted": restricted,
    "signed": signed,
}
tasks[given["task"]]()
