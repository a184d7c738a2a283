import type { Catalog } from '../config/catalog.ts';
import { paperScore, protocolDifferences } from './paper.ts';
import type { PaperScore } from './paperTables.ts';
import type { StudyTableId } from './studyPlan.ts';
import type { RowRuns, StudyCell, StudyRow } from './studyResults.ts';

/** What is known of methods and datasets: their defaults. */
type PaperCatalog = Pick<Catalog, 'methods' | 'datasets'>;

/** What the paper prints for a row, and in what the row's runs differ from the paper's protocol. */
interface Published {
  readonly label: string;
  readonly score: PaperScore;
  readonly differences: readonly string[];
}

/**
 * The rows with the published scores at the cells of their own target. A row whose runs differ from the paper's protocol
 * gets none, and the note says in what; until a run of the row has started, its dataset is not known and nothing is said.
 */
export function addPaper(table: StudyTableId, rows: readonly StudyRow[], planned: readonly RowRuns[], catalog: PaperCatalog): { rows: StudyRow[]; paperNote?: string } {
  const published = planned.map((each) => publishedFor(table, each, catalog));
  const paperNote = noteOf(published.filter((each) => each !== undefined));
  return {
    rows: rows.map((row, index) => {
      const found = published[index];
      if (!found || found.differences.length > 0) return row;
      return { ...row, cells: row.cells.map((cell) => (cell.target === row.target ? withPaper(cell, found.score) : cell)) };
    }),
    ...(paperNote === undefined ? {} : { paperNote }),
  };
}

function publishedFor(table: StudyTableId, { row, seeds }: RowRuns, catalog: PaperCatalog): Published | undefined {
  const runs = seeds.flatMap(({ found, config }) => (found?.run.started ? [{ started: found.run.started, config }] : []));
  const dataset = runs[0]?.started.dataset.name;
  const score = dataset === undefined ? undefined : paperScore(dataset, table, row.id);
  if (!score) return undefined;
  return { label: row.label, score, differences: [...new Set(runs.flatMap(({ started, config }) => protocolDifferences(started, config, table, catalog)))] };
}

function withPaper(cell: StudyCell, score: PaperScore): StudyCell {
  const { [cell.metric]: [value, sd] = [] } = published(score);
  if (value === undefined) return cell;
  return { ...cell, paper: { value: value / 100, ...(sd === undefined ? {} : { sd: sd / 100 }), notes: score.notes } };
}

/** The published scores by the metrics that they are, with their spreads. */
function published(score: PaperScore): Readonly<Record<string, readonly [number | undefined, number | undefined]>> {
  return { accuracy: [score.accuracy, score.accuracySd], f1: [score.f1, score.f1Sd] };
}

/** One sentence for rows that differ in the same; they are named where others do not. */
function noteOf(published: readonly Published[]): string | undefined {
  const labels = new Map<string, string[]>();
  for (const { label, differences } of published) {
    const text = differences.join(' ');
    if (text !== '') labels.set(text, [...labels.get(text) ?? [], label]);
  }
  const notes = [...labels].map(([text, rows]) =>
    `Not compared with the paper${rows.length < published.length ? ` (${rows.join(', ')})` : ''}: ${text}`);
  return notes.length > 0 ? notes.join(' ') : undefined;
}
