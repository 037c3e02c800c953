import type { CertificateSource, ServedCertificate } from '@chancery/core/ports';

/** A certificate and its key, which every name of the bench shares. */
export interface SharedPem {
  readonly certificatePem: string;
  readonly keyPem: string;
}

/** The nth name. */
export function servedName(at: number): string {
  return `host-${at}.bench.example`;
}

/** Serves so many names, each by a certificate of its own as far as a resolver can tell: making ten thousand is no part of the race. */
export function servedNames(count: number, { certificatePem, keyPem }: SharedPem): CertificateSource {
  const numbers = new Map(Array.from({ length: count }, (_, at) => [servedName(at), at]));
  const notAfter = new Date(8_640_000_000_000_000);
  const served = (name: string): ServedCertificate | undefined =>
    numbers.has(name)
      ? { certificateId: name, generation: 1, names: [name], chainPem: certificatePem, privateKeyPem: keyPem, notAfter }
      : undefined;
  return {
    served: async (name) => served(name),
    versions: async (names) => names.map((name) => (numbers.has(name) ? 'first' : undefined)),
    on: () => () => undefined,
  };
}
