import { describe, expect, it } from 'vitest';
import { ChanceryError } from '../../src/errors/chancery-error.ts';
import * as codes from '../../src/errors/codes.ts';
import { ConflictError, InvalidInputError, NotFoundError, PolicyError, SealError } from '../../src/errors/families.ts';
import { invalidArgument } from '../../src/errors/from-issues.ts';
import { StorageError } from '../../src/errors/storage-error.ts';

const ONE_OF_EACH = [
  ['ChanceryError', new ChanceryError('ABORTED', 'the call was aborted')],
  ['InvalidInputError', new InvalidInputError('HEX_INVALID', 'odd number of digits')],
  ['NotFoundError', new NotFoundError('CERTIFICATE_NOT_FOUND', 'no certificate 0a')],
  ['ConflictError', new ConflictError('ALREADY_REVOKED', 'certificate 0a is revoked')],
  ['StorageError', new StorageError('STORAGE_CLOSED', 'the storage is closed')],
  ['SealError', new SealError('SEAL_OPEN_FAILED', 'the envelope does not open')],
] as const;

describe('errors', () => {
  it.each(ONE_OF_EACH)('%s is a ChanceryError that carries its own name', (name, error) => {
    expect(error).toBeInstanceOf(ChanceryError);
    expect(error).toBeInstanceOf(Error);
    expect(error.name).toBe(name);
    expect(String(error)).toBe(`${name}: ${error.message}`);
    expect(error.facts).toEqual({});
    expect('cause' in error).toBe(false);
  });

  it('keeps the cause and the facts that it is given', () => {
    const cause = new Error('socket closed');
    const error = new StorageError('STORAGE_UNAVAILABLE', 'no answer', { cause, facts: { attempt: 3 } });
    expect(error.cause).toBe(cause);
    expect(error.facts).toEqual({ attempt: 3 });
  });

  it('says nothing was written, and that trying again is no use, unless told otherwise', () => {
    const plain = new StorageError('STORAGE_INVALID', 'no such index');
    expect([plain.retryable, plain.outcome]).toEqual([false, 'none']);
    const lost = new StorageError('STORAGE_UNAVAILABLE', 'no answer', { retryable: true, outcome: 'unknown' });
    expect([lost.retryable, lost.outcome]).toEqual([true, 'unknown']);
  });

  it('names every rule that a request broke, and the value that broke it', () => {
    const violations = [
      { rule: 'name.wildcard.inner', value: 'a.*.example', message: 'a.*.example has a wildcard inside' },
      { rule: 'key.rsa.too-small', value: '1024', message: 'an RSA key of 1024 bits is too small' },
    ];
    const error = new PolicyError(violations);
    expect(error).toBeInstanceOf(ChanceryError);
    expect(error.code).toBe('ISSUANCE_REFUSED');
    expect(error.violations).toEqual(violations);
    for (const { message } of violations) expect(error.message).toContain(message);
  });

  it("turns a schema's complaint into paths and rules", () => {
    const error = invalidArgument('issue() options', [
      { path: ['subjectAltNames', 0], message: 'expected a string' },
      { path: [], message: 'expected an object' },
    ]);
    expect(error).toBeInstanceOf(InvalidInputError);
    expect(error.code).toBe('INVALID_ARGUMENT');
    expect(error.message).toBe('Invalid issue() options: subjectAltNames.0: expected a string; expected an object');
    expect(error.issues.map(({ path }) => path)).toEqual([['subjectAltNames', 0], []]);
  });
});

describe('codes', () => {
  const all = Object.values(codes).flat();

  it('each belong to one class', () => {
    expect(all.length).toBeGreaterThan(50);
    expect(all.filter((code, i) => all.indexOf(code) !== i)).toEqual([]);
  });

  it('are written alike', () => {
    expect(all.filter((code) => !/^[A-Z]+[0-9]*(_[A-Z]+)+$|^[A-Z]+$/.test(code))).toEqual([]);
  });
});
