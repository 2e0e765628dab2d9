// npm openid-client, a certified relying party. Its back-channel receiver verifies logout tokens with npm jose.
//
// One argument, JSON: { issuer, clientId, clientSecret?, redirectUri, postLogoutRedirectUri?, scope?, acrValues?, receiver? }
// (`receiver`: the port where logout tokens come). Says { "ready": true }, then obeys: login, refresh, replay, userinfo,
// logout, told.

import http from 'node:http';
import { createRemoteJWKSet, jwtVerify } from 'jose';
import * as oidc from 'openid-client';
import { Browser } from './navigation.mjs';
import { obey, tell, until } from './orders.mjs';

const wish = JSON.parse(process.argv[2]);
const home = new URL(wish.redirectUri);
const browser = new Browser();
let config;
let tokens;
let spent;
const received = [];

async function discovered() {
  if (config) return config;
  const execute = [oidc.enableNonRepudiationChecks]; // the signature of every ID token, not only of those from the front
  if (wish.issuer.startsWith('http:')) execute.push(oidc.allowInsecureRequests);
  const authentication = wish.clientSecret ? oidc.ClientSecretBasic(wish.clientSecret) : oidc.None();
  config = await oidc.discovery(new URL(wish.issuer), wish.clientId, undefined, authentication, { execute });
  return config;
}

async function login() {
  const config = await discovered();
  const verifier = oidc.randomPKCECodeVerifier();
  const [expectedState, expectedNonce] = [oidc.randomState(), oidc.randomNonce()];
  const start = oidc.buildAuthorizationUrl(config, {
    redirect_uri: wish.redirectUri,
    scope: wish.scope ?? 'openid profile scope_all',
    code_challenge: await oidc.calculatePKCECodeChallenge(verifier),
    code_challenge_method: 'S256',
    state: expectedState,
    nonce: expectedNonce,
    ...(wish.acrValues && { acr_values: wish.acrValues }),
  });
  const callback = await browser.walk(start, (url) => url.origin === home.origin && url.pathname === home.pathname);
  tokens = await oidc.authorizationCodeGrant(config, callback, {
    pkceCodeVerifier: verifier,
    expectedState,
    expectedNonce,
    idTokenExpected: true,
  });
  const claims = tokens.claims();
  return {
    issuer: config.serverMetadata().issuer,
    header: JSON.parse(Buffer.from(tokens.id_token.split('.')[0], 'base64url')),
    claims,
    userinfo: await oidc.fetchUserInfo(config, tokens.access_token, claims.sub),
  };
}

async function refresh() {
  const old = tokens;
  const renewed = await oidc.refreshTokenGrant(config, old.refresh_token);
  const [before, after] = [old.claims(), renewed.claims()];
  if (after && after.sub !== before.sub) throw new Error('the renewed ID token speaks of somebody else');
  await oidc.fetchUserInfo(config, renewed.access_token, before.sub);
  spent = old.refresh_token;
  // An answer without an ID token leaves the old one in force (OpenID Connect Core §12.2).
  tokens = Object.assign(renewed, renewed.id_token ? {} : { id_token: old.id_token, claims: () => before });
  return {
    renewed: renewed.access_token !== old.access_token,
    rotated: Boolean(renewed.refresh_token && renewed.refresh_token !== old.refresh_token),
  };
}

/** A refresh token that was used once buys nothing (RFC 9700 §4.14.2). */
async function replay() {
  return oidc.refreshTokenGrant(config, spent).then(() => 'accepted', (error) => error.error);
}

async function userinfo() {
  return oidc.fetchUserInfo(config, tokens.access_token, tokens.claims().sub);
}

/** RP-initiated logout: where the browser ends up. */
async function logout({ hint = true, confirm = false }) {
  const state = oidc.randomState();
  const start = oidc.buildEndSessionUrl(config, {
    post_logout_redirect_uri: wish.postLogoutRedirectUri,
    state,
    ...(hint && { id_token_hint: tokens.id_token }),
  });
  const after = new URL(wish.postLogoutRedirectUri);
  const arrived = (url) => url.origin === after.origin && url.pathname === after.pathname;
  let end;
  if (confirm) {
    const page = await browser.walk(start);
    end = await browser.submit(page, arrived);
  } else {
    end = await browser.walk(start, arrived);
  }
  return { state: end.searchParams.get('state') === state };
}

/** Logout tokens that came and verified (OpenID Connect Back-Channel Logout §2.6). Waits for the first. */
async function told() {
  await until('a logout token', () => received.length > 0);
  return received;
}

async function receive(form) {
  const keys = createRemoteJWKSet(new URL(config.serverMetadata().jwks_uri));
  const { payload, protectedHeader } = await jwtVerify(new URLSearchParams(form).get('logout_token'), keys, {
    issuer: wish.issuer,
    audience: wish.clientId,
    typ: 'logout+jwt',
    requiredClaims: ['iat', 'jti', 'exp', 'events'],
  });
  const event = payload.events['http://schemas.openid.net/event/backchannel-logout'];
  if (typeof event !== 'object' || 'nonce' in payload || !(payload.sid || payload.sub)) throw new Error('not a logout token');
  const mine = tokens.claims();
  if (payload.sid && payload.sid !== mine.sid) throw new Error('another session');
  if (payload.sub && payload.sub !== mine.sub) throw new Error('another person');
  return { ...payload, alg: protectedHeader.alg };
}

if (wish.receiver) {
  const server = http.createServer((request, response) => {
    const chunks = [];
    request.on('data', (chunk) => chunks.push(chunk));
    request.on('end', async () => {
      try {
        received.push(await receive(Buffer.concat(chunks).toString()));
        response.writeHead(200, { 'cache-control': 'no-store' }).end();
      } catch (error) {
        received.push({ refused: error.message });
        response.writeHead(400).end();
      }
    });
  });
  await new Promise((resolve) => server.listen(wish.receiver, '127.0.0.1', resolve));
}
tell({ ready: true });
obey({ login, refresh, replay, userinfo, logout, told });
