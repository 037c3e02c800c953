import { follow } from './live.js';
import { h } from './parts/dom.js';
import { startClock } from './parts/time.js';
import { location, ROOMS } from './routes.js';
import { current, logOut, may, resume } from './session.js';
import { Stage } from './stage.js';
import { entrance } from './views/entrance.js';

/** How often the page looks again where it is not told of changes. */
const POLL_MS = 15_000;

const main = document.querySelector('#main');
const rooms = document.querySelector('.rooms');
const sessionBox = document.querySelector('.session');
const stage = new Stage(main, { onSignedOut: showEntrance });
let following;

document.querySelector('.skip').addEventListener('click', (event) => {
  event.preventDefault();
  main.focus();
});
window.addEventListener('hashchange', () => {
  // `#main` and the like lead within the page.
  if (current() !== undefined && /^#?(\/|$)/.test(window.location.hash)) void showView();
});

startClock();
try {
  await ((await resume()) ? enter() : showEntrance());
} catch (error) {
  showEntrance(error);
}

async function enter() {
  document.body.dataset.session = 'open';
  sessionBox.replaceChildren(
    h(
      'a',
      { class: 'who', href: `#/accounts/${current().accountId}`, 'aria-label': `Your account, ${current().login}` },
      h('span', { class: 'login', title: current().login }, current().login),
      h('span', { class: 'short' }, 'You'),
    ),
    h('span', { class: 'live soft' }),
    h('button', { type: 'button', class: 'plain', onclick: leave }, 'Log out'),
  );
  following = new AbortController();
  keepFresh(following.signal);
  await showView();
}

async function leave() {
  await logOut();
  showEntrance();
}

function showEntrance(error) {
  following?.abort();
  stage.clear();
  document.body.dataset.session = 'closed';
  rooms.replaceChildren();
  sessionBox.replaceChildren();
  entrance(main, { error, onOpen: enter });
}

function showView() {
  const { path, query } = location();
  const open = ROOMS.filter(({ permission }) => permission === undefined || may(permission));
  // Whoever may not see everything begins with what is their own.
  const shown = path === '/' && open[0].path !== '/' ? open[0].path : path;
  const room = open.findLast((one) => shown === one.path || (one.path !== '/' && shown.startsWith(`${one.path}/`)));
  rooms.replaceChildren(
    h(
      'ul',
      {},
      open.map((one) =>
        h('li', {}, h('a', { href: `#${one.path}`, 'aria-current': one === room && 'page' }, one.name)),
      ),
    ),
  );
  return stage.show(shown, query);
}

/** Reloads what is shown as events come in, or from time to time for whoever may not see events. */
function keepFresh(signal) {
  const live = sessionBox.querySelector('.live');
  if (!may('events.read')) {
    live.textContent = 'Updated every 15 s';
    const timer = setInterval(() => stage.reload(), POLL_MS);
    signal.addEventListener('abort', () => clearInterval(timer));
    return;
  }
  const onState = (state) => {
    live.textContent = state === 'live' ? 'Live' : 'Connecting again …';
    live.dataset.state = state;
    // What was missed while it was away.
    if (state === 'live') void stage.reload();
  };
  void follow({ signal, onState, onEvent: (entry) => stage.tell(entry) });
}
