import { ConflictError, PolicyError } from '../../errors/families.ts';
import { StorageError } from '../../errors/storage-error.ts';
import { signalOf } from '../../ports/abortable.ts';
import type { Write } from '../../ports/storage.ts';
import { throwIfAborted } from '../../store/backoff.ts';
import { ledgerEvent } from '../authority-event.ts';
import { authorities, ledger } from '../collections.ts';
import type { AuthorityContext } from '../context.ts';
import type { InstalledIntermediate, SigningState } from '../intermediates/signing-state.ts';
import type { IssuancePolicy } from '../policy/hook.ts';
import type { CertificateProfile } from '../profiles.ts';
import type { IssuedCertificate } from './issued-certificate.ts';
import { prepareRequest } from './prepare.ts';
import type { IssueOptions } from './request.ts';
import { CertificateSigner, type SignedCertificate } from './signing.ts';

const ATTEMPTS = 8;
/** At most three writes a certificate and one check: well below the contract's 256 writes a commit. */
const BATCH = 64;

const BATCH_FAULTS: ReadonlySet<string> = new Set(['STORAGE_TOO_LARGE', 'STORAGE_INVALID']);

/** A commit was refused because of one of the writes that the caller added: the caller knows what that means. */
export class ExtraWriteConflict extends Error {}

/** Issues certificates: prepare, judge, sign, commit. Nothing leaves before the commit. */
export class Issuance {
  readonly #context: AuthorityContext;
  readonly #state: SigningState;
  readonly #profiles: Readonly<Record<string, CertificateProfile>>;
  readonly #signer: CertificateSigner;

  constructor(
    context: AuthorityContext,
    state: SigningState,
    profiles: Readonly<Record<string, CertificateProfile>>,
    policy: IssuancePolicy | undefined,
  ) {
    this.#context = context;
    this.#state = state;
    this.#profiles = profiles;
    this.#signer = new CertificateSigner(context, policy);
  }

  /**
   * Issues one certificate.
   *
   * @param extra - makes a write that belongs into the same commit
   * @throws {ExtraWriteConflict} that write was refused
   */
  async issue(options: IssueOptions, extra?: (signed: SignedCertificate) => Write): Promise<IssuedCertificate> {
    const request = await prepareRequest(this.#context, this.#profiles, options);
    for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
      const snapshot = await this.#state.current();
      try {
        const issuer = this.#state.signer(snapshot, this.#context.clock.now());
        const signed = await this.#signer.sign(request, issuer);
        throwIfAborted(options.signal);
        const writes = [...this.#writes(signed), this.#unchanged(snapshot.version)];
        if (extra !== undefined) writes.push(extra(signed));
        const result = await this.#context.store.commit(writes, signalOf(options));
        if (result.committed) return this.#issued(signed, issuer);
        if (extra !== undefined && result.conflict.write === writes.length - 1) throw new ExtraWriteConflict();
      } catch (error) {
        // What a snapshot of the past refuses may be right by now.
        if (!isJudgement(error) || (await this.#state.isCurrent(snapshot))) throw error;
      }
      this.#state.forget();
    }
    throw new ConflictError(
      'COMMIT_CONFLICT',
      `Authority ${this.#context.name} changed ${ATTEMPTS} times while a certificate was being issued`,
    );
  }

  /** Issues in batches of one commit each; what a batch's commit refuses is issued one by one. */
  async issueMany(requests: readonly IssueOptions[]): Promise<PromiseSettledResult<IssuedCertificate>[]> {
    const results: PromiseSettledResult<IssuedCertificate>[] = [];
    for (let at = 0; at < requests.length; at += BATCH) {
      results.push(...(await this.#issueBatch(requests.slice(at, at + BATCH))));
    }
    return results;
  }

  /** Never rejects: what earlier batches have issued must reach the caller. */
  async #issueBatch(requests: readonly IssueOptions[]): Promise<PromiseSettledResult<IssuedCertificate>[]> {
    try {
      const results = await this.#issueTogether(requests);
      if (results !== undefined) return results;
    } catch (reason) {
      // The batch as a whole is refused: too large, or with one entry that storage does not take. Nothing was written.
      const isOfTheBatch = reason instanceof StorageError && BATCH_FAULTS.has(reason.code);
      if (!isOfTheBatch) return requests.map(() => ({ status: 'rejected', reason }));
    }
    return Promise.allSettled(requests.map((options) => this.issue(options)));
  }

  /** Issues all good requests of a batch in one commit; undefined where one by one is the way to go on. */
  async #issueTogether(
    requests: readonly IssueOptions[],
  ): Promise<PromiseSettledResult<IssuedCertificate>[] | undefined> {
    const snapshot = await this.#state.fresh();
    const issuer = this.#state.signer(snapshot, this.#context.clock.now());
    const signed = await Promise.allSettled(
      requests.map(async (options) => {
        const request = await prepareRequest(this.#context, this.#profiles, options);
        const certificate = await this.#signer.sign(request, issuer);
        throwIfAborted(options.signal);
        return certificate;
      }),
    );
    const writes = signed.flatMap((one) => (one.status === 'fulfilled' ? this.#writes(one.value) : []));
    if (writes.length === 0) return signed as PromiseRejectedResult[];
    const result = await this.#context.store.commit([...writes, this.#unchanged(snapshot.version)]);
    if (!result.committed) {
      this.#state.forget();
      return undefined;
    }
    return signed.map((one) =>
      one.status === 'rejected' ? one : { status: 'fulfilled', value: this.#issued(one.value, issuer) },
    );
  }

  #writes(signed: SignedCertificate): Write[] {
    const { store, events, ledger: rolls } = this.#context;
    const entry = store.put(ledger, rolls.documentId(signed.value.serialNumber), signed.value, {
      ifVersion: null,
      bytes: signed.der,
    });
    return events === undefined ? [entry] : [entry, ledgerEvent(events, signed.value)];
  }

  /** Holds only while no instance has changed the authority's intermediates since they were read. */
  #unchanged(version: string): Write {
    return this.#context.store.check(authorities, this.#context.name, version);
  }

  #issued(signed: SignedCertificate, issuer: InstalledIntermediate): IssuedCertificate {
    const record = this.#context.ledger.toRecord({ value: signed.value, bytes: signed.der });
    const chainPem = record.certificatePem + issuer.certificatePem;
    const { privateKeyPem } = signed;
    return privateKeyPem === undefined ? { ...record, chainPem } : { ...record, chainPem, privateKeyPem };
  }
}

/** Whether an error speaks of the authority's intermediates, as the snapshot shows them. */
function isJudgement(error: unknown): boolean {
  return error instanceof PolicyError || (error instanceof ConflictError && error.code === 'AUTHORITY_NOT_READY');
}
