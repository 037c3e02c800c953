// A process of its own with an AcmeIssuer, which does what it is told over IPC.
import { nodeFetch } from '../../src/acme/http/node-fetch.ts';
import { type AcmeFetch, AcmeIssuer, http01, LocalKeyring } from '../../src/index.ts';
import { systemClock } from '../../src/ports/system-clock.ts';
import type { AcmeProcessSettings, AcmeTask } from './acme-processes.ts';
import { serveHttp01 } from './acme-responders.ts';
import type { OpenStorage } from './storage-process.ts';
import { untilIssued } from './test-issuer.ts';

const { module, options, directory, trustAnchorsPem, key } = JSON.parse(
  process.argv[2] as string,
) as AcmeProcessSettings;
const { openStorage } = (await import(module)) as { openStorage: OpenStorage };
const keyring = LocalKeyring.fromKeys({ current: 'key', keys: { key: Uint8Array.from(Buffer.from(key, 'hex')) } });
const sent = { orders: 0 };
let hangAt: string | undefined;
const send = nodeFetch(trustAnchorsPem);
const fetch: AcmeFetch = (url, init) => {
  if (init.method === 'POST' && url.endsWith('/order-plz')) sent.orders += 1;
  if (hangAt === undefined || !url.includes(hangAt)) return send(url, init);
  process.send?.({ kind: 'hangs' });
  return new Promise(() => undefined);
};
const issuer = new AcmeIssuer({
  storage: openStorage(options),
  keyring,
  directory,
  fetch,
  email: 'ops@example.com',
  termsOfServiceAgreed: true,
  solvers: [http01()],
  clock: { now: () => systemClock.now() + Number(options.clockAheadMs ?? 0) },
});

process.once('disconnect', () => process.exit());
process.on('message', (task: AcmeTask) => {
  carryOut(task).then(
    (result) => process.send?.({ kind: 'done', ...result }),
    (error: unknown) => process.send?.({ kind: 'failed', message: String(error) }),
  );
});
process.send?.({ kind: 'ready' });

async function carryOut(task: AcmeTask): Promise<object> {
  if (task.kind === 'respond') {
    await serveHttp01(issuer.http01Responder(), task.port);
    return {};
  }
  hangAt = task.hangAt;
  const { requestId, csr, names } = task;
  const csrDer = new Uint8Array(Buffer.from(csr, 'base64'));
  return { chainPem: await untilIssued(issuer, { requestId, csrDer, subjectAltNames: names }), orders: sent.orders };
}
