import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { Agent, request } from 'node:https';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { text } from 'node:stream/consumers';
import { setTimeout as wait } from 'node:timers/promises';
import { connect } from 'node:tls';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { CertificateManager } from '../../src/certificates/certificate-manager.ts';
import { toHex } from '../../src/encoding/hex.ts';
import { CertificateAuthority, LocalKeyring, nodeCrypto, type StorageBackend } from '../../src/index.ts';
import { SeededRandom } from '../../src/testing/random.ts';
import { seed, soakSize } from './soak.ts';
import type { OpenStorage, StorageModule } from './storage-process.ts';

/** The server that the processes share, and how to open its storage. */
export interface SharedServer {
  readonly module: StorageModule;
  /** As the module exports it. */
  readonly open: OpenStorage;
  stop(): Promise<void>;
}

/** What a serving process is started with. */
export interface HotReloadTask {
  readonly module: StorageModule;
  /** The keyring's key, as hexadecimal digits. */
  readonly key: string;
}

/** What it tells. */
export type HotReloadReport =
  | { readonly kind: 'listening'; readonly port: number }
  /** With the longest time for which it could do nothing, in milliseconds. */
  | { readonly kind: 'over'; readonly errors: readonly string[]; readonly pausedMs: number };

const WORKSPACE = fileURLToPath(new URL('../../../../', import.meta.url));
const MAIN = fileURLToPath(new URL('./hot-reload-main.ts', import.meta.url));
const CERTIFICATES = 50;
const PROCESSES = 2;
const VISITORS_EACH = 2;
const KEPT_ALIVE_EACH = 10;
const SETTLE_MS = 1_000;

/** Registers the test that renews certificates while two processes serve them under load. */
export function hotReload(start: () => Promise<SharedServer>): void {
  let server: SharedServer;
  beforeAll(async () => {
    server = await start();
  });
  afterAll(() => server?.stop());

  const first = seed(29_303);
  const durationMs = soakSize(10_000, 60_000);
  const what = `${CERTIFICATES} certificates renewed within ${durationMs / 1_000} s serve anew in ${PROCESSES} processes`;
  // S4-12, X3
  it(`${what}, and nobody notices, seed ${first}`, { timeout: durationMs + 120_000 }, async () => {
    const key = toHex(nodeCrypto().randomBytes(32));
    const storage = server.open(server.module.options);
    const fleet = await Fleet.start(storage, { module: server.module, key });
    try {
      const counts = await fleet.renewUnderLoad(durationMs, new SeededRandom(first));
      const { handshakes, requests, failed, slowestMs, latestFormerMs, heldUpMs, renewed } = counts;
      console.info(
        `${handshakes} handshakes and ${requests} requests on ${PROCESSES * KEPT_ALIVE_EACH} kept-alive connections: ` +
          `${failed.length} failed; ${renewed} certificates renewed, the slowest served anew after ${Math.round(slowestMs)} ms, ` +
          `while the machine held up for ${Math.round(heldUpMs)} ms`,
      );
      expect({ failed, renewed }).toEqual({ failed: [], renewed: CERTIFICATES });
      // Noticing a change and reading it are held up apart.
      const settledMs = SETTLE_MS + 2 * heldUpMs;
      expect(slowestMs).toBeLessThan(settledMs);
      expect(latestFormerMs).toBeLessThan(settledMs);
      expect(handshakes).toBeGreaterThan(CERTIFICATES * PROCESSES);
      expect(requests).toBeGreaterThan(CERTIFICATES * PROCESSES);
    } finally {
      await fleet.stop();
      await storage.close();
    }
  });
}

interface Managed {
  readonly id: string;
  readonly name: string;
  serialNumber: string;
  /** The certificate before the present one, and when that one was acknowledged, by this process's clock. */
  former?: { readonly serialNumber: string; readonly renewedAt: number };
}

