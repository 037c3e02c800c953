import { build } from '../../tooling/tsup.base.ts';

export default build({ index: 'src/index.ts' });
