import { formatKey } from '@chancery/core/vault';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { RunningServer } from '../src/server.ts';
import { type DashboardPage, launchBrowser, logIn, openDashboard, show, shown } from './support/dashboard-page.ts';
import { DUE_SOON, startInMemory } from './support/start.ts';

let server: RunningServer;
let browser: Browser;
let dashboard: DashboardPage;
let page: Page;

beforeAll(async () => {
  [server, browser] = await Promise.all([startInMemory(), launchBrowser()]);
  dashboard = await openDashboard(browser, server);
  page = dashboard.page;
});
afterAll(async () => {
  await browser?.close();
  await server?.close();
});

/** How many certificates the overview counts in a state. */
async function tally(state: string): Promise<number> {
  const text = await page.locator('.tallies a', { hasText: state }).locator('.figure').textContent();
  return Number(text);
}

describe('the dashboard (S0-16)', () => {
  it('says what is wrong with a login, and marks nothing as right', async () => {
    await page.getByLabel('Login').fill('nobody@example.com');
    await page.getByLabel('Password').fill('not the password');
    await page.getByRole('button', { name: 'Log in' }).click();
    const fault = page.getByRole('alert');
    expect(await fault.textContent()).toContain('CREDENTIALS_INVALID');
    expect(await page.evaluate(() => document.activeElement?.className)).toBe('fault-box');
  });

  it('shows every certificate by how it stands', async () => {
    // One of them ends within seconds.
    const countExpired = async () => (await server.certificates.list({ status: 'expired', limit: 1 })).items.length;
    await expect.poll(countExpired).toBe(1);
    await logIn(dashboard, server);
    const { items } = await server.certificates.list({ limit: 1_000 });
    const standing = items.map(({ status, renewAt }) => (status === 'valid' && !renewAt ? 'Not renewed' : status));
    for (const state of ['Valid', 'Not renewed', 'Pending', 'Expired', 'Revoked', 'Failed']) {
      const expected = standing.filter((one) => one.toLowerCase() === state.toLowerCase()).length;
      expect(expected, state).toBeGreaterThan(0);
      expect(await tally(state), state).toBe(expected);
    }
  });

  it('issues, and shows what was issued with its chain and its fields', async () => {
    await show(dashboard, '/certificates');
    await page.getByRole('button', { name: 'Issue a certificate' }).click();
    await page.getByLabel('Names').fill('new-shop.example\nwww.new-shop.example');
    await page.getByLabel('Label').fill('New shop');
    await page.getByRole('button', { name: 'Issue', exact: true }).click();
    await page.getByRole('link', { name: 'New shop' }).click();
    await page.getByRole('heading', { name: 'New shop' }).waitFor();
    const issued = await server.certificates.getByName('New shop');
    expect(issued).toMatchObject({ status: 'valid', subjectAltNames: ['new-shop.example', 'www.new-shop.example'] });
    const shown = (await page.locator('main').textContent())?.replaceAll(' ', '');
    expect(shown).toContain(issued?.serialNumber);
    expect(shown).toContain(issued?.sha256Fingerprint);
    await page.getByText('extKeyUsage').click();
    expect(await page.locator('main').textContent()).toContain('serverAuth');
    expect(await page.locator('.chain li').count()).toBe(3);
  });

  it('revokes, and shows that wherever the certificate is', async () => {
    await page.getByRole('button', { name: 'Revoke', exact: true }).click();
    await page.getByLabel('Reason').selectOption('keyCompromise');
    await page.getByRole('button', { name: 'Revoke it' }).click();
    await page.locator('.state[data-state="revoked"]').waitFor();
    expect(await page.locator('main').textContent()).toContain('keyCompromise');
    const id = decodeURIComponent(new URL(page.url()).hash.split('/').at(-1) as string);
    expect(await server.certificates.get(id)).toMatchObject({ status: 'revoked', name: 'New shop' });
    await show(dashboard, '/certificates?status=revoked');
    await page.getByRole('row', { name: /New shop/ }).waitFor();
    await show(dashboard, '/');
    await expect.poll(() => tally('Revoked')).toBe(2);
  });

  it('shows a renewal as it happens, without a reload', async () => {
    const { id } = await server.certificates.create({ subjectAltNames: ['brief.example'], validity: DUE_SOON });
    await show(dashboard, `/certificates/${id}`);
    await page.evaluate(() => {
      (globalThis as unknown as { stays: boolean }).stays = true;
    });
    const generation = page.locator('.facts > div', { hasText: 'Generation' }).locator('dd');
    const shown = Number(await generation.textContent());
    expect(shown).toBeGreaterThanOrEqual(1);
    const shownNow = async () => Number(await generation.textContent());
    await expect.poll(shownNow).toBeGreaterThan(shown);
    await page.getByText('Certificate renewed').first().waitFor();
    expect(await page.evaluate(() => (globalThis as unknown as { stays: boolean }).stays)).toBe(true);
    await server.certificates.delete(id);
  });

  it('opens a record in the browser with a key that the server never sees', async () => {
    const sent: string[] = [];
    page.on('request', (request) =>
      sent.push(request.url(), JSON.stringify(request.headers()), request.postData() ?? ''),
    );
    await show(dashboard, '/records');
    await page.getByRole('button', { name: 'Open letter' }).click();
    const key = server.secrets.letterKey as string;
    await page.getByLabel('Key').fill(formatKey(new Uint8Array(32)));
    await page.getByRole('button', { name: 'Decrypt here' }).click();
    await page.getByRole('alert').waitFor();
    await page.getByLabel('Key').fill(key);
    await page.getByRole('button', { name: 'Decrypt here' }).click();
    expect(await page.getByLabel('Content').textContent()).toContain(
      'the server that keeps this letter cannot read it',
    );
    expect(sent.join()).toContain('/records/letter/sealed');
    expect(sent.join()).not.toContain(key);
    await page.getByRole('button', { name: 'Close' }).click();
  });

  it('stores a record, shows its key once, and takes it back', async () => {
    await page.getByRole('button', { name: 'Store a record' }).click();
    await page.getByLabel('Name').fill('diary');
    await page.getByLabel('Text').fill('Dear diary');
    await page.getByRole('button', { name: 'Seal and store' }).click();
    const key = (await page.locator('.secret').textContent()) ?? '';
    expect(key).toMatch(/^chkey1/);
    await page.getByRole('button', { name: 'I have kept it' }).click();
    await page.getByRole('button', { name: 'Open diary' }).click();
    await page.getByLabel('Key').fill(key);
    await page.getByRole('button', { name: 'Decrypt here' }).click();
    expect(await page.getByLabel('Content').textContent()).toBe('Dear diary');
    await page.keyboard.press('Escape');
    await page.getByRole('button', { name: 'Delete diary' }).click();
    await page.getByRole('button', { name: 'Delete it' }).click();
    await page.getByRole('button', { name: 'Open diary' }).waitFor({ state: 'detached' });
    await page.getByRole('button', { name: 'Bring it back' }).click();
    await page.getByRole('button', { name: 'Open diary' }).waitFor();
  });

  it('verifies the audit trail', async () => {
    await show(dashboard, '/audit');
    expect(await page.locator('tbody tr').count()).toBe(25);
    await page.getByRole('button', { name: 'Verify the log' }).click();
    await page.getByRole('heading', { name: 'The log is as it was written' }).waitFor();
    const newest = await page.locator('tbody tr').first().textContent();
    await page.getByRole('button', { name: 'Older' }).click();
    await expect.poll(() => page.locator('tbody tr').first().textContent()).not.toBe(newest);
    await page.getByRole('button', { name: 'Newer' }).click();
  });

  it('creates an account, and disables it', async () => {
    await show(dashboard, '/accounts');
    await page.getByRole('button', { name: 'Create an account' }).click();
    await page.getByLabel('Login').fill('eve@example.com');
    await page.getByRole('button', { name: 'Create', exact: true }).click();
    await page.getByRole('link', { name: 'eve@example.com' }).click();
    await page.getByRole('button', { name: 'Disable' }).click();
    await page.locator('.state[data-state="disabled"]').waitFor();
    expect(await server.accounts.findByLogin('eve@example.com')).toMatchObject({ disabled: true });
  });

  it('stays logged in over a reload, in every tab, and ends everywhere', async () => {
    await show(dashboard, '/certificates');
    await page.reload();
    await page.getByRole('heading', { name: 'Certificates' }).waitFor();
    const tab = await dashboard.context.newPage();
    await Promise.all([tab.goto(server.origin), page.reload()]);
    await tab.getByRole('heading', { name: 'Overview' }).waitFor();
    await page.getByRole('heading', { name: 'Certificates' }).waitFor();
    await page.getByRole('button', { name: 'Log out' }).click();
    await page.getByRole('heading', { name: 'Log in' }).waitFor();
    await tab.reload();
    await tab.getByRole('heading', { name: 'Log in' }).waitFor();
    await tab.close();
  });

  it('made nothing that its content security policy forbids', () => {
    expect(dashboard.faults).toEqual([]);
  });
});

