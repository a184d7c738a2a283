import { describe, expect, it } from 'vitest';
import type { RunConfig } from '../../src/core/config/config.ts';
import { UserError } from '../../src/core/errors.ts';
import { expandStudy } from '../../src/core/study/expandStudy.ts';
import { parseConfig } from '../../src/core/config/parseConfig.ts';
import { runKeys } from '../../src/core/run/runKey.ts';
import { gridTable } from '../../src/core/study/studyGrid.ts';
import { studyPlanSchema, type StudyPlan } from '../../src/core/study/studyPlan.ts';
import { baseText, catalog, checked, planOf, rowsOf, runOf } from './studyFixture.ts';

const everything = `base: base.udi.yaml
seeds: [0, 1]
presets: { methods: { seeds: [0] }, components: {}, alpha: {}, anchor: {} }
grid: { training.learningRate: [0.01, 0.001], method.name: [sum, udi] }
methods: { ogm: { method.alpha: 0.8 }, udi: { training.batchSize: 32 } }
parallel: 2
`;
const runKey = (config: RunConfig) => runKeys(catalog)(config, '/project/studies');
const keysOf = (plan: StudyPlan) => plan.runs.map((run) => run.key);

/** A plan may be made of frozen values only: nothing that is given is written to. */
function freeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null) Object.values(Object.freeze(value)).forEach(freeze);
  return value;
}

describe('expandStudy', () => {
  it('is pure: the same study gives the same plan and stays as it is', () => {
    const study = freeze(checked(everything));
    const plan = expandStudy(study, freeze(structuredClone(catalog)));
    expect(expandStudy(study, catalog)).toEqual(plan);
    expect(studyPlanSchema.parse(JSON.parse(JSON.stringify(plan)))).toEqual(plan);
    expect(plan).toMatchObject({ format: 1, name: 'tables', parallel: 2 });
    expect(plan.tables.map((table) => table.id)).toEqual(['methods', 'components', 'alpha', 'anchor', 'grid']);
  });

  it('lists every run once, and none that no row asks for', () => {
    const plan = planOf(everything);
    const asked = plan.tables.flatMap((table) => table.rows.flatMap((row) => row.runs));
    expect(new Set(keysOf(plan)).size).toBe(plan.runs.length);
    expect(new Set(asked.map(({ key }) => key))).toEqual(new Set(keysOf(plan)));
    for (const { seed, key } of asked) expect(plan.runs.find((run) => run.key === key)!.config.training.seed).toBe(seed);
    for (const { rows } of plan.tables) expect(new Set(rows.map((row) => row.id)).size).toBe(rows.length);
  });

  it('gives runs complete configs, which say all that their keys are made of', () => {
    for (const { config, key } of planOf(everything).runs) {
      expect(parseConfig(JSON.stringify(config), catalog, { name: 'unused' }).config).toEqual(config);
      expect(runKey(config)).toBe(key);
      expect(config.dataset['root']).toBe('mnist');
    }
  });

  it('adds the runs of a further seed and changes no others', () => {
    const [few, more] = [planOf(everything), planOf(everything.replace('[0, 1]', '[0, 1, 5]'))];
    const added = more.runs.filter(({ key }) => !keysOf(few).includes(key));
    expect(added.every(({ config }) => config.training.seed === 5)).toBe(true);
    expect(more.runs.filter(({ key }) => keysOf(few).includes(key))).toEqual(few.runs);
    expect(rowsOf(more, 'methods')).toEqual(rowsOf(few, 'methods'));
  });

  it('takes the seed of the base where the study names none', () => {
    expect(planOf('base: base.udi.yaml\npresets: [alpha]\n').runs.map(({ config }) => config.training.seed)).toEqual([7, 7, 7, 7]);
  });

  it('starts runs that share branches first, those of a seed together', () => {
    const plan = planOf(everything);
    const order = plan.runs.map(({ config }) => `${['unimodal', 'decoupled', 'udi'].includes(config.method.name) ? 'sharing' : 'other'} ${config.training.seed}`);
    expect(order.filter((each, index) => each !== order[index - 1])).toEqual(['sharing 0', 'sharing 1', 'other 0', 'other 1']);
    expect(plan.runs[0]!.config.method.name).toBe('unimodal');
  });

  it('names runs after study, row and seed, cut to what a name may be', () => {
    const study = 's'.repeat(60);
    const values = [`"${'😀'.repeat(80)}"`, 'short'];
    const plan = planOf(`name: ${study}\nbase: base.udi.yaml\nseeds: [12]\ngrid: { dataset.root: [${values}] }\n`);
    const [long, short] = plan.runs.map(({ config }) => config.name);
    expect(short).toBe(`${study} · root short · seed 12`);
    expect(long).toMatch(/^s{60} · root 😀+… · seed 12$/u);
    expect([119, 120]).toContain(long!.length);
    expect(runOf(planOf(everything), 'alpha', '0,1')).toMatchObject({ label: 'α = (0, 1) · seed 0', config: { name: 'tables · α = (0, 1) · seed 0' } });
  });
});

