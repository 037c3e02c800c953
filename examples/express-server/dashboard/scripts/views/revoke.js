import { act } from '../api.js';
import { formDialog } from '../parts/dialog.js';
import { h } from '../parts/dom.js';
import { field, select } from '../parts/form.js';
import { notify } from '../parts/notice.js';
import { certificateTitle } from '../parts/text.js';

/** The reasons of RFC 5280 that end a certificate, in plain words. */
const REASONS = [
  ['unspecified', 'Not stated'],
  ['keyCompromise', 'The key has leaked'],
  ['superseded', 'Another has taken its place'],
  ['cessationOfOperation', 'The service is gone'],
  ['affiliationChanged', 'The holder’s affiliation has changed'],
  ['privilegeWithdrawn', 'The holder may no longer have it'],
];

/** Asks why, and revokes. */
export function revokeDialog(certificate, onRevoked) {
  formDialog(`Revoke ${certificateTitle(certificate)}?`, {
    action: 'Revoke it',
    danger: true,
    fields: [
      h('p', {}, 'Whoever checks the revocation list refuses it from then on. This cannot be undone.'),
      field('Reason', select('reason', REASONS, 'unspecified')),
    ],
    async send(values) {
      await act(`/certificates/${encodeURIComponent(certificate.id)}/revoke`, {
        body: { reason: values.get('reason') },
      });
      await onRevoked();
    },
  });
}

/** Asks once more, and deletes. */
export function deleteDialog(certificate) {
  formDialog(`Delete ${certificateTitle(certificate)}?`, {
    action: 'Delete it',
    danger: true,
    fields: [h('p', {}, 'It is no longer looked after here. The audit trail keeps what became of it.')],
    async send() {
      await act(`/certificates/${encodeURIComponent(certificate.id)}`, { method: 'DELETE' });
      notify('Deleted');
      window.location.hash = '#/certificates';
    },
  });
}
