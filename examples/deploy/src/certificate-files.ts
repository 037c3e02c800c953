import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { CertificateAuthority, CertificateManager } from '@chancery/core';
import { GenerationFolder } from './files/generation-folder.ts';
import { replaceFile } from './files/replace-file.ts';

/** What is written, where to, and who is told. */
export interface CertificateFilesOptions {
  readonly certificates: Pick<CertificateManager, 'getByName' | 'export' | 'on'>;
  /** Adds `trust-anchors.pem` and `crls.pem`, by which a proxy judges its clients. */
  readonly authority?: Pick<CertificateAuthority, 'trustAnchorsPem' | 'crlBundlePem'>;
  /** A folder of its own, readable by the proxy's main process alone. */
  readonly folder: string;
  /** The certificates to write, by their `name`: letters, digits, `.`, `_` and `-`. Each becomes a folder. */
  readonly names: readonly string[];
  /** Has the proxy read the files. Called at the start, after each change, and again until it succeeds. */
  readonly reload: () => Promise<void>;
  /** Told what failed; it is tried again after `intervalMs`. */
  readonly onError: (error: unknown) => void;
  /** How long a change, or a CRL, may go unnoticed where no notice arrives, in milliseconds. */
  readonly intervalMs?: number;
}

/**
 * Certificates as files, for what cannot take them from the SDK: nginx, HAProxy, PostgreSQL, a mail server.
 *
 * `<folder>/<name>/chain.pem` and `key.pem` change at once and are whole at any instant, whatever crashes. The same generation is exported once only, since
 * every export is an event. A certificate that is not there, or is revoked, leaves the files as they are: a proxy with an old certificate can be
 * repaired, one that does not start cannot answer.
 */
export class CertificateFiles {
  readonly #options: CertificateFilesOptions;
  #stale = true;
  /** Two at a time would be at the same files. */
  #latest: Promise<void> = Promise.resolve();
  #running: Promise<void> | undefined;
  #again = false;
  #stop: (() => void)[] = [];

  constructor(options: CertificateFilesOptions) {
    const odd = options.names.find((name) => !/^[A-Za-z0-9_-][A-Za-z0-9._-]{0,99}$/.test(name));
    if (odd !== undefined) throw new RangeError(`${JSON.stringify(odd)} cannot be the name of a folder`);
    this.#options = options;
  }

  /** Writes what there is, and then each change, until `stop`. */
  async start(): Promise<void> {
    const { certificates, intervalMs = 60_000 } = this.#options;
    const timer = setInterval(() => this.#syncSoon(), intervalMs);
    this.#stop = [
      () => clearInterval(timer),
      certificates.on('changed', () => this.#syncSoon()),
      certificates.on('missed', () => this.#syncSoon()),
    ];
    this.#syncSoon();
    await this.#running;
  }

  /** Ends once what is being written has been written. */
  async stop(): Promise<void> {
    for (const end of this.#stop.splice(0)) end();
    await this.#running;
  }

  /**
   * Compares the files with what is in force, writes what differs, and has the proxy read it.
   *
   * @throws {AggregateError} what could not be read, written or reloaded; the rest was done
   */
  sync(): Promise<void> {
    const run = this.#latest.then(() => this.#compare());
    this.#latest = run.catch(() => undefined);
    return run;
  }

  async #compare(): Promise<void> {
    await mkdir(this.#options.folder, { recursive: true, mode: 0o700 });
    const faults: unknown[] = [];
    for (const write of this.#writers()) {
      try {
        if (await write()) this.#stale = true;
      } catch (error) {
        faults.push(error);
      }
    }
    if (this.#stale) {
      try {
        await this.#options.reload();
        this.#stale = false;
      } catch (error) {
        faults.push(error);
      }
    }
    if (faults.length > 0) throw new AggregateError(faults, 'not every file could be brought up to date');
  }

  /** What changes during a run is in the next. */
  #syncSoon(): void {
    this.#again = true;
    this.#running ??= this.#syncWhileAsked().finally(() => {
      this.#running = undefined;
    });
  }

  async #syncWhileAsked(): Promise<void> {
    while (this.#again) {
      this.#again = false;
      await this.sync().catch(this.#options.onError);
    }
  }

  /** Each resolves to whether it has written. */
  #writers(): (() => Promise<boolean>)[] {
    const { names, authority } = this.#options;
    const certificates = names.map((name) => () => this.#writeCertificate(name));
    if (authority === undefined) return certificates;
    return [
      ...certificates,
      async () => this.#writeText('trust-anchors.pem', await authority.trustAnchorsPem()),
      async () => this.#writeText('crls.pem', await authority.crlBundlePem()),
    ];
  }

  async #writeCertificate(name: string): Promise<boolean> {
    const { certificates, folder } = this.#options;
    const certificate = await certificates.getByName(name);
    if (certificate?.state !== 'issued') {
      throw new Error(`the certificate ${name} is ${certificate?.state ?? 'not there'}: its files stay as they are`);
    }
    const files = new GenerationFolder(folder, name);
    const label = `${certificate.id}.${certificate.generation}`;
    if ((await files.label()) === label) return false;
    const { chainPem, privateKeyPem } = await certificates.export(certificate.id, { format: 'pem' });
    await files.replace({ label, chainPem, privateKeyPem });
    return true;
  }

  async #writeText(name: string, text: string): Promise<boolean> {
    const file = join(this.#options.folder, name);
    const present = await readFile(file, 'utf8').catch(() => undefined);
    if (present === text) return false;
    await replaceFile(file, text, { mode: 0o644 });
    return true;
  }
}
