export { FaultInjector, type FaultInjectorOptions, faultInjector } from './fault-injector.ts';
export type { FaultKind, FaultRule, FaultyMethod, InjectedFault } from './fault-plan.ts';
export { SeededRandom } from './random.ts';
export { type BackendRequest, type StorageConformanceOptions, storageConformance } from './storage/conformance.ts';
export { VirtualClock } from './virtual-clock.ts';
