export { FaultInjector, type FaultInjectorOptions, faultInjector } from './fault-injector.ts';
export type { FaultKind, FaultRule, FaultyMethod, InjectedFault } from './fault-plan.ts';
export { SeededRandom } from './random.ts';
export type { RenewalSimulation, RenewalSimulationOptions } from './simulator/renewal-simulation.ts';
export {
  type ScriptedAnswer,
  type ScriptedCertificate,
  ScriptedIssuer,
  type ScriptedIssuerOptions,
} from './simulator/scripted-issuer.ts';
export { simulateRenewals } from './simulator/simulate-renewals.ts';
export { type BackendRequest, type StorageConformanceOptions, storageConformance } from './storage/conformance.ts';
export { VirtualClock } from './virtual-clock.ts';
