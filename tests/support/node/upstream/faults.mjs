// The fault switch: right answers of oidc-provider made wrong on their way out.
//
// Faults of the protocol carry the name of the conformance module (OpenID Foundation's suite) whose provider does the
// same: `oidcc-client-test-invalid-iss` is told as `invalid-iss`. Faults of the wire happen at one endpoint: hang, slow,
// failing, garbage, huge, cut, killed.

import { createHash, generateKeyPairSync, sign } from 'node:crypto';

const encode = (value) => Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url');
const without = (object, name) => Object.fromEntries(Object.entries(object).filter(([key]) => key !== name));
const claim = (name, value) => ({ claims: (claims) => ({ ...claims, [name]: typeof value === 'function' ? value(claims) : value }) });
const missing = (name) => ({ claims: (claims) => without(claims, name) });
const now = () => Math.floor(Date.now() / 1000);
const WEEK = 7 * 24 * 3600;
const STRANGER = 'https://test.invalid/auth/realms/esante-wallet';

/** What is done to the ID token: its header, its claims, or the key that signs it. */
const idToken = {
  'invalid-iss': claim('iss', STRANGER),
  'missing-iss': missing('iss'),
  'missing-sub': missing('sub'),
  'invalid-aud': claim('aud', 'another-client'),
  'invalid-secondary-aud': claim('aud', ({ aud }) => [aud, 'another-client']),
  'valid-aud-as-array': claim('aud', ({ aud }) => [aud]),
  'missing-aud': missing('aud'),
  'invalid-azp': claim('azp', 'another-client'),
  'missing-iat': missing('iat'),
  'old-iat': { claims: (claims) => ({ ...claims, iat: claims.iat - WEEK }) },
  'future-iat': { claims: (claims) => ({ ...claims, iat: now() + 3600, exp: now() + 3720 }) },
  'expired': { claims: (claims) => ({ ...claims, iat: now() - 240, exp: now() - 120 }) },
  'missing-exp': missing('exp'),
  'nonce-invalid': claim('nonce', 'another-nonce'),
  'missing-nonce': missing('nonce'),
  'invalid-at-hash': claim('at_hash', 'AAAAAAAAAAAAAAAAAAAAAA'),
  'invalid-acr': claim('acr', 'eidas0'),
  'missing-acr': missing('acr'),
  'acr-eidas2': claim('acr', 'eidas2'),
  'future-auth-time': claim('auth_time', () => now() + 3600),
  'another-person': {
    claims: (claims) => ({ ...claims, sub: `${claims.sub}9`, SubjectNameID: '899700990999', preferred_username: '899700990999' }),
  },
  'consistent-other-person': {
    claims: (claims) => ({ ...claims, sub: `${claims.sub}9`, SubjectNameID: '899700990999', preferred_username: '899700990999' }),
  },
  'kid-absent-single-jwks': { header: (header) => without(header, 'kid') },
  'kid-absent-multiple-jwks': { header: (header) => without(header, 'kid') },
  'kid-unknown': { header: (header) => ({ ...header, kid: 'a-key-that-nobody-published' }) },
  'idtoken-sig-none': { header: (header) => ({ ...without(header, 'kid'), alg: 'none' }), signature: () => Buffer.alloc(0) },
  'idtoken-sig-hs256': { header: (header) => ({ ...header, alg: 'HS256' }), signature: () => Buffer.alloc(32, 7) },
  'idtoken-sig-ps256': { header: (header) => ({ ...header, alg: 'PS256' }) },
  'invalid-sig-rs256': { signature: (input, right) => Buffer.from(right.map((byte, at) => (at === 40 ? byte ^ 1 : byte))) },
  'invalid-sig-stranger': { key: generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey },
  'crit-header': { header: (header) => ({ ...header, crit: ['exp'] }) },
};

const otherKey = () => ({
  ...generateKeyPairSync('rsa', { modulusLength: 2048 }).publicKey.export({ format: 'jwk' }),
  use: 'sig', alg: 'RS256', kid: 'another-key',
});

