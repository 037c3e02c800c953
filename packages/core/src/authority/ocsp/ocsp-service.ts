import { isBytes } from '../../encoding/bytes.ts';
import { ChanceryError } from '../../errors/chancery-error.ts';
import { ConflictError, InvalidInputError } from '../../errors/families.ts';
import { StorageError } from '../../errors/storage-error.ts';
import type { Abortable } from '../../ports/abortable.ts';
import { throwIfAborted } from '../../store/backoff.ts';
import type { Entry } from '../../store/store.ts';
import { encodeOcspError, type OcspErrorStatus } from '../../x509/ocsp/ocsp-error.ts';
import { type OcspRequest, parseOcspRequest } from '../../x509/ocsp/ocsp-request.ts';
import { authorities, ledger, ocspResponders } from '../collections.ts';
import type { AuthorityContext } from '../context.ts';
import type { InstalledIntermediate, SigningSnapshot, SigningState } from '../intermediates/signing-state.ts';
import type { LedgerValue } from '../ledger.ts';
import { NEVER_ISSUED, ocspStatus } from './certificate-status.ts';
import { IssuerIndex } from './issuer-index.ts';
import type { OcspOutcome } from './ocsp-outcome.ts';
import { PresignedResponses } from './presigned.ts';
import type { ResponderEntry } from './renew-responder.ts';
import { type Responder, Responders } from './responders.ts';

const ATTEMPTS = 10;

/** What one reading of the storage says about a request. */
interface Findings {
  readonly responder: Responder;
  readonly entries: readonly (Entry<LedgerValue> | undefined)[];
  /** Not after the reading, in epoch milliseconds. */
  readonly at: number;
  /** Of the presigned responses, before the reading. */
  readonly generation: number;
  /** The versions of everything that was read. */
  readonly versions: string;
}

/** Answers OCSP requests (RFC 6960) for every intermediate of an authority. */
export class OcspService {
  readonly #context: AuthorityContext;
  readonly #state: SigningState;
  readonly #responders: Responders;
  readonly #presigned: PresignedResponses;
  #index: { readonly snapshot: SigningSnapshot; readonly index: Promise<IssuerIndex> } | undefined;

  constructor(context: AuthorityContext, state: SigningState) {
    this.#context = context;
    this.#state = state;
    this.#responders = new Responders(context);
    this.#presigned = new PresignedResponses(context.ocsp.maxStaleMs);
  }

  /**
   * Answers a request. Whatever is wrong with it, or with the storage, is told by the status of the response.
   *
   * @throws {InvalidInputError} INVALID_ARGUMENT: `requestDer` is no bytes
   * @throws {ChanceryError} ABORTED
   */
  async answer(requestDer: Uint8Array, options: Abortable): Promise<OcspOutcome> {
    if (!isBytes(requestDer)) {
      throw new InvalidInputError(
        'INVALID_ARGUMENT',
        `An OCSP request must be DER bytes, not ${requestDer === null ? 'null' : typeof requestDer}`,
      );
    }
    throwIfAborted(options.signal);
    const presigned = this.#presigned.fresh(requestDer, this.#context.clock.now());
    if (presigned !== undefined) return presigned.outcome;
    let request: OcspRequest;
    try {
      request = parseOcspRequest(requestDer);
    } catch (error) {
      if (error instanceof InvalidInputError) return failure('malformedRequest');
      throw error;
    }
    try {
      return await this.#respond(requestDer, request, options);
    } catch (error) {
      throwIfAborted(options.signal);
      return this.#refuse(error);
    }
  }

  /** Forgets what was signed about a certificate: its status has changed. */
  forget(serialNumber: string): void {
    this.#presigned.forget(serialNumber);
  }

  /** Forgets everything that was signed: the intermediates have changed, and with one the status of all its certificates may have. */
  forgetAll(): void {
    this.#presigned.forgetAll();
  }

  async #respond(requestDer: Uint8Array, request: OcspRequest, options: Abortable): Promise<OcspOutcome> {
    const { name, clock } = this.#context;
    for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
      throwIfAborted(options.signal);
      const snapshot = await this.#state.current();
      const issuer = (await this.#issuers(snapshot)).issuerOf(request.queries);
      const isOurs = issuer !== undefined && clock.now() <= issuer.certificate.notAfter.getTime();
      if (isOurs) {
        const findings = await this.#read(snapshot, issuer, request, options);
        if (findings !== undefined) return await this.#sign(requestDer, request, issuer, findings);
      } else if (await this.#state.isCurrent(snapshot)) return failure('unauthorized');
      // Another instance has changed the authority since the snapshot was taken.
      this.#state.forget();
    }
    throw new ConflictError('COMMIT_CONFLICT', `Authority ${name} changed ${ATTEMPTS} times during one OCSP request`);
  }

