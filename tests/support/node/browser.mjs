// A real browser of this system, driven by a test: a person who clicks, and a web page of somebody else that attacks.
//
// One argument, JSON: { browser: "chrome" | "firefox", executable, home, profile?, public?, environment?, preferences?,
// passage? }.
// Serves an empty page for `evil.example` and for localhost, says { port, version }, and then takes orders (see
// `orders.mjs`). With `public`, Chromium takes that page for one of the Internet (Local Network Access); `preferences`
// are Firefox's. With `passage` everything goes through one, and there are the orders of one window besides (see `tab.mjs`).

import http from 'node:http';
import puppeteer from 'puppeteer-core';
import { attack, post, readable } from './attacks.mjs';
import { obey, tell } from './orders.mjs';
import { Passage } from './passage.mjs';
import { tab } from './tab.mjs';

const wish = JSON.parse(process.argv[2]);

const server = http.createServer((request, response) => {
  response.setHeader('content-type', 'text/html; charset=utf-8');
  response.end('<!doctype html><title>page</title><p>A page of somebody else.</p>');
});
await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
const { port } = server.address();

const names = ['evil.example'];
const passage = wish.passage ? new Passage() : undefined;
const gate = await passage?.open();
const browser = await puppeteer.launch({
  browser: wish.browser,
  executablePath: wish.executable,
  headless: true,
  // The upstream's authority is none of this browser's; what is tried of certificates is tried without a passage.
  acceptInsecureCerts: Boolean(passage),
  timeout: 120_000,
  protocolTimeout: 300_000,
  ...(wish.profile && { userDataDir: wish.profile }),
  env: { ...process.env, HOME: wish.home, ...wish.environment },
  args: wish.browser === 'chrome' ? chromium() : [],
  extraPrefsFirefox: { 'network.dns.localDomains': names.join(','), ...(passage && detour()), ...wish.preferences },
});

function chromium() {
  const rules = names.map((name) => `MAP ${name} 127.0.0.1`).join(',');
  const args = ['--disable-gpu', '--disable-dev-shm-usage', `--host-resolver-rules=${rules}`];
  // The browser's own sandbox does not work for root; nothing here comes from outside.
  if (process.getuid?.() === 0) args.push('--no-sandbox');
  if (passage) args.push(`--proxy-server=http=127.0.0.1:${gate}`, '--proxy-bypass-list=<-loopback>');
  if (wish.public) args.push(`--ip-address-space-overrides=127.0.0.1:${port}=public`);
  return args;
}

/** The settings of a Firefox that goes through the passage even to this machine. */
function detour() {
  return {
    'network.proxy.type': 1,
    'network.proxy.http': '127.0.0.1',
    'network.proxy.http_port': gate,
    'network.proxy.allow_hijacking_localhost': true,
    'network.proxy.no_proxies_on': '',
  };
}

/** Opens a page of this server under a name, does something there, and closes it. */
async function within(name, deed) {
  const page = await browser.newPage();
  page.setDefaultTimeout(120_000);
  try {
    await page.goto(`http://${name}:${port}/`);
    return await deed(page);
  } finally {
    await page.close();
  }
}

/** Tabs that were opened and stay. */
const tabs = [];

/** Waits until a page shows a text, or one of several, through however many navigations. */
async function shows(page, text) {
  const wanted = [text].flat();
  const deadline = Date.now() + 120_000;
  for (;;) {
    try {
      const there = await page.evaluate(() => document.body?.innerText ?? '');
      if (wanted.some((words) => there.includes(words))) return there;
    } catch {
      // The page was just leaving.
    }
    if (Date.now() > deadline) throw new Error(`${page.url()} never showed ${text}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

obey({
  ...(passage && tab(browser, passage, wish.browser)),
  /** Everything a page can try without leaving: what it learned of each, by name. */
  attack: ({ name, target }) => within(name, (page) => page.evaluate(attack, target)),
  /** A form of the page, posted as a whole page: what the browser gets. It need not show it: Firefox offers to keep it. */
  post: ({ name, target, fields, kind }) =>
    within(name, async (page) => {
      const answered = page.waitForResponse((response) => response.url() === target);
      await page.evaluate(post, { target, fields, kind });
      return { status: (await answered).status() };
    }),
  /** What a script of the page can read at an address. */
  read: ({ name, target, headers }) => within(name, (page) => page.evaluate(readable, { target, headers })),
  /** An address typed by a person: the status, if there was an answer, and what is shown. */
  open: async ({ address }) => {
    const page = await browser.newPage();
    page.setDefaultTimeout(120_000);
    let status = null;
    page.on('response', (response) => {
      if (response.url() === address) status = response.status();
    });
    try {
      await page.goto(address);
      return { status, text: await page.evaluate(() => document.body?.innerText ?? '') };
    } catch (error) {
      // Firefox shows a page of its own for an answer without a page.
      return { status, text: error.message };
    } finally {
      await page.close();
    }
  },
  /** Opens addresses, each in a tab that stays open, and waits for what a selector names. */
  tabs: async ({ addresses, selector }) => {
    for (const address of addresses) {
      const page = await browser.newPage();
      page.setDefaultTimeout(120_000);
      tabs.push(page);
      await page.goto(address, { waitUntil: 'domcontentloaded' });
      await page.waitForSelector(selector);
    }
    // A tab hears some time later that another one covers it.
    const deadline = Date.now() + 120_000;
    for (;;) {
      const seen = await Promise.all(tabs.map((page) => page.evaluate(() => document.visibilityState)));
      const hidden = seen.slice(0, -1).every((state) => state === 'hidden') && seen.at(-1) === 'visible';
      if (hidden || Date.now() > deadline) return { open: tabs.length, seen };
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  },
  /** Looks at the last of them, and waits for a text. */
  front: async ({ text }) => {
    await tabs.at(-1).bringToFront();
    await shows(tabs.at(-1), text);
    return { open: tabs.length };
  },
  /** A person goes to an application by a link of a page, presses what is named, and waits for the answer; with the time
   * that passed since the last click. */
  login: ({ name, address, presses, until }) =>
    within(name, async (page) => {
      await page.evaluate((href) => {
        const link = document.createElement('a');
        link.href = href;
        link.textContent = 'login';
        document.body.append(link);
      }, address);
      let clicked = performance.now();
      await page.click('a');
      for (const selector of presses) {
        await page.waitForSelector(selector);
        clicked = performance.now();
        await page.click(selector);
      }
      const text = await shows(page, until);
      return { url: page.url(), text, milliseconds: performance.now() - clicked };
    }),
  /** The end. */
  close: () => browser.close(),
});

tell({ port, version: await browser.version() });
