import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { authenticatorCode } from '../../../packages/core/test/support/authenticators/authenticator-code.ts';
import { ADMINISTRATOR } from '../src/demo/accounts.ts';
import type { RunningServer } from '../src/server.ts';
import { type DashboardPage, launchBrowser, logIn, openDashboard, show, shown } from './support/dashboard-page.ts';
import { startInMemory } from './support/start.ts';

let server: RunningServer;
let browser: Browser;
let dashboard: DashboardPage;
let page: Page;
let secret: string;
let recoveryCodes: string[];

beforeAll(async () => {
  [server, browser] = await Promise.all([startInMemory({ certificates: 10 }), launchBrowser()]);
  dashboard = await openDashboard(browser, server);
  page = dashboard.page;
  await logIn(dashboard, server);
});
afterAll(async () => {
  await browser?.close();
  await server?.close();
});

const panel = () => page.getByRole('region', { name: 'Second factor' });
const prove = async (word: string) => {
  await page.getByLabel('Your password').fill(server.secrets.password);
  await page.getByRole('button', { name: word, exact: true }).click();
};

describe('the second factor on the dashboard', () => {
  it('is set up by its owner, with an address for the app, and recovery codes once', async () => {
    await page.getByRole('link', { name: ADMINISTRATOR }).click();
    await panel().getByText('No authenticator app').waitFor();
    await page.getByRole('button', { name: 'Set up an app' }).click();
    await page.getByLabel('Your password').fill('not the password');
    await page.getByRole('button', { name: 'Go on' }).click();
    expect(await page.getByRole('alert').textContent()).toContain('CREDENTIALS_INVALID');
    await prove('Go on');
    const dialog = page.getByRole('dialog', { name: 'Add it to your app' });
    const uri = (await dialog.locator('.secret').first().textContent()) ?? '';
    secret = new URL(uri).searchParams.get('secret') ?? '';
    expect(uri).toMatch(/^otpauth:\/\/totp\/localhost/);
    await page.getByLabel('Code').fill('12345');
    await page.getByRole('button', { name: 'Turn it on' }).click();
    expect(await page.getByLabel('Code').getAttribute('aria-invalid')).toBe('true');
    await page.getByLabel('Code').fill(authenticatorCode(secret, Date.now()));
    await page.getByRole('button', { name: 'Turn it on' }).click();
    const codes = page.getByRole('dialog', { name: 'Your recovery codes' });
    recoveryCodes = ((await codes.locator('.secret').textContent()) ?? '').split('\n');
    expect(recoveryCodes).toHaveLength(10);
    await codes.getByRole('button', { name: 'I have kept it' }).click();
    await codes.waitFor({ state: 'detached' });
    await panel().getByText('10 recovery codes left').waitFor();
    for (const hidden of [secret, ...recoveryCodes]) expect(await page.content()).not.toContain(hidden);
  });

  it('is asked for at the next login, and a recovery code serves once', async () => {
    await page.getByRole('button', { name: 'Log out' }).click();
    const attempt = async (code: string) => {
      await page.getByLabel('Code').fill(code);
      await page.getByRole('button', { name: 'Log in' }).click();
    };
    await page.getByLabel('Login').fill(ADMINISTRATOR);
    await page.getByLabel('Password').fill(server.secrets.password);
    await page.getByRole('button', { name: 'Log in' }).click();
    const focused = () => page.evaluate(() => document.activeElement?.getAttribute('name'));
    await expect.poll(focused).toBe('code');
    await attempt('0000-0000-0000-0000');
    expect(await page.getByRole('alert').textContent()).toContain('SECOND_FACTOR_INVALID');
    await attempt(recoveryCodes[0] as string);
    const { items } = await server.accounts.list({ limit: 100 });
    const { id = '' } = items.find(({ login }) => login === ADMINISTRATOR) ?? {};
    // Where they were before they logged out.
    await shown(page, `/accounts/${id}`);
    await panel().getByText('9 recovery codes left').waitFor();
  });

  it('takes a code as apps show it, in two groups', async () => {
    await page.getByRole('button', { name: 'Log out' }).click();
    await page.getByLabel('Login').fill(ADMINISTRATOR);
    await page.getByLabel('Password').fill(server.secrets.password);
    await page.getByRole('button', { name: 'Log in' }).click();
    // The one that comes next: that of this half minute may have confirmed the enrollment.
    const code = authenticatorCode(secret, Date.now() + 30_000);
    await page.getByLabel('Code').fill(`${code.slice(0, 3)} ${code.slice(3)}`);
    await page.getByRole('button', { name: 'Log in' }).click();
    await panel().getByText('9 recovery codes left').waitFor();
  });

  it('has other recovery codes, and is removed, by whoever knows the password', async () => {
    await page.getByRole('button', { name: 'New recovery codes' }).click();
    await prove('Replace them');
    const codes = page.getByRole('dialog', { name: 'Your recovery codes' });
    expect(await codes.locator('.secret').textContent()).not.toContain(recoveryCodes[1]);
    await page.keyboard.press('Escape');
    await panel().getByText('10 recovery codes left').waitFor();
    await panel().getByRole('button', { name: 'Remove' }).click();
    await prove('Remove it');
    await panel().getByText('No authenticator app').waitFor();
  });

  it('of another can be taken away, and not be set up', async () => {
    const ann = await server.accounts.findByLogin('ann@example.com');
    const { id = '' } = ann ?? {};
    await show(dashboard, `/accounts/${id}`);
    await panel().getByText('No authenticator app').waitFor();
    expect(await panel().getByRole('button').count()).toBe(0);
    const enrollment = await server.accounts.enrollTotp(id);
    await server.accounts.confirmTotp(id, authenticatorCode(enrollment.secret, Date.now()));
    // The log tells the page of it.
    await panel().getByRole('button', { name: 'Remove' }).click();
    await page.getByRole('button', { name: 'Take it away' }).click();
    await panel().getByText('No authenticator app').waitFor();
    expect(await server.accounts.secondFactor(id)).toMatchObject({ isEnrolled: false });
    expect(dashboard.faults).toEqual([]);
  });
});

