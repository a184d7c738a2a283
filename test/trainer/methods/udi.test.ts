import { describe, expect, it } from 'vitest';
import { alphaOf, xiOf } from '../../../src/core/run/alpha.ts';
import { FUSION } from '../../../src/core/run/targets.ts';
import { rankModalities } from '../../../src/trainer/methods/udi.ts';
import { useBackend } from '../numbers.ts';
import { smallConfig, trainHere } from '../session.ts';

useBackend('wasm');

describe('unimodal', () => {
  it('trains only the chosen modality', async () => {
    const { run } = await trainHere(smallConfig({ method: { name: 'unimodal', modality: 'm2' } }));
    expect(run.stages.map((stage) => stage.id)).toEqual(['unimodal:m2']);
    expect(Object.keys(run.test!)).toEqual(['m2']);
    expect(run.started!.plannedEpochs).toBe(3);
  });

  it('refuses a modality that the dataset has not', async () => {
    await expect(trainHere(smallConfig({ method: { name: 'unimodal', modality: 'm9' } }))).rejects.toThrow(/unknown modality "m9"/);
  });
});

describe('udi', () => {
  it('trains all branches, then followers in descending order beside a frozen anchor', async () => {
    const { run } = await trainHere(smallConfig());
    const order = run.anchor!.order;
    expect(run.stages.map((stage) => stage.id)).toEqual(['unimodal:m1', 'unimodal:m2', 'unimodal:m3', ...order.slice(1).map((modality) => `follower:${modality}`)]);
    expect(run.anchor!.candidates.map((each) => each.accuracy)).toEqual([...run.anchor!.candidates.map((each) => each.accuracy)].sort((a, b) => b - a));
    const accuracies = run.stages.slice(3).flatMap((stage) => stage.epochs.map((epoch) => epoch.validation[order[0]!]!.accuracy));
    expect(new Set(accuracies), 'a frozen anchor predicts the same in every epoch').toEqual(new Set([accuracies[0]]));
    for (const epoch of run.stages.slice(3).flatMap((stage) => stage.epochs)) {
      const { consistency, complementary } = alphaOf(epoch)!;
      const strongest = Math.max(xiOf(epoch)!.consistency, xiOf(epoch)!.complementary);
      if (strongest > 0.01) expect(consistency + complementary).toBeCloseTo(1, 5);
      if (strongest <= 0) expect(consistency + complementary).toBe(0);
    }
  });

  it('keeps the anchor bit for bit: its weights are those of its unimodal stage', async () => {
    const { run, weights } = await trainHere(smallConfig());
    const anchor = run.anchor!.anchor;
    const alone = await trainHere(smallConfig({ method: { name: 'unimodal', modality: anchor } }));
    for (const [name, tensor] of Object.entries(alone.weights)) if (name.startsWith(`${anchor}.`)) expect(weights[name], name).toEqual(tensor);
  });

  it('with alpha (0,0) is step by step the unimodal stage', async () => {
    const training = { epochs: 3, batchSize: 32, learningRate: 0.05, keep: 'last' };
    const { run, weights } = await trainHere(smallConfig({ method: { name: 'udi', alpha: { consistency: 0, complementary: 0 } }, training }));
    const alone = await trainHere(smallConfig({ method: { name: 'unimodal' }, training }));
    expect(weights).toEqual(alone.weights);
    for (const modality of run.anchor!.order.slice(1)) {
      const losses = (id: string, source: typeof run) => source.stages.find((stage) => stage.id === id)!.epochs.map((epoch) => epoch.losses['total']);
      expect(losses(`follower:${modality}`, run)).toEqual(losses(`unimodal:${modality}`, alone.run));
    }
  });

  it.each(['m1', 'm2', 'm3'])('takes %s as anchor when the config says so', async (anchor) => {
    const { run } = await trainHere(smallConfig({ method: { name: 'udi', anchor }, training: { epochs: 1, batchSize: 32, learningRate: 0.05 } }));
    expect(run.anchor).toMatchObject({ anchor, decidedBy: 'config' });
    expect(run.anchor!.order[0]).toBe(anchor);
    expect([...run.anchor!.order].sort()).toEqual(['m1', 'm2', 'm3']);
    expect(Object.keys(run.test!).sort()).toEqual([FUSION, 'm1', 'm2', 'm3']);
  });

  it('names the step of a loss that is not finite', async () => {
    await expect(trainHere(smallConfig({ training: { epochs: 2, batchSize: 32, learningRate: 1e30 } }))).rejects.toThrow(/diverged at step \d of epoch 1 of unimodal:m1: the loss is not finite/);
  });

  it('ends a stage early and restores its best epoch', async () => {
    const training = { epochs: 40, batchSize: 32, learningRate: 0.05, earlyStopping: { patience: 2 } };
    const { run } = await trainHere(smallConfig({ training }));
    for (const stage of run.stages) {
      const accuracy = stage.epochs.map((epoch) => epoch.validation[stage.id.startsWith('follower') ? FUSION : stage.trains[0]!]!['accuracy']!);
      const best = accuracy.indexOf(Math.max(...accuracy)) + 1;
      expect(stage.ended!.keptEpoch).toBe(best);
      expect(stage.ended!.reason).toBe(stage.epochs.length < 40 ? 'early stopping' : 'completed');
      if (stage.epochs.length < 40) expect(stage.epochs.length).toBe(best + 2);
    }
    expect(run.stages.some((stage) => stage.ended!.reason === 'early stopping')).toBe(true);
  });

  it('multiplies the learning rate at every step of the schedule', async () => {
    const training = { epochs: { unimodal: 3, follower: 1 }, batchSize: 32, learningRate: 0.05, schedule: { name: 'step', every: 2, factor: 0.1 } };
    const { run } = await trainHere(smallConfig({ training }));
    expect(run.stages[0]!.epochs.map((epoch) => epoch.learningRate)).toEqual([0.05, 0.05, 0.05 * 0.1]);
    expect(run.stages.at(-1)!.epochs).toHaveLength(1);
  });
});

describe('rankModalities', () => {
  const scores = (values: Record<string, [number, number]>) =>
    Object.fromEntries(Object.entries(values).map(([name, [accuracy, entropy]]) => [name, { accuracy, entropy }]));

  it('prefers accuracy, and entropy within the tolerance', () => {
    expect(rankModalities(scores({ a: [0.7, 0.1], b: [0.9, 0.5] }), 0.015).map((each) => [each.modality, each.tied])).toEqual([['b', false], ['a', false]]);
    expect(rankModalities(scores({ a: [0.89, 0.1], b: [0.9, 0.5] }), 0.015).map((each) => [each.modality, each.tied])).toEqual([['a', true], ['b', false]]);
  });

  it('counts a difference of exactly the tolerance as a tie', () => {
    expect(rankModalities(scores({ a: [0.885, 0.1], b: [0.9, 0.5] }), 0.015)[0]!.modality).toBe('a');
  });

  it('resolves ties among the rest as well', () => {
    const ranked = rankModalities(scores({ a: [0.5, 0.9], b: [0.9, 0.5], c: [0.505, 1.2] }), 0.015);
    expect(ranked.map((each) => each.modality)).toEqual(['b', 'a', 'c']);
  });
});
