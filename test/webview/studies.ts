import type {
  BandPoint,
  MissingRun,
  StudyCell,
  StudyCurves,
  StudyRow,
  StudyRunView,
  StudyTable,
  StudyView,
} from '../../src/core/protocol.ts';
import { classificationMetrics } from '../../src/core/run/metrics.ts';

const SEEDS = [0, 1, 2];
const START = Date.UTC(2026, 0, 15, 9, 30);
/** 97.5 % quantile of Student's t, by degrees of freedom. */
const T = [NaN, 12.706, 4.303];

/** How a row of the fixture comes out: mean accuracy (0..1) by target, spread, and what does not run. */
interface RowPlan {
  readonly id: string;
  readonly label: string;
  readonly settings?: readonly string[];
  readonly means: Readonly<Record<string, number>>;
  readonly target?: string;
  readonly seconds?: number;
  /** By seed: what its run is doing; without, it has finished. */
  readonly missing?: Readonly<Record<number, Omit<MissingRun, 'seed' | 'key'> & { done?: number; planned?: number }>>;
  readonly paper?: StudyCell['paper'];
  readonly rank?: StudyCell['rank'];
  readonly tied?: boolean;
}

/** Numbers that are distinct and the same in every test run. */
function valueOf(mean: number, seed: number, salt: number): number {
  return mean + 0.0021 * Math.sin(seed * 2.3 + salt) - 0.0004 * salt;
}

function cellOf(plan: RowPlan, table: string, target: string, metric: 'accuracy' | 'f1'): StudyCell {
  const salt = metric === 'accuracy' ? 1 : 3;
  const has = SEEDS.filter((seed) => plan.missing?.[seed] === undefined);
  const values = has.map((seed) => ({
    seed,
    run: `run-${table}-${plan.id}-${seed}`,
    value: valueOf(plan.means[target]!, seed, salt),
  }));
  const missing = SEEDS.flatMap((seed): MissingRun[] => {
    const run = plan.missing?.[seed];
    if (!run) return [];
    const { state, message, run: folder } = run;
    return [{ seed, key: `${table}:${plan.id}:${seed}`, state, message, run: folder }];
  });
  const n = values.length;
  const mean = n === 0 ? undefined : values.reduce((sum, { value }) => sum + value, 0) / n;
  const sd = mean === undefined || n < 2 ? undefined : Math.sqrt(values.reduce((sum, { value }) => sum + (value - mean) ** 2, 0) / (n - 1));
  const half = sd === undefined ? 0 : (T[n - 1]! * sd) / Math.sqrt(n);
  const headline = target === (plan.target ?? 'fusion');
  return {
    target,
    metric,
    values,
    missing,
    mean,
    sd,
    interval: mean === undefined || sd === undefined ? undefined : [mean - half, mean + half],
    ...(headline && n > 0 ? { rank: plan.rank, tied: plan.tied } : {}),
    ...(headline && plan.paper ? { paper: metric === 'accuracy' ? plan.paper : { ...plan.paper, value: plan.paper.value - 0.0004 } } : {}),
  };
}

function rowOf(plan: RowPlan, table: string, targets: readonly string[]): StudyRow {
  const own = targets.filter((target) => target in plan.means);
  const cells = own.flatMap((target) => [cellOf(plan, table, target, 'accuracy'), cellOf(plan, table, target, 'f1')]);
  return {
    id: plan.id,
    label: plan.label,
    settings: plan.settings ?? [],
    target: plan.target ?? 'fusion',
    cells,
    runs: cells[0]?.values.map(({ run }) => run) ?? [],
    ...(plan.seconds === undefined ? {} : { seconds: plan.seconds }),
  };
}

const targets = ['fusion', 'gray', 'color'];
const notStarted = { 0: { state: 'missing' as const }, 1: { state: 'missing' as const }, 2: { state: 'missing' as const } };
const diverged = 'The loss is not finite in step 17 of epoch 3 of joint (classification: NaN).';
const all = (fusion: number, gray: number, color: number) => ({ fusion, gray, color });

