import '@tensorflow/tfjs-backend-cpu';
import { cpus } from 'node:os';
import * as tf from '@tensorflow/tfjs-core';
import type { Backend } from './backend.ts';

/** Plain JavaScript: about 150 times slower than wasm, but a reference for the other backends. */
export const cpuBackend: Backend = {
  id: 'cpu',
  label: 'Plain JavaScript',
  probe: async () => ({
    usable: true,
    automatic: false,
    device: cpus()[0]?.model.trim(),
    reason: 'about 150 times slower than wasm; meant for checking the other backends',
  }),
  activate: async () => {
    await tf.setBackend('cpu');
    // Else the first tensor prints an advertisement for tfjs-node on stderr.
    (tf.backend() as unknown as { firstUse: boolean }).firstUse = false;
  },
};
