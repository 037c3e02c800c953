import { join } from 'node:path';
import { readReference } from '../docs/reference.mjs';
import { workspace } from '../lib/workspace.mjs';

/** Renders the API reference from the docstrings. */
export async function docs() {
  const { app, project, names } = await readReference();
  const folder = join(workspace, '.cache/reference');
  await app.generateDocs(project, folder);
  console.log(`${names} names: ${join(folder, 'index.html')}`);
  return 0;
}
