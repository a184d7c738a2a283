import type { RunConfig } from '../../src/core/config/config.ts';
import type { NewEvent, RunEvent, TestScores } from '../../src/core/run/events.ts';
import type { ClassScores } from '../../src/trainer/model/metrics.ts';
import type { RunView } from '../../src/core/protocol.ts';
import { foldEvents, stateOf } from '../../src/core/run/run.ts';

/** The events of a run as a journal would hold them, and what the host would send of it. */
export interface RunFixture {
  readonly events: readonly RunEvent[];
  readonly view: RunView;
}

const START = Date.UTC(2025, 0, 15, 9, 30);
const SECONDS = 6.4;
const CLASSES = 10;
const BATCHES = 94;

/** Accuracy that a branch tends to. */
const ceilings: Readonly<Record<string, number>> = { gray: 0.9752, color: 0.5748, edge: 0.9648, fusion: 0.9826 };

/** Builds journals the way the trainer writes them; numbers are smooth, distinct and the same in every test run. */
class Journal {
  readonly events: RunEvent[] = [];

  add(event: NewEvent, seconds = 0.2): void {
    const last = this.events.at(-1)?.time ?? START;
    this.events.push({ ...event, seq: this.events.length + 1, time: last + seconds * 1000 } as RunEvent);
  }

  started(
    method: { name: string; label: string },
    modalities: readonly string[],
    plannedEpochs: number,
    name: string,
  ): void {
    this.add({
      type: 'started',
      name,
      version: '0.1.0',
      seed: 0,
      method,
      fusion: 'sum',
      plannedEpochs,
      dataset: {
        name: 'cgmnist',
        fingerprint: 'b0f6c2a1e9d34775',
        classes: Array.from({ length: CLASSES }, (_, digit) => String(digit)),
        modalities: modalities.map((id) => ({ id, encoder: 'cgmnist', parameters: 119_818 })),
        sizes: { train: 54_000, validation: 6_000, test: 10_000 },
      },
      backend: {
        id: 'wasm',
        device: 'SIMD, 1 thread',
        skipped: [
          { id: 'tfjs-node', reason: 'not installed: run "UDI: Install GPU Backend"' },
          { id: 'webgpu', reason: 'the only adapter is a software one (llvmpipe)' },
        ],
      },
    });
  }

  stage(
    id: string,
    trains: readonly string[],
    evaluates: readonly string[],
    epochs: number,
    done: number,
    extra: (epoch: number) => Partial<Extract<NewEvent, { type: 'epoch' }>> = () => ({}),
  ): void {
    this.add({ type: 'stage', stage: id, trains: [...trains], evaluates: [...evaluates], epochs });
    let kept = { epoch: 0, accuracy: -1, validation: {} as Record<string, ClassScores> };
    for (let epoch = 1; epoch <= done; epoch++) {
      const validation = Object.fromEntries(
        evaluates.map((target) => [
          target,
          scoresAt(target, trains.includes(target) || target === 'fusion' ? epoch : 99),
        ]),
      );
      const selectBy = evaluates.includes('fusion') ? 'fusion' : trains[0]!;
      if (validation[selectBy]!.accuracy > kept.accuracy)
        kept = { epoch, accuracy: validation[selectBy]!.accuracy, validation };
      this.add(
        {
          type: 'epoch',
          stage: id,
          epoch,
          epochs,
          losses: { total: 2.1 * Math.exp(-epoch / 4) + 0.05 },
          validation,
          learningRate: 0.01,
          seconds: SECONDS,
          samplesPerSecond: 843.6,
          ...extra(epoch),
        },
        SECONDS,
      );
    }
    if (done === epochs)
      this.add({
        type: 'stageEnded',
        stage: id,
        epochs,
        keptEpoch: kept.epoch,
        reason: 'completed',
        validation: kept.validation,
      });
  }

  follower(
    modality: string,
    trained: readonly string[],
    epochs: number,
    done: number,
    alpha?: { consistency: number; complementary: number },
  ): void {
    this.stage(`follower:${modality}`, [modality], [...trained, modality, 'fusion'], epochs, done, (epoch) => {
      const xi = { consistency: 0.0213 / epoch - 0.0011 * (epoch % 3), complementary: 0.00041 * epoch - 0.0012 };
      return {
        losses: {
          total: 2.4 * Math.exp(-epoch / 5) + 0.4,
          classification: 1.9 * Math.exp(-epoch / 5) + 0.3,
          consistency: 0.31 * Math.exp(-epoch / 8) + 0.07,
          complementary: 0.0021 * Math.sin(epoch) - 0.0004,
        },
        readings: { ...readingsOf('alpha', alpha ?? weights(xi)), ...(alpha ? {} : readingsOf('xi', xi)) },
      };
    });
  }

  anchor(
    order: readonly string[],
    decidedBy: 'accuracy' | 'entropy' | 'config' | 'only modality',
    ranked = order,
  ): void {
    const candidates = ranked.map((modality) => ({
      modality,
      accuracy: best(modality).accuracy,
      entropy: best(modality).entropy,
      tied: decidedBy === 'entropy' && ceilings[modality]! > 0.9,
    }));
    this.add({ type: 'anchor', anchor: order[0]!, order: [...order], candidates, tieTolerance: 0.015, decidedBy });
  }