const methods: readonly RowPlan[] = [
  { id: 'unimodal:gray', label: 'Unimodal, gray', means: { gray: 0.9812 }, target: 'gray', seconds: 41, paper: { value: 0.9932, notes: [] } },
  { id: 'unimodal:color', label: 'Unimodal, color', means: { color: 0.6923 }, target: 'color', seconds: 44, paper: { value: 0.7169, notes: [] } },
  { id: 'sum', label: 'Sum', means: all(0.6612, 0.5934, 0.6104), seconds: 88, paper: { value: 0.6407, notes: [] } },
  { id: 'cml', label: 'CML', means: all(0.7391, 0.8112, 0.6014), seconds: 93 },
  { id: 'gblending', label: 'GBlending', means: all(0.7218, 0.7734, 0.6177), seconds: 171 },
  { id: 'mmpareto', label: 'MMPareto', means: all(0.8123, 0.8531, 0.6402), seconds: 142 },
  { id: 'lfm', label: 'LFM', means: all(0.7012, 0.7512, 0.6203), seconds: 121 },
  { id: 'ogm', label: 'OGM-GE', means: all(0.6873, 0.6401, 0.6088), seconds: 97, missing: { 2: { state: 'failed', run: 'run-failed', message: diverged } } },
  { id: 'agm', label: 'AGM', means: all(0.7534, 0.7912, 0.6233), seconds: 180, missing: { 1: { state: 'missing' }, 2: { state: 'missing' } } },
  { id: 'mla', label: 'MLA', means: all(0.9632, 0.9781, 0.6631), seconds: 102, rank: 'second', tied: true },
  { id: 'greedy', label: 'Greedy', means: all(0.7, 0.7, 0.6), missing: { 0: { state: 'running', run: 'run-greedy-0', done: 3, planned: 8 }, 1: { state: 'missing', message: 'needs 1.4 GB of memory, 0.9 GB are free' }, 2: { state: 'missing' } } },
  { id: 'valuation', label: 'Modality-valuation', means: all(0.7, 0.7, 0.6), missing: { 0: { state: 'failed', run: 'run-valuation-0', message: diverged }, 1: { state: 'missing' }, 2: { state: 'missing' } } },
  {
    id: 'udi', label: 'UDI', means: all(0.9847, 0.9812, 0.7241), seconds: 136, rank: 'best',
    paper: { value: 0.9912, sd: 0.0003, notes: ['Below the anchor alone: the paper prints 99.32 for gray.', 'The paper does not say how gray was selected.'] },
  },
];

const components: readonly RowPlan[] = [
  { id: 'sum', label: 'Sum', settings: ['', ''], means: all(0.6612, 0.5934, 0.6104), seconds: 88, paper: { value: 0.6407, notes: [] } },
  { id: 'dc', label: 'DC alone', settings: ['', '✓'], means: all(0.7012, 0.6934, 0.6204), seconds: 118 },
  { id: 'do', label: 'DO alone', settings: ['✓', ''], means: all(0.9763, 0.9812, 0.6923), seconds: 87, rank: 'second', paper: { value: 0.9787, notes: ['The paper names the sum as its fusion, but describes this baseline as a weighted mean of the outputs.'] } },
  { id: 'do+dc', label: 'UDI', settings: ['✓', '✓'], means: all(0.9847, 0.9812, 0.7241), seconds: 136, rank: 'best', paper: { value: 0.9912, notes: [] } },
];

const alpha: readonly RowPlan[] = [
  { id: '0,1', label: '(0, 1)', settings: ['0', '1'], means: all(0.9843, 0.9812, 0.7204), seconds: 134, rank: 'second', tied: true },
  { id: '1,0', label: '(1, 0)', settings: ['1', '0'], means: all(0.9711, 0.9812, 0.7004), seconds: 129 },
  { id: '0,0', label: '(0, 0)', settings: ['0', '0'], means: all(0.9763, 0.9812, 0.6923), seconds: 87 },
  { id: 'dynamic', label: 'dynamic', settings: ['dynamic', 'dynamic'], means: all(0.9847, 0.9812, 0.7241), seconds: 136, rank: 'best' },
];

