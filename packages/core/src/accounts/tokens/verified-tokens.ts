import type { AccessTokenClaims } from './access-token-claims.ts';
import type { VerificationKey } from './verification-key.ts';

/** What the header of an access token says of its signature. */
export interface TokenHeader {
  readonly kid: string;
  readonly alg: unknown;
}

interface Kept {
  readonly header: TokenHeader;
  readonly claims: AccessTokenClaims;
  readonly key: VerificationKey;
}

/** One that is remembered, and how many there were before it came to its place in the row. */
interface Placed extends Kept {
  readonly token: string;
  readonly placed: number;
}

const KEPT = 4_096;
/** Whoever is used again goes to the end of the row once so many have come after it. */
const OVERTAKEN_BY = KEPT / 4;
/** The end of a signature tells tokens apart; to find one by all of its letters takes longer than to compare them with those of another. */
const TAIL = 24;

/**
 * Tokens whose signature one key has verified: a client sends its token with every request, and the same letters verify by the same
 * key. Nothing else is remembered; whether the key is still published, and what the claims say at this instant, is for whoever asks to judge.
 */
export class VerifiedTokens {
  readonly #tokens = new Map<string, Placed>();
  #count = 0;

  /** How many are remembered. */
  get size(): number {
    return this.#tokens.size;
  }

  /** The header of a token that has verified; undefined of every other. */
  headerOf(token: unknown): TokenHeader | undefined {
    return typeof token === 'string' ? this.#find(token)?.header : undefined;
  }

  /** What a token holds, if this very key has verified it, and it has not run out since. */
  claimsOf(token: string, key: VerificationKey, now: number): AccessTokenClaims | undefined {
    const kept = this.#find(token);
    if (kept === undefined) return undefined;
    if (kept.key !== key || hasRunOut(kept, now)) {
      this.#tokens.delete(tailOf(token));
      return undefined;
    }
    if (this.#count - kept.placed >= OVERTAKEN_BY) this.#place(token, kept);
    return kept.claims;
  }

  /** Remembers a token that a key has just verified. */
  add(token: string, kept: Kept, now: number): void {
    if (hasRunOut(kept, now)) return;
    this.#dropIdle(now);
    this.#place(token, kept);
  }

  #find(token: string): Placed | undefined {
    const placed = this.#tokens.get(tailOf(token));
    return placed?.token === token ? placed : undefined;
  }

  /** The last in the row is the last to be dropped. */
  #place(token: string, { header, claims, key }: Kept): void {
    const tail = tailOf(token);
    this.#count += 1;
    this.#tokens.delete(tail);
    this.#tokens.set(tail, { token, header, claims, key, placed: this.#count });
  }

  /** Those that were not asked for the longest go: where they have run out two at a time, so that none stays for long. */
  #dropIdle(now: number): void {
    let looked = 0;
    for (const [tail, kept] of this.#tokens) {
      if (this.#tokens.size < KEPT && !hasRunOut(kept, now)) return;
      this.#tokens.delete(tail);
      looked += 1;
      if (looked === 2) return;
    }
  }
}

function tailOf(token: string): string {
  return token.slice(-TAIL);
}

/** By the letter of `exp`: what clocks that differ are granted beyond it is verified anew. */
function hasRunOut({ claims }: Kept, now: number): boolean {
  return claims.exp * 1_000 <= now;
}
