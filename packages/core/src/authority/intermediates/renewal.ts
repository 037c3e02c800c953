import { keyAlgorithmName } from '../../crypto/algorithms.ts';
import type { Abortable } from '../../ports/abortable.ts';
import type { KeyAlgorithm } from '../../ports/crypto.ts';
import type { MaintenanceTask } from '../../ports/maintenance.ts';
import type { Entry } from '../../store/entry.ts';
import { parseCertificate } from '../../x509/certificate/certificate.ts';
import { authorities, intermediates } from '../collections.ts';
import type { AuthorityContext } from '../context.ts';
import { DAY } from '../validity.ts';
import type { IntermediateValue } from './intermediate.ts';
import { prepareRequest } from './request.ts';
import { listIntermediates } from './signing-state.ts';

const AHEAD_MS = 365 * DAY;
/** Where the whole life is short: its last third. */
const AHEAD_FRACTION = 1 / 3;

/** An intermediate that was given its certificate. */
interface Installed extends Entry<IntermediateValue> {
  readonly value: IntermediateValue & {
    readonly certificate: string;
    readonly notBefore: number;
    readonly notAfter: number;
  };
}

/**
 * Asks for a new intermediate a year before the newest active one ends. It makes key and CSR once and tells of them by the event
 * `intermediate.renewal_required`: the root that has to sign is offline. Until its certificate is installed, the log warns once a day.
 */
export function intermediateTask(context: AuthorityContext): MaintenanceTask {
  const { clock, logger } = context;
  return {
    name: `authority:${context.name}:intermediates`,
    async run({ signal }) {
      const now = clock.now();
      const newest = await newestActive(context);
      const dueAt = newest === undefined ? Number.POSITIVE_INFINITY : renewalDueAt(newest.value);
      if (newest === undefined || dueAt > now) return { more: false, nextDueAt: Math.min(dueAt, now + DAY) };
      const requestId =
        (await openRequest(context, newest)) ?? (await requestSuccessor(context, newest, signal ? { signal } : {}));
      if (requestId !== undefined) {
        logger?.warn('An intermediate ends: the root has to sign the request for the next one', {
          authority: context.name,
          intermediate: newest.id,
          requestId,
          notAfter: new Date(newest.value.notAfter),
        });
      }
      return { more: false, nextDueAt: now + DAY };
    },
  };
}

function renewalDueAt({ notBefore, notAfter }: Installed['value']): number {
  return notAfter - Math.min(AHEAD_MS, Math.floor((notAfter - notBefore) * AHEAD_FRACTION));
}

/** The one that signs; one that has ended counts too, until another is installed. */
async function newestActive(context: AuthorityContext): Promise<Installed | undefined> {
  const all = await listIntermediates(context);
  return all
    .filter((entry): entry is Installed => entry.value.state === 'active' && entry.value.notAfter !== undefined)
    .sort((a, b) => (b.value.installedIn ?? 0) - (a.value.installedIn ?? 0))[0];
}

/** The request for a successor that can still come of it: not of one that was retired or revoked since. */
async function openRequest({ store }: AuthorityContext, { value }: Installed): Promise<string | undefined> {
  if (value.renewedBy === undefined) return undefined;
  const successor = await store.get(intermediates, value.renewedBy);
  return successor?.value.state === 'requested' || successor?.value.state === 'onHold' ? successor.id : undefined;
}

/** @returns the id of the request, undefined where another intermediate has taken over meanwhile */
async function requestSuccessor(
  context: AuthorityContext,
  { id, value }: Installed,
  options: Abortable,
): Promise<string | undefined> {
  const { crypto, events, name, store } = context;
  const { kind } = await crypto.importPublicKey(parseCertificate(value.certificate).spki);
  const subject = value.subject;
  const { request, put } = await prepareRequest(context, {
    subject,
    keyAlgorithm: keyAlgorithmName(kind) as KeyAlgorithm,
  });
  return store.transact(async (transaction) => {
    // The authority's version moves with every change of its intermediates.
    await transaction.get(authorities, name);
    if ((await newestActive(context))?.id !== id) return undefined;
    const entry = await transaction.get(intermediates, id);
    if (entry === undefined || entry.value.renewedBy !== value.renewedBy) return entry?.value.renewedBy;
    const renewed = { ...entry.value, renewedBy: request.id };
    transaction.put(intermediates, id, renewed, entry.bytes === undefined ? {} : { bytes: entry.bytes });
    put(transaction);
    if (events !== undefined) {
      const write = events.write({
        type: 'intermediate.renewal_required',
        source: `/authorities/${name}`,
        subject: request.id,
        subjectRevision: 1,
        data: {
          requestId: request.id,
          csrPem: request.csrPem,
          intermediate: id,
          subject,
          notAfter: new Date(value.notAfter).toISOString(),
        },
      });
      transaction.add(write);
    }
    return request.id;
  }, options);
}