  /** Reads in one snapshot all that an answer depends on; undefined where the authority is no longer what it was taken for. */
  async #read(
    snapshot: SigningSnapshot,
    issuer: InstalledIntermediate,
    { queries }: OcspRequest,
    options: Abortable,
  ): Promise<Findings | undefined> {
    const { store, name, clock } = this.#context;
    const at = clock.now();
    const { generation } = this.#presigned;
    const [authority, stored, ...found] = await store.getMany([
      { collection: authorities, id: name },
      { collection: ocspResponders, id: issuer.id },
      ...queries.map(({ certId }) => ({
        collection: ledger,
        id: this.#context.ledger.documentId(certId.serialNumber),
      })),
    ]);
    if (authority?.version !== snapshot.version) return undefined;
    const responder = await this.#responders.of(issuer, stored as ResponderEntry | undefined, options);
    const entries = found as (Entry<LedgerValue> | undefined)[];
    const versions = [snapshot.version, responder.version, ...entries.map((entry) => entry?.version)].join(' ');
    return { responder, entries, at, generation, versions };
  }

  async #sign(
    requestDer: Uint8Array,
    { queries, nonce }: OcspRequest,
    issuer: InstalledIntermediate,
    { responder, entries, at, generation, versions }: Findings,
  ): Promise<OcspOutcome> {
    const { crypto, ocsp } = this.#context;
    const [only] = queries;
    const isKept = nonce === undefined && queries.length === 1 && entries[0] !== undefined;
    const known = isKept ? this.#presigned.find(requestDer) : undefined;
    if (known?.versions === versions && known.thisUpdate <= at && at < known.resignAt) {
      this.#presigned.keep(requestDer, { ...known, checkedAt: at }, generation);
      return known.outcome;
    }
    const thisUpdate = Math.floor(at / 1000) * 1000;
    const nextUpdate = Math.max(thisUpdate, Math.min(thisUpdate + ocsp.validityMs, responder.notAfter));
    const answers = queries.map(({ der }, index) => ({
      certId: der,
      status: ocspStatus(entries[index], issuer),
      thisUpdate,
      nextUpdate,
    }));
    const extendedRevoke = answers.some(({ status }) => status === NEVER_ISSUED);
    const der = await responder.builder.build({ producedAt: thisUpdate, answers, nonce, extendedRevoke }, crypto);
    const cacheable = nonce === undefined && answers.every(({ status }) => status.kind !== 'unknown');
    const outcome: OcspOutcome = { der, status: 'successful', updates: { thisUpdate, nextUpdate }, cacheable };
    if (isKept && only !== undefined) {
      const resignAt = thisUpdate + (nextUpdate - thisUpdate) / 2;
      const { serialNumber } = only.certId;
      const response = { outcome, serialNumber, versions, thisUpdate, resignAt, checkedAt: at };
      this.#presigned.keep(requestDer, response, generation);
    }
    return outcome;
  }

  #issuers(snapshot: SigningSnapshot): Promise<IssuerIndex> {
    if (this.#index?.snapshot === snapshot) return this.#index.index;
    const made = { snapshot, index: IssuerIndex.of(snapshot, this.#context.crypto) };
    this.#index = made;
    made.index.catch(() => {
      if (this.#index === made) this.#index = undefined;
    });
    return made.index;
  }

  /** What must be good again later is tryLater; what a person has to mend is internalError. Neither says that a certificate is good. */
  #refuse(error: unknown): OcspOutcome {
    if (!(error instanceof ChanceryError)) throw error;
    if (error.code === 'AUTHORITY_NOT_READY') return failure('unauthorized');
    const isPassing = error.code === 'COMMIT_CONFLICT' || (error instanceof StorageError && !LASTING.has(error.code));
    const status = isPassing ? 'tryLater' : 'internalError';
    this.#context.logger?.error('An OCSP request was not answered', { status, code: error.code });
    return { ...failure(status), error };
  }
}

const LASTING: ReadonlySet<string> = new Set([
  'STORAGE_CLOSED',
  'STORAGE_CORRUPT',
  'STORAGE_INVALID',
  'STORAGE_SCHEMA_NEWER',
  'STORAGE_UNDECLARED',
  'STORAGE_UNSAFE_CONFIG',
]);

function failure(status: OcspErrorStatus): OcspOutcome {
  return { der: encodeOcspError(status), status, cacheable: false };
}
