import { utf8 } from '../../encoding/bytes.ts';
import { cloudEventJson } from '../cloud-event.ts';
import type { DeliveryOutcome, NamedSink } from '../delivery/sink.ts';
import { checkAddressLiteral } from './guarded-lookup.ts';
import { NodeTransport } from './node-transport.ts';
import { retryAfterMs } from './retry-after.ts';
import { signWebhook } from './signature.ts';
import { parseWebhookOptions, type WebhookOptions } from './webhook-options.ts';

const GONE = 410;

/**
 * A sink that sends each event as a signed HTTP request, after Standard Webhooks 1.0: the body is the event in the JSON format of
 * CloudEvents 1.0, `webhook-id` is the event's id, and `webhook-signature` is an HMAC-SHA-256 under each secret.
 *
 * Any status from 200 to 299 says that the event was taken. 410 disables the sink; everything else, redirects too, is tried again. Secrets
 * stay in this process: they are neither stored nor logged.
 *
 * @param options - where to, and with which secrets
 * @returns the sink, for the `sinks` of an `EventLog`
 * @throws {InvalidInputError} INVALID_ARGUMENT: an option is malformed; no message holds a secret
 * @throws {InvalidInputError} WEBHOOK_ADDRESS_REFUSED: the URL's host is an address that is not reachable from anywhere, and `allowPrivate`
 *   does not allow it
 *
 * @example
 * const sink = webhook({ url: 'https://hooks.example/chancery', secret: 'whsec_…', types: ['certificate.*'] });
 */
export function webhook(options: WebhookOptions): NamedSink {
  const {
    url,
    name,
    keys,
    allowed,
    crypto,
    clock,
    sink,
    transport: given,
    ...transportOptions
  } = parseWebhookOptions(options);
  checkAddressLiteral(url.hostname, allowed);
  const transport = given ?? new NodeTransport({ ...transportOptions, allowed });
  return {
    ...sink,
    name,
    async deliver(event, { signal }): Promise<DeliveryOutcome> {
      const body = utf8(JSON.stringify(cloudEventJson(event)));
      const timestamp = Math.floor(clock.now() / 1_000);
      const headers = {
        'content-type': 'application/cloudevents+json; charset=utf-8',
        'user-agent': 'Chancery',
        'webhook-id': event.id,
        'webhook-timestamp': String(timestamp),
        'webhook-signature': await signWebhook({ id: event.id, timestamp, body }, await keys(), crypto),
      };
      const { status, retryAfter } = await transport.post({ url, headers, body, signal });
      if (status >= 200 && status <= 299) return { outcome: 'delivered' };
      const fault = { reason: `answered ${status}`, status };
      if (status === GONE) return { outcome: 'gone', ...fault };
      const rest = retryAfter === undefined ? undefined : retryAfterMs(retryAfter, clock.now());
      return { outcome: 'failed', ...fault, ...(rest !== undefined && { retryAfterMs: rest }) };
    },
    close: () => transport.close(),
  };
}
