// Stands between a browser and what it visits on this machine, as a plain proxy: says in which language the person reads,
// counts what passes, and cuts connections in the middle.
//
// A proxy, because the bridge answers to its own name and port alone: the browser asks for that address, and the request
// that arrives there is the browser's own.

import http from 'node:http';

export class Passage {
  /** The `Accept-Language` of every request. */
  language = 'fr';
  /** Nothing passes. */
  closed = false;
  /** Streams of events are refused, as by an agent that has too many. */
  full = false;
  /** The page that passed last, as it was sent. */
  page = '';
  /** How often each path was asked for. */
  asked = new Map();
  #streams = new Set();
  #server = http.createServer((request, response) => this.#pass(request, response));

  /** Opens it, and returns its port. */
  async open() {
    await new Promise((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
    return this.#server.address().port;
  }

  /** How many streams of events are open. */
  get streams() {
    return this.#streams.size;
  }

  /** Cuts every stream of events in the middle; returns how many there were. */
  cut() {
    const streams = [...this.#streams];
    for (const stream of streams) stream.destroy();
    return streams.length;
  }

  #pass(request, response) {
    if (this.closed) return request.socket.destroy();
    const { host, port, pathname, search } = new URL(request.url);
    this.asked.set(pathname, (this.asked.get(pathname) ?? 0) + 1);
    if (this.full && pathname.endsWith('/events')) return response.writeHead(429).end();
    const headers = { ...request.headers, host, 'accept-language': this.language };
    delete headers['proxy-connection'];
    const onward = http.request(
      { host: '127.0.0.1', port, method: request.method, path: pathname + search, headers, agent: false },
      (answer) => {
        if (answer.headers['content-type'] === 'text/event-stream') {
          this.#streams.add(request.socket);
          response.on('close', () => this.#streams.delete(request.socket));
        }
        if (answer.headers['content-type']?.startsWith('text/html')) {
          const parts = [];
          answer.on('data', (part) => parts.push(part));
          answer.on('end', () => (this.page = Buffer.concat(parts).toString()));
        }
        response.writeHead(answer.statusCode, answer.headers);
        // Heads go ahead of the first event.
        response.flushHeaders();
        answer.pipe(response);
      },
    );
    // Whoever leaves on one side is left on the other.
    response.on('close', () => onward.destroy());
    // An application that only wants a code never opens its port.
    onward.on('error', () => {
      if (!response.headersSent) response.writeHead(502, { 'content-type': 'text/html' });
      response.end('<!doctype html><title>nobody</title><p>Nobody is there.');
    });
    request.pipe(onward);
  }
}