/** What happened. */
interface Counts {
  handshakes: number;
  requests: number;
  renewed: number;
  slowestMs: number;
  /** How long after a renewal a handshake began, at the latest, that saw what was before it. */
  latestFormerMs: number;
  /** For how long the machine let neither this process, nor one that serves, nor the storage do anything: the longest of each, together. */
  heldUpMs: number;
  readonly failed: string[];
}

/** Processes that serve, and this one, which renews and visits. */
class Fleet {
  readonly #children: readonly ChildProcess[];
  readonly #ports: readonly number[];
  readonly #storage: StorageBackend;
  readonly #manager: CertificateManager;
  readonly #managed: readonly Managed[];
  readonly #ca: string;

  private constructor(
    children: readonly ChildProcess[],
    ports: readonly number[],
    storage: StorageBackend,
    manager: CertificateManager,
    managed: readonly Managed[],
    ca: string,
  ) {
    this.#children = children;
    this.#ports = ports;
    this.#storage = storage;
    this.#manager = manager;
    this.#managed = managed;
    this.#ca = ca;
  }

  static async start(storage: StorageBackend, task: HotReloadTask): Promise<Fleet> {
    const keyring = LocalKeyring.fromKeys({ current: 'key', keys: { key: Buffer.from(task.key, 'hex') } });
    const authority = new CertificateAuthority({ storage, keyring });
    const { root } = await authority.bootstrap({
      organization: 'Test',
      passphrase: 'nothing to hide in a test',
      saveRoot: async () => undefined,
    });
    root.close();
    const manager = new CertificateManager({ storage, keyring, issuers: { internal: authority } });
    const managed: Managed[] = [];
    for (let at = 0; at < CERTIFICATES; at++) {
      const name = `n${at}.hot.example`;
      const { id, serialNumber = '' } = await manager.create({ subjectAltNames: [name] });
      managed.push({ id, name, serialNumber });
    }
    const children = Array.from({ length: PROCESSES }, () =>
      fork(MAIN, [JSON.stringify(task)], { cwd: WORKSPACE, execArgv: ['--conditions=source', '--import', 'tsx'] }),
    );
    const ports = await Promise.all(
      children.map(async (child) => {
        const report = await nextReport(child);
        if (report.kind !== 'listening') throw new Error(`the process told ${report.kind} first`);
        return report.port;
      }),
    );
    return new Fleet(children, ports, storage, manager, managed, await authority.trustAnchorsPem());
  }

  /** Renews every certificate once, evenly over the time, while visitors come and others stay. */
  async renewUnderLoad(durationMs: number, random: SeededRandom): Promise<Counts> {
    const counts: Counts = {
      handshakes: 0,
      requests: 0,
      renewed: 0,
      slowestMs: 0,
      latestFormerMs: 0,
      heldUpMs: 0,
      failed: [],
    };
    const over = new AbortController();
    const pauses = monitorEventLoopDelay({ resolution: 10 });
    pauses.enable();
    const slowestRead = this.#askStorageAgainAndAgain(over.signal);
    const load = this.#ports.flatMap((port) => [
      ...Array.from({ length: VISITORS_EACH }, () => this.#visitAgainAndAgain(port, counts, random, over.signal)),
      ...Array.from({ length: KEPT_ALIVE_EACH }, () => this.#stay(port, counts, random, over.signal)),
    ]);
    const watched: Promise<void>[] = [];
    const begun = performance.now();
    for (const [at, managed] of random.shuffle(this.#managed).entries()) {
      await wait(Math.max(0, begun + (at * durationMs) / CERTIFICATES - performance.now()));
      const { serialNumber = '' } = await this.#manager.renew(managed.id);
      const renewedAt = performance.now();
      managed.former = { serialNumber: managed.serialNumber, renewedAt };
      managed.serialNumber = serialNumber;
      counts.renewed += 1;
      watched.push(...this.#ports.map((port) => this.#awaitRenewed(port, managed, renewedAt, counts)));
    }
    await Promise.all(watched);
    over.abort();
    await Promise.all(load);
    let pausedMs = 0;
    for (const child of this.#children) {
      const reported = nextReport(child);
      child.send('over');
      const report = await reported;
      if (report.kind !== 'over') continue;
      counts.failed.push(...report.errors);
      pausedMs = Math.max(pausedMs, report.pausedMs);
    }
    counts.heldUpMs = pauses.max / 1e6 + pausedMs + (await slowestRead);
    pauses.disable();
    return counts;
  }

  async stop(): Promise<void> {
    for (const child of this.#children) {
      const exited = once(child, 'exit');
      child.kill('SIGKILL');
      await exited;
    }
    await this.#manager.close();
  }

  async #awaitRenewed(port: number, managed: Managed, renewedAt: number, counts: Counts): Promise<void> {
    const { serialNumber } = managed;
    while (true) {
      const begun = performance.now();
      const seen = await this.#visit(port, managed, counts);
      if (seen === undefined) return;
      if (seen === serialNumber) {
        counts.slowestMs = Math.max(counts.slowestMs, begun - renewedAt);
        return;
      }
      await wait(20);
    }
  }

  /** @returns how long the storage took at most to answer, in milliseconds */
  async #askStorageAgainAndAgain(over: AbortSignal): Promise<number> {
    let slowestMs = 0;
    while (!over.aborted) {
      const begun = performance.now();
      await this.#storage.health();
      slowestMs = Math.max(slowestMs, performance.now() - begun);
      await wait(20);
    }
    return slowestMs;
  }