describe('key of a run', () => {
  const { config } = planOf('base: base.udi.yaml\npresets: [alpha]\n').runs[0]!;

  it('depends on nothing but what determines the result', () => {
    const turned = (value: unknown): unknown => (typeof value === 'object' && value !== null
      ? Object.fromEntries(Object.entries(value).reverse().map(([key, each]) => [key, turned(each)]))
      : value);
    expect(runKey(turned(config) as RunConfig)).toBe(runKey(config));
    expect(runKey({ ...config, name: 'other', device: 'cpu' })).toBe(runKey(config));
    expect(runKey(config)).toMatch(/^[0-9a-f]{64}$/);
  });

  it('changes with every setting', () => {
    const changed: RunConfig[] = [
      { ...config, training: { ...config.training, seed: 8 } },
      { ...config, training: { ...config.training, keep: 'last' } },
      { ...config, training: { ...config.training, schedule: { name: 'step', every: 3, factor: 0.1 } } },
      { ...config, training: { ...config.training, schedule: { name: 'step', every: 3, factor: 0.2 } } },
      { ...config, method: { ...config.method, tieTolerance: 0 } },
      { ...config, method: { ...config.method, alpha: { consistency: 0, complementary: 0 } } },
      { ...config, model: { ...config.model, fusion: 'mean' } },
      { ...config, model: { ...config.model, encoder: 'mlp' } },
      { ...config, dataset: { ...config.dataset, root: '/elsewhere' } },
      { ...config, dataset: { ...config.dataset, limit: { train: 100 } } },
    ];
    expect(new Set([config, ...changed].map((each) => runKey(each))).size).toBe(changed.length + 1);
  });

  it('does not depend on the name of the study or on the other rows', () => {
    const alone = planOf('name: other\nbase: base.udi.yaml\nseeds: [1]\npresets: [alpha]\nmethods: { udi: { training.batchSize: 32 } }\n');
    const all = planOf(everything);
    expect(keysOf(alone).every((key) => keysOf(all).includes(key))).toBe(true);
  });
});

