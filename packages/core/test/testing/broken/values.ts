import type { JsonObject, StoredDocument } from '@chancery/core/ports';
import { alterPuts, alterReads, type BrokenStorage, turn } from './sabotage.ts';

/** Defects of what is stored and given back, and of its limits. */
export const valueDefects: readonly BrokenStorage[] = [
  {
    defect: 'one object for every reader',
    caughtBy: 'shares nothing with its caller',
    sabotage: (inner) => {
      const shared = new Map<string, StoredDocument>();
      return alterReads(inner, (document) => {
        const known = shared.get(document.version) ?? structuredClone(document);
        shared.set(document.version, known);
        return known;
      });
    },
  },
  {
    defect: "the caller's objects read after the call returned",
    caughtBy: 'shares nothing with its caller',
    sabotage: (inner) => ({ commit: (writes) => turn().then(() => inner.commit(writes)) }),
  },
  {
    defect: 'what JSON.stringify makes of anything',
    caughtBy: 'what JSON or a database cannot hold',
    sabotage: (inner) =>
      alterPuts(inner, (put) => ({ ...put, data: JSON.parse(JSON.stringify(put.data)) as JsonObject })),
  },
  {
    defect: '__proto__ taken for a prototype',
    caughtBy: 'JSON survives a round trip',
    sabotage: (inner) =>
      alterReads(inner, (document) => {
        const data: Record<string, unknown> = {};
        for (const [key, value] of Object.entries(document.data)) data[key] = value;
        return { ...document, data: data as JsonObject };
      }),
  },
  {
    defect: 'text normalized to NFC',
    caughtBy: 'JSON survives a round trip',
    sabotage: (inner) =>
      alterReads(inner, (document) => ({
        ...document,
        data: JSON.parse(JSON.stringify(document.data).normalize('NFC')) as JsonObject,
      })),
  },
  {
    defect: 'numbers of single precision',
    caughtBy: 'JSON survives a round trip',
    sabotage: (inner) =>
      alterReads(inner, (document) => ({
        ...document,
        data: JSON.parse(JSON.stringify(document.data), (_key, value) =>
          typeof value === 'number' ? Math.fround(value) : value,
        ) as JsonObject,
      })),
  },
  {
    defect: 'no bytes for empty bytes',
    caughtBy: 'bytes are exact',
    sabotage: (inner) =>
      alterReads(inner, ({ bytes, ...rest }) =>
        bytes === undefined || bytes.length === 0 ? rest : { ...rest, bytes },
      ),
  },
  {
    defect: 'bytes by way of text',
    caughtBy: 'bytes are exact',
    sabotage: (inner) =>
      alterReads(inner, (document) =>
        document.bytes === undefined
          ? document
          : { ...document, bytes: new TextEncoder().encode(new TextDecoder().decode(document.bytes)) },
      ),
  },
  {
    defect: 'ids cut at the limit',
    caughtBy: 'an id takes 400 bytes',
    sabotage: (inner) =>
      alterPuts(inner, (put) => ({
        ...put,
        id: new TextDecoder().decode(new TextEncoder().encode(put.id).slice(0, 400)),
      })),
  },
  {
    defect: 'a limit of bytes that is one too low',
    caughtBy: 'bytes take 1 MiB',
    sabotage: (inner) => ({
      commit: async (writes) => {
        const long = writes.find((write) => write.kind === 'put' && (write.bytes?.length ?? 0) >= 1024 * 1024);
        return inner.commit(
          long === undefined ? writes : writes.map((write) => ({ ...write, bytes: new Uint8Array(2 ** 21) })),
        );
      },
    }),
  },
];
