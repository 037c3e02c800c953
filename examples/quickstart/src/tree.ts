import { X509Certificate } from 'node:crypto';
import type { CertificateRecord, Intermediate } from '@chancery/core';

/** Draws root, intermediates and certificates, each with its serial number, dates and state. */
export function certificateTree(
  rootPem: string,
  intermediates: readonly Intermediate[],
  certificates: readonly CertificateRecord[],
): string[] {
  const root = new X509Certificate(rootPem);
  return align([
    row(root.subject.split('\n').reverse().join(','), root.serialNumber, root.validFrom, root.validTo, 'offline'),
    ...intermediates.flatMap((intermediate, at) => {
      const last = at === intermediates.length - 1;
      const { subject, serialNumber = '', notBefore = 0, notAfter = 0, state } = intermediate;
      const below = certificates
        .filter(({ intermediateId }) => intermediateId === intermediate.id)
        .sort((a, b) => a.issuedAt.getTime() - b.issuedAt.getTime());
      return [
        row(`${last ? '└─' : '├─'} ${subject}`, serialNumber, notBefore, notAfter, state),
        ...below.map((certificate, index) => {
          const branch = `${last ? '  ' : '│ '} ${index === below.length - 1 ? '└─' : '├─'}`;
          return row(
            `${branch} ${nameOf(certificate)}`,
            certificate.serialNumber,
            certificate.notBefore,
            certificate.notAfter,
            stateOf(certificate),
          );
        }),
      ];
    }),
  ]);
}

function nameOf({ subjectAltNames, profile }: CertificateRecord): string {
  return `${subjectAltNames.join(', ')} (${profile})`;
}

function stateOf({ status, reason }: CertificateRecord): string {
  return reason === undefined ? status : `${status}: ${reason}`;
}

/** Serial numbers have 40 digits: the first twelve tell these apart. */
function row(
  name: string,
  serialNumber: string,
  from: string | number | Date,
  to: string | number | Date,
  state: string,
): string[] {
  return [name, `${serialNumber.toLowerCase().slice(0, 12)}…`, `${day(from)} to ${day(to)}`, state];
}

function day(instant: string | number | Date): string {
  return new Date(instant).toISOString().slice(0, 10);
}

function align(rows: readonly string[][]): string[] {
  const width = (column: number) => Math.max(...rows.map((cells) => cells[column]?.length ?? 0));
  return rows.map((cells) =>
    cells
      .map((cell, column) => cell.padEnd(width(column)))
      .join('   ')
      .trimEnd(),
  );
}
