// Keeps a page up to date: shows what changes, and leaves when there is nothing more to wait for.
//
// The events carry the changing part of the page, written by the agent. Only what differs is exchanged, so that nobody
// loses the place where they are, and a screen reader says new sentences once and repeats none.
'use strict';
(() => {
  const live = document.getElementById('live');
  const lost = document.getElementById('lost');
  let source;
  let patience;
  let pause;

  const leave = () => {
    source.close();
    location.replace(location.pathname);
  };

  const exchange = (old, fresh) => {
    // A status keeps its element: what changes inside it is what is said.
    if (old.getAttribute('role') === 'status' && old.tagName === fresh.tagName) old.replaceChildren(...fresh.childNodes);
    else old.replaceWith(fresh);
  };

  const put = (fresh, before) => {
    live.insertBefore(fresh, before);
    if (fresh.getAttribute('role') !== 'status') return;
    // What a status says is heard when it changes: it comes empty, and speaks a moment later.
    const words = [...fresh.childNodes];
    fresh.replaceChildren();
    setTimeout(() => fresh.hasChildNodes() || fresh.replaceChildren(...words), 50);
  };

  const show = (html) => {
    const held = live.contains(document.activeElement);
    const part = document.createElement('template');
    part.innerHTML = html;
    const wanted = [...part.content.children];
    for (const old of [...live.children]) {
      if (!wanted.some((fresh) => fresh.id === old.id)) old.remove();
    }
    wanted.forEach((fresh, place) => {
      const old = live.children[place];
      if (old?.id !== fresh.id) put(fresh, old ?? null);
      else if (old.outerHTML !== fresh.outerHTML) exchange(old, fresh);
    });
    // Whoever was on a button that is gone begins again at the heading, not at the top of the window.
    if (held && !live.contains(document.activeElement)) document.querySelector('h1').focus();
    count();
  };

  const count = () => {
    for (const clock of live.querySelectorAll('[data-seconds]')) {
      clock.end ??= performance.now() + 1000 * clock.dataset.seconds;
      const left = String(Math.max(0, Math.ceil((clock.end - performance.now()) / 1000)));
      if (clock.textContent !== left) clock.textContent = left;
    }
  };

  // Agent and page hear each other, though perhaps not by this stream.
  const heard = () => {
    clearTimeout(patience);
    patience = undefined;
    if (lost.textContent) lost.textContent = '';
  };

  const later = (what, time) => {
    clearTimeout(pause);
    pause = setTimeout(what, time);
  };

  // A stream that is refused (too many of them) is no silence: the page is loaded again instead, with a pause, and not
  // while somebody types in it. Some browsers give up in the same way where nobody answers: loading would lose the page.
  const refused = async () => {
    let answer;
    try {
      answer = await fetch(live.dataset.events, { cache: 'no-store' });
    } catch {
      return later(refused, 2000);
    }
    answer.body?.cancel();
    heard();
    if (answer.ok) follow();
    else if (document.hidden || document.activeElement.matches('input')) later(refused, 5000);
    else later(leave, 3000);
  };

  const follow = () => {
    clearTimeout(pause);
    source?.close();
    source = new EventSource(live.dataset.events);
    source.onopen = heard;
    source.onerror = () => {
      // Browsers come back by themselves; a short cut is nobody's concern.
      patience ??= setTimeout(() => (lost.textContent = lost.dataset.text), 4000);
      if (source.readyState === EventSource.CLOSED) later(refused, 1000);
    };
    source.addEventListener('show', (event) => {
      show(JSON.parse(event.data));
      if (document.hidden) source.close();
    });
    source.addEventListener('leave', leave);
  };

  // A browser opens six connections to one address, over all its tabs: one that nobody sees holds none, and looks now and
  // then whether it is over.
  addEventListener('visibilitychange', () => (document.hidden ? source.close() : follow()));
  setInterval(() => document.hidden && source.readyState === EventSource.CLOSED && follow(), 10_000);

  follow();
  count();
  setInterval(count, 1000);
  addEventListener('pageshow', (event) => event.persisted && location.replace(location.pathname));
})();
