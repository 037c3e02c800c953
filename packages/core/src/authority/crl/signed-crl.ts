import { encodePem } from '../../encoding/pem.ts';

/** A CRL as it is served. */
export interface SignedCrl {
  readonly der: Uint8Array;
  readonly pem: string;
  /** The CRL number (RFC 5280 section 5.2.3). */
  readonly number: number;
  /** Of a delta CRL: the number of the complete CRL that it starts from (RFC 5280 section 5.2.4). */
  readonly baseNumber?: number;
  readonly thisUpdate: Date;
  readonly nextUpdate: Date;
}

/** What is known of a CRL beside its DER; instants in epoch milliseconds. */
export interface CrlFacts {
  readonly number: number;
  readonly baseNumber?: number;
  readonly thisUpdate: number;
  readonly nextUpdate: number;
}

/** Describes a CRL. Its PEM, a third larger than the DER, which is what most callers serve, is written when it is asked for. */
export function describeCrl(der: Uint8Array, { number, baseNumber, thisUpdate, nextUpdate }: CrlFacts): SignedCrl {
  let pem: string | undefined;
  return {
    der,
    get pem() {
      pem ??= encodePem('X509 CRL', der);
      return pem;
    },
    number,
    ...(baseNumber === undefined ? {} : { baseNumber }),
    thisUpdate: new Date(thisUpdate),
    nextUpdate: new Date(nextUpdate),
  };
}

/** A CRL for a caller, with bytes of its own that are copied when they are asked for: the next CRL is built from ours. */
export function handedOut(crl: SignedCrl): SignedCrl {
  let der: Uint8Array | undefined;
  return Object.defineProperties({} as SignedCrl, {
    ...Object.getOwnPropertyDescriptors(crl),
    der: {
      enumerable: true,
      get() {
        der ??= crl.der.slice();
        return der;
      },
    },
  });
}
