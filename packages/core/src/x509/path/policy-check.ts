import type { Certificate } from '../certificate/certificate.ts';
import { ANY_POLICY } from '../extensions/certificate-policies.ts';
import type { PathBudget } from './budget.ts';
import { isSelfIssued } from './certificate-form.ts';
import { PolicyGraph } from './policy-graph.ts';
import { type PathProblem, problem } from './problem.ts';
import { budgetExceeded } from './signature-verifier.ts';

/** The inputs of policy processing (RFC 5280 section 6.1.1 (c) to (g)). */
export interface PolicyOptions {
  /** OIDs of the policies that the caller accepts; default anyPolicy. */
  readonly initialPolicySet: readonly string[];
  /** Whether the path must be valid under one of them; default false. */
  readonly explicit?: boolean;
  /** Whether mappings are ignored, and what they map no longer holds; default false. */
  readonly inhibitMapping?: boolean;
  /** Whether anyPolicy counts for nothing; default false. */
  readonly inhibitAny?: boolean;
}

/** Every policy, and none required. */
export const ANY_POLICIES: PolicyOptions = { initialPolicySet: [ANY_POLICY] };

/** Processes the policies along one path (RFC 5280 section 6.1 as updated by RFC 9618). */
export class PolicyCheck {
  readonly #descending: readonly Certificate[];
  readonly #options: PolicyOptions;
  readonly #budget: PathBudget;
  readonly #graph = new PolicyGraph();
  /** How many more certificates may come before an explicit policy is needed, and so on. */
  #explicitPolicy: number;
  #policyMapping: number;
  #inhibitAnyPolicy: number;

  /**
   * @param descending trust anchor first
   * @param options the caller's inputs
   * @param budget pays for the graph
   */
  constructor(descending: readonly Certificate[], options: PolicyOptions, budget: PathBudget) {
    const n = descending.length - 1;
    this.#descending = descending;
    this.#options = options;
    this.#budget = budget;
    this.#explicitPolicy = options.explicit ? 0 : n + 1;
    this.#policyMapping = options.inhibitMapping ? 0 : n + 1;
    this.#inhibitAnyPolicy = options.inhibitAny ? 0 : n + 1;
  }

  /** Runs it. */
  run(): PathProblem | { readonly userConstrained: readonly string[] } {
    const [anchor, ...certificates] = this.#descending as [Certificate, ...Certificate[]];
    this.#constrain(anchor);
    const last = certificates.length - 1;
    for (const [index, certificate] of certificates.entries()) {
      const stated = (certificate.policies?.length ?? 0) + (certificate.policyMappings?.length ?? 0);
      if (!this.#budget.takePolicyNodes(stated)) return budgetExceeded('policies');
      const selfIssued = isSelfIssued(certificate);
      const isAnyAllowed = this.#inhibitAnyPolicy > 0 || (index < last && selfIssued);
      this.#graph.addCertificate(
        certificate.policies?.map(({ policyIdentifier }) => policyIdentifier),
        isAnyAllowed,
      );
      if (this.#graph.isEmpty && this.#explicitPolicy === 0) return this.#refuse(certificate);
      if (index < last) {
        this.#graph.descend(certificate.policyMappings ?? [], this.#policyMapping > 0);
        if (!this.#budget.takePolicyNodes(this.#graph.width)) return budgetExceeded('policies');
        if (!selfIssued) this.#count();
        this.#constrain(certificate);
      }
    }
    return this.#wrapUp(certificates[last] as Certificate);
  }

  /** RFC 5280 section 6.1.5 (a), (b) and (g). */
  #wrapUp(endEntity: Certificate): PathProblem | { readonly userConstrained: readonly string[] } {
    if (this.#explicitPolicy > 0) this.#explicitPolicy--;
    if (endEntity.policyConstraints?.requireExplicitPolicy === 0) this.#explicitPolicy = 0;
    const userConstrained = this.#graph.userConstrainedPolicies(this.#options.initialPolicySet);
    return this.#explicitPolicy === 0 && userConstrained.length === 0 ? this.#refuse(endEntity) : { userConstrained };
  }

  /** RFC 5280 section 6.1.4 (h). */
  #count(): void {
    if (this.#explicitPolicy > 0) this.#explicitPolicy--;
    if (this.#policyMapping > 0) this.#policyMapping--;
    if (this.#inhibitAnyPolicy > 0) this.#inhibitAnyPolicy--;
  }

  /** RFC 5280 section 6.1.4 (i) and (j). */
  #constrain({ policyConstraints, inhibitAnyPolicy }: Certificate): void {
    const { requireExplicitPolicy, inhibitPolicyMapping } = policyConstraints ?? {};
    this.#explicitPolicy = Math.min(this.#explicitPolicy, requireExplicitPolicy ?? this.#explicitPolicy);
    this.#policyMapping = Math.min(this.#policyMapping, inhibitPolicyMapping ?? this.#policyMapping);
    this.#inhibitAnyPolicy = Math.min(this.#inhibitAnyPolicy, inhibitAnyPolicy ?? this.#inhibitAnyPolicy);
  }

  #refuse(certificate: Certificate): PathProblem {
    const held = certificate.policies?.map(({ policyIdentifier }) => policyIdentifier) ?? [];
    return problem('PATH_POLICY', certificate, {
      rule: 'explicit-policy',
      reference: 'RFC 9618 section 5.4',
      message: 'An explicit policy is required, and the path is valid under none that is accepted',
      expected: this.#options.initialPolicySet.join(', '),
      found: held.slice(0, 8).join(', ') || 'no policy',
    });
  }
}
