import { act } from '../api.js';
import { formDialog, secretDialog } from '../parts/dialog.js';
import { h } from '../parts/dom.js';
import { field } from '../parts/form.js';
import { notify } from '../parts/notice.js';
import { state } from '../parts/state.js';
import { count } from '../parts/text.js';
import { relativeTime } from '../parts/time.js';
import { current, may } from '../session.js';

/**
 * The panel of an account's authenticator app: to set up and look after one's own, and to take away that of somebody who has lost it.
 *
 * @param {{ isEnrolled: boolean, recoveryCodesLeft: number, changedAt?: string }} status
 */
export function secondFactorPanel(status, { accountId, path, reload }) {
  const isOwn = current()?.accountId === accountId;
  return h(
    'section',
    { class: 'panel', 'aria-label': 'Second factor' },
    h(
      'header',
      {},
      h('h2', {}, 'Second factor'),
      h('span', { class: 'choices' }, choices(status, { isOwn, path, reload })),
    ),
    h('p', {}, status.isEnrolled ? enrolled(status) : state('inactive', 'No authenticator app')),
    isOwn && !status.isEnrolled && h('p', { class: 'soft small' }, 'With one, a stolen password alone opens nothing.'),
    isOwn &&
      status.isEnrolled &&
      status.recoveryCodesLeft < 3 &&
      h('p', { class: 'small' }, 'Get new recovery codes before you run out of them.'),
  );
}

function enrolled({ recoveryCodesLeft, changedAt }) {
  const left = `, ${count(recoveryCodesLeft, 'recovery code')} left`;
  return [
    state('valid', 'Authenticator app'),
    ' ',
    h('span', { class: 'soft' }, 'changed ', relativeTime(changedAt), left),
  ];
}

function choices({ isEnrolled }, { isOwn, path, reload }) {
  const button = (id, word, onclick) => h('button', { type: 'button', class: 'plain', id, onclick }, word);
  if (!isEnrolled) return isOwn && button('set-up-totp', 'Set up an app', () => setUpDialog(path, reload));
  if (isOwn) {
    return [
      button('renew-codes', 'New recovery codes', () => renewDialog(path, reload)),
      ' ',
      button('remove-totp', 'Remove', () => removeOwnDialog(path, reload)),
    ];
  }
  return may('accounts.write') && button('remove-totp', 'Remove', () => removeDialog(path, reload));
}

const password = () =>
  field(
    'Your password',
    h('input', { name: 'current', type: 'password', autocomplete: 'current-password', required: true }),
    'This page may have been left open by somebody else',
  );

function setUpDialog(path, reload) {
  formDialog('Set up an authenticator app', {
    action: 'Go on',
    fields: [password()],
    async send(values) {
      confirmDialog(path, await act(`${path}/totp`, { body: { current: values.get('current') } }), reload);
    },
  });
}

function confirmDialog(path, { uri, secret }, reload) {
  const code = h('input', {
    name: 'code',
    required: true,
    inputmode: 'numeric',
    autocomplete: 'one-time-code',
    pattern: '[0-9]{6}',
    maxlength: 6,
  });
  formDialog('Add it to your app', {
    action: 'Turn it on',
    fields: [
      h(
        'p',
        {},
        'Give this address to the app, or type the key into it. Nothing changes before a code of it was right.',
      ),
      shown('Address', uri),
      shown('Key', secret.match(/.{1,4}/g).join(' ')),
      field('Code', code, 'The six digits that the app shows'),
    ],
    async send(values) {
      const { recoveryCodes } = await act(`${path}/totp/confirmation`, { body: { code: values.get('code') } });
      notify('From now on your logins need a code of the app');
      showCodes(recoveryCodes);
      await reload();
    },
  });
}

/** A text to copy, under its name. */
function shown(name, text) {
  return h('div', {}, h('p', { class: 'small soft' }, name), h('p', { class: 'secret' }, text));
}

function renewDialog(path, reload) {
  formDialog('New recovery codes', {
    action: 'Replace them',
    fields: [h('p', {}, 'The former ones are worth nothing then.'), password()],
    async send(values) {
      const body = { current: values.get('current') };
      showCodes((await act(`${path}/totp/recovery-codes`, { body })).recoveryCodes);
      await reload();
    },
  });
}

function showCodes(codes) {
  secretDialog('Your recovery codes', {
    explanation:
      'Each opens your account once, should you lose the app. They are not shown again: print them, or keep them where your passwords are.',
    secret: codes.join('\n'),
  });
}

function removeOwnDialog(path, reload) {
  formDialog('Log in without an app?', {
    action: 'Remove it',
    danger: true,
    fields: [h('p', {}, 'Your password alone opens your account then.'), password()],
    async send(values) {
      await act(`${path}/totp/removal`, { body: { current: values.get('current') } });
      notify('Your logins need no code any more');
      await reload();
    },
  });
}

function removeDialog(path, reload) {
  formDialog('Take the authenticator app away?', {
    action: 'Take it away',
    danger: true,
    fields: [
      h(
        'p',
        {},
        'For somebody who has lost it, and whom you know to be themselves: the password alone opens the account then.',
      ),
    ],
    async send() {
      await act(`${path}/totp`, { method: 'DELETE' });
      notify('The account has no authenticator app any more');
      await reload();
    },
  });
}
