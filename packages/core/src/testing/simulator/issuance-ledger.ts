import type { ScriptedCertificate } from './scripted-issuer.ts';

/** A certificate's time, epoch milliseconds. */
export interface Life {
  readonly notBefore: number;
  readonly notAfter: number;
}

/** What a ledger is told by its simulation. */
export interface LedgerRules {
  /** Whether the issuer of a name could be reached from one instant to the other. */
  wasReachable(name: string, from: number, to: number): boolean;
  /** When a certificate may be replaced at the earliest, epoch milliseconds. */
  earliest(certificate: ScriptedCertificate): number;
  /** The time in which its issuer suggests that a certificate be replaced, if it can be reached then; undefined where it suggests nothing. */
  suggested(certificate: ScriptedCertificate): { readonly from: number; readonly to: number } | undefined;
}

/**
 * What the issuers of a simulation have issued, and what is wrong with it: a certificate that was replaced twice, too early, or later than its
 * issuer suggests, and a name that was without a valid certificate although its issuer could be reached for the last third of the life of the one before.
 */
export class IssuanceLedger {
  readonly #violations = new Set<string>();
  readonly #rules: LedgerRules;
  readonly #current = new Map<string, ScriptedCertificate>();
  #issued = 0;

  constructor(rules: LedgerRules) {
    this.#rules = rules;
  }

  /** Each in a sentence. */
  get violations(): readonly string[] {
    return [...this.#violations];
  }

  get issued(): number {
    return this.#issued;
  }

  /** How many names have a certificate. */
  get names(): number {
    return this.#current.size;
  }

  record(certificate: ScriptedCertificate): void {
    const name = certificate.names.join(' ');
    const before = this.#current.get(name);
    this.#issued += 1;
    this.#current.set(name, certificate);
    const { replaces, issuedAt } = certificate;
    if (replaces !== before?.serialNumber) {
      this.#tell(
        name,
        issuedAt,
        `was issued in place of ${replaces ?? 'none'}, but ${before?.serialNumber ?? 'none'} is in force`,
      );
    }
    if (before === undefined) return;
    if (issuedAt < this.#rules.earliest(before)) {
      this.#tell(name, issuedAt, `was renewed ${(before.notAfter - issuedAt) / 86_400_000} days before its end`);
    }
    const suggested = this.#rules.suggested(before);
    if (suggested && issuedAt > suggested.to && this.#rules.wasReachable(name, suggested.from, suggested.to)) {
      this.#tell(name, issuedAt, `was renewed ${(issuedAt - suggested.to) / 86_400_000} days later than suggested`);
    }
    if (issuedAt > before.notAfter) this.lapsed(name, before);
  }

  /** A certificate has ended without a successor. */
  lapsed(name: string, { notBefore, notAfter }: Life): void {
    const third = (notAfter - notBefore) / 3;
    if (this.#rules.wasReachable(name, notAfter - third, notAfter))
      this.#tell(name, notAfter, 'ended without a successor');
  }

  #tell(name: string, at: number, problem: string): void {
    this.#violations.add(`${name} ${problem}, at ${new Date(at).toISOString()}`);
  }
}
