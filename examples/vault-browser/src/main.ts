import { nodeCrypto } from '@chancery/core';
import { formatKey, sealRecord } from '@chancery/core/vault';
import { pageServer } from './server.ts';

const crypto = nodeCrypto();
const key = crypto.randomBytes(32);
const place = { namespace: 'app', owner: 'ada', record: 'default', version: 1, keyMode: 'user' } as const;
const letter = new TextEncoder().encode('Dear Ada,\n\nonly you can read this.\n');
const sealed = await sealRecord(crypto, { key, place, contentType: 'text/plain' }, letter);

const server = await pageServer((record) => (record === place.record ? sealed : undefined));
server.listen(8080, '127.0.0.1', () => {
  console.log(`http://127.0.0.1:8080/  owner: ${place.owner}  key: ${formatKey(key)}`);
});