  /** `errors`: factor on the number of errors, so that runs differ. */
  test(targets: readonly string[], errors = 1): void {
    const scores = Object.fromEntries(targets.map((target) => [target, testScores(target, errors)]));
    this.add({ type: 'test', selectedOn: 'validation', scores });
  }
}

function readingsOf(name: string, terms: { consistency: number; complementary: number }): Record<string, number> {
  return Object.fromEntries(Object.entries(terms).map(([term, value]) => [`${name}.${term}`, value]));
}

function weights(xi: { consistency: number; complementary: number }) {
  const [con, com] = [Math.max(0, xi.consistency), Math.max(0, xi.complementary)];
  return { consistency: con / (con + com + 1e-8), complementary: com / (con + com + 1e-8) };
}

function scoresAt(target: string, epoch: number): ClassScores {
  const ceiling = ceilings[target]!;
  const accuracy = Math.min(ceiling, ceiling * (1 - 0.55 * Math.exp(-epoch / 2)) + 0.004 * Math.sin(epoch * 2.3));
  return {
    accuracy,
    f1: accuracy - 0.0031,
    loss: 2.2 * (1 - accuracy),
    entropy: target === 'edge' ? 0.0187 : 0.62 * (1 - accuracy),
  };
}

function best(target: string): ClassScores {
  return Array.from({ length: 8 }, (_, index) => scoresAt(target, index + 1)).reduce((first, each) =>
    each.accuracy > first.accuracy ? each : first,
  );
}

function testScores(target: string, errors: number): TestScores {
  const confusion = Array.from({ length: CLASSES }, (_, truth) =>
    Array.from({ length: CLASSES }, (_, predicted) => {
      const wrong = Math.round(
        (errors * (1 - ceilings[target]!) * (0.3 + truth * 0.15) * 100 * ((truth * 7 + predicted * 3) % 5)) / 2,
      );
      return truth === predicted ? 0 : wrong;
    }),
  );
  confusion.forEach((row, truth) => {
    row[truth] = 1000 - row.reduce((sum, each) => sum + each, 0);
  });
  const recall = confusion.map((row, truth) => row[truth]! / 1000);
  const accuracy = recall.reduce((sum, each) => sum + each, 0) / CLASSES;
  return {
    accuracy,
    f1: accuracy - 0.0012,
    loss: 2.3 * (1 - accuracy),
    entropy: 0.55 * (1 - accuracy),
    recall,
    confusion,
  };
}

const udi = { name: 'udi', label: 'UDI' };
const two = ['gray', 'color'];

function configOf(method: Record<string, unknown> & { name: string }, name: string): RunConfig {
  return {
    name,
    dataset: { name: 'cgmnist', root: '/data/mnist' },
    model: { fusion: 'sum' },
    method,
    training: {
      epochs: 8,
      batchSize: 64,
      learningRate: 0.01,
      momentum: 0.9,
      weightDecay: 1e-4,
      schedule: { name: 'constant' },
      keep: 'best',
      seed: 0,
    },
    device: 'auto',
  };
}

const udiConfig = { name: 'udi', anchor: 'auto', alpha: 'dynamic', tieTolerance: 1.5 };

interface Options {
  readonly alive?: boolean;
  readonly method?: Record<string, unknown> & { name: string };
  readonly title?: string;
  readonly progress?: RunView['progress'];
}

function fixture(
  id: string,
  journal: Journal,
  { alive = false, method = udiConfig, title = id, progress }: Options = {},
): RunFixture {
  const run = foldEvents(journal.events);
  return {
    events: journal.events,
    view: {
      id: `20250115-093000-${id}`,
      title,
      run,
      state: stateOf(run, alive),
      config: configOf(method, title),
      trusted: true,
      ...(progress ? { progress } : {}),
    },
  };
}

function branches(journal: Journal, modalities: readonly string[], epochs = 8): void {
  for (const modality of modalities) journal.stage(`unimodal:${modality}`, [modality], [modality], epochs, epochs);
}

/** UDI on two modalities, finished. */
export function finishedRun(title = 'cgmnist-udi'): RunFixture {
  const journal = new Journal();
  journal.started(udi, two, 24, title);
  journal.add({
    type: 'note',
    message: 'Validation colors are drawn independently of the class, so that gray can become the anchor.',
  });
  branches(journal, two);
  journal.anchor(two, 'accuracy');
  journal.follower('color', ['gray'], 8, 8);
  journal.test([...two, 'fusion']);
  journal.add({ type: 'ended', state: 'finished' });
  return fixture('cgmnist-udi-1a2b', journal, { title });
}