const anchor: readonly RowPlan[] = [
  { id: 'anchor:gray', label: 'gray', means: all(0.9847, 0.9812, 0.7241), seconds: 136, rank: 'best' },
  { id: 'anchor:color', label: 'color', means: all(0.8123, 0.9512, 0.6923), seconds: 139, missing: notStarted },
  { id: 'auto', label: 'auto', means: all(0.9846, 0.9812, 0.7242), seconds: 140, rank: 'second', tied: true },
];

function tableOf(id: StudyTable['id'], title: string, plans: readonly RowPlan[], rest: Partial<StudyTable> = {}): StudyTable {
  const settings = rest.settings ?? [];
  return {
    id,
    title,
    settings,
    metrics: classificationMetrics,
    targets,
    rows: plans.map((plan) => rowOf(plan, id, targets)),
    comparisons: [],
    counts: { planned: SEEDS.length * plans.length, finished: SEEDS.length * plans.length, diverged: 0, failed: 0, unscored: 0, missing: 0 },
    selectedOn: 'validation',
    ...rest,
  };
}

function band(epochs: readonly number[], value: (epoch: number) => number, sd: number): BandPoint[] {
  return epochs.map((epoch) => ({ epoch, mean: value(epoch), low: value(epoch) - sd, high: value(epoch) + sd, n: 3 }));
}

function curvesOf(table: StudyTable): StudyCurves[] {
  return table.rows.flatMap((row, index): StudyCurves[] => {
    const top = row.cells.find(({ metric, target }) => metric === 'accuracy' && target === row.target)?.mean;
    if (top === undefined) return [];
    const epochs = Array.from({ length: 24 }, (_, epoch) => epoch + 1);
    const follower = epochs.slice(0, 8);
    const dynamic = ['udi', 'do+dc', 'dc', 'dynamic', 'auto', 'anchor:gray', '0,1'].includes(row.id);
    const share = (epoch: number) => 0.5 + 0.4 * Math.cos(epoch / 3 + index);
    return [
      {
        table: table.id,
        row: row.id,
        label: row.label,
        metric: classificationMetrics[0]!,
        scores: band(epochs, (epoch) => top * (1 - 0.5 * Math.exp(-epoch / 4)), 0.01),
        ...(dynamic
          ? { alpha: { consistency: band(follower, share, 0.05), complementary: band(follower, (epoch) => 1 - share(epoch), 0.05) } }
          : {}),
      },
    ];
  });
}

/** Runs of the tables, each once, as the host lists them. */
function runsOf(tables: readonly StudyTable[], plans: Readonly<Record<string, readonly RowPlan[]>>): StudyRunView[] {
  return tables.flatMap((table) =>
    table.rows.flatMap((row) =>
      SEEDS.map((seed): StudyRunView => {
        const label = `${table.id}, ${row.label}, seed ${seed}`;
        const key = `${table.id}:${row.id}:${seed}`;
        const missing = plans[table.id]?.find(({ id }) => id === row.id)?.missing?.[seed];
        return missing ? { key, label, ...missing } : { key, label, run: `run-${table.id}-${row.id}-${seed}`, state: 'finished' };
      }),
    ),
  );
}

