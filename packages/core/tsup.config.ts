import { build } from '../../tooling/tsup.base.ts';

export default build({
  index: 'src/index.ts',
  'ports/index': 'src/ports/index.ts',
  'testing/index': 'src/testing/index.ts',
  'vault/index': 'src/vault/index.ts',
});