/** What is done to other JSON answers: [route, rewrite]. A text instead of an object is sent as it is. */
const answers = {
  'userinfo-invalid-sub': ['userinfo', (body) => ({ ...body, sub: `${body.sub}9` })],
  // With the ID token's fault of the same name: everything is right, about somebody who was not asked.
  'consistent-other-person': [
    'userinfo', (body) => ({ ...body, sub: `${body.sub}9`, SubjectNameID: '899700990999', preferred_username: '899700990999', otherIds: [] }),
  ],
  'userinfo-missing-sub': ['userinfo', (body) => without(body, 'sub')],
  'userinfo-other-name-id': ['userinfo', (body) => ({ ...body, SubjectNameID: '899700990999', otherIds: [] })],
  'userinfo-duplicate-member': ['userinfo', (body) => JSON.stringify(body).replace('{', '{"sub":"x",')],
  'userinfo-too-many-exercises': [
    'userinfo', (body) => ({ ...body, SubjectRefPro: { exercices: Array(51).fill({ codeProfession: '10', activities: [] }) } }),
  ],
  // Drift that real answers showed: accepted (pro-sante-connect.md §5.4).
  'userinfo-other-ids-misspelt': ['userinfo', (body) => ({ ...without(body, 'otherIds'), otherIDs: body.otherIds })],
  'userinfo-no-exercise': ['userinfo', ({ sub, SubjectNameID, preferred_username, codeCivilite, given_name, family_name }) =>
    ({ sub, SubjectNameID, preferred_username, codeCivilite, given_name, family_name })],
  'userinfo-unknown-members': ['userinfo', (body) => ({ ...body, nouveau: { membre: [1, null] } })],
  'discovery-issuer-mismatch': ['discovery', (body) => ({ ...body, issuer: STRANGER })],
  'discovery-foreign-token-endpoint': ['discovery', (body) => ({ ...body, token_endpoint: 'https://test.invalid/token' })],
  'discovery-plain-http': ['discovery', (body) => ({ ...body, userinfo_endpoint: body.userinfo_endpoint.replace('https', 'http') })],
  'discovery-missing-jwks-uri': ['discovery', (body) => without(body, 'jwks_uri')],
  'discovery-duplicate-member': ['discovery', (body) => JSON.stringify(body).replace('{', '{"issuer":"x",')],
  'jwks-empty': ['jwks', () => ({ keys: [] })],
  'jwks-of-nonsense': ['jwks', () => ({ keys: [{ kty: 'RSA', n: '', e: 'AQAB' }, 7, null] })],
  'jwks-private': ['jwks', (body) => ({ keys: body.keys.map((key) => ({ ...key, d: 'AAAA' })) })],
  'token-type-mac': ['token', (body) => ({ ...body, token_type: 'mac' })],
  'token-missing-id-token': ['token', (body) => without(body, 'id_token')],
  'token-missing-access-token': ['token', (body) => without(body, 'access_token')],
  'no-scope-in-token-endpoint-response': ['token', (body) => without(body, 'scope')],
  'invalid-missing-authreqid': ['backchannel_authentication', (body) => without(body, 'auth_req_id')],
  'invalid-missing-expiresin': ['backchannel_authentication', (body) => without(body, 'expires_in')],
};

/** Refusals with a standard error code: [route, status, error]. */
const refusals = {
  'token-invalid-client': ['token', 401, 'invalid_client'],
  'token-invalid-grant': ['token', 400, 'invalid_grant'],
  'token-temporarily-unavailable': ['token', 503, 'temporarily_unavailable'],
  'userinfo-invalid-token': ['userinfo', 401, 'invalid_token'],
  'invalid-request': ['backchannel_authentication', 400, 'invalid_request'],
  'invalid-unknown-user-id': ['backchannel_authentication', 400, 'unknown_user_id'],
  'invalid-binding-message': ['backchannel_authentication', 400, 'invalid_binding_message'],
  'invalid-access-denied': ['token', 400, 'access_denied'],
  'invalid-expired-token': ['token', 400, 'expired_token'],
};

/** What is done to the redirect that ends the authorization: its query. */
const responses = {
  'response-invalid-state': (query) => query.set('state', 'another-state'),
  'response-missing-state': (query) => query.delete('state'),
  'response-invalid-iss': (query) => query.set('iss', STRANGER),
  'response-duplicate-code': (query) => query.append('code', 'another-code'),
  'response-access-denied': (query) => (query.delete('code'), query.set('error', 'access_denied')),
  'response-server-error': (query) => (query.delete('code'), query.set('error', 'server_error')),
};

/** The switch. `key` signs ID tokens, `redirectUri` is where the client waits, `tell` hears of requests that met the wire's fault. */
export class Faults {
  #name;
  #wire;
  #key;
  #redirect;
  #tell;

  constructor(key, redirectUri, tell) {
    this.#tell = tell;
    this.#key = key;
    this.#redirect = new URL(redirectUri);
  }

