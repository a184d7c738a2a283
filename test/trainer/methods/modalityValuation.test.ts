import * as tf from '@tensorflow/tfjs-core';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createRandom, type Random } from '../../../src/core/random.ts';
import type { EpochTools, Stage } from '../../../src/trainer/methods/method.ts';
import type { EpochEntries } from '../../../src/trainer/loop/batch.ts';
import { copiesFor, lagOf, modalityValuation, shapleyValues } from '../../../src/trainer/methods/modalityValuation.ts';
import type { MultimodalModel } from '../../../src/trainer/model/model.ts';
import { expectClose, useBackend } from '../numbers.ts';
import { metricsOf, smallConfig, trainHere, trainInPieces } from '../session.ts';
import { encodeAll, expectGradients, fuseRows, gradientsOfStep, numbersOf, plainCrossEntropy, randomBatch, scatter, slopes, type Weights } from './samples.ts';
import { batchOf, firstStage, outputsOf, place, softmax } from './stages.ts';

/** The table of methods.md 4.15: right with both, with 1, with 2; the values; the copies. */
const table: readonly (readonly number[])[] = [
  [0, 0, 0, 0, 0, 2, 2], [0, 0, 1, -0.5, 0.5, 3, 1], [0, 1, 0, 0.5, -0.5, 1, 3], [0, 1, 1, 0, 0, 2, 2],
  [1, 0, 0, 1, 1, 0, 0], [1, 0, 1, 0.5, 1.5, 1, 0], [1, 1, 0, 1.5, 0.5, 0, 1], [1, 1, 1, 1, 1, 0, 0],
];

/** The mean over all orders in which modalities can arrive of what each one adds, in plain float64. */
function shapleyByOrders(right: (subset: number) => boolean, count: number): number[] {
  const orders = (rest: number[]): number[][] => (rest.length === 0 ? [[]] : rest.flatMap((each) => orders(rest.filter((other) => other !== each)).map((tail) => [each, ...tail])));
  const all = orders(Array.from({ length: count }, (_, index) => index));
  const sums = new Array<number>(count).fill(0);
  for (const order of all) {
    let [before, subset] = [0, 0];
    order.forEach((modality, position) => {
      subset |= 1 << modality;
      const now = right(subset) ? position + 1 : 0;
      sums[modality]! += now - before;
      before = now;
    });
  }
  return sums.map((sum) => sum / all.length);
}

/** Sets the heads so that a modality votes for class 0 by its first feature and for class 1 by its second. */
function voteByFeature(model: MultimodalModel): void {
  for (const modality of model.modalities) {
    const head = model.branchParameters(modality);
    head['head.weight']!.assign(tf.tensor2d([[1, 0], [0, 1]]));
    head['head.bias']!.assign(tf.tensor1d([0, 0]));
  }
}

/** Tools over training samples with these features by modality; everything is of class 0. */
function toolsOver(features: Readonly<Record<string, number[][]>>, asked: number[][] = []): EpochTools {
  const missing = (): never => { throw new Error('not expected'); };
  const size = Object.values(features)[0]!.length;
  return {
    classes: 2,
    learningRate: 0.1,
    labels: () => new Array<number>(size).fill(0),
    batches: missing,
    read: (_split, _modalities, select, rows) => {
      asked.push([...rows!]);
      const picked = Object.fromEntries(Object.entries(features).map(([modality, values]) => [modality, [...rows!].map((row) => values[row]!)]));
      return Promise.resolve(tf.tidy(() => Object.fromEntries(Object.entries(select(outputsOf({}, picked))).map(([name, tensor]) =>
        [name, { values: tensor.dataSync() as Float32Array, width: tensor.shape[1] }]))));
    },
    withBatches: missing,
    rehearse: missing,
  };
}

/** Votes of samples for class 0, which is right, and class 1; a tie goes to class 0. */
const votes = {
  a: [[0, 1], [0, 3], [1, 0], [1, 0], [0, 0.1], [0, 1], [3, 0], [1, 0]],
  b: [[0, 1], [1, 0], [0, 3], [0, 0], [0, 0.1], [3, 0], [0, 1], [1, 0]],
};

async function entriesAt(stage: Stage, epoch: number, tools: EpochTools): Promise<EpochEntries | undefined> {
  await stage.startEpoch!(epoch, tools);
  return stage.entries!(epoch);
}

