// npm oidc-provider, a certified provider, dressed as Pro Santé Connect, with a fault switch.
//
// Three fronts, as Pro Santé Connect has several hosts: the realm (issuer, tokens, keys), the wallet (authorization
// endpoint, login page) and a page that demands the card's certificate and asks nothing else.
//
// One argument, JSON:
//   certificate, key, clientAuthorities   files: of the servers, and the authorities of cards
//   client          metadata of the one client (RFC 7591); `tls_client_auth` makes the realm ask for a certificate of
//   organisations   the authority in this file
//   login           `card`: straight to the card page, or `page`: the wallet's page
//   people          who is known: [{ identifier, given, family }]
//   lives           how long a refresh token is said to live, seconds
//   ports, signing  of an earlier run: ports of realm, wallet and card page, and the key (JWK)
//
// Prints one line of JSON with issuer, ports and signing when it is ready, then one line for each event.
//
// Standard input takes one order a line, each answered by { "done": true } or { "error": … }:
// { "fault": name?, "at": endpoint? }, { "phone": "approve"|"deny"|"ignore", "interval": seconds? },
// { "answer": "approve"|"deny" } to the request that was ignored. Its end is the end.

import { createPrivateKey, generateKeyPairSync } from 'node:crypto';
import { readFileSync } from 'node:fs';
import https from 'node:https';
import { createInterface } from 'node:readline';
import { Faults } from './upstream/faults.mjs';
import { arrive, subject } from './upstream/people.mjs';
import { AUTHORIZATION, Phone, REALM, realm } from './upstream/realm.mjs';

const wish = JSON.parse(process.argv[2]);
const tell = (event) => process.stdout.write(`${JSON.stringify(event)}\n`);
const server = { cert: readFileSync(wish.certificate), key: readFileSync(wish.key), minVersion: 'TLSv1.2' };
const asking = { ...server, requestCert: true, ca: readFileSync(wish.clientAuthorities) };

const servers = {
  realm: https.createServer(
    wish.client.token_endpoint_auth_method === 'tls_client_auth'
      ? { ...asking, ca: readFileSync(wish.organisations), rejectUnauthorized: false }
      : server,
  ),
  wallet: https.createServer(server),
  card: https.createServer({ ...asking, rejectUnauthorized: true }),
};
const fronts = {};
const ports = {};
for (const [name, front] of Object.entries(servers)) {
  ports[name] = await listening(front, wish.ports?.[name] ?? 0);
  fronts[name] = `https://localhost:${ports[name]}`;
}

const key = wish.signing ?? {
  ...generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey.export({ format: 'jwk' }), use: 'sig', alg: 'RS256',
};
const faults = new Faults(createPrivateKey({ key, format: 'jwk' }), wish.client.redirect_uris[0], tell);
const phone = new Phone();
(wish.people ?? []).forEach((person) => arrive(person, 'MOBILE'));
const provider = realm({ fronts, client: wish.client, key, login: wish.login ?? 'card', lives: wish.lives ?? 1800, faults, phone, tell });
const callback = provider.callback();

/** Hands a request to oidc-provider, which learns its mount point from the difference of the two addresses. */
function hand(request, response, original) {
  request.originalUrl = original;
  request.url = original.slice(REALM.length);
  return callback(request, response);
}

serve('realm', (request, response) => {
  if (!request.url.startsWith(REALM)) return response.writeHead(404).end();
  return hand(request, response, request.url.replace('/wallet-openid-configuration', '/openid-configuration'));
});

serve('wallet', (request, response) => {
  if (request.url.startsWith('/auth?')) return hand(request, response, REALM + AUTHORIZATION + request.url.slice('/auth'.length));
  if (request.url.startsWith('/login/')) return login(request, response);
  return request.url.startsWith(REALM) ? hand(request, response, request.url) : response.writeHead(404).end();
});

serve('card', (request, response) => {
  const { CN: identifier, GN: given, SN: family } = request.socket.getPeerCertificate().subject;
  tell({ card: identifier, tls: request.socket.getProtocol() });
  return finish(request, response, arrive({ identifier, given, family }, 'CARD'));
});

/** The wallet's page: the card, or an identifier whose phone confirms at once. */
async function login(request, response) {
  if (request.method === 'POST') {
    const body = [];
    for await (const chunk of request) body.push(chunk);
    const identifier = new URLSearchParams(Buffer.concat(body).toString()).get('identifier');
    tell({ page: identifier });
    return subject(identifier)
      ? finish(request, response, arrive({ identifier }, 'MOBILE'))
      : response.writeHead(400, { 'content-type': 'text/html' }).end('<p>Identifiant inconnu</p>');
  }
  const card = `${fronts.card}${request.url.replace('/login/', '/card/')}`;
  response.writeHead(200, { 'content-type': 'text/html; charset=utf-8' }).end(
    `<!doctype html><title>TEST wallet</title><p><a href="${card}">Carte CPS</a></p>` +
      `<form method="post" action="${request.url}"><input name="identifier"><button>e-CPS</button></form>`,
  );
}

function finish(request, response, accountId) {
  return provider.interactionFinished(request, response, { login: { accountId, acr: 'eidas1' } });
}

function serve(name, answer) {
  servers[name].on('request', async (request, response) => {
    try {
      if (!(await faults.intercept(request, response))) await answer(request, response);
    } catch (error) {
      tell({ failed: error.message });
      response.writeHead(400).end();
    }
  });
}

createInterface({ input: process.stdin })
  .on('line', async (line) => {
    try {
      const order = JSON.parse(line);
      if ('fault' in order) faults.set(order.fault ?? undefined, order.at);
      if (order.phone) phone.mode = order.phone;
      if (order.interval) phone.interval = order.interval;
      if (order.answer) await phone.answer(order.answer);
      tell({ done: true });
    } catch (error) {
      tell({ error: error.message });
    }
  })
  .on('close', () => process.exit(0));

tell({ issuer: `${fronts.realm}${REALM}`, ports, signing: key });

function listening(front, port) {
  return new Promise((resolve, reject) => {
    front.once('error', reject);
    front.listen(port, '127.0.0.1', () => resolve(front.address().port));
  });
}
