import { describe, expect, it } from 'vitest';
import { emptyRun } from '../../src/core/run/run.ts';
import { exportStudyTable } from '../../src/core/study/studyExport.ts';
import type { StudyCell, StudyRuns, StudyTable } from '../../src/core/study/studyResults.ts';
import { studyTables } from '../../src/core/study/studyTables.ts';
import { catalog } from './studyFixture.ts';
import { finishedWith, fusedRuns, keyOf, planWith, startedOn } from './studyRuns.ts';

const nasty = 'a|b <img onerror=alert(1)> & x_y, "50%"';
const other = { started: startedOn({ name: 'digits', modalities: ['gray'] }) };

/** A table with a single branch, a row that is complete, one that is not, and one that has nothing. */
const table = tableOf(planWith('methods', [
  { id: 'unimodal:gray', label: 'Unimodal (gray)', settings: ['–'], target: 'gray', seeds: [0, 1] },
  { id: 'sum', label: nasty, settings: ['✓'], seeds: [0, 1] },
  { id: 'ogm', label: 'OGM', settings: ['–'], seeds: [0, 1] },
  { id: 'mla', label: 'MLA', settings: ['–'], seeds: [0, 1] },
], ['α_con']), new Map([
  [keyOf('unimodal:gray', 0), finishedWith('u0', { gray: 0.9 }, other)],
  [keyOf('unimodal:gray', 1), finishedWith('u1', { gray: 0.92 }, other)],
  [keyOf('sum', 0), finishedWith('s0', { fusion: 0.8, gray: 0.7 }, other)],
  [keyOf('sum', 1), finishedWith('s1', { fusion: 0.84, gray: 0.71 }, other)],
  [keyOf('ogm', 0), finishedWith('o0', { fusion: 0.81, gray: 0.6 }, other)],
  [keyOf('ogm', 1), { id: 'o1', state: 'failed' as const, run: { ...emptyRun, ended: { state: 'failed' as const, error: { message: 'Not finite in <step> 3.' } } } }],
]));

function tableOf(plan: ReturnType<typeof planWith>, runs: StudyRuns): StudyTable {
  return studyTables(plan, runs, catalog)[0]!;
}

/** The table of two rows with the headline cells of the second one changed. */
function withCell(change: Partial<StudyCell>): StudyTable {
  const two = tableOf(planWith('grid', ['a', 'b'].map((id) => ({ id, seeds: [0, 1] }))), fusedRuns({ a: [0.9, 0.9], b: [0.8, 0.8] }));
  const rows = two.rows.map((row) => (row.id === 'b' ? { ...row, cells: row.cells.map((cell) => ({ ...cell, ...change })) } : row));
  return { ...two, rows };
}

function lineWith(text: string, start: string): string {
  return text.split('\n').find((line) => line.startsWith(start))!;
}

describe('a table of a study as CSV', () => {
  it('has the raw value of every seed in a line, and the state of those without', () => {
    const [head, ...lines] = exportStudyTable(table, 'csv').split('\n');
    expect(head).toBe('table,row,label,α_con,target,metric,seed,run,state,value,selectedOn');
    expect(lines).toHaveLength(2 * 2 + 3 * 8 + 1);
    expect(lines.slice(0, 2)).toEqual([
      'methods,unimodal:gray,Unimodal (gray),–,gray,accuracy,0,u0,finished,0.9,validation',
      'methods,unimodal:gray,Unimodal (gray),–,gray,accuracy,1,u1,finished,0.92,validation',
    ]);
    expect(lines).toContain('methods,sum,"a|b <img onerror=alert(1)> & x_y, ""50%""",✓,gray,f1,0,s0,finished,0.69,validation');
    expect(lines).toContain('methods,ogm,OGM,–,fusion,accuracy,1,o1,failed,,validation');
    expect(lines).toContain('methods,mla,MLA,–,gray,f1,0,,missing,,validation');
    expect(lines.at(-1)).toBe('');
  });
});

