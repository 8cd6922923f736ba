"""The AgentCore calls of official samples, in the order of the samples. It reports the results."""

import json
import sys

import boto3
from botocore.exceptions import ClientError

given = json.loads(sys.argv[1])
control = boto3.client("bedrock-agentcore-control")
data = boto3.client("bedrock-agentcore")


# Standard output belongs to logs.
channel = open(3, "w")


def report(name, value):
    print(json.dumps({"name": name, "value": value}), file=channel, flush=True)


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
                "oauthDiscovery": {
                    "discoveryUrl": f"https://{given['domain']}/oauth2/default/.well-known/openid-configuration"
                },
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


def self_hosted():
    """Sample 04-outbound-auth-self-hosted: its steps 2 and 4, and what its agent asks for until it shows the page."""
    provider = control.create_oauth2_credential_provider(
        name="AgentCoreIdentityStandaloneProvider",
        credentialProviderVendor="CustomOauth2",
        oauth2ProviderConfigInput={
            "customOauth2ProviderConfig": {
                "oauthDiscovery": {"discoveryUrl": given["issuerUrl"]},
                "clientId": given["clientId"],
                "clientSecret": given["clientSecret"],
            }
        },
    )
    report("callbackUrl", provider["callbackUrl"])
    workload_identity("standalone-agent-identity")
    control.update_workload_identity(
        name="standalone-agent-identity", allowedResourceOauth2ReturnUrls=[given["callbackUrl"]]
    )
    asked = ask_self_hosted()
    report("authorizationUrl", asked["authorizationUrl"])
    report("sessionUri", asked["sessionUri"])


def ask_self_hosted(**more):
    caller = data.get_workload_access_token_for_user_id(
        workloadName="standalone-agent-identity", userId="quickstart-user"
    )
    return data.get_resource_oauth2_token(
        workloadIdentityToken=caller["workloadAccessToken"],
        resourceCredentialProviderName="AgentCoreIdentityStandaloneProvider",
        scopes=["openid", "profile", "email"],
        oauth2Flow="USER_FEDERATION",
        resourceOauth2ReturnUrl=given["callbackUrl"],
        **more,
    )


def self_hosted_callback():
    """Its callback server, and what its agent then gets."""
    data.complete_resource_token_auth(
        sessionUri=given["sessionUri"], userIdentifier={"userId": "quickstart-user"}
    )
    report("token", ask_self_hosted(sessionUri=given["sessionUri"])["accessToken"])


{
    "okta": okta,
    "entra": entra,
    "self-hosted": self_hosted,
    "self-hosted-callback": self_hosted_callback,
}[given["task"]]()
