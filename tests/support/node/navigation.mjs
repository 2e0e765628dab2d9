// A browser's top-level navigation: follows redirects and meta refresh, sends forms, keeps cookies for one host, runs no
// script.
//
// `fetch` cannot be used for it: it says `Sec-Fetch-Mode: cors`, which is what a page's script says, not a person.

import http from 'node:http';
import https from 'node:https';

const navigation = {
  accept: 'text/html,application/xhtml+xml;q=0.9,*/*;q=0.8',
  'accept-language': 'fr,en;q=0.5',
  'sec-fetch-dest': 'document',
  'sec-fetch-mode': 'navigate',
  'sec-fetch-site': 'cross-site',
  'sec-fetch-user': '?1',
};

/** Sends one request and reads the whole answer. */
function exchange(url, { method = 'GET', headers = {}, body, tls = {} }) {
  const transport = url.protocol === 'https:' ? https : http;
  return new Promise((resolve, reject) => {
    const request = transport.request(url, { agent: false, ...tls, method, headers: { ...navigation, ...headers } }, (response) => {
      const chunks = [];
      response.on('data', (chunk) => chunks.push(chunk));
      response.on('end', () =>
        resolve({ url, status: response.statusCode, headers: response.headers, body: Buffer.concat(chunks).toString() }),
      );
      response.on('error', reject);
    });
    request.on('error', reject);
    request.end(body);
  });
}

/** A person's browser. */
export class Browser {
  #cookies = new Map();
  #tls;

  /** `tls`: `ca`, `cert` and `key` for https addresses. */
  constructor(tls = {}) {
    this.#tls = tls;
  }

  /** The cookies as they are sent. */
  get cookie() {
    return [...this.#cookies].map(([name, value]) => `${name}=${value}`).join('; ');
  }

  /** Sends one request with the cookies, follows nothing. */
  async send(url, { form, from } = {}) {
    const { cookie } = this;
    const headers = { ...(cookie && { cookie }), ...(from && { origin: from, 'sec-fetch-site': 'same-origin' }) };
    if (form) headers['content-type'] = 'application/x-www-form-urlencoded';
    const body = form && new URLSearchParams(form).toString();
    const answer = await exchange(url, { method: form ? 'POST' : 'GET', headers, body, tls: this.#tls });
    for (const line of answer.headers['set-cookie'] ?? []) {
      const [pair] = line.split(';');
      const [name, value] = [pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1)];
      if (/expires=thu, 01.jan.1970|max-age=0/i.test(line)) this.#cookies.delete(name);
      else this.#cookies.set(name, value);
    }
    return answer;
  }

  /**
   * Walks from an address until `arrived(url)` says that the journey is over, and returns that address unvisited. Without
   * `arrived` it is over at the first page that neither redirects nor reloads, which is returned.
   */
  async walk(start, arrived, { patience = 60_000, form, from } = {}) {
    const deadline = Date.now() + patience;
    let url = new URL(start);
    let sent = { form, from };
    while (!arrived?.(url)) {
      if (Date.now() > deadline) throw new Error(`the page at ${url.pathname} was still reloading itself`);
      const answer = await this.send(url, sent);
      sent = {};
      if (answer.status >= 300 && answer.status < 400 && answer.headers.location) {
        url = new URL(answer.headers.location, url);
        continue;
      }
      const refresh = answer.headers.refresh ?? metaRefresh(answer.body);
      if (refresh === undefined) {
        if (!arrived) return answer;
        throw new Error(`stopped at ${url.pathname} with status ${answer.status}: ${answer.body}`);
      }
      const [, seconds, target] = /^\s*([\d.]*)\s*(?:[;,]\s*(?:url\s*=\s*)?['"]?([^'"]*))?/i.exec(refresh);
      await new Promise((resolve) => setTimeout(resolve, Math.min(Number(seconds) || 0, 10) * 1000));
      if (target) url = new URL(target.replaceAll('&amp;', '&'), url);
    }
    return url;
  }

  /** Sends the first form of a page as it stands, a button of it pressed. */
  async submit(page, arrived, values = {}) {
    const [, tag, inside] = /<form\b([^>]*)>([\s\S]*?)<\/form>/i.exec(page.body) ?? [];
    if (tag === undefined) throw new Error(`no form at ${page.url.pathname}: ${page.body}`);
    const attribute = (text, name) => new RegExp(`\\b${name}\\s*=\\s*"([^"]*)"`, 'i').exec(text)?.[1]?.replaceAll('&amp;', '&');
    const form = {};
    for (const [field] of inside.matchAll(/<(?:input|button)\b[^>]*>/gi)) {
      const name = attribute(field, 'name');
      if (name && !(name in form)) form[name] = attribute(field, 'value') ?? '';
    }
    const action = new URL(attribute(tag, 'action') || page.url.href, page.url);
    return this.walk(action, arrived, { form: { ...form, ...values }, from: page.url.origin });
  }
}

function metaRefresh(html) {
  for (const [tag] of html.matchAll(/<meta\b[^>]*>/gi)) {
    if (/http-equiv\s*=\s*["']?refresh/i.test(tag)) return /content\s*=\s*"([^"]*)"/i.exec(tag)?.[1];
  }
  return undefined;
}
