import type { Goal } from './harness/goal.ts';

/** The goals in the order in which they run, each loaded only in the process that runs it. */
const GOALS = {
  issue: async () => (await import('./issue.ts')).issueGoal,
  csr: async () => (await import('./csr.ts')).csrGoal,
  concurrency: async () => (await import('./concurrency.ts')).concurrencyGoal,
  authority: async () => (await import('./authority.ts')).authorityGoal,
  storage: async () => (await import('./storage.ts')).storageGoal,
  scaling: async () => (await import('./scaling.ts')).scalingGoal,
  parse: async () => (await import('./parse.ts')).parseGoal,
  path: async () => (await import('./path.ts')).pathGoal,
  crl: async () => (await import('./crl.ts')).crlGoal,
  'crl-service': async () => (await import('./crl-service.ts')).crlServiceGoal,
  ocsp: async () => (await import('./ocsp.ts')).ocspGoal,
  events: async () => (await import('./events.ts')).eventsGoal,
  accounts: async () => (await import('./accounts.ts')).accountsGoal,
  tokens: async () => (await import('./tokens.ts')).tokensGoal,
  vault: async () => (await import('./vault.ts')).vaultGoal,
  'vault-store': async () => (await import('./vault-store.ts')).vaultStoreGoal,
  tls: async () => (await import('./tls.ts')).tlsGoal,
  http: async () => (await import('./http.ts')).httpGoal,
  indistinguishable: async () => (await import('./indistinguishable.ts')).indistinguishableGoal,
  renewal: async () => (await import('./renewal.ts')).renewalGoal,
  startup: async () => (await import('./startup.ts')).startupGoal,
} satisfies Record<string, () => Promise<Goal>>;

/** A goal by its script's name. */
export type GoalName = keyof typeof GOALS;

/** Tests of statistics, which chance fails now and then: they run when they are named. */
export const ON_REQUEST: ReadonlySet<GoalName> = new Set(['indistinguishable']);

/** Every goal, in the order of a full run. */
export const GOAL_NAMES = Object.keys(GOALS) as GoalName[];

/** Loads one goal's script. */
export function loadGoal(name: GoalName): Promise<Goal> {
  return GOALS[name]();
}
