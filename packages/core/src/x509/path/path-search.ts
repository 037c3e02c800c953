import { equalBytes } from '../../encoding/bytes.ts';
import type { MaybePromise } from '../../ports/crypto.ts';
import { andThen, isPromise } from '../../ports/maybe-promise.ts';
import type { Certificate } from '../certificate/certificate.ts';
import type { PathBudget } from './budget.ts';
import type { IssuerChecks, PathProfile } from './certificate-checks.ts';
import type { PathRole } from './certificate-form.ts';
import type { CertificatePool } from './certificate-pool.ts';
import { type PathProblem, problem } from './problem.ts';
import { budgetExceeded, type SignatureVerifier } from './signature-verifier.ts';

/** Where paths are looked for. */
export interface SearchGround {
  readonly anchors: CertificatePool;
  readonly intermediates: CertificatePool;
  readonly checks: IssuerChecks;
  readonly verifier: SignatureVerifier;
  readonly budget: PathBudget;
  readonly profile: PathProfile;
  /** The instant, in epoch milliseconds cut to whole seconds. */
  readonly at: number;
}

/** Says whether a finished path will do: undefined, or what is wrong with it. */
export type PathJudge = (path: readonly Certificate[]) => MaybePromise<PathProblem | undefined>;

/** The outcome of a search: a path, end entity first and trust anchor last, or why there is none and how far it came. */
export type SearchResult =
  | { readonly path: readonly Certificate[] }
  | { readonly problem: PathProblem; readonly tried: readonly Certificate[] };

type Candidate = readonly [certificate: Certificate, role: Exclude<PathRole, 'end-entity'>];

/** A path that may go on: the candidates for the issuer of its last certificate, and how many have been tried. */
interface Branch {
  readonly path: readonly Certificate[];
  readonly candidates: readonly Candidate[];
  tried: number;
}

const MAX_LENGTH = 32;
const FEW = 4;

/**
 * Looks for a certification path (RFC 4158): from the end entity upwards, depth first, the likeliest issuer first, until one
 * path keeps all the rules.
 *
 * Only certificates from which some anchor can be reached by name are considered, no certificate with the name and key of
 * one that is in the path already, and none that is itself wrong or did not sign. Key identifiers only put candidates in order.
 */
export class PathSearch {
  readonly #ground: SearchGround;
  readonly #judge: PathJudge;
  /** Depth first: the last one is at work. */
  readonly #open: Branch[] = [];
  #best: { readonly rank: number; readonly problem: PathProblem; readonly tried: readonly Certificate[] } | undefined;
  #reachable: ReadonlySet<string> | undefined;

  /**
   * @param ground where to look
   * @param judge is asked about every path to an anchor
   */
  constructor(ground: SearchGround, judge: PathJudge) {
    this.#ground = ground;
    this.#judge = judge;
  }

  /**
   * Looks for a path.
   *
   * @param target the certificate to be validated
   */
  run(target: Certificate): MaybePromise<SearchResult> {
    this.#open.push(this.#branch([target]));
    return this.#advance(target);
  }

  /** Goes on while everything is known at once, as it mostly is: a wait costs as much as many a check. */
  #advance(target: Certificate): MaybePromise<SearchResult> {
    const { budget } = this.#ground;
    for (let branch = this.#open.at(-1); branch !== undefined; branch = this.#open.at(-1)) {
      const { path, candidates } = branch;
      const next = candidates[branch.tried++];
      if (next === undefined) {
        this.#open.pop();
        continue;
      }
      if (budget.exhausted !== undefined || !budget.takeStep()) break;
      const [candidate, role] = next;
      // A trust anchor may vouch for itself, but comes nowhere else twice.
      if ((role === 'intermediate' || path.length > 1) && path.some((one) => isSameEntity(one, candidate))) continue;
      const found = this.#lengthen(path, candidate, role);
      if (isPromise(found)) return found.then((result) => result ?? this.#advance(target));
      if (found !== undefined) return found;
    }
    const { exhausted } = budget;
    if (exhausted !== undefined) return { problem: budgetExceeded(exhausted), tried: [target] };
    return this.#best ?? { problem: this.#noIssuer(target), tried: [target] };
  }

