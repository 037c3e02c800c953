import { type Certificate, type CertificateManager, type EventLog, NotFoundError } from '@chancery/core';
import { LogEnd } from './log-end.ts';

const PAGE = 1_000;
/** Beyond so many changes reading all of them anew is faster. */
const MANY = 500;

/** What the overview has to know of a certificate. */
export type RollEntry = Pick<Certificate, 'id' | 'name' | 'subjectAltNames' | 'state' | 'notAfter' | 'renewAt'>;

/**
 * All certificates in short, kept in memory: counting them by listing them each time would be too slow for a page. What has changed is read again, by the
 * log, which also tells of what other instances did.
 */
export class Rolls {
  readonly #certificates: CertificateManager;
  readonly #end: LogEnd;
  readonly #entries = new Map<string, RollEntry>();
  readonly #letGo: () => void;
  /** What this process was told of: it takes a moment until the log says so too, and whoever has just revoked looks at once. */
  #noticed = new Set<string>();
  #isRead = false;
  #reading: Promise<void> | undefined;

  constructor(certificates: CertificateManager, events: EventLog) {
    this.#certificates = certificates;
    this.#end = new LogEnd(events);
    this.#letGo = certificates.on('changed', ({ id }) => this.#noticed.add(id));
  }

  /** Listens to changes no more. */
  close(): void {
    this.#letGo();
  }

  /** How long the log is. */
  async logSize(): Promise<number> {
    await this.#readOn();
    return this.#end.size;
  }

  /** The certificates as they are now. */
  async entries(): Promise<Iterable<RollEntry>> {
    await this.#readOn();
    return this.#entries.values();
  }

  /** One reading at a time; whoever comes while it runs waits for the next, since it may have missed what they know of. */
  async #readOn(): Promise<void> {
    await this.#reading;
    this.#reading ??= this.#read().finally(() => {
      this.#reading = undefined;
    });
    await this.#reading;
  }

  async #read(): Promise<void> {
    const noticed = this.#noticed;
    this.#noticed = new Set();
    const changed = new Set([...noticed, ...(await this.#end.advance())]);
    if (!this.#isRead || changed.size > MANY) return this.#readAll();
    await Promise.all([...changed].map((id) => this.#readOne(id)));
  }

  async #readAll(): Promise<void> {
    this.#entries.clear();
    let cursor: string | undefined;
    do {
      const page = await this.#certificates.list({ limit: PAGE, ...(cursor === undefined ? {} : { cursor }) });
      for (const certificate of page.items) this.#keep(certificate);
      cursor = page.cursor;
    } while (cursor !== undefined);
    this.#isRead = true;
  }

  async #readOne(id: string): Promise<void> {
    try {
      this.#keep(await this.#certificates.get(id));
    } catch (error) {
      if (!(error instanceof NotFoundError)) throw error;
      this.#entries.delete(id);
    }
  }

  #keep({ id, name, subjectAltNames, state, notAfter, renewAt }: Certificate): void {
    this.#entries.set(id, {
      id,
      subjectAltNames: subjectAltNames.slice(0, 1),
      state,
      ...(name === undefined ? {} : { name }),
      ...(notAfter === undefined ? {} : { notAfter }),
      ...(renewAt === undefined ? {} : { renewAt }),
    });
  }
}
