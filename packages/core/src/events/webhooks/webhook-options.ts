import { z } from 'zod';
import { defaultCrypto } from '../../crypto/node-provider.ts';
import { isBytes } from '../../encoding/bytes.ts';
import { InvalidInputError } from '../../errors/families.ts';
import { invalidArgument } from '../../errors/from-issues.ts';
import type { Clock } from '../../ports/clock.ts';
import type { CryptoProvider } from '../../ports/crypto.ts';
import { systemClock } from '../../ports/system-clock.ts';
import type { NamedSink } from '../delivery/sink.ts';
import { type AddressBlock, addressBlock } from './address-blocks.ts';
import { type ResolveHost, systemResolve } from './guarded-lookup.ts';
import { webhookKey } from './secret.ts';
import type { WebhookTransport } from './transport.ts';

/** A secret as `whsec_` and base64, or as bytes: 24 to 64 of them. */
export type WebhookSecret = string | Uint8Array;

/** Where a webhook goes, and how. */
export interface WebhookOptions extends Pick<NamedSink, 'types' | 'from' | 'includePersonal' | 'timeoutMs'> {
  /** An https URL without credentials and fragment. */
  readonly url: string;
  /** The one secret. Give either this or `secrets`. */
  readonly secret?: WebhookSecret;
  /**
   * Several secrets while one is being replaced, the newest first: each request is signed with all of them. A function is asked at every
   * attempt, such as for what a secret manager holds at present.
   */
  readonly secrets?: readonly WebhookSecret[] | (() => readonly WebhookSecret[] | Promise<readonly WebhookSecret[]>);
  /** Under which the webhook's place in the log is kept. Default: the URL's host and port. */
  readonly name?: string;
  /** How much of an answer's body is read before the connection is cut, in bytes. Default 65,536. */
  readonly maxResponseBytes?: number;
  /** Allows http as well. Default false. */
  readonly allowHttp?: boolean;
  /**
   * Allows addresses that are not reachable from anywhere: blocks such as `10.1.0.0/16`, or `true` for every address there is, those of
   * cloud metadata services included. Default: none.
   */
  readonly allowPrivate?: boolean | readonly string[];
  /** Trust anchors in PEM instead of the runtime's own. */
  readonly ca?: string | readonly string[];
  /** Looks names up. Default: as the system does. */
  readonly resolve?: ResolveHost;
  /** Sends the requests in another way; it has to judge addresses by itself. */
  readonly transport?: WebhookTransport;
  readonly clock?: Clock;
  readonly crypto?: CryptoProvider;
}

/** Options of a webhook that have passed every check. */
export interface CheckedWebhookOptions {
  readonly url: URL;
  readonly name: string;
  /** The keys to sign with, one or more. */
  readonly keys: () => Promise<readonly Uint8Array[]>;
  /** `undefined`: every address is allowed. */
  readonly allowed: readonly AddressBlock[] | undefined;
  readonly ca: string | readonly string[] | undefined;
  readonly maxResponseBytes: number;
  readonly resolve: ResolveHost;
  readonly transport: WebhookTransport | undefined;
  readonly clock: Clock;
  readonly crypto: CryptoProvider;
  readonly sink: Pick<NamedSink, 'types' | 'from' | 'includePersonal' | 'timeoutMs'>;
}

const MAX_RESPONSE_BYTES = 65_536;
const MAX_SECRETS = 8;

const callable = z.custom<(...given: never[]) => unknown>(
  (value) => typeof value === 'function',
  'expected a function',
);
const anObject = z.custom<object>((value) => typeof value === 'object' && value !== null, 'expected an object');
const secret = z.custom<WebhookSecret>((value) => typeof value === 'string' || isBytes(value), 'expected a secret');
const options = z.strictObject({
  url: z.string(),
  secret: secret.optional(),
  secrets: z.union([z.array(secret), callable]).optional(),
  name: z.string().optional(),
  types: z.array(z.string()).optional(),
  from: z.enum(['newest', 'beginning']).optional(),
  includePersonal: z.boolean().optional(),
  timeoutMs: z.number().int().min(1).max(300_000).optional(),
  maxResponseBytes: z.number().int().min(0).max(16_777_216).optional(),
  allowHttp: z.boolean().optional(),
  allowPrivate: z.union([z.boolean(), z.array(z.string())]).optional(),
  ca: z.union([z.string(), z.array(z.string())]).optional(),
  resolve: callable.optional(),
  transport: anObject.optional(),
  clock: anObject.optional(),
  crypto: anObject.optional(),
});

/**
 * Checks the options of a webhook.
 *
 * @throws {InvalidInputError} INVALID_ARGUMENT: one is malformed; neither a secret nor the URL is told, which may hold a token
 */
export function parseWebhookOptions(given: WebhookOptions): CheckedWebhookOptions {
  const parsed = options.safeParse(given);
  if (!parsed.success) throw invalidArgument('webhook() options', parsed.error.issues);
  const url = checkedUrl(given.url, given.allowHttp === true);
  const { types, from, includePersonal, timeoutMs } = given;
  return {
    url,
    name: given.name ?? url.host,
    keys: keysOf(given),
    allowed: allowedBlocks(given.allowPrivate),
    ca: given.ca,
    maxResponseBytes: given.maxResponseBytes ?? MAX_RESPONSE_BYTES,
    resolve: given.resolve ?? systemResolve,
    transport: given.transport,
    clock: given.clock ?? systemClock,
    crypto: given.crypto ?? defaultCrypto,
    sink: {
      ...(types !== undefined && { types }),
      ...(from !== undefined && { from }),
      ...(includePersonal !== undefined && { includePersonal }),
      ...(timeoutMs !== undefined && { timeoutMs }),
    },
  };
}

function checkedUrl(text: string, allowHttp: boolean): URL {
  if (!URL.canParse(text)) throw invalid('url must be an absolute URL');
  const url = new URL(text);
  if (url.protocol !== 'https:' && !(allowHttp && url.protocol === 'http:')) {
    throw invalid(`url must be ${allowHttp ? 'http or https' : 'https'}, not ${url.protocol}`);
  }
  if (url.username !== '' || url.password !== '') throw invalid('url must hold no credentials');
  if (url.hash !== '') throw invalid('url must have no fragment');
  return url;
}

function keysOf({ secret: one, secrets }: WebhookOptions): CheckedWebhookOptions['keys'] {
  if ((one === undefined) === (secrets === undefined)) throw invalid('give either secret or secrets');
  if (typeof secrets === 'function') return async () => checkedKeys(await secrets());
  const keys = checkedKeys(secrets ?? [one as WebhookSecret]);
  return async () => keys;
}

function checkedKeys(secrets: readonly WebhookSecret[]): readonly Uint8Array[] {
  if (Array.isArray(secrets) && secrets.length > 0 && secrets.length <= MAX_SECRETS) return secrets.map(webhookKey);
  throw invalid(`secrets must be 1 to ${MAX_SECRETS}`);
}

function allowedBlocks(allowPrivate: boolean | readonly string[] = false): readonly AddressBlock[] | undefined {
  if (allowPrivate === true) return undefined;
  return (allowPrivate || []).map((text) => {
    const block = addressBlock(text);
    if (block === undefined)
      throw invalid(`allowPrivate holds ${JSON.stringify(text)}, which is no block of addresses`);
    return block;
  });
}

function invalid(problem: string): InvalidInputError {
  return new InvalidInputError('INVALID_ARGUMENT', `Invalid webhook() options: ${problem}`);
}
