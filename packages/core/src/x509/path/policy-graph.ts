import { ANY_POLICY } from '../extensions/certificate-policies.ts';
import type { PolicyMapping } from '../extensions/policy-constraints.ts';

/** A policy at one depth. */
interface PolicyNode {
  /** Policies at the depth above that lead here; `undefined` when anyPolicy does. */
  readonly parents: Set<string> | undefined;
}

/** The policies at one depth: one node a policy, as RFC 9618 has it, so that their number is that of the certificates' own. */
interface PolicyLevel {
  readonly nodes: Map<string, PolicyNode>;
  hasAnyPolicy: boolean;
}

/**
 * The valid_policy_graph of RFC 9618 section 5: which policies hold along a path, from the trust anchor down.
 *
 * Every depth has one node for each policy, with edges to the policies of the depth above, where RFC 5280's tree had a node
 * for each way to reach it, and grew exponentially.
 */
export class PolicyGraph {
  readonly #finished: PolicyLevel[] = [];
  /** The expected policies of the next certificate. */
  #level: PolicyLevel = { nodes: new Map(), hasAnyPolicy: true };

  /** Whether no policy holds any more: valid_policy_graph is NULL. */
  get isEmpty(): boolean {
    return this.#level.nodes.size === 0 && !this.#level.hasAnyPolicy;
  }

  /** How many nodes the present depth has. */
  get width(): number {
    return this.#level.nodes.size;
  }

  /**
   * Narrows the graph to the policies of the next certificate (RFC 9618 section 5.2, steps d and e).
   *
   * @param policies OIDs, undefined when the certificate has no such extension
   * @param isAnyAllowed whether anyPolicy still counts
   */
  addCertificate(policies: readonly string[] | undefined, isAnyAllowed: boolean): void {
    const level = this.#level;
    if (policies === undefined) {
      this.#level = { nodes: new Map(), hasAnyPolicy: false };
      return;
    }
    const asserted = new Set(policies);
    const assertsAny = asserted.delete(ANY_POLICY) && isAnyAllowed;
    if (!assertsAny) {
      for (const policy of level.nodes.keys()) if (!asserted.has(policy)) level.nodes.delete(policy);
    }
    if (level.hasAnyPolicy) {
      for (const policy of asserted) if (!level.nodes.has(policy)) level.nodes.set(policy, { parents: undefined });
    }
    level.hasAnyPolicy &&= assertsAny;
  }

  /**
   * Goes on to the next depth (RFC 9618 section 5.3, step b).
   *
   * @param mappings of the certificate at this depth
   * @param isMappingAllowed otherwise what is mapped no longer holds
   */
  descend(mappings: readonly PolicyMapping[], isMappingAllowed: boolean): void {
    const level = this.#level;
    const next: PolicyLevel = { nodes: new Map(), hasAnyPolicy: level.hasAnyPolicy };
    const mapped = new Set(mappings.map(({ issuerDomainPolicy }) => issuerDomainPolicy));
    if (isMappingAllowed) {
      for (const policy of mapped) {
        if (level.hasAnyPolicy && !level.nodes.has(policy)) level.nodes.set(policy, { parents: undefined });
      }
      for (const { issuerDomainPolicy, subjectDomainPolicy } of mappings) {
        if (level.nodes.has(issuerDomainPolicy)) addEdge(next, subjectDomainPolicy, issuerDomainPolicy);
      }
    } else {
      for (const policy of mapped) level.nodes.delete(policy);
    }
    for (const policy of level.nodes.keys()) if (!mapped.has(policy)) addEdge(next, policy, policy);
    this.#finished.push(level);
    this.#level = next;
  }

  /**
   * Intersects the policies that hold at the end with those that the caller accepts (RFC 9618 section 5.4, step g).
   *
   * @param initialPolicySet OIDs; with anyPolicy among them, every policy is accepted
   * @returns the user-constrained policy set, in terms of the trust anchor's domain; anyPolicy when no certificate limits it
   */
  userConstrainedPolicies(initialPolicySet: readonly string[]): string[] {
    if (this.isEmpty) return [];
    const authorityConstrained = this.#rootPolicies();
    if (initialPolicySet.includes(ANY_POLICY)) {
      return this.#level.hasAnyPolicy ? [...authorityConstrained, ANY_POLICY] : [...authorityConstrained];
    }
    if (this.#level.hasAnyPolicy) return [...new Set(initialPolicySet)];
    return [...new Set(initialPolicySet)].filter((policy) => authorityConstrained.has(policy));
  }

  /** The policies that anyPolicy leads to, of those from which the end can be reached: walks the edges upwards. */
  #rootPolicies(): Set<string> {
    const roots = new Set<string>();
    let reached: Iterable<string> = this.#level.nodes.keys();
    for (const { nodes } of [this.#level, ...this.#finished.toReversed()]) {
      const above = new Set<string>();
      for (const policy of reached) {
        const parents = nodes.get(policy)?.parents;
        if (parents === undefined) roots.add(policy);
        else for (const parent of parents) above.add(parent);
      }
      reached = above;
    }
    return roots;
  }
}

function addEdge(level: PolicyLevel, policy: string, parent: string): void {
  const node = level.nodes.get(policy);
  if (node?.parents === undefined) level.nodes.set(policy, { parents: new Set([parent]) });
  else node.parents.add(parent);
}
