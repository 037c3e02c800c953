import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core';
import { tool } from '../../../../packages/core/test/support/tools.ts';
import { ADMINISTRATOR } from '../../src/demo/accounts.ts';
import type { RunningServer } from '../../src/server.ts';

/** How long something may take to be there, in milliseconds. It is waited for no longer than until it is. */
const PATIENCE_MS = 60_000;

/** Starts a browser without a window. */
export function launchBrowser(): Promise<Browser> {
  return chromium.launch({
    executablePath: tool('chromium'),
    args: ['--no-sandbox', '--disable-dev-shm-usage'],
    timeout: PATIENCE_MS,
  });
}

/** A page of the dashboard, and what went wrong on it. */
export interface DashboardPage {
  readonly page: Page;
  readonly context: BrowserContext;
  /** Errors of scripts, and markup or scripts that the content security policy kept out. */
  readonly faults: readonly string[];
}

/** Opens the dashboard, where nobody is logged in. */
export async function openDashboard(
  browser: Browser,
  { origin }: Pick<RunningServer, 'origin'>,
  options: Parameters<Browser['newContext']>[0] = {},
): Promise<DashboardPage> {
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, ...options });
  const faults: string[] = [];
  await context.exposeFunction('tellViolation', (text: string) => faults.push(text));
  await context.addInitScript(() => {
    document.addEventListener('securitypolicyviolation', ({ violatedDirective, blockedURI }) => {
      (globalThis as unknown as { tellViolation(text: string): void }).tellViolation(
        `${violatedDirective} ${blockedURI}`,
      );
    });
  });
  context.setDefaultTimeout(PATIENCE_MS);
  const page = await context.newPage();
  page.on('pageerror', (error) => faults.push(error.message));
  page.on('dialog', (dialog) => {
    faults.push(`a dialog: ${dialog.message()}`);
    void dialog.dismiss();
  });
  await page.goto(origin);
  await page.getByRole('heading', { name: 'Log in' }).waitFor();
  return { page, context, faults };
}

/** Logs in as the administrator, and waits for the overview. */
export async function logIn({ page }: DashboardPage, { secrets }: Pick<RunningServer, 'secrets'>): Promise<void> {
  await page.getByLabel('Login').fill(ADMINISTRATOR);
  await page.getByLabel('Password').fill(secrets.password);
  await page.getByRole('button', { name: 'Log in' }).click();
  await shown(page, '/');
}

/** Goes to a view, and waits until it shows what it has loaded. */
export async function show({ page }: DashboardPage, path: string): Promise<void> {
  await page.evaluate((hash) => {
    // It is to be loaded also where it is shown already.
    delete document.querySelector('main')?.dataset.shown;
    if (location.hash === hash) window.dispatchEvent(new HashChangeEvent('hashchange'));
    else location.hash = hash;
  }, `#${path}`);
  await shown(page, path.split('?')[0] as string);
}

/** Waits until a view has loaded. */
export async function shown(page: Page, path: string): Promise<void> {
  await page.locator(`main[data-shown="${path}"][aria-busy="false"]`).waitFor();
}
