import { mkdir, readdir, readFile, rename, rm, symlink } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { syncFolder, writeDurably } from './replace-file.ts';

/** The files of one generation: chain and key belong together. */
export interface GenerationFiles {
  /** Tells this generation from every other. Letters, digits, `.`, `_` and `-`. */
  readonly label: string;
  readonly chainPem: string;
  readonly privateKeyPem: string;
}

/**
 * A folder under a fixed name whose files change all at once: `<root>/<name>` is a symbolic link to the folder of one generation. A proxy that is
 * reloaded after the change finds chain and key of one generation; one that reads across it is reloaded right after.
 */
export class GenerationFolder {
  readonly #root: string;
  readonly #name: string;

  constructor(root: string, name: string) {
    this.#root = root;
    this.#name = name;
  }

  /** The label of what is there; undefined before the first. */
  async label(): Promise<string | undefined> {
    try {
      return await readFile(join(this.#root, this.#name, 'generation'), 'utf8');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
      throw error;
    }
  }

  /** Puts a generation in the place of the one that is there. The former one stays until the next, for whoever is reading it. */
  async replace({ label, chainPem, privateKeyPem }: GenerationFiles): Promise<void> {
    const folder = `.${this.#name}@${label}`;
    const path = join(this.#root, folder);
    // A crash may have left half of it.
    await rm(path, { recursive: true, force: true });
    await mkdir(path, { mode: 0o700 });
    await writeDurably(join(path, 'chain.pem'), chainPem, 0o644);
    await writeDurably(join(path, 'key.pem'), privateKeyPem, 0o600);
    await writeDurably(join(path, 'generation'), label, 0o644);
    await syncFolder(path);
    const former = await this.label();
    const link = join(this.#root, `.${this.#name}.link`);
    await rm(link, { force: true });
    await symlink(folder, link);
    await rename(link, join(this.#root, this.#name));
    await syncFolder(this.#root);
    await this.#removeBut([folder, `.${this.#name}@${former}`]);
  }

  async #removeBut(kept: readonly string[]): Promise<void> {
    const own = (await readdir(this.#root)).filter((name) => basename(name).startsWith(`.${this.#name}@`));
    for (const name of own.filter((each) => !kept.includes(each))) {
      await rm(join(this.#root, name), { recursive: true, force: true });
    }
  }
}
