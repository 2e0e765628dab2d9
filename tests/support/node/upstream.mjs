// npm oidc-provider, a certified provider, dressed as Pro Santé Connect: its paths, its claims, and a login page that
// demands a TLS client certificate and asks nothing else.
//
// One argument, JSON: { certificate, key, clientAuthorities, clientId, clientSecret, redirectUri }, the first three are
// files. Prints one line of JSON with the issuer when it is ready, then one line for each card page visited.
// Ends when its standard input is closed.

import { generateKeyPairSync } from 'node:crypto';
import { readFileSync } from 'node:fs';
import https from 'node:https';
import { interactionPolicy, Provider } from 'oidc-provider';

const wish = JSON.parse(process.argv[2]);
const REALM = '/auth/realms/esante-wallet';
const tell = (event) => process.stdout.write(`${JSON.stringify(event)}\n`);
const server = { cert: readFileSync(wish.certificate), key: readFileSync(wish.key), minVersion: 'TLSv1.2' };

const open = https.createServer(server);
const card = https.createServer({ ...server, requestCert: true, rejectUnauthorized: true, ca: readFileSync(wish.clientAuthorities) });
const [openOrigin, cardOrigin] = await Promise.all([open, card].map(listening));

/** People who logged in, by national identifier: what their certificates said. */
const people = new Map();
const path = (name) => `/protocol/openid-connect/${name}`;
const signing = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey.export({ format: 'jwk' });

// Registering is the consent: the page asks for the card and nothing else.
const policy = interactionPolicy.base();
policy.get('consent').checks.clear();

const provider = new Provider(`${openOrigin}${REALM}`, {
  clients: [
    {
      client_id: wish.clientId,
      client_secret: wish.clientSecret,
      redirect_uris: [wish.redirectUri],
      application_type: 'native',
      grant_types: ['authorization_code', 'refresh_token'],
      response_types: ['code'],
      token_endpoint_auth_method: 'client_secret_basic',
    },
  ],
  jwks: { keys: [{ ...signing, use: 'sig', alg: 'RS256' }] },
  cookies: { keys: ['TEST'] },
  routes: {
    authorization: path('auth'),
    token: path('token'),
    userinfo: path('userinfo'),
    jwks: path('certs'),
    end_session: path('logout'),
    revocation: path('revoke'),
  },
  features: { devInteractions: { enabled: false }, revocation: { enabled: true }, rpInitiatedLogout: { enabled: true } },
  pkce: { methods: ['S256'], required: () => true },
  acrValues: ['eidas1'],
  scopes: ['openid', 'profile', 'scope_all'],
  claims: {
    openid: ['sub', 'acr', 'sid', 'auth_time', 'iss', 'authMode', 'SubjectNameID', 'preferred_username', 'given_name', 'family_name'],
    scope_all: ['otherIds', 'SubjectRefPro', 'Acces_Regulation_Medicale', 'Mode_Acces_Raison', 'PSI_Locale', 'UITVersion'],
  },
  conformIdTokenClaims: false,
  ttl: { AccessToken: 120, IdToken: 120, RefreshToken: 1800, AuthorizationCode: 60, Interaction: 300, Session: 14400, Grant: 14400 },
  issueRefreshToken: async (ctx, client) => client.grantTypeAllowed('refresh_token'),
  rotateRefreshToken: true,
  interactions: { policy, url: (ctx, interaction) => `${cardOrigin}/card/${interaction.uid}` },
  findAccount: async (ctx, sub) => ({ accountId: sub, claims: async () => userinfo(people.get(sub)) }),
  loadExistingGrant: async (ctx) => {
    const grant = new ctx.oidc.provider.Grant({ clientId: ctx.oidc.client.clientId, accountId: ctx.oidc.session.accountId });
    grant.addOIDCScope('openid profile scope_all');
    await grant.save();
    return grant;
  },
});

const callback = provider.callback();
open.on('request', (request, response) => {
  if (!request.url.startsWith(REALM)) return response.writeHead(404).end();
  // The provider learns its mount point from the difference of the two.
  request.originalUrl = request.url.replace('/wallet-openid-configuration', '/openid-configuration');
  request.url = request.originalUrl.slice(REALM.length);
  return callback(request, response);
});

card.on('request', async (request, response) => {
  try {
    const subject = request.socket.getPeerCertificate().subject;
    const person = { identifier: subject.CN, given: subject.GN, family: subject.SN };
    people.set(person.identifier, person);
    tell({ card: person.identifier, tls: request.socket.getProtocol() });
    await provider.interactionFinished(request, response, { login: { accountId: person.identifier, acr: 'eidas1' } });
  } catch (error) {
    tell({ failed: error.message });
    response.writeHead(400).end();
  }
});

tell({ issuer: `${openOrigin}${REALM}` });
process.stdin.resume().on('end', () => process.exit(0));

/** UserInfo in the shape of Pro Santé Connect, quirks included. */
function userinfo({ identifier, given, family }) {
  return {
    sub: identifier,
    SubjectNameID: identifier,
    preferred_username: identifier,
    given_name: given ?? '',
    family_name: family ?? '',
    authMode: 'CARD',
    otherIds: [{ identifiant: identifier, origine: 'RPPS', qualite: 1 }],
    Acces_Regulation_Medicale: 'FAUX',
    Mode_Acces_Raison: '',
    PSI_Locale: '1.2.250.1.213.1.3.1.1',
    UITVersion: '1.0',
    SubjectRefPro: {
      exercices: [
        {
          codeProfession: '10',
          codeCategorieProfessionnelle: 'C',
          codeCiviliteDexercice: 'DR',
          nomDexercice: family ?? '',
          prenomDexercice: given ?? '',
          codeTypeSavoirFaire: 'S',
          codeSavoirFaire: 'SM54',
          activities: [],
        },
      ],
    },
  };
}

function listening(front) {
  return new Promise((resolve, reject) => {
    front.once('error', reject);
    front.listen(0, '127.0.0.1', () => resolve(`https://localhost:${front.address().port}`));
  });
}
