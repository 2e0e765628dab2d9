// The conversation with a test: one order a line on standard input, one answer a line on standard output.

import { createInterface } from 'node:readline';

/** Says a line of JSON. */
export const tell = (event) => process.stdout.write(`${JSON.stringify(event)}\n`);

/** Carries out orders `{ "do": name, … }` one after the other; what one throws is answered as `{ "refused": text }`. */
export function obey(orders) {
  let last = Promise.resolve();
  createInterface({ input: process.stdin })
    .on('line', (line) => {
      last = last.then(async () => {
        const { do: name, ...rest } = JSON.parse(line);
        try {
          tell({ answer: (await orders[name](rest)) ?? null });
        } catch (error) {
          tell({ refused: story(error) });
        }
      });
    })
    .on('close', () => process.exit(0));
}

/** An error with its causes, as text. */
function story(error) {
  const causes = [];
  for (let cause = error; cause instanceof Error; cause = cause.cause) {
    causes.push([cause.code ?? cause.name, cause.status, cause.error, cause.message].filter(Boolean).join(' '));
  }
  return causes.join('\n  caused by ');
}

/** Waits for a condition of the world, half a minute at the longest. */
export async function until(what, condition) {
  const deadline = Date.now() + 30_000;
  for (;;) {
    const met = await condition();
    if (met) return met;
    if (Date.now() > deadline) throw new Error(`still waiting: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
