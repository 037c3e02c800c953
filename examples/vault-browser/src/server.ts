import { readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { bundlePage } from './bundle.ts';

const html = readFileSync(new URL('index.html', import.meta.url));

/**
 * Serves the page, and sealed records to it. This side has no keys.
 *
 * @param sealed the sealed record of an id, if there is one
 * @returns the server, which does not listen yet
 */
export async function pageServer(sealed: (record: string) => Uint8Array | undefined): Promise<Server> {
  const script = await bundlePage();
  return createServer(({ url = '/' }, response) => {
    const { pathname } = new URL(url, 'http://localhost');
    if (pathname === '/') return response.setHeader('content-type', 'text/html; charset=utf-8').end(html);
    if (pathname === '/page.js') return response.setHeader('content-type', 'text/javascript').end(script);
    const [, folder, record = ''] = pathname.split('/');
    const found = folder === 'sealed' ? sealed(decodeURIComponent(record)) : undefined;
    if (found === undefined) return response.writeHead(404).end();
    return response.setHeader('content-type', 'application/octet-stream').end(found);
  });
}
