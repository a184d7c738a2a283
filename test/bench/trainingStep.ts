import * as tf from '@tensorflow/tfjs-core';
import type { KernelConfig, Scalar } from '@tensorflow/tfjs-core';
import { createRandom } from '../../src/core/random.ts';
import { chooseBackend, type BackendSearch } from '../../src/trainer/backends/index.ts';
import { cgmnistEncoder } from '../../src/trainer/encoders/cgmnist.ts';
import { createLinear } from '../../src/trainer/model/layers.ts';
import { prefixed } from '../../src/trainer/model/module.ts';
import { createSgd, gradientsOf } from '../../src/trainer/model/optimizer.ts';

/** What is measured: the colour branch of CGMNIST, as `shared/bench/torch_step.py` does it in PyTorch. */
export interface TrainingStepOptions {
  readonly device: string;
  readonly search: BackendSearch;
  readonly batch?: number;
  readonly steps?: number;
  readonly warmUp?: number;
}

/** Time that one kernel takes itself (without the kernels that it calls) in one step. */
export interface KernelTime {
  readonly kernel: string;
  readonly msPerStep: number;
  readonly callsPerStep: number;
}

/** The median over all measured steps, and where the time goes (longest first; from extra steps of its own). */
export interface TrainingStepResult {
  readonly device: string;
  readonly batch: number;
  readonly msPerStep: number;
  readonly samplesPerSecond: number;
  readonly profile: readonly KernelTime[];
}

/**
 * Measures one training step on a backend: forward pass, cross-entropy, gradients, SGD with momentum 0.9 and weight
 * decay 1e-4, and reading the loss back. The backend stays active.
 */
export async function measureTrainingStep(options: TrainingStepOptions): Promise<TrainingStepResult> {
  const { device, search, batch = 64, steps = 30, warmUp = 5 } = options;
  const backend = await chooseBackend(device, search);
  const random = createRandom(0);
  const encoder = cgmnistEncoder.create({ shape: [28, 28, 3] }, {}, random);
  const head = createLinear(encoder.featureSize, 10, random);
  const parameters = { ...prefixed('encoder', encoder.parameters), ...prefixed('head', head.parameters) };
  const optimizer = createSgd(parameters, 0.9, 1e-4);
  const inputs = tf.tensor(
    Float32Array.from({ length: batch * 28 * 28 * 3 }, () => random.normal()),
    [batch, 28, 28, 3],
  );
  const labels = tf.tidy(() =>
    tf.oneHot(
      tf.tensor1d(
        Array.from({ length: batch }, (_, index) => index % 10),
        'int32',
      ),
      10,
      1,
      0,
      'float32',
    ),
  );

  const step = async (): Promise<number> => {
    const begin = performance.now();
    const loss = tf.tidy(() => {
      const { value, gradients } = gradientsOf(() => {
        const logits = head.apply(encoder.apply({ values: inputs }, { mode: 'train', random }));
        return tf.neg(tf.mean(tf.sum(tf.mul(tf.logSoftmax(logits), labels), 1))) as Scalar;
      }, parameters);
      optimizer.apply(gradients, 0.01);
      return value;
    });
    await loss.data();
    loss.dispose();
    return performance.now() - begin;
  };

  for (let index = 0; index < warmUp; index++) await step();
  const times: number[] = [];
  for (let index = 0; index < steps; index++) times.push(await step());
  const profile = await profileKernels(step, Math.min(10, steps));
  for (const part of [encoder, head, optimizer]) part.dispose();
  tf.dispose([inputs, labels]);
  const median = times.sort((a, b) => a - b)[times.length >> 1]!;
  return { device: backend.id, batch, msPerStep: median, samplesPerSecond: (batch / median) * 1000, profile };
}

/** Runs `step` with every kernel of the backend timed. Kernels that only queue work (a GPU's) seem to cost nothing. */
async function profileKernels(step: () => Promise<number>, steps: number): Promise<KernelTime[]> {
  const backend = tf.getBackend();
  const stock = tf.getKernelsForBackend(backend);
  const totals = new Map<string, { ms: number; calls: number }>();
  const nested: number[] = [];
  const add = (kernel: string, ms: number): void => {
    const total = totals.get(kernel) ?? { ms: 0, calls: 0 };
    totals.set(kernel, { ms: total.ms + ms, calls: total.calls + 1 });
  };
  const timed = (config: KernelConfig): KernelConfig => ({
    ...config,
    setupFunc: undefined,
    kernelFunc: (args) => {
      nested.push(0);
      const begin = performance.now();
      const result = config.kernelFunc(args);
      const elapsed = performance.now() - begin;
      add(config.kernelName, elapsed - nested.pop()!);
      if (nested.length > 0) nested[nested.length - 1]! += elapsed;
      return result;
    },
  });
  const swap = (configs: readonly KernelConfig[]): void => {
    for (const config of configs) {
      tf.unregisterKernel(config.kernelName, backend);
      tf.registerKernel(config);
    }
  };
  swap(stock.map(timed));
  let whole = 0;
  try {
    for (let index = 0; index < steps; index++) whole += await step();
  } finally {
    swap(stock);
  }
  const kernels = [...totals].map(([kernel, { ms, calls }]) => ({
    kernel,
    msPerStep: ms / steps,
    callsPerStep: calls / steps,
  }));
  const outside = whole / steps - kernels.reduce((sum, { msPerStep }) => sum + msPerStep, 0);
  return [...kernels, { kernel: '(between kernels)', msPerStep: outside, callsPerStep: 1 }].sort(
    (a, b) => b.msPerStep - a.msPerStep,
  );
}
