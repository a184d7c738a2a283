import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { catalogSchema, type Catalog } from '../core/config/catalog.ts';

/** What methods, datasets and settings exist, as the build wrote it into `dist/catalog.json`. */
export function readCatalog(extensionPath: string): Catalog {
  return catalogSchema.parse(JSON.parse(readFileSync(join(extensionPath, 'dist', 'catalog.json'), 'utf8')));
}
