import { parseArgs } from 'node:util';

/** Where everything is kept. */
export type StorageChoice =
  | { readonly kind: 'memory' }
  | { readonly kind: 'postgres' | 'redis'; readonly url: string }
  | { readonly kind: 'pglite'; readonly folder: string };

/** What the command line says. */
export interface ServerOptions {
  readonly storage: StorageChoice;
  /** The file with the keys that seal; only for storages that outlive the process. */
  readonly keyringFile: string;
  /** 0: any free one. */
  readonly port: number;
  readonly tlsPort: number;
  /** How many certificates to begin with. */
  readonly certificates: number;
  /** Whether to look at itself as clients do, and end. */
  readonly check: boolean;
}

/** What `--help` prints. */
export const USAGE = `npm start --prefix examples/express-server -- [options]

  --postgres URL      keep everything in PostgreSQL
  --redis URL         keep everything in Redis
  --pglite FOLDER     keep everything in a folder, by PGlite; otherwise in memory
  --keyring FILE      the keys that seal it, made at the first start; default: chancery-keyring.json
  --port N            HTTP, on loopback; default 8080
  --tls-port N        HTTPS, on loopback; default 8443
  --certificates N    how many to begin with; default 24
  --check             look at itself as a client would, on free ports, and end
`;

const OPTIONS = {
  postgres: { type: 'string' },
  redis: { type: 'string' },
  pglite: { type: 'string' },
  keyring: { type: 'string', default: 'chancery-keyring.json' },
  port: { type: 'string' },
  'tls-port': { type: 'string' },
  certificates: { type: 'string', default: '24' },
  check: { type: 'boolean', default: false },
  help: { type: 'boolean', default: false },
} as const;

/**
 * Reads the command line.
 *
 * @returns undefined where help was asked for
 * @throws {Error} names the option at fault
 */
export function parseOptions(args: readonly string[]): ServerOptions | undefined {
  const { values } = parseArgs({ args: [...args], options: OPTIONS, allowPositionals: false });
  if (values.help) return undefined;
  return {
    storage: storageChoice(values),
    keyringFile: values.keyring,
    port: wholeNumber('--port', values.port ?? (values.check ? '0' : '8080'), 65_535),
    tlsPort: wholeNumber('--tls-port', values['tls-port'] ?? (values.check ? '0' : '8443'), 65_535),
    certificates: wholeNumber('--certificates', values.certificates, 1_000_000),
    check: values.check,
  };
}

function storageChoice({
  postgres,
  redis,
  pglite,
}: {
  postgres?: string;
  redis?: string;
  pglite?: string;
}): StorageChoice {
  const given = [
    postgres !== undefined && ({ kind: 'postgres', url: postgres } as const),
    redis !== undefined && ({ kind: 'redis', url: redis } as const),
    pglite !== undefined && ({ kind: 'pglite', folder: pglite } as const),
  ].filter((choice) => choice !== false);
  if (given.length > 1) throw new Error('Give one of --postgres, --redis and --pglite');
  return given[0] ?? { kind: 'memory' };
}

function wholeNumber(option: string, text: string, maximum: number): number {
  const number = Number(text);
  if (/^\d+$/.test(text) && number <= maximum) return number;
  throw new Error(`${option} must be a whole number up to ${maximum}, not ${JSON.stringify(text)}`);
}
