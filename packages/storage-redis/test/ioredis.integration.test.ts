import { single } from './support/clients.ts';
import { conformance } from './support/conformance.ts';

conformance('ioredis, single server', () => single('ioredis'));
