import { StorageError } from '../../../src/errors/storage-error.ts';
import type { CertificateChange, CertificateSource, ServedCertificate } from '../../../src/ports/certificate-source.ts';
import { type LeafOptions, leaf } from './certificates.ts';

/** Certificates in memory, which counts what is read, and fails or hangs when it is told to. */
export class TestSource implements CertificateSource {
  readonly #served = new Map<string, ServedCertificate>();
  readonly #changed = new Set<(change: CertificateChange) => void>();
  readonly #missed = new Set<() => void>();
  /** The names of each `versions` call. */
  readonly versionReads: (readonly string[])[] = [];
  /** The name of each `served` call. */
  readonly loads: string[] = [];
  readonly obtained: string[] = [];
  state: 'up' | 'down' | 'hangs' = 'up';
  /** What `served` fails with, by name. */
  readonly faults = new Map<string, Error>();
  /** Whether changes are told of. */
  tells = true;
  /** What obtain() does. */
  issue: (name: string) => Promise<ServedCertificate | undefined> = (name) =>
    this.put({ id: `demand-${name}`, names: [name] });

  get listeners(): number {
    return this.#changed.size + this.#missed.size;
  }

  /** Puts a certificate into service under its names. */
  async put(options: LeafOptions): Promise<ServedCertificate> {
    const served = await leaf(options);
    this.serve(served);
    return served;
  }

  serve(served: ServedCertificate): void {
    for (const name of served.names) this.#served.set(name, served);
    this.#tell({ id: served.certificateId, generation: served.generation, names: served.names });
  }

  /** Takes names out of service. */
  remove(...names: readonly string[]): void {
    for (const name of names) {
      const id = this.#served.get(name)?.certificateId ?? '';
      this.#served.delete(name);
      this.#tell({ id, generation: 0, names: [name] });
    }
  }

  async served(name: string): Promise<ServedCertificate | undefined> {
    this.loads.push(name);
    await this.#answer();
    const fault = this.faults.get(name);
    if (fault !== undefined) throw fault;
    return this.#served.get(name);
  }

  async versions(names: readonly string[]): Promise<(string | undefined)[]> {
    this.versionReads.push(names);
    await this.#answer();
    return names.map((name) => {
      const served = this.#served.get(name);
      return served && `${served.certificateId}/${served.generation}`;
    });
  }

  async obtain(name: string): Promise<ServedCertificate | undefined> {
    this.obtained.push(name);
    return this.issue(name);
  }

  on(event: 'changed' | 'missed', listener: ((change: CertificateChange) => void) | (() => void)): () => void {
    const listeners: Set<unknown> = event === 'changed' ? this.#changed : this.#missed;
    listeners.add(listener);
    return () => listeners.delete(listener);
  }

  miss(): void {
    for (const listener of this.#missed) listener();
  }

  #tell(change: CertificateChange): void {
    if (this.tells) for (const listener of this.#changed) listener(change);
  }

  async #answer(): Promise<void> {
    if (this.state === 'down') throw new StorageError('STORAGE_UNAVAILABLE', 'The storage is down');
    if (this.state === 'hangs') await new Promise(() => undefined);
  }
}
