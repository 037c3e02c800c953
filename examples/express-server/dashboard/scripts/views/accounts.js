import { create, get } from '../api.js';
import { formDialog } from '../parts/dialog.js';
import { h } from '../parts/dom.js';
import { check, field } from '../parts/form.js';
import { notify } from '../parts/notice.js';
import { Pages } from '../parts/pager.js';
import { state } from '../parts/state.js';
import { empty, table } from '../parts/table.js';
import { instantCell } from '../parts/time.js';
import { may } from '../session.js';

const SIZE = 25;

/** The accounts, newest first. */
export function accounts({ reload }) {
  const pages = new Pages();
  const opener = h(
    'button',
    { type: 'button', class: 'primary', id: 'create-account', onclick: () => createDialog(reload) },
    'Create an account',
  );
  return {
    title: 'Accounts',
    actions: () => (may('accounts.write') ? [opener] : []),
    concerns: ({ event }) => event.type.startsWith('account.'),
    load: (signal) =>
      get('/accounts', { orderBy: 'createdAt', direction: 'descending', limit: SIZE, cursor: pages.cursor }, signal),
    draw: (page) => [
      h(
        'section',
        { class: 'panel', 'aria-label': 'Accounts' },
        page.items.length === 0 ? empty('There are no accounts on this page.') : list(page.items),
        pages.controls(page, { size: SIZE, reload }),
      ),
    ],
  };
}

function list(items) {
  return table({
    caption: 'Accounts, newest first',
    rows: items,
    columns: [
      { heading: 'Login', header: true, cell: loginCell },
      { heading: 'State', cell: accountState },
      { heading: 'Roles', room: 'from-medium', cell: ({ roles }) => roleTags(roles) },
      { heading: 'Created', room: 'from-wide', cell: ({ createdAt }) => instantCell(createdAt) },
    ],
  });
}

function loginCell({ id, login, displayName }) {
  return [h('a', { href: `#/accounts/${id}` }, login), displayName && h('span', { class: 'under' }, displayName)];
}

/** How an account stands. */
export function accountState({ disabled }) {
  return disabled ? state('disabled') : state('valid', 'Enabled');
}

/** The roles of an account. */
export function roleTags(roles) {
  if (roles.length === 0) return h('span', { class: 'soft' }, 'none');
  return roles.map((role) => [h('span', { class: 'tag' }, role), ' ']);
}

function createDialog(reload) {
  const key = crypto.randomUUID();
  formDialog('Create an account', {
    action: 'Create',
    fields: [
      field(
        'Login',
        h('input', { name: 'login', required: true, autocomplete: 'off', autocapitalize: 'none', spellcheck: 'false' }),
        'Compared without regard to case',
      ),
      field('Name', h('input', { name: 'displayName', autocomplete: 'off' })),
      field(
        'Password',
        h('input', { name: 'password', type: 'password', autocomplete: 'new-password' }),
        'May be left out: then nobody can log in yet',
      ),
      check('May do everything (role “admin”)', 'admin'),
    ],
    async send(values) {
      const account = await create(
        '/accounts',
        {
          login: values.get('login'),
          ...(values.get('displayName') && { displayName: values.get('displayName') }),
          ...(values.get('password') && { password: values.get('password') }),
          roles: values.get('admin') === 'on' ? ['admin'] : [],
        },
        key,
      );
      notify(`Created ${account.login}`);
      await reload();
    },
  });
}
