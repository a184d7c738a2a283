import * as tf from '@tensorflow/tfjs-core';
import type { Scalar, Tensor2D } from '@tensorflow/tfjs-core';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createRandom } from '../../src/core/random.ts';
import { dynamicController } from '../../src/trainer/model/controller.ts';
import { crossEntropy, jensenShannon, stopGradient } from '../../src/trainer/model/losses.ts';
import { clubBound, createMiEstimator, estimatorLoss } from '../../src/trainer/model/miEstimator.ts';
import { gradientsOf } from '../../src/trainer/model/optimizer.ts';
import { kindOfWeight, toTensorData, type FixtureTensor } from './fixtures.ts';
import { describeWithFixture, expectClose, useBackend } from './numbers.ts';

// The golden fixture F of methods.md 3.7: small enough to stand here, so the tests mean something without the folder.
const z1 = [[2, 0.5, -1], [0.2, 0.1, 0.9]];
const z2 = [[0.3, 0.2, 0.1], [-0.5, 0.4, 0.6]];
const y = [[1, 0, 0], [0, 0, 1]];

interface JsCase { name: string; logits_anchor: FixtureTensor; logits_follower: FixtureTensor; js_per_sample: number[]; js_mean: number; grad_js_mean_wrt_logits_follower: FixtureTensor }
interface ClubCase {
  name: string; sizes: { dim_anchor: number; dim_follower: number; hidden: number }; weights: Record<string, FixtureTensor>;
  f_anchor: FixtureTensor; f_follower: FixtureTensor; mu: FixtureTensor; logvar: FixtureTensor; nll: number; bound: number;
  grad_bound_wrt_f_follower: FixtureTensor; grad_nll_wrt_weights: Record<string, FixtureTensor>;
}
interface ControllerCase {
  name: string; g_cls: Record<string, FixtureTensor>; g_con: Record<string, FixtureTensor>; g_com: Record<string, FixtureTensor>;
  eps: number; xi_con: number; xi_com: number; alpha_con: number; alpha_com: number;
}

const tensors = (record: Record<string, FixtureTensor>) => Object.fromEntries(Object.entries(record).map(([name, value]) => [name, toTensorData(value)]));

