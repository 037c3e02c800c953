import { InvalidInputError } from '../errors/families.ts';
import { quote } from '../errors/quote.ts';
import { requireObject } from '../errors/require-object.ts';
import type { Issuer } from '../ports/issuer.ts';

const NAME = /^[a-z][a-z0-9-]{0,39}$/;

/** An issuer, and the name by which certificates remember it. */
export interface NamedIssuer {
  readonly name: string;
  readonly issuer: Issuer;
}

/** The issuers of one manager, by name. */
export class Issuers {
  readonly #issuers: ReadonlyMap<string, Issuer>;
  readonly #defaultName: string | undefined;

  /**
   * @param issuers by name
   * @param defaultName whom to ask by default; left out: the only one there is
   * @throws {InvalidInputError} INVALID_ARGUMENT: a malformed name, something that is no issuer, or a default that is not among them
   */
  constructor(issuers: Readonly<Record<string, Issuer>>, defaultName: string | undefined) {
    requireObject(issuers, 'issuers');
    this.#issuers = new Map(Object.entries(issuers));
    for (const [name, issuer] of this.#issuers) {
      if (!NAME.test(name)) throw invalid(`issuers: the name ${quote(name)} must match ${NAME.source}`);
      if (typeof issuer?.requestCertificate !== 'function') {
        throw invalid(`issuers.${name} must be an issuer: it has no method requestCertificate`);
      }
    }
    if (defaultName !== undefined && !this.#issuers.has(defaultName)) {
      throw invalid(`defaultIssuer ${quote(String(defaultName))} is none of ${this.#known()}`);
    }
    const [only, ...others] = this.#issuers.keys();
    this.#defaultName = defaultName ?? (others.length === 0 ? only : undefined);
  }

  /** The names, in the order given. */
  names(): readonly string[] {
    return [...this.#issuers.keys()];
  }

  /**
   * Finds an issuer.
   *
   * @param name left out: the default one
   * @throws {InvalidInputError} ISSUER_UNKNOWN: there is none of that name, or none was named and there is no default
   */
  named(name: string | undefined): NamedIssuer {
    const sought = name ?? this.#defaultName;
    const issuer = sought === undefined ? undefined : this.#issuers.get(sought);
    if (sought !== undefined && issuer !== undefined) return { name: sought, issuer };
    const problem =
      sought === undefined ? 'No issuer was named, and there is no default' : `There is no issuer ${quote(sought)}`;
    throw new InvalidInputError('ISSUER_UNKNOWN', `${problem}; the issuers are ${this.#known()}`, {
      facts: { issuer: sought?.slice(0, 64) ?? null },
    });
  }

  /** Whether an issuer gives windows in which to renew (RFC 9773). One that is not known does not. */
  givesWindows(name: string | undefined): boolean {
    return name !== undefined && this.#issuers.get(name)?.renewalInfo !== undefined;
  }

  #known(): string {
    return this.#issuers.size === 0 ? 'none' : this.names().join(', ');
  }
}

function invalid(message: string): InvalidInputError {
  return new InvalidInputError('INVALID_ARGUMENT', message);
}
