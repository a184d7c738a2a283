import * as tf from '@tensorflow/tfjs-core';
import type { Scalar, Tensor, Tensor2D, Variable } from '@tensorflow/tfjs-core';
import { createRandom, seedFor } from '../../core/random.ts';
import { createLinear } from '../model/layers.ts';
import type { Coupling, MultimodalModel } from '../model/model.ts';
import { prefixed, type NamedVariables } from '../model/module.ts';

/** Squeeze-and-excite gates between two branches (MMTM), with what the balancing needs of them. */
export interface Gates extends Coupling {
  /** Trained variables of the squeeze layers and of the excite layers of modality `index`, as the model names them. */
  bypass(index: number): string[];
  /** Index of the modality whose gate is held at its running mean in training passes, -1 for none; freed with the gates. */
  readonly held: Variable;
}

/** Mean over all positions of maps [B, ..., C], [B, C]. */
function squeezed(map: Tensor): Tensor2D {
  return (map.rank > 2 ? tf.mean(map, Array.from({ length: map.rank - 2 }, (_, axis) => axis + 1)) : map) as Tensor2D;
}

/** Maps [B, ..., C] times gates [B, C], the same at every position. */
function gated(map: Tensor, gate: Tensor): Tensor {
  return tf.mul(map, tf.reshape(gate, [gate.shape[0]!, ...new Array<number>(map.rank - 2).fill(1), gate.shape[1]!]));
}

/**
 * Creates gates after the parts of both encoders; the last part of an encoder with several ends in the features and has none.
 * The squeeze layer has 2/ratio of the channels of both (Vaezi Joze et al. 2020, MMTM;
 * nyukat/greedy_multimodal_learning:src/balanced_mmtm.py).
 */
export function createGates(model: MultimodalModel, ratio: number, seed: number): Gates {
  const [first, second] = model.modalities as [string, string];
  const depth = Math.min(model.encoderParts(first).length, model.encoderParts(second).length);
  const places = Array.from({ length: Math.max(1, depth - 1) }, (_, place) => {
    const channels = [first, second].map((modality) => model.encoderParts(modality)[place]!.channels) as [number, number];
    const both = channels[0] + channels[1];
    const width = Math.max(1, Math.floor((2 * both) / ratio));
    const random = createRandom(seedFor(`init:gates:${place}`, seed));
    const layers = { squeeze: createLinear(both, width, random), excite0: createLinear(width, channels[0], random), excite1: createLinear(width, channels[1], random) };
    const running = channels.map((size) => tf.tidy(() => tf.variable(tf.zeros([size]), false)));
    const count = tf.tidy(() => tf.variable(tf.scalar(0), false));
    return { layers, running, count };
  });
  const held = tf.tidy(() => tf.variable(tf.scalar(-1), false));
  const named = (kind: 'parameters' | 'buffers'): NamedVariables => Object.assign({}, ...places.map(({ layers, running, count }, place) =>
    prefixed(String(place), kind === 'parameters'
      ? Object.assign({}, ...Object.entries(layers).map(([name, layer]) => prefixed(name, layer.parameters))) as NamedVariables
      : { mean0: running[0]!, mean1: running[1]!, count }))) as NamedVariables;
  return {
    held,
    parameters: named('parameters'),
    buffers: named('buffers'),
    bypass: (index) => places.flatMap((_, place) => ['squeeze', `excite${index}`].flatMap((layer) =>
      ['weight', 'bias'].map((name) => `coupling.${place}.${layer}.${name}`))),
    apply: (maps, index, mode) => {
      const place = places[index];
      if (!place) return maps;
      const inputs = [maps[first]!, maps[second]!];
      const hidden = tf.relu(place.layers.squeeze.apply(tf.concat(inputs.map(squeezed), 1)));
      const gates = [place.layers.excite0, place.layers.excite1].map((layer) => tf.sigmoid(layer.apply(hidden)));
      if (mode === 'train') keepMeans(gates, place.running, place.count);
      const used = mode === 'evaluate' ? gates : gates.map((gate, modality) => holdable(gate, place.running[modality]!, held, modality));
      return { [first]: gated(inputs[0]!, used[0]!), [second]: gated(inputs[1]!, used[1]!) };
    },
    dispose: () => {
      for (const { layers, running, count } of places) {
        for (const layer of Object.values(layers)) layer.dispose();
        tf.dispose([...running, count]);
      }
      held.dispose();
    },
  };
}

/** The gate, or its running mean [C] for every sample where it is this modality's turn to be held. */
function holdable(gate: Tensor, mean: Tensor, held: Tensor, modality: number): Tensor {
  const isHeld = tf.cast(tf.equal(held, modality), 'float32') as Scalar;
  return tf.add(tf.mul(gate, tf.sub(1, isHeld)), tf.mul(mean, isHeld));
}

/** Takes the batch means of the gates into the running ones: all batches so far count alike. */
function keepMeans(gates: readonly Tensor[], running: readonly Variable[], count: Variable): void {
  tf.tidy(() => {
    const next = tf.add(count, 1);
    for (const [modality, mean] of running.entries()) {
      mean.assign(tf.add(mean, tf.div(tf.sub(tf.mean(gates[modality]!, 0), mean), next)));
    }
    count.assign(next as Scalar);
  });
}
