import type { Dataset } from './dataset.ts';

/** What to say of classes without training samples, e.g. where a folder holds one class of a dataset; undefined if every class has some. */
export function emptyClassesNote({ classes, train: { labels } }: Pick<Dataset, 'classes' | 'train'>): string | undefined {
  const seen = new Set(labels);
  const empty = classes.filter((_, index) => !seen.has(index));
  if (empty.length === 0) return undefined;
  const shown = empty.slice(0, 10).join(', ') + (empty.length > 10 ? ', …' : '');
  return `${empty.length} of ${classes.length} classes have no training samples (${shown}); the scores say nothing about telling them apart.`;
}
