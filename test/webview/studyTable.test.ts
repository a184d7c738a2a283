import { describe, expect, it } from 'vitest';
import type { StudyTable, StudyView } from '../../src/core/protocol.ts';
import { comparisonsModel } from '../../webview/sections/studyComparisons.ts';
import { legendOf, paperNotes, studyTableModel, type CellPlace } from '../../webview/sections/studyTableModel.ts';
import { missingSummary } from '../../webview/studyCells.ts';
import { progressText, studyProgress } from '../../webview/studyProgress.ts';
import type { Cell } from '../../webview/tables.ts';
import { incompleteStudy, largeStudy, newStudy, runningStudy } from './studies.ts';

const list = {} as HTMLElement;

function modelOf(view: StudyView, id: StudyTable['id'], options: { open?: CellPlace; ran?: string[][]; opened?: CellPlace[] } = {}) {
  const table = view.tables.find((each) => each.id === id)!;
  return studyTableModel(table, {
    view,
    open: options.open,
    runs: list,
    onRun: (keys) => options.ran?.push([...keys]),
    onOpen: (place) => options.opened?.push(place),
  });
}

function rowOf({ rows, keys }: ReturnType<typeof modelOf>, id: string): readonly Cell[] {
  return rows[keys!.indexOf(id)]!;
}

function find(row: readonly Cell[], target: string, metric: string): Cell {
  return row.find(({ data }) => data?.['target'] === target && data['metric'] === metric)!;
}

/** The columns that a row takes, counting rows of cells that reach down from above. */
function widthOf(cells: readonly Cell[]): number {
  return cells.reduce((sum, { span = 1 }) => sum + span, 0);
}

describe('the table of a study', () => {
  it.each([
    ['methods', 1 + 6 + 2],
    ['components', 1 + 2 + 6 + 2],
    ['alpha', 1 + 2 + 6],
    ['anchor', 1 + 6],
  ] as const)('gives all rows of %s the same width', (id, width) => {
    const model = modelOf(runningStudy(), id, { open: { row: id === 'methods' ? 'udi' : 'do', target: 'fusion', metric: 'accuracy' } });
    expect(model.head.map(widthOf)[0]).toBe(width);
    for (const row of model.rows) expect(widthOf(row)).toBe(width);
    expect(new Set(model.keys).size).toBe(model.rows.length);
  });

  it('writes mean, spread with several seeds only, number of seeds and interval', () => {
    const model = modelOf(runningStudy(), 'methods');
    const udi = find(rowOf(model, 'udi'), 'fusion', 'accuracy');
    expect(udi.text).toMatch(/^98\.\d\d ± 0\.\d\d \(3\)$/);
    expect(udi.title).toMatch(/^best of the column; 95 % confidence interval 9\d\.\d\d to 9\d\.\d\d \(n = 3\)$/);
    const one = find(rowOf(model, 'agm'), 'fusion', 'accuracy');
    expect(one.text).toMatch(/^75\.\d\d \(1\)$/);
    expect(one.title).toContain('one seed: no confidence interval');
  });

  it('marks best, second and ties, with words for those who do not see the marks', () => {
    const model = modelOf(runningStudy(), 'methods');
    expect(find(rowOf(model, 'udi'), 'fusion', 'f1')).toMatchObject({ class: 'score best', spoken: '(best of the column)' });
    const second = find(rowOf(model, 'mla'), 'fusion', 'accuracy');
    expect(second).toMatchObject({ class: 'score second', spoken: '(second of the column, may be the best, too)' });
    expect(second.text).toMatch(/ ≈$/);
    expect(find(rowOf(model, 'cml'), 'fusion', 'accuracy')).toMatchObject({ class: 'score' });
    expect(find(rowOf(model, 'cml'), 'fusion', 'accuracy').text).not.toContain('≈');
  });

  it('puts the score of a single branch into the first column, without a rank there', () => {
    const view = runningStudy();
    const [table] = view.tables;
    const rows = table!.rows.map((row) =>
      row.id === 'unimodal:gray' ? { ...row, cells: row.cells.map((cell) => ({ ...cell, rank: 'best' as const })) } : row,
    );
    const model = modelOf({ ...view, tables: [{ ...table!, rows }] }, 'methods');
    const [, fusion, , gray, , color] = rowOf(model, 'unimodal:gray');
    expect(fusion).toMatchObject({ class: 'score borrowed', spoken: '(score of gray)' });
    expect(gray).toMatchObject({ class: 'score best', text: fusion!.text });
    expect(color).toMatchObject({ text: '–', spoken: '(Unimodal, gray has no color)' });
    expect(legendOf(table!)).toContain('Italic:');
    expect(legendOf(view.tables[2]!)).not.toMatch(/Italic|Paper/);
  });

  it('says what is missing, and offers to run what nobody works on', () => {
    const ran: string[][] = [];
    const model = modelOf(incompleteStudy(), 'methods', { ran });
    const partial = find(rowOf(model, 'ogm'), 'fusion', 'accuracy');
    expect(partial.note).toMatchObject({
      text: '2 of 3 seeds',
      title: 'seed 2: failed: The loss is not finite in step 17 of epoch 3 of joint (classification: NaN)',
      button: { label: 'Run', spoken: 'Run 1 missing run of OGM-GE', disabled: undefined },
    });
    partial.note!.button!.press();
    expect(find(rowOf(model, 'ogm'), 'fusion', 'f1').note).not.toHaveProperty('button');
    const [, whole] = rowOf(model, 'valuation');
    expect(whole).toMatchObject({ span: 6, note: { text: expect.stringMatching(/^seed 0: failed: The loss .+ · seeds 1, 2: not started$/) } });
    whole!.note!.button!.press();
    expect(ran).toEqual([['methods:ogm:2'], ['methods:valuation:0', 'methods:valuation:1', 'methods:valuation:2']]);
  });

  it('leaves what is being trained to its trainer, and says why nothing can be started', () => {
    const running = rowOf(modelOf(runningStudy(), 'methods'), 'greedy')[1]!;
    expect(running.note?.text).toBe('seed 0: running 3/8 · seed 1: not started: needs 1.4 GB of memory, 0.9 GB are free · seed 2: not started');
    expect(running.note?.button).toMatchObject({ spoken: 'Run 2 missing runs of Greedy', disabled: expect.stringContaining('The study is running') });
    const untrusted = rowOf(modelOf(incompleteStudy({ trusted: false }), 'methods'), 'valuation')[1]!;
    expect(untrusted.note?.button?.disabled).toContain('Restricted Mode');
    const working = [{ seed: 0, key: 'k', state: 'paused' as const }];
    expect(missingSummary(working, [{ key: 'k', label: '', state: 'paused', done: 2, planned: 9 }])).toBe('seed 0: paused 2/9');
  });

  it('lists the runs of the open cell below its row', () => {
    const opened: CellPlace[] = [];
    const open: CellPlace = { row: 'udi', target: 'gray', metric: 'f1' };
    const model = modelOf(runningStudy(), 'methods', { open, opened });
    const index = model.keys!.indexOf('udi');
    expect(model.rows[index + 1]).toEqual([expect.objectContaining({ span: 9, node: list })]);
    expect(find(model.rows[index]!, 'gray', 'f1').expanded).toBe(true);
    expect(model.rows.flat().filter(({ expanded }) => expanded)).toHaveLength(1);
    find(model.rows[index]!, 'fusion', 'accuracy').action!();
    expect(opened).toEqual([{ row: 'udi', target: 'fusion', metric: 'accuracy' }]);
  });

  it('shows published numbers with their spread, the difference and numbered notes, only where there are some', () => {
    const view = runningStudy();
    const model = modelOf(view, 'methods');
    const paper = find(rowOf(model, 'udi'), 'paper', 'accuracy');
    const mean = view.tables[0]!.rows.at(-1)!.cells[0]!.mean!;
    expect(paper.text).toBe('99.12 ± 0.03 [1][2]');
    expect(paper.note?.text).toBe(`−${(99.12 - 100 * mean).toFixed(2)}`);
    expect(find(rowOf(model, 'sum'), 'paper', 'accuracy').note?.text).toMatch(/^\+\d\.\d\d$/);
    expect(find(rowOf(model, 'cml'), 'paper', 'accuracy').text).toBe('–');
    const rows = view.tables[0]!.rows.map((row) => ({
      ...row,
      cells: row.cells.map((cell) => (cell.paper ? { ...cell, paper: { ...cell.paper, value: cell.mean! + 1e-6 } } : cell)),
    }));
    const same = modelOf({ ...view, tables: [{ ...view.tables[0]!, rows }] }, 'methods');
    expect(find(rowOf(same, 'udi'), 'paper', 'accuracy').note?.text).toBe('0.00');
    expect(paperNotes(view.tables[0]!)).toHaveLength(2);
    expect(modelOf(view, 'alpha').head[0]!.map(({ text }) => text)).not.toContain('Paper');
  });

  it('draws a study without a single run, and one of 20 rows and 10 columns', () => {
    const fresh = modelOf(newStudy(), 'components');
    expect(fresh.rows.map((row) => row.find(({ note }) => note)?.note?.text)).toEqual(
      Array.from({ length: 4 }, () => 'seeds 0, 1, 2: not started'),
    );
    const large = modelOf(largeStudy(), 'grid');
    expect(large.rows.map(widthOf)).toEqual(Array.from({ length: 20 }, () => 11));
  });
});