describe.each(['cpu', 'wasm'] as const)('losses on %s', (backend) => {
  useBackend(backend);
  beforeEach(() => tf.engine().startScope());
  afterEach(() => tf.engine().endScope());
  const numbers = (tensor: tf.Tensor) => tensor.dataSync();

  it('cross entropy has the values of methods.md 4.1 and 4.2', () => {
    expectClose(numbers(crossEntropy(tf.tensor2d(z1), tf.tensor2d(y))), [0.45352161], 1e-5, 'CE(z1)');
    expectClose(numbers(crossEntropy(tf.tensor2d(z2), tf.tensor2d(y))), [0.88407773], 1e-5, 'CE(z2)');
    const fused = tf.grad((z) => crossEntropy(z as Tensor2D, tf.tensor2d(y)));
    expectClose(numbers(fused(tf.add(tf.tensor2d(z1), tf.tensor2d(z2)))),
      [-0.09763691, 0.08123571, 0.01640121, 0.05390726, 0.11997282, -0.17388008], 1e-5, 'dCE');
  });

  it('Jensen–Shannon has the value and gradient of methods.md 6.7, is symmetric and 0 for equal inputs', () => {
    const mean = (a: Tensor2D, b: Tensor2D) => tf.mean(jensenShannon(a, b));
    expectClose(numbers(mean(tf.tensor2d(z1), tf.tensor2d(z2))), [0.06217435], 1e-5, 'JS');
    expectClose(numbers(tf.grad((z) => mean(tf.tensor2d(z1), z as Tensor2D))(tf.tensor2d(z2))),
      [-0.05016312, 0.01444337, 0.03571975, -0.01149004, 0.01931545, -0.00782541], 1e-4, 'dJS');
    expectClose(numbers(jensenShannon(tf.tensor2d(z2), tf.tensor2d(z1))), numbers(jensenShannon(tf.tensor2d(z1), tf.tensor2d(z2))), 1e-5, 'swapped');
    expect(Math.abs(numbers(mean(tf.tensor2d(z1), tf.tensor2d(z1)))[0]!)).toBeLessThan(1e-6);
    for (const value of numbers(tf.grad((z) => mean(tf.tensor2d(z1), z as Tensor2D))(tf.tensor2d(z1)))) expect(Math.abs(value)).toBeLessThan(1e-6);
  });

  it('the gradients of JS and CLUB agree with finite differences', () => {
    const random = createRandom(3);
    const estimator = createMiEstimator(3, 4, 5, random);
    const anchor = tf.tensor2d(Array.from({ length: 15 }, () => random.normal()), [5, 3]);
    const start = Float32Array.from({ length: 20 }, () => random.normal());
    const losses: ((f: Tensor2D) => Scalar)[] = [
      (f) => tf.mean(jensenShannon(tf.tensor2d(Array.from({ length: 20 }, (_, index) => Math.sin(index)), [5, 4]), f)),
      (f) => clubBound(estimator, anchor, f),
      (f) => estimatorLoss(estimator, anchor, f),
    ];
    for (const [index, loss] of losses.entries()) {
      const gradient = numbers(tf.grad((f) => loss(f as Tensor2D))(tf.tensor2d(start, [5, 4])));
      const differences = Array.from(start, (_, at) => {
        const moved = (by: number) => numbers(loss(tf.tensor2d(start.map((value, each) => (each === at ? value + by : value)), [5, 4])))[0]!;
        return (moved(0.05) - moved(-0.05)) / 0.1;
      });
      expectClose(gradient, differences, 2e-2, `loss ${index}`);
    }
  });

  it('stopGradient lets values through and gradients not', () => {
    const x = tf.tensor2d(z1);
    const gradient = tf.grad((z) => tf.sum(tf.mul(stopGradient(z), z)))(x);
    expectClose(numbers(gradient), numbers(x), 1e-6, 'only the direct path');
  });

  it('the controller has the values of methods.md 6.7', () => {
    const of = (encoder: number[], head?: number[]) => ({ encoder: tf.tensor1d(encoder), ...(head ? { head: tf.tensor1d(head) } : {}) });
    const { xi, alpha } = dynamicController(of([1, -2, 0.5], [0.3, 0.1]), of([0.2, -0.1, 0.4], [-0.5, 0.2]), of([0.1, 0.3, 0.2]));
    expectClose(numbers(tf.stack([xi.consistency, xi.complementary])), [0.47, -0.4], 1e-5, 'xi');
    expectClose(numbers(tf.stack([alpha.consistency, alpha.complementary])), [0.99999998, 0], 1e-5, 'alpha');
  });

  describeWithFixture<{ cases: JsCase[] }>('js', (read) => {
    it('gives the reference numbers', () => {
      for (const { name, logits_anchor, logits_follower, js_per_sample, js_mean, grad_js_mean_wrt_logits_follower } of read().cases) {
        const anchor = toTensorData(logits_anchor) as Tensor2D;
        const follower = toTensorData(logits_follower) as Tensor2D;
        expectClose(numbers(jensenShannon(anchor, follower)), js_per_sample, 1e-4, `${name}: per sample`, 1e-6);
        expectClose(numbers(tf.mean(jensenShannon(anchor, follower))), [js_mean], 1e-4, `${name}: mean`, 1e-6);
        expectClose(numbers(tf.grad((z) => tf.mean(jensenShannon(anchor, z as Tensor2D)))(follower)), grad_js_mean_wrt_logits_follower.data, 1e-4, `${name}: gradient`, 1e-6);
      }
    });
  });

  describeWithFixture<{ cases: ClubCase[] }>('club', (read) => {
    it('gives the reference numbers', () => {
      for (const { name, sizes, weights, ...expected } of read().cases) {
        const estimator = createMiEstimator(sizes.dim_anchor, sizes.dim_follower, sizes.hidden, createRandom(0));
        for (const [each, value] of Object.entries(weights)) estimator.parameters[each]!.assign(toTensorData(value, kindOfWeight(value)));
        const anchor = toTensorData(expected.f_anchor) as Tensor2D;
        const follower = toTensorData(expected.f_follower) as Tensor2D;
        const { mean, logVariance } = estimator.posterior(anchor);
        expectClose(numbers(mean), expected.mu.data, 1e-4, `${name}: mean`);
        expectClose(numbers(logVariance), expected.logvar.data, 1e-4, `${name}: log variance`);
        expectClose(numbers(clubBound(estimator, anchor, follower)), [expected.bound], 1e-4, `${name}: bound`, 1e-6);
        expectClose(numbers(tf.grad((f) => clubBound(estimator, anchor, f as Tensor2D))(follower)), expected.grad_bound_wrt_f_follower.data, 1e-4, `${name}: gradient of the bound`, 1e-6);
        const { value, gradients } = gradientsOf(() => estimatorLoss(estimator, anchor, follower), estimator.parameters);
        expectClose(numbers(value), [expected.nll], 1e-4, `${name}: nll`);
        for (const [each, gradient] of Object.entries(expected.grad_nll_wrt_weights)) {
          expectClose(numbers(gradients[each]!), numbers(toTensorData(gradient, kindOfWeight(gradient))), 1e-4, `${name}: nll gradient ${each}`);
        }
        estimator.dispose();
      }
    });
  });

  describeWithFixture<{ cases: ControllerCase[] }>('controller', (read) => {
    it('gives the reference numbers', () => {
      for (const { name, g_cls, g_con, g_com, eps, xi_con, xi_com, alpha_con, alpha_com } of read().cases) {
        const { xi, alpha } = dynamicController(tensors(g_cls), tensors(g_con), tensors(g_com), eps);
        expectClose(numbers(tf.stack([xi.consistency, xi.complementary])), [xi_con, xi_com], 1e-4, `${name}: xi`);
        expectClose(numbers(tf.stack([alpha.consistency, alpha.complementary])), [alpha_con, alpha_com], 1e-4, `${name}: alpha`);
      }
    });
  });
});