/** A study on CGMNIST with the paper's four tables: most runs are finished, some failed, some are missing, one trains. */
export function runningStudy(rest: Partial<StudyView> = {}): StudyView {
  const tables = [
    tableOf('methods', 'Methods (Table 1)', methods, {
      comparisons: [
        { left: 'udi', right: 'mla', n: 3, difference: 0.0215, pairedT: { p: 0.031, interval: [0.0044, 0.0386] }, wilcoxon: { p: 0.25 }, verdict: 'UDI is better than MLA (p = 0.031).' },
        { left: 'udi', right: 'ogm', n: 2, difference: 0.2971, verdict: 'n = 2: too few to tell.' },
      ],
    }),
    tableOf('components', 'Components (Table 2)', components, { settings: ['DO', 'DC'] }),
    tableOf('alpha', 'Loss weights (Table 3)', alpha, {
      settings: ['α_con', 'α_com'],
      selectedOn: 'mixed',
      paperNote: 'No published numbers stand here: trained on 6,000 of 60,000 samples.',
    }),
    tableOf('anchor', 'Anchors (Table 4)', anchor, { selectedOn: 'test' }),
  ];
  return {
    id: '20260115-093000-cgmnist-1a2b',
    title: 'cgmnist-paper',
    state: 'running',
    runs: runsOf(tables, { methods, components, alpha, anchor }),
    parallel: 2,
    tables,
    curves: tables.flatMap(curvesOf),
    notes: ['Methods: Greedy is left out, because it takes exactly 2 modalities.'],
    firstTime: START,
    lastTime: START + 4_210_000,
    trusted: true,
    ...rest,
  };
}

/** The same study after its supervisor has ended: what trained is stopped. */
export function incompleteStudy(rest: Partial<StudyView> = {}): StudyView {
  const study = runningStudy();
  const ended = <T extends { state: string; done?: number }>(run: T): T => (run.state === 'running' ? { ...run, state: 'stopped' } : run);
  return {
    ...study,
    state: 'incomplete',
    runs: study.runs.map(ended),
    tables: study.tables.map((table) => ({
      ...table,
      rows: table.rows.map((row) => ({ ...row, cells: row.cells.map((cell) => ({ ...cell, missing: cell.missing.map(ended) })) })),
    })),
    ...rest,
  };
}

/** A study of which nothing was run. */
export function newStudy(): StudyView {
  const table = tableOf('components', 'Components', components.map((plan) => ({ ...plan, missing: notStarted, rank: undefined, seconds: undefined })), { settings: ['DO', 'DC'] });
  const { firstTime: _, lastTime: __, ...study } = runningStudy();
  return {
    ...study,
    state: 'new',
    tables: [table],
    curves: [],
    runs: table.rows.flatMap((row) => SEEDS.map((seed) => ({ key: `components:${row.id}:${seed}`, label: `${row.label}, seed ${seed}`, state: 'missing' as const }))),
  };
}

/** A grid of 20 rows and five targets. */
export function largeStudy(): StudyView {
  const five = ['fusion', 'audio', 'video', 'text', 'depth'];
  const plans = Array.from({ length: 20 }, (_, index): RowPlan => ({
    id: `row-${index}`,
    label: `method=ogm, learningRate=${(0.001 * (index + 1)).toFixed(3)}`,
    means: Object.fromEntries(five.map((target, place) => [target, 0.9 - 0.02 * index - 0.05 * place])),
    seconds: 60 + 13 * index,
    rank: index === 0 ? 'best' : index === 1 ? 'second' : undefined,
  }));
  const table: StudyTable = {
    ...tableOf('grid', 'Grid', []),
    targets: five,
    rows: plans.map((plan) => rowOf(plan, 'grid', five)),
  };
  return runningStudy({ state: 'finished', tables: [table], curves: curvesOf(table), runs: runsOf([table], {}) });
}

export const evil = '<img src=x onerror="window.__hacked = true">';

/** A study whose every name tries to be markup. */
export function hostileStudy(): StudyView {
  const quoted = JSON.stringify(evil);
  const text = JSON.stringify(incompleteStudy({ title: evil }))
    .replaceAll('"gray"', quoted)
    .replaceAll(JSON.stringify('Methods (Table 1)'), quoted)
    .replaceAll('"UDI"', quoted)
    .replaceAll(JSON.stringify(diverged), quoted)
    .replaceAll('"DO"', quoted);
  return { ...(JSON.parse(text) as StudyView), error: { message: evil, hint: evil } };
}
