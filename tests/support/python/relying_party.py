"""Authlib as the relying party, with joserfc to verify tokens.

One argument, JSON: issuer, clientId, clientSecret (absent for a public client), redirectUri, postLogoutRedirectUri, receiver
(the port where logout tokens come). Says {"ready": true}, then obeys one order a line, {"do": name}: login, refresh, logout,
told.
"""

import json
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, HTTPServer
from urllib.parse import parse_qs, urlencode, urlsplit

import requests
from authlib.common.security import generate_token
from authlib.integrations.requests_client import OAuth2Session
from joserfc import jwt
from joserfc.jwk import KeySet

from navigation import walk

EVENT = "http://schemas.openid.net/event/backchannel-logout"


class RelyingParty:
    """One application with one login."""

    def __init__(self, wish):
        self.wish = wish
        self.metadata = requests.get(wish["issuer"] + "/.well-known/openid-configuration", timeout=30).json()
        assert self.metadata["issuer"] == wish["issuer"], "another issuer"
        self.client = OAuth2Session(
            wish["clientId"],
            wish.get("clientSecret"),
            scope="openid profile scope_all",
            redirect_uri=wish["redirectUri"],
            code_challenge_method="S256",
            token_endpoint_auth_method="client_secret_basic" if wish.get("clientSecret") else "none",
        )
        self.claims = None
        self.received = []

    def keys(self):
        return KeySet.import_key_set(requests.get(self.metadata["jwks_uri"], timeout=30).json())

    def decode(self, token, **expected):
        """Verifies signature and claims of a JWT of the issuer."""
        decoded = jwt.decode(token, self.keys(), algorithms=["RS256", "ES256"])
        registry = jwt.JWTClaimsRegistry(
            leeway=5,
            iss={"essential": True, "value": self.wish["issuer"]},
            aud={"essential": True, "value": self.wish["clientId"]},
            iat={"essential": True},
            exp={"essential": True},
            **expected,
        )
        registry.validate(decoded.claims)
        return decoded

    def login(self):
        verifier, nonce = generate_token(48), generate_token(20)
        start, state = self.client.create_authorization_url(
            self.metadata["authorization_endpoint"], code_verifier=verifier, nonce=nonce
        )
        callback = walk(start, self.wish["redirectUri"])
        assert parse_qs(urlsplit(callback).query)["iss"] == [self.wish["issuer"]], "RFC 9207"
        token = self.client.fetch_token(
            self.metadata["token_endpoint"], authorization_response=callback, state=state, code_verifier=verifier
        )
        decoded = self.decode(token["id_token"], sub={"essential": True}, nonce={"essential": True, "value": nonce})
        self.claims = decoded.claims
        return {"header": decoded.header, "claims": decoded.claims, "userinfo": self.userinfo(), "issuer": self.metadata["issuer"]}

    def userinfo(self):
        answer = self.client.get(self.metadata["userinfo_endpoint"])
        answer.raise_for_status()
        userinfo = answer.json()
        assert userinfo["sub"] == self.claims["sub"], "UserInfo speaks of somebody else"
        return userinfo

    def refresh(self):
        before = dict(self.client.token)
        after = self.client.refresh_token(self.metadata["token_endpoint"], refresh_token=before["refresh_token"])
        self.userinfo()
        return {
            "renewed": after["access_token"] != before["access_token"],
            "rotated": after["refresh_token"] != before["refresh_token"],
        }

    def logout(self):
        state = generate_token(20)
        query = urlencode({
            "id_token_hint": self.client.token["id_token"],
            "post_logout_redirect_uri": self.wish["postLogoutRedirectUri"],
            "state": state,
        })
        end = walk(f"{self.metadata['end_session_endpoint']}?{query}", self.wish["postLogoutRedirectUri"])
        return {"state": parse_qs(urlsplit(end).query).get("state") == [state]}

    def told(self):
        deadline = time.monotonic() + 30
        while not self.received:
            if time.monotonic() > deadline:
                raise TimeoutError("no logout token came")
            time.sleep(0.05)
        return self.received

    def receive(self, form):
        """A logout token (OpenID Connect Back-Channel Logout §2.6)."""
        decoded = self.decode(parse_qs(form)["logout_token"][0], jti={"essential": True}, events={"essential": True})
        claims = decoded.claims
        assert isinstance(claims["events"].get(EVENT), dict) and "nonce" not in claims, "not a logout token"
        assert claims.get("sid") == self.claims["sid"] or claims.get("sub") == self.claims["sub"], "another session"
        self.received.append(claims)


def listen(party, port):
    """Takes logout tokens on a loopback port."""

    class Receiver(BaseHTTPRequestHandler):
        def do_POST(self):  # noqa: N802, the name is http.server's
            try:
                party.receive(self.rfile.read(int(self.headers["content-length"])).decode())
                status = 200
            except Exception as error:  # noqa: BLE001, whatever is wrong is told to the test
                party.received.append({"refused": repr(error)})
                status = 400
            self.send_response(status)
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, *_):
            pass

    server = HTTPServer(("127.0.0.1", port), Receiver)
    threading.Thread(target=server.serve_forever, daemon=True).start()


def main():
    wish = json.loads(sys.argv[1])
    party = RelyingParty(wish)
    if "receiver" in wish:
        listen(party, wish["receiver"])
    print(json.dumps({"ready": True}), flush=True)
    for line in sys.stdin:
        try:
            answer = {"answer": getattr(party, json.loads(line)["do"])()}
        except Exception as error:  # noqa: BLE001, whatever is wrong is told to the test
            answer = {"refused": repr(error)}
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
