import boto3

identity = boto3.client("bedrock-agentcore")
caller = identity.get_workload_access_token(workloadName="my-agent")["workloadAccessToken"]
response = identity.get_resource_oauth2_token(
    workloadIdentityToken=caller,
    resourceCredentialProviderName="reports",
    scopes=["reports:read"],
    oauth2Flow="M2M",
)
print("a token of", len(response["accessToken"]), "characters")
