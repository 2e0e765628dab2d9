// oidc-provider in the clothes of the realm `esante-wallet`: paths, lifetimes, claims, discovery document, CIBA.

import { errors, interactionPolicy, Provider } from 'oidc-provider';
import { account, arrive, scopes, subject } from './people.mjs';

export const REALM = '/auth/realms/esante-wallet';
const path = (name) => `/protocol/openid-connect/${name}`;
export const AUTHORIZATION = path('auth');
const SCOPE = 'openid profile scope_all';

/** The phone of the person, or CPS-Gestion on the workstation: what happens to a CIBA request. */
export class Phone {
  /** What the person does when it rings: `approve`, `deny`, or `ignore`. */
  mode = 'approve';
  /** Answers the request that was ignored: `approve` or `deny`. */
  answer = async () => {};
  /** Seconds between two questions of the client. */
  interval = 1;
}

/**
 * The provider. `fronts` are the origins { realm, wallet, card }, `client` its one client's metadata, `key` signs,
 * `login` says where the person goes (`card`: straight to the card page; `page`: a page with a choice), `lives` how many
 * seconds a refresh token is said to be good for.
 */
export function realm({ fronts, client, key, login, lives, faults, phone, tell }) {
  // Registering is the consent: nobody is asked again.
  const policy = interactionPolicy.base();
  policy.get('consent').checks.clear();

  const provider = new Provider(`${fronts.realm}${REALM}`, {
    clients: [
      {
        application_type: 'native',
        grant_types: ['authorization_code', 'refresh_token', 'urn:openid:params:grant-type:ciba'],
        response_types: ['code'],
        backchannel_token_delivery_mode: 'poll',
        ...client,
      },
    ],
    jwks: { keys: [key] },
    cookies: { keys: ['TEST'] },
    routes: {
      authorization: AUTHORIZATION,
      token: path('token'),
      userinfo: path('userinfo'),
      jwks: path('certs'),
      end_session: path('logout'),
      revocation: path('revoke'),
      introspection: path('token/introspect'),
      backchannel_authentication: path('ext/ciba/auth'),
      pushed_authorization_request: path('ext/par/request'),
    },
    clientAuthMethods: ['none', 'client_secret_basic', 'client_secret_post', 'private_key_jwt', 'tls_client_auth'],
    features: {
      devInteractions: { enabled: false },
      revocation: { enabled: true },
      introspection: { enabled: true },
      rpInitiatedLogout: { enabled: true, logoutSource },
      mTLS: {
        enabled: true,
        tlsClientAuth: true,
        certificateBoundAccessTokens: true,
        getCertificate: (ctx) => ctx.socket.getPeerX509Certificate?.(),
        certificateAuthorized: (ctx) => ctx.socket.authorized,
        certificateSubjectMatches: (ctx, property, expected) => {
          tell({ organisation: ctx.socket.getPeerCertificate().subject.CN });
          return property === 'tls_client_auth_subject_dn' && `CN=${ctx.socket.getPeerCertificate().subject.CN}` === expected;
        },
      },
      ciba: {
        enabled: true,
        deliveryModes: ['poll'],
        validateBindingMessage: (ctx, message) => {
          if (!/^\d\d$/.test(message ?? '')) throw new errors.InvalidBindingMessage('two digits');
        },
        validateRequestContext: () => undefined,
        verifyUserCode: () => undefined,
        processLoginHint: (ctx, hint) => subject(hint),
        triggerAuthenticationDevice: (ctx, request) => ring(request),
      },
    },
    extraParams: { channel: null, kc_idp_hint: null },
    pkce: { methods: ['S256'], required: () => true },
    acrValues: ['eidas1'],
    scopes: ['openid', 'profile', 'scope_all'],
    claims: scopes,
    conformIdTokenClaims: false,
    ttl: {
      AccessToken: 120, IdToken: 120, RefreshToken: 1800, AuthorizationCode: 60, Interaction: 300, Session: 14_400, Grant: 14_400,
      BackchannelAuthenticationRequest: 120,
    },
    issueRefreshToken: async (ctx, client) => client.grantTypeAllowed('refresh_token'),
    rotateRefreshToken: true,
    interactions: {
      policy,
      url: (ctx, interaction) =>
        login === 'page' ? `${fronts.wallet}/login/${interaction.uid}` : `${fronts.card}/card/${interaction.uid}`,
    },
    findAccount: async (ctx, sub) => account(sub),
    loadExistingGrant: async (ctx) => granted(ctx.oidc.client.clientId, ctx.oidc.session.accountId),
  });
  provider.use(faults.middleware());
  provider.use(dressed);
  provider.on('server_error', (ctx, error) => tell({ failed: error.message }));
  return provider;

  async function granted(clientId, accountId) {
    const grant = new provider.Grant({ clientId, accountId });
    grant.addOIDCScope(SCOPE);
    await grant.save();
    return grant;
  }

  /** The phone rings: the person sees the number, and answers. */
  async function ring(request) {
    const { binding_message: number, login_hint: identifier, channel } = request.params;
    tell({ phone: identifier, number, channel, at: Date.now() });
    phone.answer = async (what) => {
      if (what === 'deny') {
        await provider.backchannelResult(request, new errors.AccessDenied('the person said no'));
      } else if (what === 'approve') {
        arrive({ identifier }, channel);
        const grant = await granted(request.clientId, request.accountId);
        await provider.backchannelResult(request, grant, { acr: 'eidas1', authTime: Math.floor(Date.now() / 1000) });
      }
    };
    await phone.answer(phone.mode);
  }

  /** What Pro Santé Connect says and oidc-provider does not. */
  async function dressed(ctx, next) {
    if (ctx.path.endsWith('/token') && ctx.method === 'POST' && faults.slowsDown) {
      // The body is not parsed yet: a first answer to every CIBA question is all that this fault needs.
      faults.set(undefined);
      ctx.status = 400;
      ctx.body = { error: 'slow_down' };
      tell({ polled: 'slow_down', at: Date.now() });
      return;
    }
    await next();
    switch (ctx.oidc?.route) {
      case 'discovery':
        ctx.body = metadata(ctx.body, fronts);
        break;
      case 'backchannel_authentication':
        if (ctx.status === 200) ctx.body = { ...ctx.body, interval: phone.interval };
        break;
      case 'token':
        if (ctx.oidc.params?.grant_type?.endsWith(':ciba')) {
          tell({ polled: ctx.body.error ?? 'tokens', at: Date.now() });
        } else {
          tell({ token: ctx.oidc.params?.grant_type, answered: ctx.body.error ?? 'tokens' });
        }
        if (ctx.status === 200) {
          const session = ctx.oidc.entities.RefreshToken?.sid ?? ctx.oidc.entities.AccessToken?.sid ?? 'none';
          ctx.body = { ...ctx.body, refresh_expires_in: lives, 'not-before-policy': 0, session_state: session };
        }
        break;
      case 'revocation':
      case 'end_session':
        tell({ [ctx.oidc.route]: ctx.status });
        break;
      default:
    }
  }
}

/** RP-initiated logout by a direct POST: there is no browser to ask, the form confirms itself. */
async function logoutSource(ctx, form) {
  ctx.body = form;
}

/** The discovery document as Pro Santé Connect writes it. */
function metadata(body, { wallet }) {
  const aliases = ['token', 'revocation', 'introspection', 'userinfo', 'pushed_authorization_request', 'backchannel_authentication'];
  return {
    ...body,
    authorization_endpoint: `${wallet}/auth`,
    acr_values_supported: ['0', '0'],
    grant_types_supported: [...body.grant_types_supported, 'implicit', 'password', 'client_credentials'],
    response_types_supported: ['code', 'none', 'id_token', 'token', 'id_token token', 'code id_token', 'code token', 'code id_token token'],
    id_token_signing_alg_values_supported: ['PS256', 'RS256', 'ES256', 'EdDSA', 'HS256'],
    backchannel_token_delivery_modes_supported: ['poll', 'ping'],
    backchannel_logout_supported: true,
    frontchannel_logout_supported: true,
    tls_client_certificate_bound_access_tokens: true,
    mtls_endpoint_aliases: Object.fromEntries(aliases.map((name) => [`${name}_endpoint`, body[`${name}_endpoint`]])),
  };
}
