import type { CertificateSource } from '../../ports/certificate-source.ts';

/** How many names are asked about in one read. */
const BATCH = 500;

interface Question {
  readonly resolve: (version: string | undefined) => void;
  readonly reject: (error: unknown) => void;
}

/** Bounds one read. */
export type ReadVersions = (names: readonly string[]) => ReturnType<CertificateSource['versions']>;

/**
 * Asks for versions, many at once: while one read is under way the names that are asked about meanwhile gather for the next, so that
 * a burst costs a few reads, however many handshakes it has.
 */
export class VersionReader {
  readonly #readVersions: ReadVersions;
  readonly #waiting = new Map<string, Question[]>();
  #isReading = false;

  constructor(readVersions: ReadVersions) {
    this.#readVersions = readVersions;
  }

  /** What version is served under a name; undefined for none. */
  read(name: string): Promise<string | undefined> {
    return new Promise((resolve, reject) => {
      const questions = this.#waiting.get(name) ?? [];
      questions.push({ resolve, reject });
      this.#waiting.set(name, questions);
      if (this.#isReading) return;
      this.#isReading = true;
      // A handshake asks about a name and its wildcard in one go.
      queueMicrotask(() => void this.#readAll());
    });
  }

  async #readAll(): Promise<void> {
    while (this.#waiting.size > 0) await this.#readSome();
    this.#isReading = false;
  }

  async #readSome(): Promise<void> {
    const batch = [...this.#waiting].slice(0, BATCH);
    for (const [name] of batch) this.#waiting.delete(name);
    try {
      const versions = await this.#readVersions(batch.map(([name]) => name));
      for (const [at, [, questions]] of batch.entries()) {
        for (const { resolve } of questions) resolve(versions[at]);
      }
    } catch (error) {
      for (const { reject } of batch.flatMap(([, questions]) => questions)) reject(error);
    }
  }
}