/** Entries as text: row and the marks of its modalities. */
const listed = (entries: EpochEntries): string[] => [...entries.rows].map((row, index) =>
  `${row}:${[...entries.marks!.values.subarray(index * entries.marks!.width, (index + 1) * entries.marks!.width)].join('')}`);

describe('modality valuation', () => {
  useBackend('wasm');
  beforeEach(() => tf.engine().startScope());
  afterEach(() => tf.engine().endScope());

  it('has the golden table', () => {
    for (const [both, first, second, ...expected] of table) {
      const values = shapleyValues((subset) => [undefined, first, second, both][subset] === 1, 2);
      expect([...values, ...values.map(copiesFor)], `${both} ${first} ${second}`).toEqual(expected);
    }
  });

  it('has the golden share of the modality level', () => {
    const { modality, share } = lagOf([1.1, 0.7], 1);
    expect(modality).toBe(1);
    expect(share).toBeCloseTo(0.26666667, 7);
    expect(Math.floor(share * 1000)).toBe(266);
    expect(lagOf([0.9, 0.3, 0.6], 2).share).toBeCloseTo(2 * (2 / 3) * 0.45, 10);
  });

  it.each([2, 3, 4])('agrees with the mean over all orders of %s modalities', (count) => {
    const random = createRandom(6);
    for (let trial = 0; trial < 40; trial++) {
      const outcomes = Array.from({ length: 2 ** count }, () => random.uniform() < 0.5);
      const right = (subset: number) => outcomes[subset]!;
      expectClose(shapleyValues(right, count), shapleyByOrders(right, count), 1e-9, `trial ${trial}`, 1e-9);
    }
  });

  it('copies by the thresholds whatever the rounding of a value', () => {
    expect([1 - 1e-16, 1 + 1e-15, 0.99, 0.4 + 1e-6, 0.4 - 1e-15, 0, -0.1 - 1e-16, -0.11].map(copiesFor)).toEqual([0, 0, 1, 1, 2, 2, 2, 3]);
  });

  it('shows every sample once with all modalities, and the copies with one', async () => {
    const { model, stage, dispose } = firstStage(modalityValuation, { classes: 2 });
    voteByFeature(model);
    const asked: number[][] = [];
    const entries = await entriesAt(stage, 1, toolsOver(votes, asked));
    const [right1, right2, rightBoth] = [0, 0, 0].map((_, which) => votes.a.map(([a0, a1], row) => {
      const [b0, b1] = votes.b[row]!;
      return which === 0 ? a0! >= a1! : which === 1 ? b0! >= b1! : a0! + b0! >= a1! + b1!;
    }));
    const copies = votes.a.flatMap((_, row) => {
      const [, , , , , ofFirst, ofSecond] = table.find(([both, first, second]) => both === Number(rightBoth![row]) && first === Number(right1![row]) && second === Number(right2![row]))!;
      return [...new Array<string>(ofFirst!).fill(`${row}:10`), ...new Array<string>(ofSecond!).fill(`${row}:01`)];
    });
    expect(listed(entries!)).toEqual([...votes.a.map((_, row) => `${row}:11`), ...copies]);
    expect(asked).toEqual([[0, 1, 2, 3, 4, 5, 6, 7]]);
    expect(new Set(copies).size).toBeGreaterThan(5);
    dispose();
  });

  it('copies random samples with the weakest modality at the modality level', async () => {
    const draws = [0, 1, 2, 3, 4, 5, 6, 7, 3, 3, 5, 0, 2];
    const random = (): Random => {
      let next = 0;
      return { ...createRandom(0), integer: () => draws[next++]! };
    };
    const { model, stage, dispose } = firstStage(modalityValuation, { classes: 2, settings: { level: 'modality', ratio: 1 }, random });
    voteByFeature(model);
    // a alone is right for every sample, b for none, both together for all: values 1.5 and 0.5.
    const samples = { a: new Array<number[]>(8).fill([3, 0]), b: new Array<number[]>(8).fill([0, 1]) };
    const asked: number[][] = [];
    const entries = await entriesAt(stage, 1, toolsOver(samples, asked));
    expect(asked).toEqual([draws.slice(0, 8)]);
    expect(listed(entries!).slice(8), 'floor(2/3 · 8) copies').toEqual(['3:01', '3:01', '5:01', '0:01', '2:01']);
    expectClose(['a', 'b'].map((modality) => stage.readings!()[`value.${modality}`]!.dataSync()[0]!), [1.5, 0.5], 1e-6, 'readings');
    dispose();
  });

  it.each(['sample', 'modality'])('resumes with the same entries at the %s level', async (level) => {
    const config = smallConfig({ method: { name: 'modality-valuation', level }, dataset: { name: 'synthetic-arrays', modalities: 2, train: 96, validation: 48, test: 48 } });
    const { run, weights } = await trainHere(config);
    const pieces = await trainInPieces(config);
    expect(metricsOf(pieces.run)).toEqual(metricsOf(run));
    expect(pieces.weights).toEqual(weights);
  });

  it('starts after its warm-up of 5 in 60 epochs, at least one', async () => {
    for (const [epochs, first] of [[60, 5], [3, 1]] as const) {
      const { model, stage, dispose } = firstStage(modalityValuation, { classes: 2, epochs });
      voteByFeature(model);
      expect(await entriesAt(stage, first - 1, toolsOver(votes))).toBeUndefined();
      expect(await entriesAt(stage, first, toolsOver(votes))).toBeDefined();
      dispose();
    }
  });

  it('takes modalities away by zeroing their features, so the bias stays', () => {
    const { model, stage, dispose } = firstStage(modalityValuation, { classes: 2 });
    voteByFeature(model);
    model.branchParameters('a')['head.bias']!.assign(tf.tensor1d([0.4, 0]));
    model.branchParameters('b')['head.bias']!.assign(tf.tensor1d([0, 0.7]));
    const outputs = outputsOf({}, { a: [[1, 2], [1, 2]], b: [[3, -1], [3, -1]] });
    const marks = tf.tensor2d([[1, 1], [0, 1]]);
    const expected = -(Math.log(softmax([4.4, 1.7])[0]!) + Math.log(softmax([3.4, -0.3])[1]!)) / 2;
    expectClose(stage.loss(outputs, batchOf([0, 1], 2, { marks }), place()).total.dataSync(), [expected], 1e-5, 'L');
    dispose();
  });

  it('builds the entries of an epoch from its own valuation alone', async () => {
    const { model, stage, dispose } = firstStage(modalityValuation, { classes: 2 });
    voteByFeature(model);
    const allRight = { a: votes.a.map(() => [1, 0]), b: votes.b.map(() => [1, 0]) };
    const first = listed((await entriesAt(stage, 1, toolsOver(votes)))!);
    expect(listed((await entriesAt(stage, 2, toolsOver(allRight)))!), 'nothing is left of the last epoch').toEqual(votes.a.map((_, row) => `${row}:11`));
    expect(listed((await entriesAt(stage, 3, toolsOver(votes)))!)).toEqual(first);
    dispose();
  });

  it.each(['sum', 'mean', 'concat'] as const)('gives all parameters the gradient of the masked loss in float64: %s', async (fusion) => {
    const random = createRandom(3);
    const modalities = ['a', 'b'];
    const { model, stage, dispose } = firstStage(modalityValuation, { fusion });
    scatter(stage, random);
    const { batch, inputs, labels: target } = randomBatch(random, modalities, 6);
    const weights = numbersOf(stage.variables);
    const check = async (marks: number[][]) => {
      const loss = (at: Weights) => plainCrossEntropy(fuseRows(at, Object.fromEntries(Object.entries(encodeAll(at, inputs)).map(([modality, rows], index) =>
        [modality, rows.map((row, sample) => row.map((value) => value * marks[sample]![index]!))])), fusion), target);
      const { gradients, losses } = await gradientsOfStep(model, stage, { ...batch, marks: tf.tensor2d(marks) });
      expectClose([losses['total']!], [loss(weights)], 1e-5, 'L');
      expectGradients(gradients, slopes(loss, weights), 'gradient');
      return gradients;
    };
    await check([[1, 1], [1, 0], [0, 1], [1, 1], [0, 1], [1, 0]]);
    const { 'b.encoder.fc1.weight': silent } = await check(modalities.flatMap(() => [[1, 0], [1, 0], [1, 0]]));
    expect(silent!.every((value) => value === 0), 'a modality that is away learns nothing').toBe(true);
    dispose();
  });
});
