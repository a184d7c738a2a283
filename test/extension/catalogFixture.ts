import type { Catalog } from '../../src/core/config/catalog.ts';
import { catalog as small } from '../core/catalogFixture.ts';

/** The catalogue of the version that has written the journals of `runFixture.ts`. */
export const catalog: Catalog = { ...small, version: '0.1.0' };
