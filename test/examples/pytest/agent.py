"""The agent, over boto3."""

import boto3
from botocore.config import Config

RETURN_URL = "http://127.0.0.1:8765/consent"


class ConsentRequired(Exception):
    def __init__(self, response):
        super().__init__("The user has to open the authorization URL")
        self.authorization_url = response["authorizationUrl"]
        self.session_uri = response["sessionUri"]


class Agent:
    def __init__(self, user):
        # Retries would hide a fault.
        self.identity = boto3.client("bedrock-agentcore", config=Config(retries={"total_max_attempts": 1}))
        response = self.identity.get_workload_access_token_for_user_id(workloadName="my-agent", userId=user)
        self.caller = response["workloadAccessToken"]

    def reports_token(self, **more):
        """The access token of the user, for the API of the reports."""
        response = self.identity.get_resource_oauth2_token(
            workloadIdentityToken=self.caller,
            resourceCredentialProviderName="reports",
            scopes=["reports:read", "offline_access"],
            oauth2Flow="USER_FEDERATION",
            resourceOauth2ReturnUrl=RETURN_URL,
            **more,
        )
        if response.get("sessionStatus") == "FAILED":
            raise PermissionError("The user denied")
        if "accessToken" not in response:
            raise ConsentRequired(response)
        return response["accessToken"]

    def complete(self, session_uri, user):
        """For the page of the return URL: `session_uri` is its parameter `session_id`, `user` is who is signed in."""
        self.identity.complete_resource_token_auth(sessionUri=session_uri, userIdentifier={"userId": user})

    def weather_key(self):
        response = self.identity.get_resource_api_key(
            workloadIdentityToken=self.caller, resourceCredentialProviderName="weather"
        )
        return response["apiKey"]