  /** Puts a candidate on a path: gives the path when it is finished, opens a branch when it may become one. */
  #lengthen(
    path: readonly Certificate[],
    candidate: Certificate,
    role: Candidate[1],
  ): MaybePromise<SearchResult | undefined> {
    const longer = [...path, candidate];
    const proceed = (wrong: PathProblem | undefined): MaybePromise<SearchResult | undefined> => {
      if (wrong === undefined && role === 'anchor') return this.#finish(longer);
      if (wrong === undefined) this.#open.push(this.#branch(longer));
      else this.#note(2, wrong, longer);
      return undefined;
    };
    const wrong = this.#findStepProblem(path, candidate, role);
    if (isPromise(wrong)) return wrong.then(proceed);
    // Two signatures in one go look to a provider like two callers, who are served by its threads: a lone one takes turns.
    const isAnotherDue = wrong === undefined && role === 'intermediate' && !this.#ground.verifier.knows(candidate);
    return isAnotherDue ? Promise.resolve(wrong).then(proceed) : proceed(wrong);
  }

  #finish(path: readonly Certificate[]): MaybePromise<SearchResult | undefined> {
    return andThen(this.#judge(path), (wrong) => {
      if (wrong === undefined) return { path };
      // What was not judged for want of budget may have been a valid path: the search cannot say what is wrong.
      if (wrong.code === 'PATH_BUDGET_EXCEEDED') this.#ground.budget.exhausted ??= 'names or policies';
      this.#note(3, wrong, path);
      return undefined;
    });
  }

  #branch(path: readonly Certificate[]): Branch {
    const last = path[path.length - 1] as Certificate;
    const candidates = this.#candidates(last, path.length >= MAX_LENGTH);
    if (candidates.length === 0) this.#note(1, this.#noIssuer(last), path);
    return { path, candidates, tried: 0 };
  }

  /** Whoever bears the name of a certificate's issuer, the likeliest first. */
  #candidates(child: Certificate, isTrustAnchorDue: boolean): readonly Candidate[] {
    const { anchors, intermediates } = this.#ground;
    const issuer = child.issuer.matchKey;
    const candidates: Candidate[] = anchors.withSubject(issuer).map((certificate) => [certificate, 'anchor']);
    if (!isTrustAnchorDue && this.#isReachable(issuer)) {
      for (const certificate of intermediates.withSubject(issuer)) candidates.push([certificate, 'intermediate']);
    }
    if (candidates.length > 1) candidates.sort(([a], [b]) => likelihood(b, child) - likelihood(a, child));
    return candidates;
  }

  /** The target meets each candidate once, so that only verdicts on others are worth keeping. */
  #findStepProblem(
    path: readonly Certificate[],
    candidate: Certificate,
    role: PathRole,
  ): MaybePromise<PathProblem | undefined> {
    const { checks, verifier, budget, at, profile } = this.#ground;
    const child = path[path.length - 1] as Certificate;
    return (
      checks.findProblem(candidate, role, at, profile) ?? verifier.verify(child, candidate, budget, path.length > 1)
    );
  }

  /** A finished path that is refused says more than a certificate that was not tried further, and that more than none. */
  #note(rank: number, found: PathProblem, tried: readonly Certificate[]): void {
    if (this.#best === undefined || rank > this.#best.rank) this.#best = { rank, problem: found, tried };
  }

  /** Whether some anchor can be reached, by names alone, from a certificate with this subject. */
  #isReachable(subject: string): boolean {
    const { anchors, intermediates } = this.#ground;
    if (intermediates.withSubject(subject).length === 0) return false;
    // Among a few, looking costs less than knowing.
    if (intermediates.certificates.length <= FEW) return true;
    this.#reachable ??= reachableSubjects(anchors, intermediates);
    return this.#reachable.has(subject);
  }

  #noIssuer(certificate: Certificate): PathProblem {
    const { anchors, intermediates } = this.#ground;
    const issuer = certificate.issuer.toString();
    const cause = intermediates.unreadable[0] ?? anchors.unreadable[0];
    const hint = cause === undefined ? '' : `; a certificate that was given could not be read (${cause.message})`;
    return problem('PATH_NOT_FOUND', certificate, {
      rule: 'path-building',
      reference: 'RFC 5280 section 6.1',
      message: `No way to a trust anchor: none of the certificates that lead to one is for the issuer ${JSON.stringify(issuer)}${hint}`,
      expected: `a certificate of ${issuer}`,
      found: 'none that leads to a trust anchor',
      cause,
    });
  }
}

/** Walks down from the anchors, by names alone, in time linear in the number of certificates. */
function reachableSubjects(anchors: CertificatePool, intermediates: CertificatePool): ReadonlySet<string> {
  const reachable = new Set<string>();
  const waiting = anchors.certificates.map(({ subject }) => subject.matchKey);
  const visited = new Set(waiting);
  for (let issuer = waiting.pop(); issuer !== undefined; issuer = waiting.pop()) {
    for (const { subject } of intermediates.withIssuer(issuer)) {
      reachable.add(subject.matchKey);
      if (visited.has(subject.matchKey)) continue;
      visited.add(subject.matchKey);
      waiting.push(subject.matchKey);
    }
  }
  return reachable;
}

/** How likely a candidate is the issuer, or leads to a valid path. Only an order: none is left out for it. */
function likelihood(candidate: Certificate, child: Certificate): number {
  const wanted = child.authorityKeyIdentifier?.keyIdentifier;
  const own = candidate.subjectKeyIdentifier;
  if (wanted === undefined || own === undefined) return 1;
  return equalBytes(wanted, own) ? 2 : 0;
}

/** RFC 4158 section 2.4.2: whoever comes twice in a path, by name and key, makes it longer and no better. */
function isSameEntity(a: Certificate, b: Certificate): boolean {
  return a === b || (equalBytes(a.spki, b.spki) && a.subject.equals(b.subject));
}
