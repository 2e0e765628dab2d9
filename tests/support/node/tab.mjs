// One window of a browser as a person uses it: opened, looked at, read out, judged, photographed, used by keyboard.

import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
/** WCAG 2.2 A and AA, and what the makers of axe recommend besides. */
const rules = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];

/** Waits for something, two minutes at the longest: the machine may be busy. */
async function until(what, met) {
  const deadline = Date.now() + 120_000;
  for (;;) {
    let last;
    try {
      last = await met();
      if (last) return last;
    } catch (error) {
      // The page was just leaving.
      last = error.message;
    }
    if (Date.now() > deadline) throw new Error(`still waiting for ${what}: ${last}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** Runs in a page whose colours are forced. */
function indistinct() {
  const wrong = [];
  const style = (part) => getComputedStyle(part);
  const said = (part) => part.outerHTML.slice(0, 80);
  const ground = style(document.body).backgroundColor;
  if (!matchMedia('(forced-colors: active)').matches) wrong.push('the colours are not forced');
  // Without their own colours, what was a surface needs an edge.
  for (const part of document.querySelectorAll('.test, .mark, .hint, .reason, .way, .card, button, input:not([type=hidden]), [aria-current]')) {
    const { borderTopStyle, borderTopWidth, borderTopColor } = style(part);
    const edge = borderTopStyle !== 'none' && parseFloat(borderTopWidth) >= 1 && borderTopColor !== ground;
    if (!edge) wrong.push(`no edge: ${said(part)}`);
  }
  // Pictures keep their colours: columns, and what their patterns are drawn with, stand out from what is below them.
  const sheet = style(document.querySelector('main')).backgroundColor;
  for (const part of document.querySelectorAll('[class^=colour-], .solid')) {
    if (style(part).fill === sheet) wrong.push(`cannot be seen: ${said(part)}`);
  }
  for (const part of document.querySelectorAll('.mesh')) {
    const below = part.parentElement.querySelector('[class^=colour-]');
    if (style(part).fill === style(below).fill) wrong.push(`no pattern: ${said(part)}`);
  }
  const moving = document.getAnimations().length;
  if (moving > 0) wrong.push(`${moving} things move for somebody who wants none`);
  return wrong;
}

/** The orders for one window of a browser that goes through a passage. Only Chromium turns dark on order. */
export function tab(browser, passage, name) {
  let page;
  const text = () => page.evaluate(() => document.body?.innerText ?? '');
  let system;
  const looks = async ({ width = 1024, dark = false, forced = false } = {}) => {
    // Another height has everything painted anew: Chromium leaves the ground of a page as it was when colours are forced.
    const viewport = { width, height: forced ? 801 : 800 };
    if (name !== 'chrome') return page.setViewport(viewport);
    system ??= await page.createCDPSession();
    const features = [
      { name: 'prefers-color-scheme', value: dark ? 'dark' : 'light' },
      { name: 'forced-colors', value: forced ? 'active' : 'none' },
      { name: 'prefers-reduced-motion', value: forced ? 'reduce' : 'no-preference' },
    ];
    await system.send('Emulation.setEmulatedMedia', { features });
    await page.setViewport(viewport);
  };
  return {
    /** Opens the window. Firefox runs scripts or not by its settings. */
    window: async ({ scripts }) => {
      page = await browser.newPage();
      page.setDefaultTimeout(120_000);
      if (name === 'chrome') await page.setJavaScriptEnabled(scripts);
    },
    /** In which language the person reads. */
    reads: ({ language }) => {
      passage.language = language;
    },
    /** A person types an address, or follows a bookmark. */
    visit: async ({ address }) => {
      const answer = await page.goto(address, { waitUntil: 'domcontentloaded' }).catch((error) => {
        // A page that moves on by itself may leave before it was there.
        if (/abort|interrupt|detached/i.test(error.message)) return null;
        throw error;
      });
      return { status: answer?.status() ?? null };
    },
    /** Waits until the window shows a text. */
    sees: async ({ text: wanted }) => {
      let last = '';
      try {
        return { text: await until(wanted, async () => (last = await text()).includes(wanted) && last) };
      } catch (error) {
        throw new Error(`${page.url()} shows: ${last}`, { cause: error });
      }
    },
    /** Waits until the last page that was sent has a text: a page without scripts that is about to leave cannot be asked. */
    gets: async ({ text: wanted }) => {
      await until(wanted, () => passage.page.includes(wanted));
    },
    /** Waits until the window is at an address that begins so. */
    arrives: async ({ at }) => ({ url: await until(at, () => page.url().startsWith(at) && page.url()) }),
    /** Clicks. */
    click: async ({ selector }) => {
      await page.waitForSelector(selector);
      await page.click(selector);
    },
    /** Presses a key. */
    key: ({ key }) => page.keyboard.press(key),
    /** Types a text where the focus is. */
    types: ({ text: typed }) => page.keyboard.type(typed),
    /** Goes from one thing to the next by the Tab key until one with this text has the focus, which must be seen. */
    reaches: async ({ text: wanted }) => {
      const focused = () =>
        page.evaluate(() => {
          const here = document.activeElement;
          const { outlineStyle, outlineWidth } = getComputedStyle(here);
          const label = here.labels?.[0]?.innerText ?? here.innerText;
          return { label, outline: outlineStyle !== 'none' && parseFloat(outlineWidth) >= 2 };
        });
      const met = [];
      for (let step = 0; step < 20; step += 1) {
        await page.keyboard.press('Tab');
        const { label, outline } = await focused();
        met.push(label);
        if (label?.includes(wanted)) return { met, outline };
      }
      throw new Error(`the Tab key never reaches ${wanted}: ${met}`);
    },
    /** A script of the test's own, in the page. */
    evaluate: ({ script }) => page.evaluate(script),
    /** Waits until such a script says yes. */
    becomes: async ({ script }) => {
      await until(script, () => page.evaluate(script));
    },
    /** Judges the page by axe: what is wrong, each with where. */
    judge: async ({ width, dark }) => {
      await looks({ width, dark });
      await page.evaluate(axe);
      const { violations, passes } = await page.evaluate(
        (values) => window.axe.run(document, { runOnly: { type: 'tag', values } }),
        rules,
      );
      const wrong = violations.map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.html).join(' ')}`);
      // What needs a second direction to scroll in is lost on a narrow window (WCAG 1.4.10).
      const wide = await page.evaluate(() => document.documentElement.scrollWidth > innerWidth);
      if (wide) wrong.push('the window has to be scrolled sideways');
      return { wrong, passed: passes.length };
    },
    /** What cannot be told apart where the person's own colours are used for everything (contrast themes), or still moves. */
    force: async ({ width, dark }) => {
      await looks({ width, dark, forced: true });
      const wrong = await page.evaluate(indistinct);
      await looks({ width, dark });
      return { wrong };
    },
    /** Takes a picture of the whole page. */
    picture: async ({ file, width, dark, forced }) => {
      await looks({ width, dark, forced });
      await page.screenshot({ path: file, fullPage: true });
    },
    /** Cuts the streams of events that are open. */
    cut: () => ({ streams: passage.cut() }),
    /** Lets nothing pass any more, or everything again. */
    close_passage: ({ closed }) => {
      passage.closed = closed;
      if (closed) passage.cut();
    },
    /** Refuses streams of events, or lets them pass again. */
    refuse_streams: ({ full }) => {
      passage.full = full;
      if (full) passage.cut();
    },
    /** The person looks at another tab, or comes back to this one. */
    hide: ({ hidden }) =>
      page.evaluate((hidden) => {
        Object.defineProperty(document, 'hidden', { configurable: true, value: hidden });
        document.dispatchEvent(new Event('visibilitychange', { bubbles: true }));
      }, hidden),
    /** Waits until this many streams of events are open. */
    streams: async ({ count }) => {
      await until(`${count} streams`, () => passage.streams === count);
    },
    /** How often a path that ends so was asked for. */
    asked: ({ end }) => ({
      times: [...passage.asked].filter(([path]) => path.endsWith(end)).reduce((sum, [, times]) => sum + times, 0),
    }),
  };
}
