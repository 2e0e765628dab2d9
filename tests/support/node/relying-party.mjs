// npm openid-client, a certified relying party, logs in at an issuer and prints what it accepted.
//
// One argument, JSON: { issuer, clientId, clientSecret?, redirectUri, scope?, acrValues?, suffix?, ca?, certificate?, key? }
// (the last three for an https issuer and its card page). Prints one line of JSON; exits with 1 when anything is refused.

import { readFileSync } from 'node:fs';
import * as oidc from 'openid-client';
import { walk } from './navigation.mjs';

const wish = JSON.parse(process.argv[2]);
const tls = {
  ...(wish.ca && { ca: readFileSync(wish.ca) }),
  ...(wish.certificate && { cert: readFileSync(wish.certificate), key: readFileSync(wish.key) }),
};

try {
  process.stdout.write(`${JSON.stringify(await judge())}\n`);
} catch (error) {
  const causes = [];
  for (let cause = error; cause instanceof Error; cause = cause.cause) {
    causes.push([cause.code ?? cause.name, cause.status, cause.error, cause.message].filter(Boolean).join(' '));
  }
  process.stderr.write(`${causes.join('\n  caused by ')}\n`);
  process.exitCode = 1;
}

async function judge() {
  const execute = [oidc.enableNonRepudiationChecks]; // the signature of every ID token, not only of those from the front
  if (wish.issuer.startsWith('http:')) execute.push(oidc.allowInsecureRequests);
  const authentication = wish.clientSecret ? oidc.ClientSecretBasic(wish.clientSecret) : oidc.None();
  const config = await oidc.discovery(new URL(wish.issuer), wish.clientId, undefined, authentication, { execute });

  const verifier = oidc.randomPKCECodeVerifier();
  const expectedState = oidc.randomState();
  const expectedNonce = oidc.randomNonce();
  const start = oidc.buildAuthorizationUrl(config, {
    redirect_uri: wish.redirectUri,
    scope: wish.scope ?? 'openid profile scope_all',
    code_challenge: await oidc.calculatePKCECodeChallenge(verifier),
    code_challenge_method: 'S256',
    state: expectedState,
    nonce: expectedNonce,
    ...(wish.acrValues && { acr_values: wish.acrValues }),
  });
  const home = new URL(wish.redirectUri);
  const callback = await walk(start, (url) => url.origin === home.origin && url.pathname === home.pathname, { tls });

  const tokens = await oidc.authorizationCodeGrant(config, callback, {
    pkceCodeVerifier: verifier,
    expectedState,
    expectedNonce,
    idTokenExpected: true,
  });
  const claims = tokens.claims();
  const userinfo = await oidc.fetchUserInfo(config, tokens.access_token, claims.sub);

  const renewed = await oidc.refreshTokenGrant(config, tokens.refresh_token);
  const renewedClaims = renewed.claims();
  if (renewedClaims && renewedClaims.sub !== claims.sub) throw new Error('the renewed ID token speaks of somebody else');
  await oidc.fetchUserInfo(config, renewed.access_token, claims.sub);
  // A refresh token that was used once buys nothing (RFC 9700 §4.14.2).
  const replayed = await oidc.refreshTokenGrant(config, tokens.refresh_token).then(
    () => 'accepted',
    (error) => error.error,
  );

  return {
    issuer: config.serverMetadata().issuer,
    header: JSON.parse(Buffer.from(tokens.id_token.split('.')[0], 'base64url')),
    claims,
    userinfo,
    renewed: Boolean(renewed.access_token && renewed.access_token !== tokens.access_token),
    rotated: Boolean(renewed.refresh_token && renewed.refresh_token !== tokens.refresh_token),
    replayed,
  };
}
