import type { SeededRandom } from '@chancery/core/testing';
import { resolve } from './json-schema.ts';

type Json = Readonly<Record<string, unknown>>;

/** An operation of an OpenAPI document. */
export interface DocumentedOperation {
  readonly method: string;
  readonly path: string;
  readonly parameters: readonly { in: string; name: string; required: boolean; schema: Json }[];
  readonly requestBody?: { readonly content: Readonly<Record<string, { readonly schema?: Json }>> };
}

/** A request that may be sent, well-formed as far as HTTP goes. */
export interface FuzzedRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: Record<string, string>;
  readonly body: Uint8Array | string | undefined;
}

const HOSTILE = [
  ...[
    '',
    ' ',
    '0',
    '-1',
    '1e999',
    'null',
    'true',
    '__proto__',
    'constructor',
    '../../etc/passwd',
    '%00',
    '\u0000',
    "' OR 1=1 --",
  ],
  ...[
    '<script>alert(1)</script>',
    '{{7*7}}',
    'ключ',
    '\ud800',
    '\u202e',
    'a'.repeat(300),
    'a'.repeat(5_000),
    '\r\nSet-Cookie: a=b',
  ],
  ...[
    '2026-01-01T00:00:00Z',
    '9999-12-31T23:59:59Z',
    '0000-00-00',
    '01900000-0000-7000-8000-000000000000',
    'me',
    'pem',
    '*',
    '"1"',
  ],
  ...[
    'a.example',
    '*.ann.example',
    'ip:::1',
    'ip:999.1.1.1',
    'email:@',
    'uri:javascript:alert(1)',
    'bytes=0-0',
    'bytes=-',
  ],
];

/** Every operation of a document. */
export function operationsOf(document: Json): DocumentedOperation[] {
  const paths = document.paths as Record<string, Record<string, Omit<DocumentedOperation, 'method' | 'path'>>>;
  return Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ ...operation, method: method.toUpperCase(), path })),
  );
}

/** Makes requests of all kinds out of an OpenAPI document: nearly right, and nowhere near. */
export class RequestFuzzer {
  readonly #document: Json;
  readonly #random: SeededRandom;
  /** What exists, so that requests get further than to the first refusal. */
  readonly #known: readonly string[];
  /** What members and parts of the path of these names often are, so that requests get past the first look. */
  readonly #fitting: Readonly<Record<string, string>>;

  constructor(
    document: Json,
    random: SeededRandom,
    known: readonly string[],
    fitting: Readonly<Record<string, string>> = {},
  ) {
    this.#document = document;
    this.#random = random;
    this.#known = known;
    this.#fitting = fitting;
  }

  request(operation: DocumentedOperation): FuzzedRequest {
    const { method, parameters, requestBody } = operation;
    let path = operation.path;
    const query: string[] = [];
    const headers: Record<string, string> = {};
    for (const { in: where, name, schema } of parameters) {
      if (where === 'path') path = path.replace(`{${name}}`, this.#fittingFor(name) ?? this.#segment());
      else if (!this.#random.chance(0.4)) continue;
      else if (where === 'query') query.push(`${name}=${this.#encoded(String(this.#value(schema, 0)))}`);
      else headers[name] = headerText(this.#text());
    }
    if (this.#random.chance(0.05)) query.push(`${this.#encoded(this.#text())}=${this.#encoded(this.#text())}`);
    if (this.#random.chance(0.02) && query[0] !== undefined) query.push(query[0]);
    if (this.#random.chance(0.1))
      headers[this.#random.pick(['range', 'if-match', 'dpop', 'cookie', 'origin', 'x-forwarded-for'])] = headerText(
        this.#text(),
      );
    const body = requestBody === undefined ? undefined : this.#body(requestBody.content, headers);
    return { method, path: query.length === 0 ? path : `${path}?${query.join('&')}`, headers, body };
  }

  #body(
    content: Readonly<Record<string, { readonly schema?: Json }>>,
    headers: Record<string, string>,
  ): Uint8Array | string | undefined {
    const [[type, { schema }] = ['', {}]] = Object.entries(content);
    if (this.#random.chance(0.05)) return undefined;
    headers['content-type'] = this.#random.chance(0.05)
      ? headerText(this.#text())
      : type === '*/*'
        ? 'text/plain'
        : type;
    if (schema === undefined || this.#random.chance(0.1))
      return Uint8Array.from({ length: this.#random.integer(0, 300) }, () => this.#random.integer(0, 255));
    const text = JSON.stringify(this.#value(schema, 0));
    if (!this.#random.chance(0.1)) return text;
    const at = this.#random.integer(0, text.length);
    return text.slice(0, at) + this.#random.pick(['', '"', '}', ',', '\\u0000', '{"a":', '1e999']) + text.slice(at + 1);
  }

  /** A value that fits a schema, or nearly. */
  #value(schema: Json, depth: number): unknown {
    if (this.#random.chance(0.08) || depth > 6)
      return this.#random.pick<unknown>([...HOSTILE, null, [], {}, -1, 2 ** 53, true]);
    if (typeof schema.$ref === 'string') return this.#value(resolve(this.#document, schema.$ref), depth + 1);
    if (Array.isArray(schema.anyOf)) return this.#value(this.#random.pick(schema.anyOf as Json[]), depth + 1);
    if (Array.isArray(schema.enum)) return this.#random.pick(schema.enum as unknown[]);
    if (schema.const !== undefined) return schema.const;
    switch (Array.isArray(schema.type) ? schema.type[0] : schema.type) {
      case 'object':
        return this.#object(schema, depth);
      case 'array':
        return Array.from({ length: this.#random.integer(0, 3) }, () =>
          this.#value((schema.items as Json) ?? {}, depth + 1),
        );
      case 'integer':
      case 'number':
        return this.#random.integer(Number(schema.minimum ?? 0), Math.min(Number(schema.maximum ?? 100), 100));
      case 'boolean':
        return this.#random.chance(0.5);
      default:
        return schema.format === 'date-time' ? '2027-01-01T00:00:00Z' : this.#text();
    }
  }

  #object({ properties = {}, required = [] }: Json, depth: number): Json {
    const members = Object.entries(properties as Record<string, Json>)
      .filter(([name]) => (required as string[]).includes(name) || this.#random.chance(0.3))
      .map(([name, schema]) => [name, this.#fittingFor(name) ?? this.#value(schema, depth + 1)]);
    if (this.#random.chance(0.03)) members.push([this.#text(), 1]);
    return Object.fromEntries(members);
  }

  #fittingFor(name: string): string | undefined {
    return Object.hasOwn(this.#fitting, name) && this.#random.chance(0.6) ? this.#fitting[name] : undefined;
  }

  #segment(): string {
    const text = this.#text();
    return this.#random.chance(0.03) ? '%zz' : this.#encoded(text === '' ? 'x' : text);
  }

  #encoded(text: string): string {
    return encodeURIComponent(text.toWellFormed());
  }

  #text(): string {
    if (this.#random.chance(0.5)) return this.#random.pick(this.#known);
    if (this.#random.chance(0.7)) return this.#random.pick(HOSTILE);
    return Array.from({ length: this.#random.integer(1, 12) }, () =>
      String.fromCharCode(this.#random.integer(1, 0x2ff)),
    ).join('');
  }
}

/** What `Request` takes for a header's value. */
function headerText(text: string): string {
  return text.replace(/[^\x20-\xff]/g, '?').trim();
}