describe('importing on the dashboard', () => {
  it('takes over a chain and its key, and says what is wrong with others', async () => {
    const made = await server.certificates.create({ subjectAltNames: ['moved.example'] });
    const { chainPem, privateKeyPem } = await server.certificates.export(made.id, { format: 'pem' });
    await server.certificates.delete(made.id);
    await show(dashboard, '/certificates');
    await page.getByRole('button', { name: 'Import one' }).click();
    await page.getByLabel('Certificate chain').fill(chainPem);
    await page.getByLabel('Private key').fill('-----BEGIN PRIVATE KEY-----\nnonsense\n-----END PRIVATE KEY-----');
    await page.getByRole('button', { name: 'Import', exact: true }).click();
    await page.getByRole('alert').waitFor();
    await page.getByLabel('Private key').fill(privateKeyPem);
    await page.getByLabel('Label').fill('Moved here');
    await page.getByRole('button', { name: 'Import', exact: true }).click();
    await page.getByRole('link', { name: 'Moved here' }).click();
    await page.getByRole('heading', { name: 'Moved here' }).waitFor();
    expect(await server.certificates.getByName('Moved here')).toMatchObject({
      status: 'valid',
      subjectAltNames: ['moved.example'],
      serialNumber: made.serialNumber,
    });
    expect(dashboard.faults).toEqual([]);
  });

  it('and a login with a code fit a narrow screen, light and dark', async () => {
    for (const colorScheme of ['light', 'dark'] as const) {
      const narrow = await openDashboard(browser, server, { viewport: { width: 360, height: 740 }, colorScheme });
      await logIn(narrow, server);
      const beyond = () => narrow.page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
      await show(narrow, '/certificates');
      await narrow.page.getByRole('button', { name: 'Import one' }).click();
      expect(await beyond()).toBe(0);
      await narrow.page.keyboard.press('Escape');
      await narrow.page.getByRole('link', { name: ADMINISTRATOR }).click();
      await narrow.page.getByRole('button', { name: 'Set up an app' }).click();
      await narrow.page.getByLabel('Your password').fill(server.secrets.password);
      await narrow.page.keyboard.press('Enter');
      const dialog = narrow.page.getByRole('dialog', { name: 'Add it to your app' });
      await dialog.waitFor();
      expect(await beyond()).toBe(0);
      const { width = 999 } = (await dialog.boundingBox()) ?? {};
      expect(width).toBeLessThanOrEqual(360);
      expect(await dialog.evaluate((element) => element.scrollWidth - element.clientWidth)).toBe(0);
      expect(narrow.faults).toEqual([]);
      await narrow.context.close();
    }
  });
});
