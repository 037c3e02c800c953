import { BlockList, isIP } from 'node:net';
import { type ClientCertificateFormat, clientCertificateFromHeader } from '@chancery/core';
import type { Connection } from '../exchange/connection.ts';
import type { Incoming } from '../exchange/incoming.ts';
import { invalidOption, shown } from '../invalid-option.ts';

/** A header in which trusted proxies hand over the certificate that a client showed them. */
export interface ClientCertificateHeader {
  /** Such as `client-cert`. */
  readonly name: string;
  /** How the proxy writes it. */
  readonly format: ClientCertificateFormat;
}

/** Which proxies are believed. */
export interface TrustedProxiesOptions {
  /** Addresses and CIDR ranges of the proxies in front. Default: none, and forwarded headers count for nothing. */
  readonly trustedProxies?: readonly string[];
  readonly clientCertificateHeader?: ClientCertificateHeader;
}

/** Finds out who is at the other end, through proxies that are trusted and no others. */
export class TrustedProxies {
  readonly #list: BlockList | undefined;
  readonly #certificateHeader: ClientCertificateHeader | undefined;

  /** @throws {InvalidInputError} INVALID_ARGUMENT: an entry is neither an address nor a range, or the header has no name or an unknown format */
  constructor({ trustedProxies = [], clientCertificateHeader }: TrustedProxiesOptions) {
    if (trustedProxies.length > 0) {
      this.#list = new BlockList();
      for (const entry of trustedProxies) addEntry(this.#list, entry);
    }
    if (clientCertificateHeader !== undefined) checkHeader(clientCertificateHeader);
    this.#certificateHeader = clientCertificateHeader;
  }

  /** Whether a request comes by way of a trusted proxy. */
  isTrusted({ remoteAddress }: Connection): boolean {
    return this.#list !== undefined && remoteAddress !== undefined && contains(this.#list, remoteAddress);
  }

  /**
   * The client's own connection: what the peer says of it where the peer is a trusted proxy, and the peer's where not.
   *
   * `X-Forwarded-For` is read from its end, as far as proxies are trusted: what stands before was written by anybody.
   *
   * @throws {AuthenticationError} PROOF_INVALID: a proxy's header of a client certificate is malformed
   */
  clientOf(incoming: Incoming): Connection {
    const { connection } = incoming;
    if (!this.isTrusted(connection)) return connection;
    const certificate = this.#certificateOf(incoming);
    return {
      remoteAddress: this.#addressOf(incoming),
      encrypted: incoming.header('x-forwarded-proto') === 'https',
      ...(certificate && { clientCertificateDer: certificate }),
    };
  }

  #addressOf(incoming: Incoming): string | undefined {
    const hops = (incoming.header('x-forwarded-for') ?? '').split(',').map((hop) => hop.trim());
    for (const hop of hops.reverse()) {
      if (isIP(hop) === 0) break;
      if (!contains(this.#list as BlockList, hop)) return hop;
    }
    return incoming.connection.remoteAddress;
  }

  #certificateOf(incoming: Incoming): Uint8Array | undefined {
    if (this.#certificateHeader === undefined) return undefined;
    const { name, format } = this.#certificateHeader;
    const given = incoming.header(name.toLowerCase());
    return clientCertificateFromHeader(given, format)?.certificate as Uint8Array | undefined;
  }
}

/** Before it is needed: a certificate that nobody can read must not first show as a client's fault. */
function checkHeader({ name, format }: ClientCertificateHeader): void {
  if (typeof name !== 'string' || !/^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/.test(name)) {
    throw invalidOption('clientCertificateHeader must have the name of a header and a format');
  }
  clientCertificateFromHeader(undefined, format);
}

function addEntry(list: BlockList, entry: string): void {
  const [address = '', prefix, ...rest] = typeof entry === 'string' ? entry.split('/') : [];
  const family = isIP(address);
  const most = family === 4 ? 32 : 128;
  const bits = prefix === undefined ? most : Number(prefix);
  const isPrefix = prefix === undefined || /^\d{1,3}$/.test(prefix);
  if (family === 0 || rest.length > 0 || !isPrefix || bits > most) {
    throw invalidOption(`trustedProxies must be addresses and CIDR ranges, not ${shown(entry)}`);
  }
  list.addSubnet(address, bits, family === 4 ? 'ipv4' : 'ipv6');
}

function contains(list: BlockList, address: string): boolean {
  const plain = unmapped(address);
  const family = isIP(plain);
  return family !== 0 && list.check(plain, family === 4 ? 'ipv4' : 'ipv6');
}

/** A socket that takes both families tells of an IPv4 peer as `::ffff:192.0.2.1`. */
export function unmapped(address: string): string {
  return /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1] ?? address;
}