/** UDI in the follower's epoch `epochs` + 1. */
export function runningRun(epochs = 3): RunFixture {
  const journal = new Journal();
  journal.started(udi, two, 24, 'cgmnist-udi');
  branches(journal, two);
  journal.anchor(two, 'accuracy');
  journal.follower('color', ['gray'], 8, epochs);
  const progress = {
    type: 'progress' as const,
    stage: 'follower:color',
    epoch: epochs + 1,
    epochs: 8,
    step: 40,
    steps: BATCHES,
    samplesPerSecond: 851.2,
  };
  return fixture('cgmnist-udi-3c4d', journal, { alive: true, progress, title: 'cgmnist-udi' });
}

/** UDI after the first epoch of its first branch. */
export function oneEpochRun(): RunFixture {
  const journal = new Journal();
  journal.started(udi, two, 24, 'cgmnist-udi');
  journal.stage('unimodal:gray', ['gray'], ['gray'], 8, 1);
  return fixture('one-epoch-5e6f', journal, { alive: true });
}

/** UDI on three modalities, two of them tied, followers one after another. */
export function threeModalityRun(): RunFixture {
  const journal = new Journal();
  const order = ['edge', 'gray', 'color'];
  journal.started(udi, ['gray', 'color', 'edge'], 40, 'three modalities');
  branches(journal, ['gray', 'color', 'edge']);
  journal.anchor(order, 'entropy');
  journal.follower('gray', ['edge'], 8, 8);
  journal.follower('color', ['edge', 'gray'], 8, 8);
  journal.test(['gray', 'color', 'edge', 'fusion']);
  journal.add({ type: 'ended', state: 'finished' });
  return fixture('three-7a8b', journal, { title: 'three modalities' });
}

/** UDI with weights and anchor from the config. */
export function fixedRun(): RunFixture {
  const journal = new Journal();
  const alpha = { consistency: 0.5, complementary: 0.25 };
  journal.started(udi, two, 24, 'alpha-fixed');
  branches(journal, two);
  journal.anchor(['color', 'gray'], 'config', two);
  journal.follower('gray', ['color'], 8, 8, alpha);
  journal.test([...two, 'fusion'], 1.12);
  journal.add({ type: 'ended', state: 'finished' });
  return fixture('alpha-fixed-9c0d', journal, {
    title: 'α fixed at (0.5, 0.25)',
    method: { ...udiConfig, alpha, anchor: 'color' },
  });
}

/** Joint training, finished: no anchor, no followers. */
export function sumRun(): RunFixture {
  const journal = new Journal();
  journal.started({ name: 'sum', label: 'Sum (joint training)' }, two, 12, 'cgmnist-sum');
  journal.stage('joint', two, [...two, 'fusion'], 12, 12);
  journal.test([...two, 'fusion'], 1.3);
  journal.add({ type: 'ended', state: 'finished' });
  return fixture('cgmnist-sum-e1f2', journal, { title: 'cgmnist-sum', method: { name: 'sum' } });
}

/** A run whose trainer has only just been started. */
export function emptyRunFixture(): RunFixture {
  return fixture('empty-a3b4', new Journal(), { alive: true });
}

/** A run that failed in the follower stage. */
export function failedRun(): RunFixture {
  const journal = new Journal();
  journal.started(udi, two, 24, 'diverged');
  branches(journal, two);
  journal.anchor(two, 'accuracy');
  journal.follower('color', ['gray'], 8, 2);
  journal.add({
    type: 'ended',
    state: 'failed',
    error: {
      message: 'The loss is not finite in step 17 of epoch 3 of follower:color (complementary: NaN).',
      hint: 'Lower training.learningRate, or set method.complementaryReduction to mean.',
    },
  });
  return fixture('diverged-c5d6', journal, { title: 'diverged' });
}

/** A run whose trainer was killed. */
export function interruptedRun(): RunFixture {
  const journal = new Journal();
  journal.started(udi, two, 24, 'killed');
  journal.stage('unimodal:gray', ['gray'], ['gray'], 8, 5);
  return fixture('killed-e7f8', journal, { title: 'killed' });
}

/** A run whose every name tries to be markup. */
export function hostileRun(): RunFixture {
  const evil = '<img src=x onerror="window.__hacked = true">';
  const { events, view } = finishedRun(evil);
  const quoted = JSON.stringify(evil);
  const text = JSON.stringify(events)
    .replaceAll('"gray"', quoted)
    .replaceAll(':gray"', `:${quoted.slice(1)}`)
    .replace('"classes":["0"', `"classes":[${quoted}`);
  const renamed = JSON.parse(text) as RunEvent[];
  return {
    events: renamed,
    view: { ...view, title: evil, run: foldEvents(renamed), config: configOf(udiConfig, evil) },
  };
}

/** Every kind of run that a chart must cope with, by name. */
export const fixtures: Readonly<Record<string, () => RunFixture>> = {
  finished: finishedRun,
  running: runningRun,
  'one epoch': oneEpochRun,
  'three modalities': threeModalityRun,
  'fixed alpha': fixedRun,
  sum: sumRun,
  empty: emptyRunFixture,
  failed: failedRun,
  interrupted: interruptedRun,
  hostile: hostileRun,
};
