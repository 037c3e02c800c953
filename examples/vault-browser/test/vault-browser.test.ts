import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { nodeCrypto } from '@chancery/core';
import { formatKey, sealRecord } from '@chancery/core/vault';
import { type Browser, chromium, type Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { tool } from '../../../packages/core/test/support/tools.ts';
import { bundlePage } from '../src/bundle.ts';
import { pageServer } from '../src/server.ts';

const crypto = nodeCrypto();
const key = crypto.randomBytes(32);
const place = { namespace: 'app', owner: 'Zoë', record: 'letter', version: 7, keyMode: 'user' } as const;
const letter = `Dear Zoë,\n${'only you can read this.\n'.repeat(3_000)}`;
const records = new Map<string, Uint8Array>();
const requests: string[] = [];
let server: Server;
let browser: Browser;
let page: Page;

beforeAll(async () => {
  const content = new TextEncoder().encode(letter);
  const sealed = await sealRecord(crypto, { key, place, contentType: 'text/plain', padding: 'padme' }, content);
  records.set('letter', sealed);
  const changed = sealed.slice();
  changed[50_000] = (changed[50_000] as number) ^ 1;
  records.set('changed', changed);
  records.set('cut', sealed.subarray(0, 61 + 2 * 16_400));
  server = await pageServer((record) => records.get(record));
  server.on('request', ({ url }) => requests.push(String(url)));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  browser = await chromium.launch({
    executablePath: tool('chromium'),
    args: ['--no-sandbox', '--disable-dev-shm-usage'],
    timeout: 90_000,
  });
  page = await browser.newPage();
  page.setDefaultTimeout(90_000);
});

afterAll(async () => {
  await browser?.close();
  server?.closeAllConnections();
  server?.close();
});

/** Fills in the form, and gives what the page says in the end. */
async function open(fields: { owner: string; record: string; version: string; key: string }) {
  await page.goto(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
  for (const [name, value] of Object.entries(fields)) await page.fill(`input[name="${name}"]`, value);
  await page.click('button');
  // Asked from here: the page's own policy forbids what `waitForFunction` would evaluate in it.
  await expect.poll(() => page.textContent('#status')).not.toMatch(/^(Opening …)?$/);
  return { status: await page.textContent('#status'), content: await page.textContent('#content') };
}

const right = { owner: 'Zoë', record: 'letter', version: '7', key: formatKey(key) };

describe('the page in Chromium', () => {
  it('opens what was sealed by Node', async () => {
    const { status, content } = await open(right);
    expect(status).toBe(`${new TextEncoder().encode(letter).length} bytes of text/plain`);
    expect(content).toBe(letter);
  });

  it.each([
    ['another key', { key: formatKey(new Uint8Array(32)) }, /does not open/],
    [
      'a typing error in the key',
      { key: formatKey(key).replace(/.$/, (last) => (last === 'q' ? 'p' : 'q')) },
      /checksum/,
    ],
    ['another owner', { owner: 'Zoe' }, /does not open/],
    ['an earlier version', { version: '6' }, /does not open/],
  ])('does not open it with %s', async (_, change, message) => {
    const { status, content } = await open({ ...right, ...change });
    expect(status).toMatch(message);
    expect(content).toBe('');
  });

  it.each(['changed', 'cut'])('shows nothing of a record that was %s', async (record) => {
    // Under the right name, since the name is part of what is sealed.
    const original = records.get('letter') as Uint8Array;
    records.set('letter', records.get(record) as Uint8Array);
    const { status, content } = await open(right);
    records.set('letter', original);
    expect(status).toMatch(record === 'cut' ? /cut off/ : /does not open/);
    expect(content).toBe('');
  });

  it('tells the server neither key nor owner', () => {
    expect(requests).toContain('/sealed/letter');
    expect(requests.join(' ')).not.toMatch(/chkey|Zo/);
  });
});

describe('the script of the page', () => {
  it('is small', async () => {
    expect((await bundlePage()).length).toBeLessThan(24_000);
  });
});
