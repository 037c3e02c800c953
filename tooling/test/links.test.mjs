import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { followLinks } from '../docs/links.mjs';

const GUIDE = [
  '# The guide',
  '## `open()` & close: *both* of [them](other.md)',
  '## Twice',
  '## Twice',
  '## Straße, 鍵',
  '## snake_case',
  '```md',
  '## In a block',
  '```',
  '<a id="set-by-hand"></a>',
];

/** A link as it stands in a page, and what is wrong with it. */
const LINKS = [
  ['[a](docs/guide.md)'],
  ['[a](docs/guide.md#the-guide)'],
  ['[a](docs/guide.md#open--close-both-of-them)'],
  ['[a](docs/guide.md#twice) [b](docs/guide.md#twice-1)'],
  ['[a](docs/guide.md#stra%C3%9Fe-%E9%8D%B5)'],
  ['[a](docs/guide.md#snake_case)'],
  ['[a](docs/guide.md#set-by-hand)'],
  ['[a](#a-page)'],
  ['[a](docs)'],
  ['[a](docs/with%20blank.md "and a title")'],
  ['[a](<docs/with blank.md>)'],
  ['![a](docs/picture.svg)'],
  ['[a](https://example.com/nowhere.md) <mailto:a@example.com>'],
  ['`[a](nowhere.md)` and ``[b](`nowhere.md)``'],
  ['[a](nowhere.md)', 'nowhere.md: there is no such file'],
  ['[a](<no where.md>)', 'no where.md: there is no such file'],
  ['![a](docs/nothing.svg)', 'docs/nothing.svg: there is no such file'],
  ['[![a](docs/picture.svg)](nowhere.md)', 'nowhere.md: there is no such file'],
  ['[a]: nowhere.md', 'nowhere.md: there is no such file'],
  ['<img src="nowhere.png">', 'nowhere.png: there is no such file'],
  ['<a href="docs/guide.md#nothing">a</a>', 'docs/guide.md#nothing: the page has no such heading'],
  ['[a](docs/guide.md#The-Guide)', 'docs/guide.md#The-Guide: the page has no such heading'],
  ['[a](docs/guide.md#twice-2)', 'docs/guide.md#twice-2: the page has no such heading'],
  ['[a](docs/guide.md#in-a-block)', 'docs/guide.md#in-a-block: the page has no such heading'],
  ['[a](#nothing)', '#nothing: the page has no such heading'],
  ['[a](docs#the-guide)', 'docs#the-guide: only pages in Markdown have anchors'],
  ['[a](docs/picture.svg#top)', 'docs/picture.svg#top: only pages in Markdown have anchors'],
  ['[a](/docs/guide.md)', '/docs/guide.md: must be relative: a code host serves it from elsewhere'],
  ['[a](../README.md)', '../README.md: leaves the checkout'],
  ['[a](docs/%E0.md)', 'docs/%E0.md: is not percent-encoded as it should be'],
];

describe('links', () => {
  let root;
  const write = (name, text) => {
    mkdirSync(dirname(join(root, name)), { recursive: true });
    writeFileSync(join(root, name), text);
  };
  beforeAll(() => {
    root = join(mkdtempSync(join(tmpdir(), 'chancery-links-')), 'checkout');
    write('docs/guide.md', GUIDE.join('\n'));
    write('docs/other.md', '');
    write('docs/with blank.md', '');
    write('docs/picture.svg', '');
    write('../README.md', '');
  });
  afterAll(() => rmSync(dirname(root), { recursive: true, force: true }));

  it.each(LINKS)('%s', (link, ...reasons) => {
    write('README.md', `# A page\n\n${link}\n`);
    const found = followLinks(root, ['README.md']).broken;
    expect(found).toEqual(reasons.map((reason) => `README.md:3: ${reason}`));
  });

  it('counts what it followed, and leaves code blocks alone', () => {
    const fenced = ['~~~~', '[a](nowhere.md)', '~~~', '[b](nowhere.md)', '~~~~', '[c](docs/guide.md) [d](nowhere.md)'];
    write('README.md', fenced.join('\n'));
    expect(followLinks(root, ['README.md', 'docs/guide.md'])).toEqual({
      links: 3,
      broken: ['README.md:6: nowhere.md: there is no such file'],
    });
  });

  it('resolves links from the folder of their page', () => {
    write('docs/deep/page.md', '[a](../guide.md#twice) [b](../../docs/other.md) [c](guide.md)');
    expect(followLinks(root, ['docs/deep/page.md']).broken).toEqual([
      'docs/deep/page.md:1: guide.md: there is no such file',
    ]);
  });
});
