import { access, readFile } from 'node:fs/promises';
import type { ClientCertificateHeader } from '@chancery/http';
import { LOG_LEVELS, type LogLevel } from './json-logger.ts';

/** What an instance is told by its environment. Secrets come as files: an environment is shown by too many tools. */
export interface Settings {
  /** `postgres://…` or `redis://…`. */
  readonly storageUrl: string;
  /** Where the keys of erased owners are, outside the database and its backups. By default the keyring wraps. */
  readonly erasureStorageUrl?: string;
  /** The file with the JSON of `keyring.export()`, keys in base64. */
  readonly keyringFile: string;
  /** What clients see. */
  readonly origin: string;
  readonly address: string;
  readonly port: number;
  /** Where the header of the client's certificate is believed; nothing but the proxy may reach it. */
  readonly mtlsPort: number;
  /** Where Prometheus reads the metrics, and nobody else gets to. Without it there are none. */
  readonly metricsPort?: number;
  readonly trustedProxies: readonly string[];
  readonly clientCertificate: ClientCertificateHeader;
  readonly logLevel: LogLevel;
  readonly files?: FilesSettings;
}

/** What `export-files.ts` writes, and what it does then. */
export interface FilesSettings {
  readonly folder: string;
  readonly names: readonly string[];
  /** A program and its arguments. */
  readonly reload?: readonly [string, ...string[]];
  /** Where Traefik's dynamic configuration goes. */
  readonly traefik?: string;
}

/** How each proxy writes the certificate of a client. */
const HEADERS: Readonly<Record<string, ClientCertificateHeader>> = {
  nginx: { name: 'x-client-cert', format: 'nginx' },
  'nginx-ingress': { name: 'ssl-client-cert', format: 'nginx' },
  traefik: { name: 'x-forwarded-tls-client-cert', format: 'traefik' },
  rfc9440: { name: 'client-cert', format: 'rfc9440' },
};

/**
 * Reads the settings.
 *
 * @param environment such as `process.env`
 * @throws {Error} names every variable that is missing or malformed, and no value of a secret one
 */
export async function readSettings(environment: Readonly<Record<string, string | undefined>>): Promise<Settings> {
  const faults: string[] = [];
  const required = (name: string): string => {
    const value = environment[name];
    if (value === undefined || value === '') faults.push(`${name} is missing`);
    return value ?? '';
  };
  const port = (name: string, byDefault: number): number => {
    const text = environment[name] ?? String(byDefault);
    if (!/^\d{1,5}$/.test(text) || Number(text) > 65_535) faults.push(`${name} must be a port, not ${quoted(text)}`);
    return Number(text);
  };

  const origin = required('CHANCERY_ORIGIN');
  if (origin !== '' && (!URL.canParse(origin) || new URL(origin).origin !== origin)) {
    faults.push(`CHANCERY_ORIGIN must be an origin such as https://app.example, not ${quoted(origin)}`);
  }
  const proxy = environment.CHANCERY_CLIENT_CERTIFICATE ?? 'rfc9440';
  const clientCertificate = Object.hasOwn(HEADERS, proxy) ? HEADERS[proxy] : undefined;
  if (clientCertificate === undefined) {
    faults.push(`CHANCERY_CLIENT_CERTIFICATE must be one of ${Object.keys(HEADERS).join(', ')}, not ${quoted(proxy)}`);
  }
  const logLevel = (environment.CHANCERY_LOG_LEVEL ?? 'info') as LogLevel;
  if (!LOG_LEVELS.includes(logLevel)) {
    faults.push(`CHANCERY_LOG_LEVEL must be one of ${LOG_LEVELS.join(', ')}, not ${quoted(logLevel)}`);
  }
  const storageUrl = (await secretOf(environment, 'CHANCERY_STORAGE', faults)) ?? '';
  const keyringFile = required('CHANCERY_KEYRING_FILE');
  // A keyring that is made because none was found would open nothing that is there.
  await access(keyringFile).catch(({ code }) => {
    if (keyringFile !== '') faults.push(`CHANCERY_KEYRING_FILE cannot be read: ${code}`);
  });
  const numbers = { port: port('CHANCERY_PORT', 8080), mtlsPort: port('CHANCERY_MTLS_PORT', 8081) };
  const metricsPort = environment.CHANCERY_METRICS_PORT === undefined ? undefined : port('CHANCERY_METRICS_PORT', 9464);
  const erasureStorageUrl = environment.CHANCERY_ERASURE_STORAGE_URL;
  const files = filesOf(environment);
  if (faults.length > 0) throw new Error(faults.join('\n'));
  return {
    origin,
    storageUrl,
    keyringFile,
    ...numbers,
    logLevel,
    address: environment.CHANCERY_ADDRESS ?? '0.0.0.0',
    trustedProxies: listOf(environment.CHANCERY_TRUSTED_PROXIES),
    clientCertificate: clientCertificate as ClientCertificateHeader,
    ...(metricsPort !== undefined && { metricsPort }),
    ...(erasureStorageUrl && { erasureStorageUrl }),
    ...(files && { files }),
  };
}

/** A secret is the content of a file. */
async function secretOf(
  environment: Readonly<Record<string, string | undefined>>,
  name: string,
  faults: string[],
): Promise<string | undefined> {
  const file = environment[`${name}_FILE`];
  if (file === undefined) {
    faults.push(`${name}_FILE is missing`);
    return undefined;
  }
  const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    faults.push(`${name}_FILE cannot be read: ${error.code}`);
    return '';
  });
  return text.trim();
}

function filesOf(environment: Readonly<Record<string, string | undefined>>): FilesSettings | undefined {
  const { CHANCERY_TLS_FOLDER: folder, CHANCERY_TLS_RELOAD: command, CHANCERY_TLS_TRAEFIK: traefik } = environment;
  if (folder === undefined) return undefined;
  const [program, ...args] = (command ?? '').split(/\s+/).filter((word) => word !== '');
  return {
    folder,
    names: listOf(environment.CHANCERY_TLS_NAMES ?? 'web'),
    ...(program !== undefined && { reload: [program, ...args] }),
    ...(traefik && { traefik }),
  };
}

function listOf(text: string | undefined): string[] {
  return (text ?? '')
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== '');
}

function quoted(text: string): string {
  return JSON.stringify(text.slice(0, 100));
}
