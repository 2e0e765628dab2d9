// What a page of somebody else tries. These functions are carried over into the page and run there: each stands alone.

/**
 * Tries to reach `{ issuer, api, pages, waiting, token }` in every way a page has, and says what it learned of each:
 * `nothing` is the only good answer. `waiting` is the page of a login, which no foreign page could know.
 */
export async function attack({ issuer, api, pages, waiting, token }) {
  const learned = {};
  // Some elements never tell of a refusal in some browsers: what has told nothing until then has told nothing.
  const patience = 3_000;
  const note = async (name, attempt) => {
    const late = new Promise((resolve) => setTimeout(resolve, patience, 'nothing'));
    try {
      learned[name] = await Promise.race([attempt(), late]);
    } catch {
      learned[name] = 'nothing';
    }
  };
  /** Adds an element and waits for its fate. */
  const element = (tag, set, fate = (loaded) => (loaded ? 'it is there' : 'nothing')) =>
    new Promise((resolve) => {
      const made = Object.assign(document.createElement(tag), set);
      made.onload = made.oncanplay = () => resolve(fate(true, made));
      made.onerror = () => resolve(fate(false, made));
      document.body.append(made);
    });
  /** A frame always "loads": what counts is whether its content can be seen. */
  const framed = (loaded, made) => {
    try {
      const there = made.contentDocument ?? made.contentWindow?.document;
      return there && there.URL !== 'about:blank' && there.body?.innerText ? `read ${there.body.innerText}` : 'nothing';
    } catch {
      return 'nothing';
    }
  };
  const fetched = async (address, options) => {
    const answer = await fetch(address, options);
    if (answer.type === 'opaque' || answer.type === 'opaqueredirect') return (await answer.text()) || 'nothing';
    return `read ${answer.status} ${await answer.text()}`;
  };

  const bearer = { authorization: `Bearer ${token}` };
  const json = JSON.stringify({ challenge: '00112233445566778899aabbccddeeff' });
  const all = [...api, ...pages, waiting];
  const hidden = async (path) => {
    const address = issuer + path;
    await note(`fetch ${path}`, () => fetched(address));
    await note(`fetch with credentials ${path}`, () => fetched(address, { credentials: 'include' }));
    await note(`fetch with a token ${path}`, () => fetched(address, { headers: bearer }));
    await note(`fetch blindly ${path}`, () => fetched(address, { mode: 'no-cors', credentials: 'include' }));
    await note(`fetch and follow nothing ${path}`, () => fetched(address, { mode: 'no-cors', redirect: 'manual' }));
    for (const method of ['POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS']) {
      await note(`${method} ${path}`, () => fetched(address, { method, headers: bearer, body: json }));
    }
    for (const kind of ['text/plain', 'application/x-www-form-urlencoded']) {
      const simple = { method: 'POST', mode: 'no-cors', headers: { 'content-type': kind }, body: 'way=card' };
      await note(`POST blindly as ${kind} ${path}`, () => fetched(address, simple));
    }
    await note(`XMLHttpRequest ${path}`, () => new Promise((resolve) => {
      const request = new XMLHttpRequest();
      request.onloadend = () => resolve(request.status || request.responseText ? `read ${request.status}` : 'nothing');
      request.open('GET', address);
      request.withCredentials = true;
      request.send();
    }));
    await note(`beacon ${path}`, async () => (navigator.sendBeacon(address, 'way=card'), 'nothing'));
    await note(`img ${path}`, () => element('img', { src: address }));
    await note(`script ${path}`, () => element('script', { src: address }));
    await note(`module ${path}`, () => element('script', { src: address, type: 'module' }));
    await note(`stylesheet ${path}`, () => element('link', { rel: 'stylesheet', href: address }));
    await note(`video ${path}`, () => element('video', { src: address, preload: 'auto' }));
    await note(`iframe ${path}`, () => element('iframe', { src: address }, framed));
    await note(`object ${path}`, () => element('object', { data: address }, framed));
    await note(`embed ${path}`, () => element('embed', { src: address, type: 'text/html' }, framed));
  };
  await Promise.all(all.map(hidden));
  for (const path of ['/', '/v1/events']) {
    await note(`WebSocket ${path}`, () => new Promise((resolve) => {
      const socket = new WebSocket(issuer.replace(/^http/, 'ws') + path);
      socket.onopen = () => resolve('it is open');
      socket.onerror = () => resolve('nothing');
    }));
    await note(`EventSource ${path}`, () => new Promise((resolve) => {
      const source = new EventSource(issuer + path);
      source.onopen = () => resolve('it is open');
      source.onerror = () => { source.close(); resolve('nothing'); };
    }));
  }
  for (const path of all) {
    await note(`form in a frame ${path}`, () => new Promise((resolve) => {
      const frame = Object.assign(document.createElement('iframe'), { name: `f${Math.random()}` });
      document.body.append(frame);
      const form = Object.assign(document.createElement('form'), { method: 'post', action: issuer + path, target: frame.name });
      form.innerHTML = '<input name="way" value="card">';
      document.body.append(form);
      frame.onload = () => resolve(framed(true, frame));
      form.submit();
    }));
  }
  for (const path of pages) {
    await note(`window ${path}`, async () => {
      const opened = window.open(issuer + path);
      await new Promise((resolve) => setTimeout(resolve, 500));
      try {
        return opened?.document?.body?.innerText ? `read ${opened.document.body.innerText}` : 'nothing';
      } finally {
        opened?.close();
      }
    });
  }
  // What the browser itself remembers of all that: no status, no size, no moment of an answer.
  for (const entry of performance.getEntriesByType('resource')) {
    if (entry.name.startsWith(issuer) && (entry.responseStatus || entry.transferSize || entry.decodedBodySize || entry.responseStart)) {
      learned[`timing of ${entry.name}`] = `${entry.responseStatus} ${entry.transferSize} ${entry.responseStart}`;
    }
  }
  return learned;
}

/** Posts a form as a whole page. */
export function post({ target, fields, kind }) {
  const form = Object.assign(document.createElement('form'), { method: 'post', action: target, enctype: kind });
  for (const [name, value] of Object.entries(fields)) {
    form.append(Object.assign(document.createElement('input'), { name, value }));
  }
  document.body.append(form);
  form.submit();
}

/** What a script reads at an address. */
export async function readable({ target, headers }) {
  try {
    const answer = await fetch(target, { headers });
    return { status: answer.status, text: await answer.text() };
  } catch (error) {
    return { status: null, text: String(error) };
  }
}
