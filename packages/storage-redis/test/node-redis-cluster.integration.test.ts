import { cluster } from './support/clients.ts';
import { conformance } from './support/conformance.ts';

conformance('node-redis, cluster of three', () => cluster('node-redis'));
