// npm oidc-provider at its plainest, to be measured beside the agent: http on loopback, ES256, opaque tokens, memory store.
//
// One argument, JSON: { clientId, clientSecret, redirectUri }. Says { port, cookie }, where the cookie is a person's
// who is logged in, and ends with its standard input.

import { generateKeyPairSync } from 'node:crypto';
import http from 'node:http';
import { interactionPolicy, Provider } from 'oidc-provider';
import { Browser } from './navigation.mjs';
import { obey, tell } from './orders.mjs';

const wish = JSON.parse(process.argv[2]);
const server = http.createServer();
await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
const issuer = `http://127.0.0.1:${server.address().port}`;
const key = { ...generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ format: 'jwk' }), use: 'sig', alg: 'ES256' };
const policy = interactionPolicy.base();
policy.get('consent').checks.clear();

/** A store in memory that forgets nothing: oidc-provider's own keeps a thousand entries, fewer than a round makes. */
const stored = new Map();
class Memory {
  constructor(model) {
    this.model = model;
  }

  async upsert(id, payload) {
    stored.set(`${this.model}:${id}`, payload);
    if (payload.uid) stored.set(`uid:${payload.uid}`, id);
  }

  async find(id) {
    return stored.get(`${this.model}:${id}`);
  }

  async findByUid(uid) {
    return this.find(stored.get(`uid:${uid}`));
  }

  async consume(id) {
    stored.get(`${this.model}:${id}`).consumed = Math.floor(Date.now() / 1000);
  }

  async destroy(id) {
    stored.delete(`${this.model}:${id}`);
  }

  async revokeByGrantId() {}
}

const provider = new Provider(issuer, {
  adapter: Memory,
  clients: [
    {
      client_id: wish.clientId,
      client_secret: wish.clientSecret,
      redirect_uris: [wish.redirectUri],
      application_type: 'native',
      grant_types: ['authorization_code', 'refresh_token'],
      response_types: ['code'],
      id_token_signed_response_alg: 'ES256',
    },
  ],
  jwks: { keys: [key] },
  cookies: { keys: ['TEST'] },
  features: { devInteractions: { enabled: false } },
  pkce: { methods: ['S256'], required: () => true },
  claims: { openid: ['sub'], profile: ['given_name', 'family_name', 'SubjectNameID'] },
  ttl: { AccessToken: 300, AuthorizationCode: 60, IdToken: 300, RefreshToken: 14_400, Session: 14_400, Grant: 14_400, Interaction: 300 },
  issueRefreshToken: async () => true,
  rotateRefreshToken: true,
  interactions: { policy, url: (ctx, interaction) => `/login/${interaction.uid}` },
  findAccount: async (ctx, sub) => ({
    accountId: sub,
    claims: async () => ({ sub, given_name: 'CAMILLE', family_name: 'EXEMPLE', SubjectNameID: sub }),
  }),
  loadExistingGrant: async (ctx) => {
    // A session knows one grant of a client: another one would make the codes of the first void.
    const known = ctx.oidc.session.grantIdFor(ctx.oidc.client.clientId);
    if (known) return provider.Grant.find(known);
    const grant = new provider.Grant({ clientId: ctx.oidc.client.clientId, accountId: ctx.oidc.session.accountId });
    grant.addOIDCScope('openid profile');
    await grant.save();
    return grant;
  },
});

const callback = provider.callback();
server.keepAliveTimeout = 60_000;
server.on('request', (request, response) =>
  request.url.startsWith('/login/')
    ? provider.interactionFinished(request, response, { login: { accountId: '899700990015' } })
    : callback(request, response),
);

const query = new URLSearchParams({
  response_type: 'code', client_id: wish.clientId, redirect_uri: wish.redirectUri, scope: 'openid profile', state: 's', nonce: 'n',
  code_challenge: 'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM', code_challenge_method: 'S256',
});
const browser = new Browser();
await browser.walk(`${issuer}/auth?${query}`, (url) => url.href.startsWith(wish.redirectUri));
tell({ port: server.address().port, cookie: browser.cookie });
obey({});