describe('the dashboard by keyboard', () => {
  /** Presses Tab until something is focused, as somebody does who cannot see where it is. */
  async function tabTo(name: string): Promise<void> {
    for (let presses = 0; presses < 60; presses++) {
      await page.keyboard.press('Tab');
      const focused = await page.evaluate(() => {
        const { activeElement: element } = document;
        const labels =
          element instanceof HTMLInputElement || element instanceof HTMLTextAreaElement ? element.labels : null;
        return (element?.getAttribute('aria-label') ?? labels?.[0]?.textContent ?? element?.textContent ?? '').trim();
      });
      if (focused === name) return;
    }
    throw new Error(`Tab does not lead to ${name}`);
  }

  it('logs in, issues and revokes without a pointer, and always shows where it is', async () => {
    await page.goto(server.origin);
    await page.getByLabel('Login').waitFor();
    await page.keyboard.type('admin@chancery.example');
    await tabTo('Password');
    await page.keyboard.type(server.secrets.password);
    await page.keyboard.press('Enter');
    await shown(page, '/');

    await tabTo('Certificates');
    const outline = await page.evaluate(() => getComputedStyle(document.activeElement as Element).outlineStyle);
    expect(outline).toBe('solid');
    await page.keyboard.press('Enter');
    await shown(page, '/certificates');
    expect(await page.evaluate(() => document.activeElement?.tagName)).toBe('H1');

    await tabTo('Issue a certificate');
    await page.keyboard.press('Enter');
    // The browser puts the focus into the dialog.
    await page.keyboard.type('keys.example');
    await tabTo('Issue');
    await page.keyboard.press('Enter');
    await page.locator('dialog').waitFor({ state: 'detached' });
    await page.getByRole('link', { name: 'keys.example' }).waitFor();
    expect(await page.evaluate(() => document.activeElement?.id)).toBe('issue');

    await tabTo('keys.example');
    await page.keyboard.press('Enter');
    await page.getByRole('button', { name: 'Revoke' }).waitFor();
    await tabTo('Revoke');
    await page.keyboard.press('Enter');
    await page.keyboard.press('Escape');
    await page.locator('dialog').waitFor({ state: 'detached' });
    expect(await page.evaluate(() => document.activeElement?.id)).toBe('revoke');
    await page.keyboard.press('Enter');
    await tabTo('Revoke it');
    await page.keyboard.press('Enter');
    await page.locator('.state[data-state="revoked"]').waitFor();
  });

  it('is back where a dialog was opened once that closes, though the list behind it was drawn anew', async () => {
    await show(dashboard, '/certificates');
    await page.locator('#issue').focus();
    await page.keyboard.press('Enter');
    await page.locator('dialog').waitFor();
    await server.certificates.create({ subjectAltNames: ['meanwhile.example'], validity: { hours: 1 } });
    // Drawn behind the dialog, where no role is seen.
    await page.locator('tbody a', { hasText: 'meanwhile.example' }).waitFor();
    await page.keyboard.press('Escape');
    await page.locator('dialog').waitFor({ state: 'detached' });
    expect(await page.evaluate(() => document.activeElement?.id)).toBe('issue');
  });

  it('walks along the timeline, and skips to the content', async () => {
    await show(dashboard, '/');
    await page.locator('.plot').focus();
    const readout = page.locator('.readout');
    for (let presses = 0; presses < 60 && !/certificate/.test((await readout.textContent()) ?? ''); presses++) {
      await page.keyboard.press('ArrowRight');
    }
    // A renewal that arrives meanwhile draws the timeline anew, and its readout begins from the start.
    const atTheEnd = async () => {
      await page.keyboard.press('End');
      return readout.textContent();
    };
    await expect.poll(atTheEnd).toMatch(/^In 1 y .* none ends\.$/);
    await page.reload();
    await shown(page, '/');
    await page.keyboard.press('Tab');
    expect(await page.evaluate(() => document.activeElement?.textContent)).toBe('Skip to content');
    await page.keyboard.press('Enter');
    expect(await page.evaluate(() => document.activeElement?.id)).toBe('main');
  });
});