it('lists comparisons with labels, and dashes where n is too small', () => {
  const [table] = runningStudy().tables;
  expect(comparisonsModel(table!).rows.map((row) => row.map(({ text }) => text))).toEqual([
    ['UDI − MLA', 'UDI is better than MLA (p = 0.031).', '3', '2.15', '0.44 to 3.86', '0.031', '0.25'],
    ['UDI − OGM-GE', 'n = 2: too few to tell.', '2', '29.71', '–', '–', '–'],
  ]);
});

describe('the progress of a study', () => {
  const view = runningStudy();

  it('counts runs and epochs', () => {
    expect(studyProgress(view, view.lastTime!)).toMatchObject({ planned: 72, finished: 60, failed: 2, elapsed: 4210, open: 11 });
    expect(studyProgress(view, 0).share).toBeCloseTo((60 + 3 / 8) / 72, 10);
    expect(progressText(view, view.lastTime!)).toMatch(
      /^60 of 72 runs finished · 2 failed · 1 running, up to 2 side by side · 1:10:10 since the start$/,
    );
  });

  it('shows the estimate of the host and none of its own, and says how many of the failed runs diverged', () => {
    const [first, ...others] = runningStudy().runs.filter(({ state }) => state === 'failed');
    expect(progressText(runningStudy({ secondsLeft: 90, runs: [{ ...first!, diverged: true }, ...others] }), 0)).toContain(
      `${others.length + 1} failed (1 diverged)`,
    );
    expect(progressText(runningStudy({ secondsLeft: 90 }), 0)).toContain('about 1:30 left');
    expect(progressText(runningStudy(), 0)).not.toContain('left');
  });

  it('has nothing to estimate where nothing runs or nothing has finished', () => {
    expect(studyProgress(incompleteStudy(), Date.now()).secondsLeft).toBeUndefined();
    expect(studyProgress({ ...newStudy(), state: 'running' }, Date.now())).toMatchObject({ secondsLeft: undefined, elapsed: undefined, share: 0 });
  });
});
