// A browser's top-level navigation: follows redirects and meta refresh, keeps cookies for one host, runs no script.
//
// `fetch` cannot be used for it: it says `Sec-Fetch-Mode: cors`, which is what a page's script says, not a person.

import http from 'node:http';
import https from 'node:https';

/** Sends one GET and reads the whole answer. */
export function get(url, headers = {}, options = {}) {
  const transport = url.protocol === 'https:' ? https : http;
  return new Promise((resolve, reject) => {
    const request = transport.get(url, { agent: false, ...options, headers: { ...navigation, ...headers } }, (response) => {
      const chunks = [];
      response.on('data', (chunk) => chunks.push(chunk));
      response.on('end', () => resolve({ status: response.statusCode, headers: response.headers, body: Buffer.concat(chunks).toString() }));
      response.on('error', reject);
    });
    request.on('error', reject);
  });
}

const navigation = {
  accept: 'text/html,application/xhtml+xml;q=0.9,*/*;q=0.8',
  'accept-language': 'fr,en;q=0.5',
  'sec-fetch-dest': 'document',
  'sec-fetch-mode': 'navigate',
  'sec-fetch-site': 'cross-site',
  'sec-fetch-user': '?1',
};

/**
 * Walks from an address until `arrived(url)` says that the journey is over, and returns that address unvisited.
 * A page that neither redirects nor reloads is the end of the road and an error.
 */
export async function walk(start, arrived, { patience = 60_000, tls = {} } = {}) {
  const deadline = Date.now() + patience;
  const cookies = new Map();
  let url = new URL(start);
  while (!arrived(url)) {
    if (Date.now() > deadline) throw new Error(`the page at ${url.pathname} was still reloading itself`);
    const cookie = [...cookies].map(([name, value]) => `${name}=${value}`).join('; ');
    const answer = await get(url, cookie ? { cookie } : {}, tls);
    for (const line of answer.headers['set-cookie'] ?? []) {
      const [pair] = line.split(';');
      cookies.set(pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1));
    }
    if (answer.status >= 300 && answer.status < 400 && answer.headers.location) {
      url = new URL(answer.headers.location, url);
      continue;
    }
    const refresh = answer.headers.refresh ?? metaRefresh(answer.body);
    if (refresh === undefined) throw new Error(`stopped at ${url.pathname} with status ${answer.status}: ${answer.body}`);
    const [, seconds, target] = /^\s*([\d.]*)\s*(?:[;,]\s*(?:url\s*=\s*)?['"]?([^'"]*))?/i.exec(refresh);
    await new Promise((resolve) => setTimeout(resolve, Math.min(Number(seconds) || 0, 10) * 1000));
    if (target) url = new URL(target.replaceAll('&amp;', '&'), url);
  }
  return url;
}

function metaRefresh(html) {
  for (const [tag] of html.matchAll(/<meta\b[^>]*>/gi)) {
    if (/http-equiv\s*=\s*["']?refresh/i.test(tag)) return /content\s*=\s*"([^"]*)"/i.exec(tag)?.[1];
  }
  return undefined;
}
