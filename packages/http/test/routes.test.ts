import { readFileSync } from 'node:fs';
import { AccountManager } from '@chancery/core';
import { beforeAll, describe, expect, it } from 'vitest';
import { createHandlers } from '../src/index.ts';
import { HTTP_PROBLEMS } from '../src/problems/http-problem.ts';
import { anybody, ownerOr } from '../src/routing/access.ts';
import { Dispatcher, type DispatcherParts } from '../src/routing/dispatcher.ts';
import { operation } from '../src/routing/operation.ts';
import { RouteTree } from '../src/routing/route-tree.ts';
import { resolve } from './support/json-schema.ts';
import { createTestApi, type TestApi } from './support/test-api.ts';

// biome-ignore lint/suspicious/noExplicitAny: a document of plain JSON
let document: any;
let api: TestApi;

beforeAll(async () => {
  const acme = { http01Responder: () => async () => undefined };
  api = await createTestApi({ acme });
  document = (await api.call('GET', '/openapi.json')).body;
});

/** S2-8: the route listing. */
describe('the list of routes', () => {
  it('tells of every operation who may use it', () => {
    const { routes } = api.handlers;
    expect(routes.length).toBeGreaterThan(45);
    expect(routes).toContainEqual({
      method: 'GET',
      path: '/certificates/{certificateId}',
      operation: 'getCertificate',
      access: 'owner or certificates.read',
      summary: 'Reads a certificate.',
    });
    expect(
      routes
        .filter(({ access }) => access === 'public')
        .map(({ operation: id }) => id)
        .sort(),
    ).toEqual([
      ...['answerChallenge', 'askOcsp', 'beginPasskeyLogin', 'getCaFile', 'getCertificateStatus', 'getChain'],
      ...[
        'getCrlBundle',
        'getHealth',
        'getJwks',
        'getOcsp',
        'getOpenApi',
        'getReadiness',
        'getTrustAnchors',
        'listIntermediates',
        'logIn',
        'logInByPasskey',
        'logOut',
        'refreshSession',
      ],
    ]);
    expect(new Set(routes.map(({ operation: id }) => id)).size).toBe(routes.length);
  });

  it('has none of a manager that is not there', () => {
    const { storage, keyring } = api;
    const { routes } = createHandlers({ storage, keyring });
    expect(routes.map(({ path }) => path)).toEqual(['/healthz', '/openapi.json', '/readyz']);
  });

  it('has nothing of passkeys where the manager takes none', () => {
    const { storage, keyring, clock } = api;
    const accounts = new AccountManager({ storage, keyring, clock, issuer: 'https://app.example' });
    const paths = createHandlers({ storage, keyring, accounts }).routes.map(({ path }) => path);
    expect(paths).toContain('/accounts/{accountId}/totp');
    expect(paths.filter((path) => path.includes('passkey'))).toEqual([]);
  });

  it('begins where the routes do', () => {
    const { routes, document: described } = api.another({ basePath: '/api/v1' });
    expect(routes.every(({ path }) => path.startsWith('/api/v1/'))).toBe(true);
    expect(described.servers).toEqual([{ url: 'https://app.example/api/v1' }]);
  });
});