describe('a table of a study as Markdown', () => {
  it('has the layout of the table, with notes on what its marks mean and on what is missing', () => {
    expect(exportStudyTable(table, 'markdown')).toBe([
      '| Method | α\\_con | fusion ACC | fusion F1 | gray ACC | gray F1 |',
      '| --- | --- | ---: | ---: | ---: | ---: |',
      '| Unimodal (gray) | – | 91.00 ± 1.41 (2) | 90.00 ± 1.41 (2) | **91.00 ± 1.41** (2) | **90.00 ± 1.41** (2) |',
      '| a\\|b \\<img onerror=alert(1)\\> \\& x\\_y, "50%" | ✓ | 82.00 ± 2.83 (2) | 81.00 ± 2.83 (2) '
        + '| <ins>70.50 ± 0.71</ins> (2) | <ins>69.50 ± 0.71</ins> (2) |',
      '| OGM<sup>1</sup> | – | 81.00 (1) | 80.00 (1) | 60.00 (1) | 59.00 (1) |',
      '| MLA<sup>2</sup> | – | – | – | – | – |',
      '',
      '- Test scores in percent: mean ± sample standard deviation over seeds (number of seeds); bold: best of the column, underlined: second, among the rows with two seeds or more.',
      '- Rows of a single branch have its score below fusion too; it is ranked in its own column only.',
      '- 5 of 8 runs finished; 1 failed, 2 missing.',
      '- Epochs selected on validation.',
      '- <sup>1</sup> Missing: seed 1 (failed: Not finite in \\<step\\> 3).',
      '- <sup>2</sup> Missing: seeds 0, 1 (not started).',
      '',
    ].join('\n'));
  });

  it('marks what may be tied, and explains the mark only then', () => {
    const legend = '≈: may be the best of the column, too';
    const text = exportStudyTable(withCell({ tied: true }), 'markdown');
    expect(lineWith(text, '| b')).toContain('<ins>80.00 ± 0.00</ins> (2) ≈ |');
    expect(text).toContain(legend);
    expect(exportStudyTable(withCell({}), 'markdown')).not.toContain(legend);
  });

  it('has the published score with its spread, the signed difference and its notes, each once', () => {
    const text = exportStudyTable(tableOf(planWith('components', [{ id: 'sum' }, { id: 'udi' }]), fusedRuns({ sum: [0.65], udi: [0.98] })), 'markdown');
    expect(lineWith(text, '| Setting')).toMatch(/\| Paper ACC \| Paper F1 \|$/);
    expect(lineWith(text, '| sum')).toMatch(/\| 64\.07 \(\+0\.93\) \| 63\.68 \(\+0\.32\) \|$/);
    expect(lineWith(text, '| udi')).toMatch(/\| 99\.12 \(−1\.12\)<sup>2<\/sup> \| 99\.11 \(−2\.11\)<sup>2<\/sup> \|$/);
    expect(text.match(/Below the anchor alone/g)).toHaveLength(1);
    expect(text).toContain('- Paper: the published score (ours minus the published one).\n');
    const spread = exportStudyTable(withCell({ paper: { value: 0.80001, sd: 0.001, notes: [] } }), 'markdown');
    expect(lineWith(spread, '| b')).toContain('| 80.00 ± 0.10 (0.00) |');
  });

  it('says on which split epochs were selected, and why there are no published scores', () => {
    expect(exportStudyTable({ ...table, selectedOn: 'test' }, 'markdown')).toContain('- Epochs selected on test (imported).\n');
    expect(exportStudyTable({ ...table, selectedOn: 'mixed' }, 'markdown')).toContain('- Epochs of some runs selected on test (imported).\n');
    const text = exportStudyTable({ ...table, paperNote: 'Not compared with the paper: Fusion mean instead of sum.' }, 'markdown');
    expect(text).toContain('- Not compared with the paper: Fusion mean instead of sum.\n');
    expect(text).not.toContain('Paper ACC');
  });
});

