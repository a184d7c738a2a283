import * as tf from '@tensorflow/tfjs-core';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createStepMeans } from '../../../src/trainer/methods/stepMeans.ts';
import { expectClose, useBackend } from '../numbers.ts';

describe('means over the steps of an epoch', () => {
  useBackend('wasm');
  beforeEach(() => tf.engine().startScope());
  afterEach(() => tf.engine().endScope());

  it('counts every step alike', () => {
    const means = createStepMeans(['rising', 'falling']);
    [1, 2, 6].forEach((value, step) => means.add({ rising: tf.scalar(value), falling: tf.scalar(-2 * value) }, step));
    expectClose([means.values['rising']!.dataSync()[0]!, means.values['falling']!.dataSync()[0]!], [3, -6], 1e-6, 'means');
    means.dispose();
  });

  it('starts an epoch without a trace of the last one, not even in the last bit', () => {
    const fresh = createStepMeans(['value']);
    const used = createStepMeans(['value']);
    // In float32 3.3e7 + (0.1 - 3.3e7) is not 0.1.
    used.add({ value: tf.scalar(3.3e7) }, 0);
    for (const means of [fresh, used]) [0.1, 0.7].forEach((value, step) => means.add({ value: tf.scalar(value) }, step));
    expect(used.values['value']!.dataSync()).toEqual(fresh.values['value']!.dataSync());
    fresh.dispose();
    used.dispose();
  });

  it('holds one tensor for each name, whatever it is given', () => {
    const before = tf.memory().numTensors;
    const means = createStepMeans(['a', 'b']);
    for (let step = 0; step < 3; step++) tf.tidy(() => means.add({ a: tf.scalar(step), b: tf.scalar(1) }, step));
    expect(tf.memory().numTensors).toBe(before + 2);
    means.dispose();
    expect(tf.memory().numTensors).toBe(before);
  });
});