/** S0-13: the description of the API, for people and for programs. */
describe('the OpenAPI document', () => {
  it('has what OpenAPI 3.1 demands', () => {
    expect(document.openapi).toMatch(/^3\.1\.\d+$/);
    expect(document.info).toMatchObject({ title: 'Chancery', version: expect.any(String) });
    const ids = new Set<string>();
    for (const [path, item] of Object.entries<Record<string, never>>(document.paths)) {
      expect(path).toMatch(/^\//);
      for (const [method, described] of Object.entries<Record<string, never>>(item)) {
        expect(['get', 'post', 'put', 'patch', 'delete']).toContain(method);
        checkOperation(path, described);
        ids.add(String(described.operationId));
      }
    }
    expect(ids.size).toBe(api.handlers.routes.length);
  });

  it('refers to nothing that it does not have, and has no schema that nothing refers to', () => {
    const text = JSON.stringify(document);
    const references = [...text.matchAll(/"\$ref":"([^"]+)"/g)].map(([, reference]) => reference as string);
    for (const reference of references) expect(() => resolve(document, reference)).not.toThrow();
    for (const name of Object.keys(document.components.schemas)) {
      expect(references).toContain(`#/components/schemas/${name}`);
    }
  });

  it('tells of no private key, hash or secret in any answer but the two doors', () => {
    const { ExportedCertificate, TotpEnrollment, ...schemas } = document.components.schemas;
    expect(ExportedCertificate.properties).toHaveProperty('privateKeyPem');
    expect(TotpEnrollment.properties).toHaveProperty('secret');
    const answers = Object.entries<{ properties?: object }>(schemas).filter(([name]) => !isInput(name));
    for (const [name, { properties = {} }] of answers) {
      const suspicious = Object.keys(properties).filter((each) => /private|hash|password|secret/i.test(each));
      expect([name, suspicious]).toEqual([name, name === 'Certificate' ? ['hasPrivateKey'] : []]);
    }
  });
});

describe('the router', () => {
  const answers = { 200: { description: '' } };
  const handle = async () => ({ status: 200, headers: [] });

  it('lets no two operations have one method and path', () => {
    const tree = new RouteTree<number>();
    tree.add({ method: 'GET', path: '/a/{b}' }, 1);
    expect(() => tree.add({ method: 'GET', path: '/a/{c}' }, 2)).toThrow('two operations at GET /a/{c}');
  });

  it('finds a path by its segments, literals before parameters, and takes the rest as it is', () => {
    const tree = new RouteTree<string>();
    for (const path of ['/', '/a', '/a/b', '/a/{p}', '/a/{p}/c', '/f/{+rest}']) tree.add({ method: 'GET', path }, path);
    const found = (path: string) => {
      const match = tree.find(path);
      return match && [match.methods.get('GET'), ...match.values];
    };
    expect(found('/')).toEqual(['/']);
    expect(found('/a')).toEqual(['/a']);
    expect(found('/a/b')).toEqual(['/a/b']);
    expect(found('/a/x%2Fy')).toEqual(['/a/{p}', 'x%2Fy']);
    expect(found('/a/x/c')).toEqual(['/a/{p}/c', 'x']);
    expect(found('/f/one')).toEqual(['/f/{+rest}', 'one']);
    expect(found('/f/one/two//three/')).toEqual(['/f/{+rest}', 'one/two//three/']);
    for (const nowhere of ['', 'a', '*', '//', '/a/', '//a', '/a//c', '/a/b/c', '/a/x/c/', '/b', '/f']) {
      expect([nowhere, found(nowhere)]).toEqual([nowhere, undefined]);
    }
  });

  it('sends no answer of which nobody asked whose the resource is', async () => {
    const careless = operation({
      id: 'careless',
      tag: 't',
      method: 'GET',
      path: '/careless',
      summary: '',
      access: ownerOr('accounts.read'),
      answers,
      handle,
    });
    expect(await statusOf(careless)).toBe(500);
    expect(await statusOf({ ...careless, access: anybody })).toBe(200);
  });
});

describe('the codes of problems', () => {
  it('are all documented', () => {
    const page = readFileSync(new URL('../../../docs/http.md', import.meta.url), 'utf8');
    for (const [code, status] of Object.entries(HTTP_PROBLEMS)) {
      expect(page).toMatch(new RegExp(`\\| \`${code}\` \\| ${status} \\|`));
    }
  });
});

async function statusOf(only: ReturnType<typeof operation>): Promise<number> {
  const quiet = { charge: async () => ({ headers: [] }) };
  const parts = {
    basePath: '',
    authenticator: { identify: async () => ({ accountId: 'a', roles: ['admin'] }) },
    permissions: { has: () => true },
    proxies: { clientOf: ({ connection }: { connection: object }) => connection, isTrusted: () => false },
    rateLimits: quiet,
    cors: { headers: () => [] },
    securityHeaders: [],
    bodies: {},
    crypto: { randomBytes: (length: number) => new Uint8Array(length) },
  } as unknown as DispatcherParts;
  const { signal } = new AbortController();
  const incoming = { method: 'GET', path: only.path, query: '', connection: {}, signal, header: () => undefined };
  return (await new Dispatcher(parts, [only]).dispatch(incoming as never)).status;
}

function isInput(name: string): boolean {
  return /Creation|Patch|Change|New|Import|Renewal|Revocation|Export$|Login|Refresh/.test(name);
}

// biome-ignore lint/suspicious/noExplicitAny: plain JSON
function checkOperation(path: string, described: any): void {
  const { operationId, summary, tags, parameters, responses, security } = described;
  expect(operationId).toMatch(/^[a-z][A-Za-z]+$/);
  expect(summary).toMatch(/\.$/);
  expect(tags).toHaveLength(1);
  expect(Object.keys(responses)).toContain('default');
  expect(Object.keys(responses).every((status) => status === 'default' || /^[2-5]\d\d$/.test(status))).toBe(true);
  expect(Array.isArray(security)).toBe(true);
  const inPath = [...path.matchAll(/\{([^}]+)\}/g)].map(([, name]) => name);
  const told = parameters
    .filter((each: { in: string }) => each.in === 'path')
    .map((each: { name: string }) => each.name);
  expect(told).toEqual(inPath);
  const keys = parameters.map((each: { in: string; name: string }) => `${each.in} ${each.name.toLowerCase()}`);
  expect(new Set(keys).size).toBe(keys.length);
  for (const each of parameters) {
    expect(each.schema).toBeTypeOf('object');
    expect(each.required).toBe(each.in === 'path');
  }
}
