import { createMetrics, type Metrics } from '@chancery/http';
import { openKeyring } from '../../express-server/src/keyring.ts';
import { type OpenStorage, openStorage } from '../../express-server/src/storage.ts';
import { type Application, createApplication } from './application.ts';
import { jsonLogger } from './json-logger.ts';
import { readSettings, type Settings } from './settings.ts';

/** An instance as its environment describes it. */
export interface OpenApplication {
  readonly application: Application;
  readonly settings: Settings;
  /** Where a port for it was named. */
  readonly metrics?: Metrics;
  close(): Promise<void>;
}

/**
 * Opens the storage and the keyring that the environment names, and wires the instance.
 *
 * @param environment such as `process.env`
 */
export async function openApplication(
  environment: Readonly<Record<string, string | undefined>>,
): Promise<OpenApplication> {
  const settings = await readSettings(environment);
  const main = await openUrl('CHANCERY_STORAGE', settings.storageUrl);
  const erasure = settings.erasureStorageUrl && (await openUrl('CHANCERY_ERASURE_STORAGE', settings.erasureStorageUrl));
  const logger = jsonLogger({ level: settings.logLevel });
  const metrics = settings.metricsPort === undefined ? undefined : await createMetrics({ logger });
  const application = createApplication({
    ...settings,
    logger,
    storage: main.storage,
    keyring: await openKeyring(settings.keyringFile),
    ...(erasure && { erasureStorage: erasure.storage }),
    ...(metrics && { metrics }),
  });
  return {
    application,
    settings,
    ...(metrics && { metrics }),
    async close() {
      metrics?.close();
      await application.certificates.close();
      await main.close();
      if (erasure) await erasure.close();
    },
  };
}

/** The URL may hold a password, so that no message repeats it. */
function openUrl(name: string, url: string): Promise<OpenStorage> {
  if (/^postgres(ql)?:\/\//.test(url)) return openStorage({ kind: 'postgres', url });
  if (/^rediss?:\/\//.test(url)) return openStorage({ kind: 'redis', url });
  throw new Error(`${name} must be a URL that begins with postgres:// or redis://`);
}
