import { single } from './support/clients.ts';
import { conformance } from './support/conformance.ts';

conformance('node-redis, single server', () => single('node-redis'));