describe('a table of another program', () => {
  it('is written in its own metric, with the direction in which it counts', () => {
    const mae = { id: 'mae', label: 'MAE', unit: 's', better: 'lower', format: 'number', digits: 3 } as const;
    const run = (id: string, value: number) => ({
      id, state: 'finished' as const, run: { ...emptyRun, started: { ...startedOn({ name: 'times' }), metrics: [mae] }, test: { fusion: { mae: value } }, ended: { state: 'finished' as const } },
    });
    const text = exportStudyTable(tableOf(planWith('grid', ['a', 'b'].map((id) => ({ id, seeds: [0, 1] }))), new Map([
      [keyOf('a', 0), run('a0', 0.5)], [keyOf('a', 1), run('a1', 0.6)], [keyOf('b', 0), run('b0', 0.3)], [keyOf('b', 1), run('b1', 0.2)],
    ])), 'markdown');
    expect(lineWith(text, '| Setting')).toBe('| Setting | fusion MAE (s) |');
    expect(lineWith(text, '| a')).toMatch(/^\| a \| <ins>0\.550 ± 0\.071<\/ins> \(2\)/);
    expect(lineWith(text, '| b')).toBe('| b | **0.250 ± 0.071** (2) |');
    expect(text).toContain('- Test scores: mean ± sample');
    expect(text).toContain('- Lower is better: MAE.');
  });
});

describe('a table of a study as LaTeX', () => {
  it('is a booktabs table with its notes below, every special character escaped', () => {
    expect(exportStudyTable(table, 'latex')).toBe([
      '% needs \\usepackage{booktabs,threeparttable,amssymb}',
      '\\begin{threeparttable}',
      '\\begin{tabular}{llcccc}',
      '\\toprule',
      ' &  & \\multicolumn{2}{c}{fusion} & \\multicolumn{2}{c}{gray} \\\\',
      '\\cmidrule(lr){3-4} \\cmidrule(lr){5-6}',
      'Method & $\\alpha$\\_con & ACC & F1 & ACC & F1 \\\\',
      '\\midrule',
      'Unimodal (gray) & – & 91.00 $\\pm$ 1.41 (2) & 90.00 $\\pm$ 1.41 (2) & \\textbf{91.00 $\\pm$ 1.41} (2) & \\textbf{90.00 $\\pm$ 1.41} (2) \\\\',
      'a\\textbar{}b \\textless{}img onerror=alert(1)\\textgreater{} \\& x\\_y, "50\\%" & $\\checkmark$ & 82.00 $\\pm$ 2.83 (2) '
        + '& 81.00 $\\pm$ 2.83 (2) & \\underline{70.50 $\\pm$ 0.71} (2) & \\underline{69.50 $\\pm$ 0.71} (2) \\\\',
      'OGM\\tnote{1} & – & 81.00 (1) & 80.00 (1) & 60.00 (1) & 59.00 (1) \\\\',
      'MLA\\tnote{2} & – & – & – & – & – \\\\',
      '\\bottomrule',
      '\\end{tabular}',
      '\\begin{tablenotes}[flushleft]\\footnotesize',
      '\\item Test scores in percent: mean $\\pm$ sample standard deviation over seeds (number of seeds); bold: best of the column, underlined: second, among the rows with two seeds or more.',
      '\\item Rows of a single branch have its score below fusion too; it is ranked in its own column only.',
      '\\item 5 of 8 runs finished; 1 failed, 2 missing.',
      '\\item Epochs selected on validation.',
      '\\item[1] Missing: seed 1 (failed: Not finite in \\textless{}step\\textgreater{} 3).',
      '\\item[2] Missing: seeds 0, 1 (not started).',
      '\\end{tablenotes}',
      '\\end{threeparttable}',
      '',
    ].join('\n'));
  });

  it('has differences and ties in mathematics, and asks for no more packages than it uses', () => {
    const text = exportStudyTable(withCell({ tied: true, paper: { value: 0.8111, notes: ['Odd.'] } }), 'latex');
    expect(lineWith(text, 'b ')).toContain('\\underline{80.00 $\\pm$ 0.00} (2) $\\approx$ & ');
    expect(lineWith(text, 'b ')).toContain('81.11 ($-1.11$)\\tnote{1}');
    expect(text).toContain('\\item $\\approx$: may be the best of the column, too, with 95 \\% confidence');
    expect(text).toContain('\\multicolumn{2}{c}{Paper}');
    expect(text.split('\n')[0]).toBe('% needs \\usepackage{booktabs,threeparttable}');
  });
});
