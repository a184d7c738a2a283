import * as tf from '@tensorflow/tfjs-core';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { FUSION } from '../../../src/core/run/targets.ts';
import { createRandom } from '../../../src/core/random.ts';
import type { EpochTools } from '../../../src/trainer/methods/method.ts';
import { blendingWeights, gblending, type Progress } from '../../../src/trainer/methods/gblending.ts';
import { expectClose, useBackend } from '../numbers.ts';
import { batchOf, firstStage, normalRows, outputsOf, place, type StageOptions } from './stages.ts';

// The golden progress of methods.md 4.4: audio, video, both.
const golden = [[1.2, 1.3, 0.6, 1.1], [1.5, 1.6, 1.1, 1.4], [1.1, 1.2, 0.3, 0.9]] as const;
const goldenWeights = [0.16778523, 0.67114094, 0.16107383];
const progressOf = ([trainBefore, validationBefore, trainAfter, validationAfter]: readonly number[]): Progress =>
  ({ trainBefore: trainBefore!, validationBefore: validationBefore!, trainAfter: trainAfter!, validationAfter: validationAfter! });

interface Rehearsal {
  readonly trains: readonly string[];
  readonly variables: readonly string[];
  readonly epochs: number;
}

/**
 * Tools that measure the golden cross entropies, one learner after another: of two classes all samples are of the first
 * one, and their logits are chosen so that the cross entropy is the wanted one. `rehearsals` and `reads` say what was asked for.
 */
function goldenTools(rehearsals: Rehearsal[], reads: [string, number][]): EpochTools {
  let after = false;
  return {
    classes: 2, learningRate: 0.1, batches: () => [],
    labels: (split) => new Int32Array(split === 'train' ? 30 : 8),
    withBatches: () => { throw new Error('not used'); },
    read: async (split, _modalities, _select, rows) => {
      const progress = golden[(rehearsals.length - (after ? 1 : 0)) % golden.length]!;
      const entropy = progress[(split === 'train' ? 0 : 1) + (after ? 2 : 0)]!;
      reads.push([split, rows!.length]);
      return { logits: { width: 2, values: Float32Array.from({ length: rows!.length * 2 }, (_, index) => (index % 2 === 0 ? -Math.log(Math.exp(entropy) - 1) : 0)) } };
    },
    rehearse: async (trial, epochs, measure) => {
      rehearsals.push({ trains: trial.trains, variables: Object.keys(trial.variables), epochs });
      after = true;
      const result = await measure();
      after = false;
      return result;
    },
  };
}

describe('blendingWeights', () => {
  it('has the golden values', () => {
    expectClose(blendingWeights(golden.map(progressOf), 0), goldenWeights, 1e-7, 'w');
    expectClose(blendingWeights(golden.map(progressOf)), goldenWeights, 1e-5, 'w with epsilon');
  });

  it('agrees with gain over squared overfitting, and gives a learner that gets worse nothing', () => {
    const random = createRandom(2);
    for (let round = 0; round < 20; round++) {
      const rows = normalRows(random, 4, 4);
      const raw = rows.map(([t0, v0, t1, v1]) => (v1! < v0! ? (v0! - v1!) / ((v1! - t1! - v0! + t0!) ** 2 + 1e-8) : 0));
      const sum = raw.reduce((total, each) => total + each);
      expectClose(blendingWeights(rows.map(progressOf)), raw.map((each) => (sum > 0 ? each / sum : 0.25)), 1e-9, `round ${round}`);
    }
    expect(blendingWeights([progressOf([1, 1, 0.5, 1.2]), progressOf([1, 1, 0.9, 0.9])])).toEqual([0, 1]);
  });

  it('is equal where nobody gains, and finite where nobody overfits', () => {
    expect(blendingWeights([progressOf([1, 1, 0.5, 1]), progressOf([1, 1, 0.5, 1.5])])).toEqual([0.5, 0.5]);
    expect(blendingWeights([progressOf([1, 1, 0.5, 0.5]), progressOf([1, 1, 0.5, 0.5])])).toEqual([0.5, 0.5]);
  });
});

describe('gblending', () => {
  useBackend('wasm');
  beforeEach(() => tf.engine().startScope());
  afterEach(() => tf.engine().endScope());

  /** What the stage asks for in the epochs, and its weights after them. */
  async function estimate(settings: StageOptions['settings'], epochs: readonly number[]) {
    const { stage, dispose } = firstStage(gblending, { settings: settings ?? {}, classes: 2 });
    const rehearsals: Rehearsal[] = [];
    const reads: [string, number][] = [];
    const tools = goldenTools(rehearsals, reads);
    const counts: number[] = [];
    for (const epoch of epochs) {
      await stage.startEpoch!(epoch, tools);
      counts.push(rehearsals.length);
    }
    const weights = ['a', 'b', FUSION].map((name) => stage.state![name]!.dataSync()[0]!);
    const loss = () => stage.loss(outputsOf({ a: [[1, -1]], b: [[0.2, 0.3]] }, { a: [[0.5, 2]], b: [[-1, 1]] }), batchOf([1], 2), place());
    return { rehearsals, reads, counts, weights, loss, dispose };
  }

  it('rehearses every learner alone and weights their losses by the outcome', async () => {
    const { rehearsals, reads, weights, loss, dispose } = await estimate({ rehearsalEpochs: 3 }, [0]);
    expect(rehearsals.map(({ trains, epochs }) => [trains, epochs])).toEqual([[['a'], 3], [['b'], 3], [['a', 'b'], 3]]);
    const kinds = rehearsals.map(({ variables }) => [...new Set(variables.map((name) => name.split('.').slice(0, 2).join('.')))].sort());
    expect(kinds).toEqual([['a.encoder', 'auxiliary.a'], ['auxiliary.b', 'b.encoder'], ['a.encoder', 'a.head', 'b.encoder', 'b.head']]);
    expect(new Set(reads.map(String)), 'as many training samples as there are for validation').toEqual(new Set(['train,8', 'validation,8']));
    expectClose(weights, goldenWeights, 1e-5, 'weights');
    const terms = loss();
    const parts = ['a', 'b', FUSION].map((name) => terms[`classification.${name}`]!.dataSync()[0]!);
    expectClose(terms.total.dataSync(), [parts.reduce((sum, part, index) => sum + part * goldenWeights[index]!, 0)], 1e-5, 'L');
    expectClose([parts[2]!], [Math.log(1 + Math.exp(1.2 + 0.7))], 1e-5, 'CE of the fused logits');
    dispose();
  });

  it('estimates every super-epoch, or once', async () => {
    const online = await estimate({ superEpoch: 4 }, [0, 1, 2, 3, 4, 5]);
    expect(online.counts).toEqual([3, 3, 3, 3, 6, 6]);
    online.dispose();
    const offline = await estimate({ superEpoch: 4, estimate: 'offline' }, [0, 1, 2, 3, 4, 5]);
    expect(offline.counts).toEqual([3, 3, 3, 3, 3, 3]);
    offline.dispose();
  });

  it('rehearses no longer than the run is', async () => {
    const { rehearsals, dispose } = await estimate({ rehearsalEpochs: 25 }, [0]);
    expect(rehearsals.map(({ epochs }) => epochs)).toEqual([10, 10, 10]);
    dispose();
  });
});
