import { printable } from '../../core/printable.ts';
import { layoutOf, type Style } from '../../core/study/studyExport.ts';
import type { StudyTable } from '../../core/study/studyResults.ts';
import { columns } from './summary.ts';

/** Bold and underlined as people write them where there is no other way. */
const plain: Style = {
  text: (text) => text,
  best: (score) => `**${score}**`,
  second: (score) => `__${score}__`,
  difference: (signed) => signed,
  mark: (numbers) => ` [${numbers}]`,
  plusMinus: '±',
  tied: ' ≈',
};

/** A table of results for a terminal, with its notes and how its rows compare. */
export function studyTableText(table: StudyTable): string {
  const { names, groups, rows, notes } = layoutOf(table, plain);
  const scores = groups.flatMap(({ name, metrics }) => metrics.map((metric) => `${name} ${metric}`));
  const labels = new Map(table.rows.map(({ id, label }) => [id, label]));
  const comparisons = table.comparisons.map(({ left, right, verdict }) => `${labels.get(left) ?? left} against ${labels.get(right) ?? right}: ${verdict}`);
  if (table.comparisonNote !== undefined && comparisons.length > 0) comparisons.push(table.comparisonNote);
  const remarks = [...notes.map(({ mark, text }) => `${mark === undefined ? '' : `[${mark}] `}${text}`), ...comparisons];
  return printable(`${table.title}\n\n${columns([[...names, ...scores], ...rows])}\n\n${remarks.join('\n')}\n`);
}
