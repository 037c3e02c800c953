/** What a ClientHello (RFC 8446 section 4.1.2) says of where it is meant to go. */
export interface ClientHello {
  /** The host name of server_name (RFC 6066 section 3), as it was sent. */
  readonly serverName: string | undefined;
  /** The protocols of ALPN (RFC 7301), in the client's order. */
  readonly protocols: readonly string[];
}

const SERVER_NAME = 0;
const ALPN = 16;
const HOST_NAME = 0;
const CLIENT_HELLO = 1;
const HEADER = 4;

/**
 * Reads a ClientHello.
 *
 * @param message the whole handshake message, its header included
 * @returns undefined for anything else, and for one whose lengths do not add up
 */
export function readClientHello(message: Uint8Array): ClientHello | undefined {
  try {
    return read(new Bytes(message));
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

function read(bytes: Bytes): ClientHello | undefined {
  if (bytes.number(1) !== CLIENT_HELLO) return undefined;
  const hello = bytes.vector(HEADER - 1);
  hello.skip(2 + 32);
  hello.vector(1);
  hello.vector(2);
  hello.vector(1);
  let serverName: string | undefined;
  let protocols: string[] = [];
  if (hello.isDone) return { serverName, protocols };
  const extensions = hello.vector(2);
  while (!extensions.isDone) {
    const type = extensions.number(2);
    const body = extensions.vector(2);
    if (type === SERVER_NAME) serverName = readServerName(body);
    if (type === ALPN) protocols = readProtocols(body);
  }
  return { serverName, protocols };
}

function readServerName(body: Bytes): string | undefined {
  const list = body.vector(2);
  while (!list.isDone) {
    const type = list.number(1);
    const name = list.vector(2);
    if (type === HOST_NAME) return name.text();
  }
  return undefined;
}

function readProtocols(body: Bytes): string[] {
  const protocols: string[] = [];
  const list = body.vector(2);
  while (!list.isDone) protocols.push(list.vector(1).text());
  return protocols;
}

/** Reads on and on. A RangeError: there is less than there should be. */
class Bytes {
  readonly #bytes: Uint8Array;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  get isDone(): boolean {
    return this.#at === this.#bytes.length;
  }

  /** A big-endian number of so many octets. */
  number(octets: number): number {
    return this.#take(octets).reduce((value, octet) => value * 256 + octet, 0);
  }

  /** What follows a length of so many octets. */
  vector(lengthOctets: number): Bytes {
    return new Bytes(this.#take(this.number(lengthOctets)));
  }

  skip(octets: number): void {
    this.#take(octets);
  }

  /** All of it, an octet a character. */
  text(): string {
    return String.fromCharCode(...this.#bytes);
  }

  #take(octets: number): Uint8Array {
    if (this.#bytes.length - this.#at < octets) throw new RangeError('The message is too short');
    this.#at += octets;
    return this.#bytes.subarray(this.#at - octets, this.#at);
  }
}