describe('presets', () => {
  it('methods: every method in the order of the catalogue, one run for all single branches', () => {
    const plan = planOf('base: base.udi.yaml\nseeds: [0, 1]\npresets: [methods]\n');
    const rows = rowsOf(plan, 'methods');
    expect(rows.map(({ id, label, target }) => ({ id, label, target }))).toEqual([
      { id: 'unimodal:gray', label: 'Unimodal (gray)', target: 'gray' },
      { id: 'unimodal:color', label: 'Unimodal (color)', target: 'color' },
      { id: 'sum', label: 'Sum', target: undefined },
      { id: 'ogm', label: 'OGM', target: undefined },
      { id: 'greedy', label: 'Greedy', target: undefined },
      { id: 'udi', label: 'UDI', target: undefined },
    ]);
    expect(rows[0]!.runs).toEqual(rows[1]!.runs);
    expect(runOf(plan, 'methods', 'unimodal:color')).toMatchObject({ label: 'Unimodal · seed 0', config: { method: { modality: 'all' } } });
    expect(plan.runs).toHaveLength(10);
    expect(plan.notes).toBeUndefined();
  });

  it('methods: `only` restricts them, and brings back those of Table 2', () => {
    const plan = planOf('base: base.udi.yaml\npresets: { methods: { only: [dc-only, udi, sum] } }\n');
    expect(rowsOf(plan, 'methods').map((row) => row.id)).toEqual(['sum', 'udi', 'dc-only']);
  });

  const threeModalities = 'dataset: { name: arrays }\nmethod: { name: udi }\ntraining: { epochs: 1 }\n';

  it('methods: leaves out what cannot take the modalities, and says so', () => {
    const plan = planOf('base: base.udi.yaml\npresets: [methods]\n', threeModalities);
    expect(rowsOf(plan, 'methods').map((row) => row.id)).toEqual(['unimodal:m1', 'unimodal:m2', 'unimodal:m3', 'sum', 'ogm', 'udi']);
    expect(plan.notes).toEqual([expect.stringMatching(/^Greedy is left out of the table of methods\. .*at most 2 modalities, not 3 .*Its gates join two branches\.$/)]);
  });

  it('methods: asks about the fusion that the method will have', () => {
    const own = { ...catalog, methods: catalog.methods.map((each) => (each.id === 'ogm' ? { ...each, ownFusion: 'its own' } : each)) };
    const text = 'base: base.udi.yaml\nset: { model.fusion: concat }\npresets: { methods: { only: [ogm, udi] } }\n';
    expect(rowsOf(planOf(text, baseText, own), 'methods').map((row) => row.id)).toEqual(['udi']);
    expect(rowsOf(planOf(`${text}methods: { ogm: { model.fusion: sum } }\n`, baseText, own), 'methods').map((row) => row.id)).toEqual(['ogm', 'udi']);
  });

  it('components: with and without each of the two', () => {
    const plan = planOf('base: base.udi.yaml\nset: { method.alpha: { consistency: 1, complementary: 0 } }\npresets: [components]\n');
    expect(plan.tables[0]!.settings).toEqual(['DO', 'DC']);
    expect(rowsOf(plan, 'components').map(({ id, settings }) => [id, ...settings])).toEqual([
      ['sum', '–', '–'], ['dc-only', '–', '✓'], ['decoupled', '✓', '–'], ['udi', '✓', '✓'],
    ]);
    expect(runOf(plan, 'components', 'udi').config.method).toEqual({ name: 'udi', anchor: 'auto', alpha: 'dynamic', tieTolerance: 2 });
  });

  it('alpha: fixed weights and dynamic ones, with the other settings of the base', () => {
    const plan = planOf('base: base.udi.yaml\npresets: [alpha]\n');
    expect(plan.tables[0]!.settings).toEqual(['α_con', 'α_com']);
    expect(rowsOf(plan, 'alpha').map(({ id, settings }) => [id, ...settings])).toEqual([
      ['0,1', '0', '1'], ['1,0', '1', '0'], ['0,0', '0', '0'], ['dynamic', 'dynamic', 'dynamic'],
    ]);
    expect(runOf(plan, 'alpha', '1,0').config.method).toEqual({ name: 'udi', anchor: 'auto', alpha: { consistency: 1, complementary: 0 }, tieTolerance: 2 });
  });

  it('anchor: each modality of the dataset, and auto', () => {
    const plan = planOf('base: base.udi.yaml\npresets: [anchor]\n');
    expect(plan.tables[0]!.settings).toEqual(['anchor']);
    expect(rowsOf(plan, 'anchor').map(({ id, settings }) => [id, ...settings])).toEqual([['anchor:gray', 'gray'], ['anchor:color', 'color'], ['auto', 'auto']]);
    expect(runOf(plan, 'anchor', 'anchor:color').config.method['anchor']).toBe('color');
    expect(rowsOf(planOf('base: base.udi.yaml\npresets: [anchor]\n', threeModalities), 'anchor')).toHaveLength(4);
  });

  it('share the runs that several of them have', () => {
    const plan = planOf('base: base.udi.yaml\npresets: [methods, components, alpha, anchor]\n');
    const keys = [['methods', 'udi'], ['components', 'udi'], ['alpha', 'dynamic'], ['anchor', 'auto']] as const;
    expect(new Set(keys.map(([table, row]) => runOf(plan, table, row).key)).size).toBe(1);
    expect(runOf(plan, 'components', 'sum').key).toBe(runOf(plan, 'methods', 'sum').key);
  });
});

