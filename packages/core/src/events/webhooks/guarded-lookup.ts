import { lookup } from 'node:dns/promises';
import type { LookupFunction } from 'node:net';
import { isIP } from 'node:net';
import { InvalidInputError } from '../../errors/families.ts';
import type { AddressBlock } from './address-blocks.ts';
import { refusedAddress } from './address-guard.ts';

/** Finds the addresses of a host name. */
export type ResolveHost = (hostname: string) => Promise<readonly string[]>;

/** Asks as every other program on the host would. */
export const systemResolve: ResolveHost = async (hostname) =>
  (await lookup(hostname, { all: true })).map(({ address }) => address);

/**
 * Judges the addresses of a name at the moment of connecting, and gives the connection those very addresses: a name that leads elsewhere
 * the next time it is asked for changes nothing. One address that is refused refuses the name.
 *
 * @param resolve - where names are looked up
 * @param allowed - blocks that are allowed though they are not reachable from anywhere; `undefined`: everything is
 * @returns a function for the `lookup` option of `net.connect` and `tls.connect`
 */
export function guardedLookup(resolve: ResolveHost, allowed: readonly AddressBlock[] | undefined): LookupFunction {
  return (hostname, options, callback) => {
    const wanted = options.family === 4 || options.family === 6 ? options.family : undefined;
    judgedAddresses(hostname, resolve, allowed).then(
      (addresses) => {
        const found = addresses
          .map((address) => ({ address, family: isIP(address) }))
          .filter(({ family }) => wanted === undefined || family === wanted);
        const [first] = found;
        if (first === undefined) callback(notFound(), '', 0);
        else if (options.all) callback(null, found);
        else callback(null, first.address, first.family);
      },
      (error: NodeJS.ErrnoException) => callback(error, '', 0),
    );
  };
}

/**
 * Refuses a host that is itself an address which may not be connected to: such a one is never looked up.
 *
 * @param hostname - of a `URL`, which has normalized odd spellings such as `0x7f.1`
 * @throws {InvalidInputError} WEBHOOK_ADDRESS_REFUSED
 */
export function checkAddressLiteral(hostname: string, allowed: readonly AddressBlock[] | undefined): void {
  const address = hostname.replace(/^\[|\]$/g, '');
  if (isIP(address) !== 0) checkAddress(address, hostname, allowed);
}

async function judgedAddresses(
  hostname: string,
  resolve: ResolveHost,
  allowed: readonly AddressBlock[] | undefined,
): Promise<readonly string[]> {
  const addresses = await resolve(hostname);
  for (const address of addresses) checkAddress(address, hostname, allowed);
  return addresses;
}

function checkAddress(address: string, hostname: string, allowed: readonly AddressBlock[] | undefined): void {
  const kind = allowed === undefined ? undefined : refusedAddress(address, allowed);
  if (kind === undefined) return;
  // The kind alone: who may set a webhook's URL need not learn what a name is inside this network.
  throw new InvalidInputError('WEBHOOK_ADDRESS_REFUSED', `Webhooks are not sent to ${hostname}: it is ${kind}`, {
    facts: { host: hostname, kind },
  });
}

function notFound(): NodeJS.ErrnoException {
  return Object.assign(new Error('no address'), { code: 'ENOTFOUND' });
}
