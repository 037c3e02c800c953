import { h } from './dom.js';

const LASTS_MS = 6_000;
/** What can be taken back stays longer. */
const OFFERED_MS = 20_000;

/**
 * Tells of something that was done, where screen readers hear it too.
 *
 * @param {string} text
 * @param {{ word: string, act: () => unknown }} [offer] what can be done about it
 */
export function notify(text, offer) {
  const take = () => {
    notice.remove();
    return offer.act();
  };
  const notice = h(
    'p',
    { class: 'notice' },
    text,
    offer && [' ', h('button', { type: 'button', class: 'plain', onclick: take }, offer.word)],
  );
  document.querySelector('.notices').append(notice);
  setTimeout(() => notice.remove(), offer ? OFFERED_MS : LASTS_MS);
}
