import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import * as codes from '../../src/errors/codes.ts';

const workspace = new URL('../../../../', import.meta.url);
const page = (name: string) => readFileSync(new URL(`docs/${name}`, workspace), 'utf8');

const FAMILIES = {
  InvalidInputError: codes.INVALID_INPUT_CODES,
  NotFoundError: codes.NOT_FOUND_CODES,
  ConflictError: codes.CONFLICT_CODES,
  PolicyError: codes.POLICY_CODES,
  AuthenticationError: codes.AUTHENTICATION_CODES,
  PermissionError: codes.PERMISSION_CODES,
  RateLimitError: codes.RATE_LIMIT_CODES,
  AcmeError: codes.ACME_CODES,
  PathValidationError: codes.PATH_CODES,
  SealError: codes.SEAL_CODES,
  StorageError: codes.STORAGE_CODES,
  'ChanceryError itself': codes.GENERAL_CODES,
};

/** The sources of the published packages but for the list of codes, each file's text. */
function sources(): string[] {
  const packages = new URL('packages/', workspace);
  return readdirSync(packages)
    .map((name) => new URL(`${name}/src/`, packages))
    .filter((folder) => existsSync(folder))
    .flatMap((folder) =>
      readdirSync(folder, { recursive: true, encoding: 'utf8' })
        .filter((file) => file.endsWith('.ts') && !/errors[/\\]codes\.ts$/.test(file))
        .map((file) => readFileSync(fileURLToPath(new URL(file.replaceAll('\\', '/'), folder)), 'utf8')),
    );
}

/** What the first column of a section's tables names. */
function tableOf(markdown: string, heading: string): string[] {
  const section = markdown.split(/^## /m).find((text) => text.startsWith(`${heading}\n`)) ?? '';
  const cells = [...section.matchAll(/^\| (`.*?`) \|/gm)].map((match) => match[1] ?? '');
  return cells.flatMap((cell) => [...cell.matchAll(/`([^`]+)`/g)].map((match) => match[1] ?? ''));
}

describe('docs/errors.md', () => {
  const errors = page('errors.md');

  it.each(Object.entries(FAMILIES))('lists the codes of %s, and no other', (family, expected) => {
    expect(tableOf(errors, family)).toEqual([...expected]);
  });

  it('leaves no family out', () => {
    expect(Object.values(FAMILIES).flat().sort()).toEqual(Object.values(codes).flat().sort());
  });
});

describe('codes', () => {
  it('are all thrown somewhere', () => {
    const texts = sources();
    const thrown = (code: string) => texts.some((text) => new RegExp(`\\(\\s*'${code}'`).test(text));
    expect(
      Object.values(codes)
        .flat()
        .filter((code) => !thrown(code)),
    ).toEqual([]);
  });
});

describe('docs/authority.md', () => {
  it('explains every rule of the gate, and no other', () => {
    const rule = /'((?:ca|csr|issuer|key|name|name-constraints|policy|validity)(?:\.[a-z0-9-]+)+)'/g;
    const rules = sources().flatMap((text) => [...text.matchAll(rule)].map((match) => match[1]));
    expect(new Set(rules).size).toBeGreaterThan(40);
    expect(tableOf(page('authority.md'), 'The gate').sort()).toEqual([...new Set(rules)].sort());
  });
});
