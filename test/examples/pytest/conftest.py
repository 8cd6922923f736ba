"""A local AgentCore Identity for the tests."""

import json
import os
import shlex
import signal
import subprocess
import tempfile
import urllib.request

import pytest

COMMAND = "npx agentcore-identity local --port 0 --authorization-server --config setup.jsonc --policy policy.json"


class Local:
    """Controls the server."""

    def call(self, path, body=None):
        """Reads from the control. With a body, it changes the server."""
        request = urllib.request.Request(
            f"{os.environ['AWS_ENDPOINT_URL_BEDROCK_AGENTCORE']}/_local/{path}",
            data=None if body is None else json.dumps(body).encode(),
            headers={
                "Authorization": f"Bearer {os.environ['AGENTCORE_LOCAL_TOKEN']}",
                "Content-Type": "application/json",
            },
        )
        with urllib.request.urlopen(request) as response:
            return json.load(response)

    def approve(self, session_uri, user, complete=True):
        """The user signs in, and consents. Returns the URL to which their browser returns."""
        body = {"sessionUri": session_uri, "userName": user, "complete": complete}
        return self.call("consents/approve", body)["returnUrl"]

    def deny(self, session_uri):
        self.call("consents/deny", {"sessionUri": session_uri})

    def fault(self, operation, exception, count=1):
        """The next calls of the operation fail."""
        self.call("faults", {"operation": operation, "exception": exception, "count": count})

    def advance(self, duration):
        """Moves the clock, as in `"11 minutes"`."""
        self.call("clock", {"advance": duration})


@pytest.fixture(scope="session")
def server():
    """Starts the server on free ports, so parallel workers start one each. Sets its variables."""
    log = tempfile.TemporaryFile("w+")
    process = subprocess.Popen(shlex.split(COMMAND), stdout=subprocess.PIPE, stderr=log, text=True)
    with pytest.MonkeyPatch.context() as environment:
        # The output is lines such as `export NAME='value'`, `unset AWS_PROFILE` if that is set, and a blank line at the end.
        for line in iter(process.stdout.readline, "\n"):
            if line == "":
                process.wait()
                log.seek(0)
                pytest.exit(f"The local AgentCore Identity did not start: {log.read()}")
            command, assignment = shlex.split(line)
            if command == "unset":
                environment.delenv(assignment)
            else:
                environment.setenv(*assignment.split("=", 1))
        yield Local()
        os.kill(int(os.environ["AGENTCORE_LOCAL_PID"]), signal.SIGTERM)
        process.wait()


@pytest.fixture
def local(server):
    """The server, with the resources of setup.jsonc only."""
    server.call("reset", {})
    return server
