import { cluster } from './support/clients.ts';
import { conformance } from './support/conformance.ts';

conformance('ioredis, cluster of three', () => cluster('ioredis'));