describe('settings of a row', () => {
  it('are those of the base only where the method is the same', () => {
    const plan = planOf('base: base.udi.yaml\npresets: [methods]\n');
    expect(runOf(plan, 'methods', 'udi').config.method).toMatchObject({ tieTolerance: 2 });
    expect(runOf(plan, 'methods', 'ogm').config.method).toEqual({ name: 'ogm', alpha: 0.3 });
  });

  it('are changed by method, and by the row itself at last', () => {
    const plan = planOf('base: base.udi.yaml\npresets: [methods, alpha]\n'
      + 'methods: { ogm: { method.alpha: 0.8, training.learningRate: 0.5 }, udi: { method.tieTolerance: 0, method.alpha: { consistency: 9, complementary: 9 } } }\n'
      + 'grid: { method.name: [ogm, sum], training.learningRate: [0.1] }\n');
    expect(runOf(plan, 'methods', 'ogm').config).toMatchObject({ method: { alpha: 0.8 }, training: { learningRate: 0.5 } });
    expect(runOf(plan, 'methods', 'sum').config).toMatchObject({ training: { learningRate: 0.01 } });
    expect(runOf(plan, 'alpha', '0,1').config.method).toMatchObject({ tieTolerance: 0, alpha: { consistency: 0, complementary: 1 } });
    expect(runOf(plan, 'grid', 'method.name=ogm training.learningRate=0.1').config).toMatchObject({ method: { alpha: 0.8 }, training: { learningRate: 0.1 } });
  });

  it('leave out the epochs of stages that the method has not', () => {
    const base = baseText.replace('epochs: 10', 'epochs: { default: 4, follower: 2 }');
    const plan = planOf('base: base.udi.yaml\npresets: [components]\n', base);
    expect(runOf(plan, 'components', 'sum').config.training.epochs).toEqual({ default: 4 });
    expect(runOf(plan, 'components', 'decoupled').config.training.epochs).toEqual({ default: 4, follower: 2 });
  });
});

describe('grid', () => {
  it('has a row for every combination', () => {
    const plan = planOf('base: base.udi.yaml\nseeds: [0, 1, 2]\ngrid: { training.learningRate: [0.01, 0.001], method.name: [sum, udi] }\n');
    expect(plan.tables[0]!.settings).toEqual(['training.learningRate', 'method.name']);
    expect(rowsOf(plan, 'grid').map(({ label, settings }) => [label, ...settings])).toEqual([
      ['learningRate 0.01 · method sum', '0.01', 'sum'],
      ['learningRate 0.01 · method udi', '0.01', 'udi'],
      ['learningRate 0.001 · method sum', '0.001', 'sum'],
      ['learningRate 0.001 · method udi', '0.001', 'udi'],
    ]);
    expect(plan.runs).toHaveLength(12);
    expect(runOf(plan, 'grid', 'training.learningRate=0.001 method.name=sum').config).toMatchObject({ method: { name: 'sum' }, training: { learningRate: 0.001 } });
  });

  it('keeps the whole keys where short ones would be the same', () => {
    expect(gridTable({ 'first.size': [1], 'second.size': ['x'] }).rows[0]!.label).toBe('first.size 1 · second.size x');
  });

  it('applies outer keys before inner ones, and writes maps as JSON', () => {
    const plan = planOf('base: base.udi.yaml\ngrid: { dataset.limit.train: [10, 20], dataset.limit: [{ test: 5, train: 1 }] }\n');
    expect(rowsOf(plan, 'grid')[0]!.label).toBe('train 10 · limit {"test":5,"train":1}');
    expect(plan.runs[1]!.config.dataset['limit']).toEqual({ train: 20, test: 5 });
  });

  it('starts a schedule anew where its name changes', () => {
    const base = baseText.replace('epochs: 10', 'epochs: 10, schedule: { name: step, every: 4 }');
    const plan = planOf('base: base.udi.yaml\ngrid: { training.schedule.name: [constant, step] }\n', base);
    expect(plan.runs.map(({ config }) => config.training.schedule)).toEqual([{ name: 'constant' }, { name: 'step', every: 4, factor: 0.1 }]);
  });

  it('starts relative paths in the folder of the study', () => {
    const plan = planOf('base: base.udi.yaml\ngrid: { dataset.root: [../a, /b] }\n');
    expect(plan.runs.map(({ config }) => config.dataset['root'])).toEqual(['/project/a', '/b']);
  });

  it('scores a single branch by itself', () => {
    const plan = planOf('base: base.udi.yaml\ngrid: { method.name: [unimodal], method.modality: [gray, all] }\n');
    expect(rowsOf(plan, 'grid').map((row) => row.target)).toEqual(['gray', undefined]);
  });
});

describe('a study that was not checked', () => {
  it('is refused with every row that has no valid config', () => {
    const study = checked('base: base.udi.yaml\npresets: [alpha]\n');
    const broken = { ...study, config: { ...study.config, grid: { 'training.momentum': [0.5, 2] }, methods: { udi: { 'method.tieTolerance': -1 } } } };
    const attempt = () => expandStudy(broken, catalog);
    expect(attempt).toThrow(UserError);
    expect(attempt).toThrow(/^methods\.udi\.method\.tieTolerance: Must be at least 0, not -1\.\ngrid\.training\.momentum\.1: Must be below 1, not 2\. \(in grid "momentum 2"\)$/);
  });
});
