"""The AgentCore calls of two official samples, in the order of the samples. What came of them is reported line by line."""

import json
import sys

import boto3
from botocore.exceptions import ClientError

given = json.loads(sys.argv[1])
control = boto3.client("bedrock-agentcore-control")
data = boto3.client("bedrock-agentcore")


def report(name, value):
    print(json.dumps({"name": name, "value": value}), flush=True)


def workload_identity(name):
    """Creates it, or reads the one that exists, as the message of the error says."""
    try:
        return control.create_workload_identity(name=name)["workloadIdentityArn"]
    except ClientError as error:
        if "already exists" not in error.response["Error"]["Message"]:
            raise
        return control.get_workload_identity(name=name)["workloadIdentityArn"]


def okta_provider(name, rotate):
    """Sample 08, the fourth step of its deployment: creates the provider, reuses it, or sends its secret again."""
    settings = {
        "name": name,
        "credentialProviderVendor": "CustomOauth2",
        "oauth2ProviderConfigInput": {
            "customOauth2ProviderConfig": {
                "oauthDiscovery": {"discoveryUrl": given["discoveryUrl"]},
                "clientId": given["clientId"],
                "clientSecret": given["clientSecret"],
                "clientAuthenticationMethod": "CLIENT_SECRET_BASIC",
                "onBehalfOfTokenExchangeConfig": {
                    "grantType": "TOKEN_EXCHANGE",
                    "tokenExchangeGrantTypeConfig": {"actorTokenContent": "NONE"},
                },
            }
        },
    }
    try:
        existing = control.get_oauth2_credential_provider(name=name)
    except control.exceptions.ResourceNotFoundException:
        return ["created", control.create_oauth2_credential_provider(**settings)["credentialProviderArn"]]
    if rotate:
        return ["rotated", control.update_oauth2_credential_provider(**settings)["credentialProviderArn"]]
    return ["reused", existing["credentialProviderArn"]]


def okta():
    """Sample 08-okta-xaa-delegation-chain: a user's token for one that the gateway accepts."""
    arns = []
    for rotate in [False, False, True]:
        identity = workload_identity("xaa-todo-agent")
        arns.append([identity, *okta_provider("xaa-agent-obo-provider", rotate)])
    report("deployments", arns)
    caller = data.get_workload_access_token_for_jwt(workloadName="xaa-todo-agent", userToken=given["userToken"])
    token = data.get_resource_oauth2_token(
        workloadIdentityToken=caller["workloadAccessToken"],
        resourceCredentialProviderName="xaa-agent-obo-provider",
        oauth2Flow="ON_BEHALF_OF_TOKEN_EXCHANGE",
        scopes=["tools.access"],
        audiences=["https://xaa-agentcore.example.com"],
        customParameters={"subject_token_type": "urn:ietf:params:oauth:token-type:access_token"},
    )
    report("token", token["accessToken"])


def entra():
    """Sample 13-entra-obo-mcp-runtime: one provider for a token of the user, and for one of the agent itself."""
    report("account", boto3.client("sts").get_caller_identity().get("Account"))
    name = "entra-agent-provider"
    settings = {
        "name": name,
        "credentialProviderVendor": "MicrosoftOauth2",
        "oauth2ProviderConfigInput": {
            "microsoftOauth2ProviderConfig": {
                "clientId": given["clientId"],
                "clientSecret": given["clientSecret"],
                "tenantId": "0f0f0f0f-0000-4000-8000-000000000000",
            }
        },
    }
    try:
        provider = control.create_oauth2_credential_provider(**settings)
    except control.exceptions.ConflictException:
        provider = control.get_oauth2_credential_provider(name=name)
    report("provider", provider["credentialProviderArn"])

    # The sample runs in AgentCore Runtime, which makes this token of the user's JWT.
    workload_identity("entra-obo-agent")
    caller = data.get_workload_access_token_for_jwt(workloadName="entra-obo-agent", userToken=given["userToken"])

    def ask(flow, scope):
        return data.get_resource_oauth2_token(
            workloadIdentityToken=caller["workloadAccessToken"],
            resourceCredentialProviderName=name,
            scopes=[scope],
            oauth2Flow=flow,
        )["accessToken"]

    report("user", ask("ON_BEHALF_OF_TOKEN_EXCHANGE", "User.Read"))
    report("machine", ask("M2M", given["machineScope"]))
    control.delete_oauth2_credential_provider(name=name)
    report("left", [item["name"] for item in control.list_oauth2_credential_providers()["credentialProviders"]])


{"okta": okta, "entra": entra}[given["task"]]()