  /** Turns a fault on, or off with nothing. `at` names the endpoint of a fault of the wire. */
  set(name, at) {
    const known = name in idToken || name in answers || name in refusals || name in responses || name in wire;
    if (name && !known && name !== 'slow-down') throw new Error(`there is no fault ${name}`);
    this.#name = at ? undefined : name;
    this.#wire = at && { name, at };
  }

  get slowsDown() {
    return this.#name === 'slow-down';
  }

  /** Middleware around oidc-provider: rewrites what leaves. */
  middleware() {
    return async (ctx, next) => {
      const route = routeOf(ctx.path);
      const refusal = refusals[this.#name];
      if (refusal && refusal[0] === route) {
        ctx.status = refusal[1];
        ctx.body = { error: refusal[2], error_description: 'the fault switch is on' };
        return;
      }
      await next();
      if (ctx.status === 303 || ctx.status === 302) this.#respond(ctx);
      if (ctx.status !== 200 || typeof ctx.body !== 'object') return;
      if (route === 'token' && ctx.body.id_token && idToken[this.#name]) {
        ctx.body = { ...ctx.body, id_token: this.#resign(ctx.body.id_token) };
      }
      if (route === 'jwks' && this.#name === 'kid-absent-multiple-jwks') {
        ctx.body = { keys: [...ctx.body.keys, otherKey()] };
      }
      const [where, rewrite] = answers[this.#name] ?? [];
      if (where === route) {
        ctx.body = rewrite(ctx.body);
        ctx.type = 'application/json';
      }
    };
  }

  #respond(ctx) {
    const location = new URL(ctx.response.get('location'), ctx.href);
    if (location.hostname !== this.#redirect.hostname || location.pathname !== this.#redirect.pathname) return;
    const rewrite = responses[this.#name];
    if (!rewrite) return;
    rewrite(location.searchParams);
    ctx.set('location', location.href);
  }

  #resign(compact) {
    const fault = idToken[this.#name];
    const [header, claims] = compact.split('.').slice(0, 2).map((part) => JSON.parse(Buffer.from(part, 'base64url')));
    const input = `${encode(fault.header?.(header) ?? header)}.${encode(fault.claims?.(claims) ?? claims)}`;
    const right = sign('sha256', Buffer.from(input), fault.key ?? this.#key);
    const signature = fault.signature?.(input, right) ?? right;
    return `${input}.${Buffer.from(signature).toString('base64url')}`;
  }

  /** Takes a request over before oidc-provider sees it, when a fault of the wire is on there. */
  async intercept(request, response) {
    const fault = this.#wire;
    if (!fault || fault.at !== routeOf(new URL(request.url, 'https://localhost').pathname)) return false;
    this.#tell({ met: fault.name });
    return wire[fault.name](response);
  }
}

/** Faults of the wire. Those that answer `false` leave the request to oidc-provider. */
const wire = {
  hang: () => true,
  slow: () => new Promise((resolve) => setTimeout(() => resolve(false), 1500)),
  failing: (response) => respond(response, 503, 'text/html', '<!doctype html><title>503</title><p>maintenance'),
  garbage: (response) => respond(response, 200, 'application/json', createHash('sha512').update('garbage').digest()),
  huge: (response) => respond(response, 200, 'application/json', JSON.stringify({ padding: 'x'.repeat(4 * 1024 * 1024) })),
  killed: () => process.kill(process.pid, 'SIGKILL'),
  cut: (response) => {
    response.writeHead(200, { 'content-type': 'application/json', 'content-length': 1000 });
    response.write('{"issuer":"https:', () => response.socket.destroy());
    return true;
  },
};

function respond(response, status, type, body) {
  response.writeHead(status, { 'content-type': type }).end(body);
  return true;
}

/** The name of an endpoint of the realm, the wallet or the card page, by its path. */
export function routeOf(path) {
  const [, route] = routes.find(([ending]) => (typeof ending === 'string' ? path.endsWith(ending) : ending.test(path))) ?? [];
  return route;
}

const routes = [
  ['/ext/ciba/auth', 'backchannel_authentication'],
  ['-configuration', 'discovery'],
  ['/certs', 'jwks'],
  ['/token', 'token'],
  ['/userinfo', 'userinfo'],
  ['/revoke', 'revocation'],
  ['/introspect', 'introspection'],
  ['/logout', 'end_session'],
  [/\/card\/[^/]+$/, 'card'],
  [/\/login\/[^/]+$/, 'login'],
  [/\/auth(\/[^/]+)?$/, 'authorization'],
];
