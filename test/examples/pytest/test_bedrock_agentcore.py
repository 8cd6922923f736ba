"""An agent over the Python SDK of AgentCore: `pip install bedrock-agentcore`."""

from urllib.parse import parse_qs, urlsplit

import pytest
from agent import RETURN_URL, Agent
from test_agent import user_of

pytest.importorskip("bedrock_agentcore")

from bedrock_agentcore.identity.auth import requires_access_token  # noqa: E402
from bedrock_agentcore.runtime import BedrockAgentCoreContext  # noqa: E402
from bedrock_agentcore.services.identity import TokenPoller  # noqa: E402


@pytest.mark.parametrize("user", ["alice", "bob"])
def test_a_user_consents_while_the_agent_waits(local, user):
    sessions = []

    class Poller(TokenPoller):
        """Waits for the user, without the five seconds of the default."""

        async def poll_for_token(self):
            local.approve(sessions[0], user)
            return Agent(user).reports_token(sessionUri=sessions[0])

    @requires_access_token(
        provider_name="reports",
        scopes=["reports:read", "offline_access"],
        auth_flow="USER_FEDERATION",
        callback_url=RETURN_URL,
        on_auth_url=lambda url: sessions.extend(parse_qs(urlsplit(url).query)["request_uri"]),
        token_poller=Poller(),
    )
    def read_reports(*, access_token):
        return user_of(access_token)

    # In AgentCore Runtime, the SDK takes the caller from the request.
    BedrockAgentCoreContext.set_workload_access_token(Agent(user).caller)
    assert read_reports() == user
    assert len(sessions) == 1
