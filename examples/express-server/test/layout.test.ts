import { readFile } from 'node:fs/promises';
import { LocalKeyring } from '@chancery/core';
import { MemoryStorage } from '@chancery/storage-memory';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type RunningServer, startServer } from '../src/server.ts';
import { colorsOf, contrast } from './support/contrast.ts';
import { type DashboardPage, launchBrowser, logIn, openDashboard, show, shown } from './support/dashboard-page.ts';
import { putCopies } from './support/many-certificates.ts';

const MANY = 10_000;
const HOUR = 3_600_000;
/** Nothing is renewed or approved meanwhile: that would put the list in another order between two looks at it. */
const UNHURRIED = { lifetimeMs: 24 * HOUR, renewAfterMs: 12 * HOUR, approvalMs: 24 * HOUR };
const storage = new MemoryStorage();
let server: RunningServer;
let browser: Browser;
let certificateId: string;

beforeAll(async () => {
  [server, browser] = await Promise.all([
    startServer({ storage, keyring: LocalKeyring.generate(), certificates: 10, pace: UNHURRIED }),
    launchBrowser(),
  ]);
  const long = `${'a-rather-long-label-'.repeat(3)}x.${'and-another-one-'.repeat(3)}y.example`;
  const certificate = await server.certificates.create({ subjectAltNames: [long, 'ip:2001:db8::1'] });
  certificateId = certificate.id;
  await putCopies(storage, server.certificates, { id: certificateId, count: MANY });
});
afterAll(async () => {
  await browser?.close();
  await server?.close();
});

async function views(): Promise<string[]> {
  const { items } = await server.accounts.list({ limit: 1 });
  const room = ['/', '/certificates', '/accounts', '/records', '/audit', '/nowhere'];
  return [...room, `/certificates/${certificateId}`, `/accounts/${items[0]?.id}`];
}

async function visit(dashboard: DashboardPage, path: string): Promise<void> {
  await show(dashboard, path);
  // The chain and the extensions, too, where there are any.
  for (const summary of await dashboard.page.locator('summary').all()) await summary.click();
}

describe('the dashboard with 10,000 certificates', () => {
  it('is there at once, and small', async () => {
    const dashboard = await openDashboard(browser, server);
    await logIn(dashboard, server);
    const page = await dashboard.context.newPage();
    const network = await dashboard.context.newCDPSession(page);
    await network.send('Network.enable');
    await network.send('Network.setCacheDisabled', { cacheDisabled: true });
    let bytes = 0;
    network.on('Network.loadingFinished', ({ encodedDataLength }) => {
      bytes += encodedDataLength;
    });
    const started = performance.now();
    await page.goto(server.origin);
    await shown(page, '/');
    const ms = Math.round(performance.now() - started);
    const valid = page.locator('.tallies a', { hasText: 'Valid' }).locator('.figure');
    expect(await valid.textContent()).toMatch(/^10,0\d\d$/);
    console.log(
      `first paint of the overview with ${MANY} certificates: ${ms} ms, ${Math.round(bytes / 1_024)} KiB in all`,
    );
    expect(bytes).toBeGreaterThan(50_000);
    expect(bytes).toBeLessThan(300 * 1_024);

    await show({ ...dashboard, page }, '/certificates');
    expect(await page.locator('tbody tr').count()).toBe(25);
    const names = () => page.locator('tbody a').allTextContents();
    const first = await names();
    await page.getByRole('button', { name: 'Next' }).click();
    await page.getByText('26 to 50').waitFor();
    expect((await names()).filter((name) => first.includes(name))).toEqual([]);
    await page.getByRole('button', { name: 'Back' }).click();
    await page.getByText('1 to 25', { exact: true }).waitFor();
    expect(await names()).toEqual(first);
    expect(dashboard.faults).toEqual([]);
    await dashboard.context.close();
  });
});

describe('the dashboard on every screen', () => {
  it.each([360, 768, 1440])(
    'has no horizontal scrolling at %i pixels, and names everything that can be used',
    async (width) => {
      const dashboard = await openDashboard(browser, server, {
        viewport: { width, height: 700 },
        reducedMotion: 'reduce',
      });
      await logIn(dashboard, server);
      for (const path of await views()) {
        await visit(dashboard, path);
        const found = await dashboard.page.evaluate(() => ({
          beyond: document.documentElement.scrollWidth - window.innerWidth,
          headings: document.querySelectorAll('h1').length,
          unnamed: [...document.querySelectorAll<HTMLElement>('a, button, input, select, textarea, summary')]
            .filter((element) => {
              const labels = 'labels' in element ? (element as HTMLInputElement).labels : undefined;
              return !(element.getAttribute('aria-label') ?? labels?.[0]?.textContent ?? element.textContent)?.trim();
            })
            .map(({ outerHTML }) => outerHTML),
          moving: document.getAnimations().length,
        }));
        expect(found, path).toEqual({ beyond: 0, headings: 1, unnamed: [], moving: 0 });
      }
      expect(dashboard.faults).toEqual([]);
      await dashboard.context.close();
    },
  );

  it('is dark where that is asked for', async () => {
    const background = async (colorScheme: 'light' | 'dark') => {
      const { page, context } = await openDashboard(browser, server, { colorScheme });
      const color = await page.evaluate(() => getComputedStyle(document.documentElement).backgroundColor);
      await context.close();
      return color;
    };
    expect([await background('light'), await background('dark')]).toEqual(['rgb(245, 246, 247)', 'rgb(18, 21, 24)']);
  });
});

describe('the palette', async () => {
  const css = await readFile(new URL('../dashboard/styles/tokens.css', import.meta.url), 'utf8');
  const [light = '', dark = ''] = css.split('@media (prefers-color-scheme: dark)');
  it.each([
    ['light', colorsOf(light)],
    ['dark', { ...colorsOf(light), ...colorsOf(dark) }],
  ])('can be read in the %s scheme', (_, colors) => {
    const least = (names: string[], grounds: string[]) =>
      Math.min(...names.flatMap((name) => grounds.map((on) => contrast(colors[name] as string, colors[on] as string))));
    const texts = ['ink', 'ink-soft', 'accent', 'bad', 'warn', 'valid', 'wait', 'off'];
    expect(least(texts, ['paper', 'surface', 'sunken'])).toBeGreaterThanOrEqual(4.5);
    expect(least(['on-accent'], ['accent'])).toBeGreaterThanOrEqual(4.5);
    expect(least(['line-strong'], ['paper', 'surface', 'sunken'])).toBeGreaterThanOrEqual(3);
  });
});
