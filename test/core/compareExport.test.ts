import { describe, expect, it } from 'vitest';
import { classificationMetrics } from '../../src/core/run/metrics.ts';
import { exportTable, type ComparedTable } from '../../src/core/run/exportTable.ts';

const nasty = 'a|b, "c" <img onerror=alert(1)> 50% & x_y \\ {z} #1 $2 ~ ^';
const table: ComparedTable = {
  titles: [nasty, 'plain'],
  changed: [{ key: 'method.alpha_0', values: ['dynamic', ''] }],
  scores: [
    { target: 'gray', metric: classificationMetrics[0]!, values: [0.91234, 0.9], best: [0] },
    { target: 'fusion', metric: classificationMetrics[1]!, values: [null, 1], best: [] },
  ],
  selectedOn: [undefined, 'validation'],
};

describe('exportTable', () => {
  it('writes CSV with raw numbers that reads back equal', () => {
    const text = exportTable(table, 'csv');
    expect(readCsv(text)).toEqual([
      ['Run', 'method.alpha_0', 'gray ACC', 'fusion F1', 'selectedOn'],
      [nasty, 'dynamic', '0.91234', '', ''],
      ['plain', '', '0.9', '1', 'validation'],
    ]);
  });

  it('keeps line ends and outer blanks inside a CSV cell', () => {
    const text = exportTable({ titles: [' two\nlines '], changed: [], scores: [], selectedOn: [] }, 'csv');
    expect(text).toBe('Run,selectedOn\n" two\nlines ",\n');
  });

  it('writes Markdown in which no name is markup', () => {
    expect(exportTable(table, 'markdown')).toBe([
      '| Run | method.alpha\\_0 | gray ACC (%) | fusion F1 (%) |',
      '| --- | --- | ---: | ---: |',
      '| a\\|b, "c" \\<img onerror=alert(1)\\> 50% \\& x\\_y \\\\ \\{z\\} \\#1 \\$2 \\~ ^ | dynamic | **91.23** |  |',
      '| plain |  | 90.00 | 100.00 |',
      '',
      'Epochs selected on validation.',
      '',
    ].join('\n'));
  });

  it('writes a LaTeX booktabs table in which every special character is escaped', () => {
    expect(exportTable(table, 'latex')).toBe([
      '% needs \\usepackage{booktabs}',
      '\\begin{tabular}{llrr}',
      '\\toprule',
      'Run & method.alpha\\_0 & gray ACC (\\%) & fusion F1 (\\%) \\\\',
      '\\midrule',
      'a\\textbar{}b, "c" \\textless{}img onerror=alert(1)\\textgreater{} 50\\% \\& x\\_y \\textbackslash{} \\{z\\} \\#1 \\$2 '
        + '\\textasciitilde{} \\textasciicircum{} & dynamic & \\textbf{91.23} &  \\\\',
      'plain &  & 90.00 & 100.00 \\\\',
      '\\bottomrule',
      '\\end{tabular}',
      '\\par\\smallskip{\\footnotesize Epochs selected on validation.}',
      '',
    ].join('\n'));
  });

  it.each(['markdown', 'latex'] as const)('says in %s when the epochs of a run were selected on test', (format) => {
    expect(exportTable({ ...table, selectedOn: ['test', 'validation'] }, format)).toContain('Epochs of some runs selected on test (imported).');
    expect(exportTable({ ...table, selectedOn: ['test', undefined] }, format)).toContain('Epochs selected on test (imported).');
  });

  it('writes other metrics in their own unit and digits, and says which are better the lower they are', () => {
    const mae = { id: 'mae', label: 'MAE', unit: 's', better: 'lower', format: 'number', digits: 3 } as const;
    const foreign: ComparedTable = { titles: ['a', 'b'], changed: [], scores: [{ target: 'fusion', metric: mae, values: [0.4136, NaN], best: [0] }], selectedOn: [] };
    expect(exportTable(foreign, 'markdown')).toBe([
      '| Run | fusion MAE (s) |', '| --- | ---: |', '| a | **0.414** |', '| b | diverged |', '', 'Epochs selected on validation. Lower is better: MAE.', '',
    ].join('\n'));
    expect(exportTable(foreign, 'csv')).toBe('Run,fusion MAE,selectedOn\na,0.4136,\nb,NaN,\n');
  });

  it('does not let a name at the beginning of a LaTeX row become an argument', () => {
    const text = exportTable({ titles: ['[3cm] x', '* y'], changed: [], scores: [], selectedOn: [] }, 'latex');
    expect(text).toContain('\\midrule\n{[}3cm] x \\\\\n{*} y \\\\\n');
  });

  it('keeps a name with a line end in one row', () => {
    const broken = { titles: ['two\nlines'], changed: [], scores: [], selectedOn: [] };
    expect(exportTable(broken, 'markdown').split('\n')[2]).toBe('| two lines |');
    expect(exportTable(broken, 'latex')).toContain('two lines \\\\');
  });
});

/** A reader of RFC 4180, so that the writer is not checked against itself. */
function readCsv(text: string): string[][] {
  return text.trimEnd().split('\n').map((line) =>
    [...line.matchAll(/(?:^|,)(?:"((?:[^"]|"")*)"|([^,]*))/g)].map(([, quoted, bare]) => quoted?.replaceAll('""', '"') ?? bare ?? ''));
}
