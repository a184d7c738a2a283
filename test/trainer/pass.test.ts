import * as tf from '@tensorflow/tfjs-core';
import type { Tensor2D } from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { MultimodalModel, type ModelPass } from '../../src/trainer/model/model.ts';
import type { EncoderKind } from '../../src/trainer/model/module.ts';
import { useBackend } from './numbers.ts';

/** Features are random numbers of the pass, beside what the encoder was given of the mask. */
const drawing: EncoderKind = {
  id: 'drawing', label: '', source: '', settings: {}, refuses: () => undefined, featureSize: () => 2,
  create: () => ({
    featureSize: 2, parts: [], parameters: {}, buffers: {}, dispose: () => undefined,
    apply: ({ values, mask }, { mode, random }) => tf.tensor2d(
      Array.from({ length: values.shape[0]! }, () => [mode === 'evaluate' ? 0 : random.uniform(), mask?.size ?? -1])) as Tensor2D,
  }),
};

describe('a forward pass', () => {
  useBackend('cpu');
  const modelOf = (encoder: EncoderKind = drawing) => new MultimodalModel({
    modalities: [{ id: 'a', shape: [null, 3], masked: true, encoder }, { id: 'b', shape: [4], dtype: 'int32', encoder }], classes: 2, fusion: 'sum', seed: 3,
  });
  const draws = (model: MultimodalModel, pass: ModelPass, modalities?: readonly string[]): number[] => tf.tidy(() => {
    const { features } = model.forward({ a: model.absentInput('a'), b: model.absentInput('b') }, pass, modalities);
    return Object.values(features).map((each) => each.arraySync()[0]![0]!);
  });

  it('draws by seed, modality, epoch and step alone: again the same in a second pass, whatever else runs', () => {
    const model = modelOf();
    const first = draws(model, { mode: 'train', epoch: 2, step: 5 });
    expect(first[0]).not.toBe(first[1]);
    expect(draws(model, { mode: 'probe', epoch: 2, step: 5 })).toEqual(first);
    expect(draws(model, { mode: 'probe', epoch: 2, step: 5 }, ['b'])).toEqual([first[1]]);
    expect(draws(model, { mode: 'train', epoch: 2, step: 6 })[0]).not.toBe(first[0]);
    expect(draws(model, { mode: 'train', epoch: 3, step: 5 })[0]).not.toBe(first[0]);
    model.dispose();
  });

  it('draws nothing in an evaluation', () => {
    const model = modelOf({ ...drawing, create: () => ({ ...drawing.create({ shape: [] }, {}, undefined as never), apply: (_, { random }) => tf.tensor2d([[random.uniform(), 0]]) }) });
    expect(() => draws(model, { mode: 'evaluate' })).toThrow(/draws no random numbers/);
    model.dispose();
  });

  it('has an input for a modality that is absent: its own type, and a mask of nothing', () => {
    const model = modelOf();
    const [a, b] = [model.absentInput('a'), model.absentInput('b')];
    expect([a.values.shape, a.values.dtype, a.mask?.shape, Array.from(a.mask!.dataSync())]).toEqual([[1, 1, 3], 'float32', [1, 1], [0]]);
    expect([b.values.shape, b.values.dtype, b.mask]).toEqual([[1, 4], 'int32', undefined]);
    tf.dispose([a.values, a.mask!, b.values]);
    model.dispose();
  });
});
