// Apache with mod_auth_openidc as the relying party: a server of its own on a loopback port, and the browser of its user.
//
// One argument, JSON: { folder, port, issuer, clientId, clientSecret, asRoot }: an empty folder for everything Apache
// writes; `asRoot` gives it a user namespace, since Apache refuses to run as root and the agent serves its own user only.
// Says { "ready": true }, then obeys: login, refresh, logout, forgotten.

import { spawn } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Browser } from './navigation.mjs';
import { obey, tell, until } from './orders.mjs';

const wish = JSON.parse(process.argv[2]);
const site = `http://127.0.0.1:${wish.port}`;
const modules = '/usr/lib/apache2/modules';
const load = ['mpm_event', 'authn_core', 'authz_core', 'authz_user', 'auth_openidc', 'dir', 'mime', 'socache_shmcb'];

mkdirSync(join(wish.folder, 'site'));
writeFileSync(join(wish.folder, 'site', 'index.html'), 'dossier patient');
writeFileSync(join(wish.folder, 'mime.types'), 'text/html html\n');
writeFileSync(
  join(wish.folder, 'apache.conf'),
  `${load.map((name) => `LoadModule ${name}_module ${modules}/mod_${name}.so`).join('\n')}
ServerRoot ${wish.folder}
DefaultRuntimeDir ${wish.folder}
PidFile ${wish.folder}/apache.pid
ErrorLog ${wish.folder}/error.log
LogLevel info
TypesConfig ${wish.folder}/mime.types
ServerName 127.0.0.1
Listen 127.0.0.1:${wish.port}
StartServers 1
ServerLimit 1
ThreadsPerChild 8
MaxRequestWorkers 8
DocumentRoot ${wish.folder}/site
DirectoryIndex index.html

OIDCProviderMetadataURL ${wish.issuer}/.well-known/openid-configuration
OIDCClientID ${wish.clientId}
OIDCClientSecret ${wish.clientSecret}
OIDCProviderTokenEndpointAuth client_secret_basic
OIDCRedirectURI ${site}/callback
OIDCScope "openid profile scope_all"
OIDCPKCEMethod S256
OIDCRemoteUserClaim sub
OIDCCryptoPassphrase TEST
OIDCSessionInactivityTimeout 3600
OIDCInfoHook iat access_token access_token_expires id_token userinfo refresh_token session
<Location />
  AuthType openid-connect
  Require valid-user
</Location>
`,
);

const command = ['apache2', '-f', join(wish.folder, 'apache.conf'), '-DFOREGROUND'];
const [program, ...rest] = wish.asRoot ? ['unshare', '--user', '--map-user=33', '--map-group=33', '--', ...command] : command;
const apache = spawn(program, rest, { stdio: ['ignore', 'ignore', 'inherit'] });
process.on('exit', () => apache.kill());
let ended;
apache.on('exit', (code) => (ended = `apache2 ended with ${code}`));

let browser = new Browser();
const ours = (url) => url.origin === site;

/** The protected page: where the first request leads. */
async function knock() {
  return browser.send(new URL(`${site}/`));
}

async function login() {
  const page = await browser.walk(`${site}/`);
  if (!ours(page.url) || page.status !== 200) throw new Error(`${page.status} at ${page.url.pathname}: ${page.body}`);
  return info();
}

/** What the module says of the session (OIDCInfoHook). */
async function info(query = '') {
  const answer = await browser.send(new URL(`${site}/callback?info=json${query}`));
  if (answer.status !== 200) throw new Error(`no session: ${answer.status}`);
  return JSON.parse(answer.body);
}

/** The hook renews an access token that is older than it may be: not a second old here. */
async function refresh() {
  const before = await info();
  const after = await info('&access_token_refresh_interval=0');
  return {
    renewed: after.access_token !== before.access_token,
    rotated: after.refresh_token !== before.refresh_token,
    userinfo: after.userinfo,
  };
}

/** RP-initiated logout through the module, to a page outside the protected site. */
async function logout({ after }) {
  const target = new URL(after);
  await browser.walk(
    `${site}/callback?logout=${encodeURIComponent(after)}`,
    (url) => url.origin === target.origin && url.pathname === target.pathname,
  );
  return { over: (await knock()).status !== 200 };
}

/** Waits until the module has forgotten the session, with the browser's cookie unchanged: it was told behind its back. */
async function forgotten() {
  return until('the end of the session', async () => (await knock()).status === 302);
}

await until('Apache', async () => {
  if (ended) throw new Error(ended);
  return new Browser().send(new URL(`${site}/`)).then(() => true, () => false);
});
tell({ ready: true });
obey({ login, refresh, logout, forgotten });
