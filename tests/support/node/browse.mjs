// The person's own browser, as a program: goes to an address, and on the wallet's page types an identifier.
//
// Arguments: the file of TLS anchors, the identifier, the address.

import { readFileSync } from 'node:fs';
import { Browser } from './navigation.mjs';

const [anchors, identifier, address] = process.argv.slice(2);
const browser = new Browser({ ca: readFileSync(anchors) });
const page = await browser.walk(address);
if (page.url.pathname.startsWith('/login/')) await browser.submit(page, undefined, { identifier });
