import base64
import json
from urllib.parse import parse_qs, urlsplit

import pytest
from agent import Agent, ConsentRequired
from botocore.exceptions import ClientError


def user_of(token):
    payload = token.split(".")[1]
    return json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))["sub"]


def consent(local, user):
    """The user consents to the agent. Returns the agent."""
    agent = Agent(user)
    with pytest.raises(ConsentRequired) as asked:
        agent.reports_token()
    local.approve(asked.value.session_uri, user)
    return agent


def test_two_users_consent(local):
    alice, bob = consent(local, "alice"), consent(local, "bob")
    assert user_of(alice.reports_token()) == "alice"
    assert user_of(bob.reports_token()) == "bob"


def test_the_page_completes_the_consent_of_its_own_user(local):
    agent = Agent("alice")
    with pytest.raises(ConsentRequired) as asked:
        agent.reports_token()
    url = local.approve(asked.value.session_uri, "alice", complete=False)
    [session_uri] = parse_qs(urlsplit(url).query)["session_id"]
    with pytest.raises(ClientError, match="AccessDeniedException"):
        agent.complete(session_uri, "bob")
    agent.complete(session_uri, "alice")
    assert user_of(agent.reports_token()) == "alice"


def test_a_user_denies(local):
    agent = Agent("alice")
    with pytest.raises(ConsentRequired) as asked:
        agent.reports_token()
    local.deny(asked.value.session_uri)
    with pytest.raises(PermissionError):
        agent.reports_token(sessionUri=asked.value.session_uri)


def test_the_service_is_busy(local):
    agent = Agent("alice")
    local.fault("GetResourceApiKey", "ThrottlingException")
    with pytest.raises(ClientError, match="ThrottlingException"):
        agent.weather_key()
    assert agent.weather_key() == "for development"


def test_a_user_revokes_and_the_token_expires(local):
    agent = consent(local, "alice")
    [grant] = local.call("grants")["grants"]
    local.call("grants/revoke", {"id": grant["id"]})
    # AgentCore does not notice it before the access token expires.
    assert user_of(agent.reports_token()) == "alice"
    local.advance("11 minutes")
    with pytest.raises(ConsentRequired):
        agent.reports_token()


def test_the_caller_expires(local):
    agent = Agent("alice")
    local.advance("61 minutes")
    with pytest.raises(ClientError):
        agent.weather_key()