  async #visitAgainAndAgain(port: number, counts: Counts, random: SeededRandom, over: AbortSignal): Promise<void> {
    while (!over.aborted) {
      await this.#visit(port, random.pick(this.#managed), counts);
      await wait(5);
    }
  }

  /** Makes a new handshake, in which the client verifies the certificate, and one request. @returns the serial number that it saw */
  async #visit(port: number, managed: Managed, counts: Counts): Promise<string | undefined> {
    const { name, former } = managed;
    const begun = performance.now();
    const socket = connect({ port, host: '127.0.0.1', servername: name, ca: this.#ca });
    try {
      await once(socket, 'secureConnect');
      const seen = socket.getPeerCertificate().serialNumber.toLowerCase();
      socket.end(`GET / HTTP/1.1\r\nHost: ${name}\r\nConnection: close\r\n\r\n`);
      if (!(await text(socket)).endsWith('served')) throw new Error('the answer was cut off');
      counts.handshakes += 1;
      if (seen === former?.serialNumber) {
        counts.latestFormerMs = Math.max(counts.latestFormerMs, begun - former.renewedAt);
      }
      return seen;
    } catch (error) {
      counts.failed.push(`handshake for ${name}: ${(error as Error).message}`);
      return undefined;
    } finally {
      socket.destroy();
    }
  }

  /** Sends request after request on one connection, which has to last. */
  async #stay(port: number, counts: Counts, random: SeededRandom, over: AbortSignal): Promise<void> {
    const agent = new Agent({ keepAlive: true, maxSockets: 1, ca: this.#ca });
    const { name: servername } = random.pick(this.#managed);
    let connection: unknown;
    while (!over.aborted) {
      const sent = request({ agent, port, host: '127.0.0.1', servername, headers: { host: servername } });
      sent.end();
      try {
        const [response] = await once(sent, 'response');
        connection ??= sent.socket;
        if (sent.socket !== connection) throw new Error('the connection was dropped, and another one made');
        response.resume();
        await once(response, 'end');
        counts.requests += 1;
      } catch (error) {
        counts.failed.push(`request to ${servername}: ${(error as Error).message}`);
        break;
      }
      await wait(20);
    }
    agent.destroy();
  }
}

/** @throws {Error} The process ended first. */
async function nextReport(child: ChildProcess): Promise<HotReloadReport> {
  const over = new AbortController();
  try {
    return await Promise.race([
      once(child, 'message', { signal: over.signal }).then(([report]) => report as HotReloadReport),
      once(child, 'exit', { signal: over.signal }).then(([code, by]) => {
        throw new Error(`the process ended with ${by ?? code} before its report`);
      }),
    ]);
  } finally {
    over.abort();
  }
}
