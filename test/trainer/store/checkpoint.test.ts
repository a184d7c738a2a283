import * as tf from '@tensorflow/tfjs-core';
import type { Variable } from '@tensorflow/tfjs-core';
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { UserError } from '../../../src/core/errors.ts';
import { Checkpoints } from '../../../src/trainer/store/checkpoint.ts';
import { writeSafetensors } from '../../../src/trainer/store/safetensors.ts';
import { useBackend } from '../numbers.ts';

describe('checkpoints', () => {
  useBackend('cpu');
  let run: string;
  let variables: Record<'moving' | 'fixed' | 'velocity', Variable>;
  let tensors: number;
  beforeEach(() => {
    run = mkdtempSync(join(tmpdir(), 'udi-checkpoint-'));
    mkdirSync(join(run, 'checkpoints'));
    tensors = tf.memory().numTensors;
    variables = { moving: variable(100), fixed: variable(1000), velocity: variable(100) };
  });
  afterEach(() => {
    tf.dispose(Object.values(variables));
    expect(tf.memory().numTensors, 'tensors').toBe(tensors);
    rmSync(run, { recursive: true, force: true });
  });

  const variable = (size: number): Variable => tf.tidy(() => tf.variable(tf.zeros([size])));
  const set = (which: Variable, value: number): void => tf.tidy(() => which.assign(tf.fill(which.shape, value)));
  const firstOf = (which: Variable): number => which.dataSync()[0]!;
  const files = (): string[] => readdirSync(join(run, 'checkpoints')).sort();
  const model = () => ({ moving: variables.moving, fixed: variables.fixed });
  const save = (checkpoints: Checkpoints, epoch: number, best?: boolean) =>
    checkpoints.save({ finished: ['first'], open: { stage: 'second', epoch } }, { model: model(), optimizer: { moving: variables.velocity } }, best ? { moving: variables.moving } : 'same');
  /** One epoch: weights and velocity change. */
  const epoch = async (checkpoints: Checkpoints, number: number, best?: boolean) => {
    set(variables.moving, number);
    set(variables.velocity, -number);
    await save(checkpoints, number, best);
  };

  it('gives back all variables, and where the run stood', async () => {
    const checkpoints = new Checkpoints(run);
    expect(checkpoints.resumed).toBeUndefined();
    set(variables.fixed, 7);
    await epoch(checkpoints, 1, true);
    await epoch(checkpoints, 2);
    await checkpoints.flush();
    const again = new Checkpoints(run);
    expect(again.resumed).toEqual({ finished: ['first'], open: { stage: 'second', epoch: 2 } });
    for (const each of Object.values(variables)) set(each, 99);
    again.restore('model', model());
    again.restore('optimizer', { moving: variables.velocity });
    expect([firstOf(variables.moving), firstOf(variables.fixed), firstOf(variables.velocity)]).toEqual([2, 7, -2]);
    await again.restoreBest({ moving: variables.moving });
    expect(firstOf(variables.moving)).toBe(1);
  });

  it('writes what has changed and nothing else, also after a resume; the best weights are those of their epoch\'s file', async () => {
    const checkpoints = new Checkpoints(run);
    await epoch(checkpoints, 1, true);
    await epoch(checkpoints, 2);
    await checkpoints.flush();
    // Of the first file the fixed weights and the best ones are still of use.
    expect(files()).toEqual(['checkpoint.json', 'stage2-epoch1-weights.safetensors', 'stage2-epoch2-state.safetensors', 'stage2-epoch2-weights.safetensors']);
    expect(statSync(join(run, 'checkpoints', 'stage2-epoch2-weights.safetensors')).size).toBeLessThan(600);
    const resumed = new Checkpoints(run);
    resumed.restore('model', model());
    resumed.restore('optimizer', { moving: variables.velocity });
    await save(resumed, 3);
    await resumed.flush();
    expect(files(), 'nothing has changed').toEqual(['checkpoint.json', 'stage2-epoch1-weights.safetensors', 'stage2-epoch2-state.safetensors', 'stage2-epoch2-weights.safetensors']);
    await epoch(resumed, 4, true);
    await resumed.save({ finished: ['first', 'second'] }, { model: model() }, 'none');
    await resumed.flush();
    expect(files(), 'between two stages there is no best, and no optimizer').toEqual(['checkpoint.json', 'stage2-epoch1-weights.safetensors', 'stage2-epoch4-weights.safetensors']);
  });

  it('gives the few tensors that are left of a large file a file of their own, once', async () => {
    const checkpoints = new Checkpoints(run);
    const few = { moving: variables.fixed, fixed: variables.moving };
    const step = async (number: number) => {
      set(few.moving, number);
      await checkpoints.save({ finished: [], open: { stage: 'first', epoch: number } }, { model: few }, 'none');
      await checkpoints.flush();
    };
    set(few.fixed, 5);
    for (const number of [1, 2, 3]) await step(number);
    expect(files()).toEqual(['checkpoint.json', 'stage1-epoch2-kept.safetensors', 'stage1-epoch3-weights.safetensors']);
    set(few.fixed, 0);
    new Checkpoints(run).restore('model', few);
    expect([firstOf(few.moving), firstOf(few.fixed)]).toEqual([3, 5]);
  });

  it('stores the values of the moment, whatever happens to the variables while it writes', async () => {
    const checkpoints = new Checkpoints(run);
    await epoch(checkpoints, 1);
    for (const each of Object.values(variables)) set(each, 50);
    await checkpoints.flush();
    new Checkpoints(run).restore('model', model());
    expect([firstOf(variables.moving), firstOf(variables.fixed)]).toEqual([1, 0]);
  });

  it('leaves files alone that it has not written, and takes away its own that a crash has left', async () => {
    for (const name of ['notes.txt', 'mine.safetensors', 'stage1-epoch7-weights.safetensors.tmp', 'stage1-epoch3.safetensors']) writeFileSync(join(run, 'checkpoints', name), 'x');
    const checkpoints = new Checkpoints(run);
    await epoch(checkpoints, 1);
    await checkpoints.flush();
    expect(files()).toEqual(['checkpoint.json', 'mine.safetensors', 'notes.txt', 'stage2-epoch1-state.safetensors', 'stage2-epoch1-weights.safetensors']);
  });

  it('reads a checkpoint of the former format', async () => {
    const source = (name: string, value: number, size: number) => ({ name, shape: [size], values: () => Promise.resolve(new Float32Array(size).fill(value)) });
    const file = join(run, 'checkpoints', 'stage2-epoch4.safetensors');
    await writeSafetensors(file, [source('model/moving', 4, 100), source('model/fixed', 9, 1000), source('optimizer/moving', 2, 100), source('best/moving', 3, 100)]);
    const sha256 = createHash('sha256').update(readFileSync(file)).digest('hex');
    const open = { stage: 'second', epoch: 4 };
    writeFileSync(join(run, 'checkpoints', 'checkpoint.json'), JSON.stringify({ format: 1, tensors: 'stage2-epoch4.safetensors', sha256, finished: ['first'], open }));
    const checkpoints = new Checkpoints(run);
    expect(checkpoints.resumed).toEqual({ finished: ['first'], open });
    checkpoints.restore('model', model());
    checkpoints.restore('optimizer', { moving: variables.velocity });
    await epoch(checkpoints, 5);
    await checkpoints.flush();
    const again = new Checkpoints(run);
    again.restore('model', model());
    expect([firstOf(variables.moving), firstOf(variables.fixed)]).toEqual([5, 9]);
    await again.restoreBest({ moving: variables.moving });
    expect(firstOf(variables.moving)).toBe(3);
  });

  it('keeps the previous checkpoint when one cannot be written, and says so at the next occasion', async () => {
    const checkpoints = new Checkpoints(run);
    await epoch(checkpoints, 1);
    await checkpoints.flush();
    const folder = join(run, 'checkpoints');
    // A folder in the place of the temporary file fails for every user, root included.
    mkdirSync(join(folder, 'stage2-epoch2-state.safetensors.tmp'));
    await epoch(checkpoints, 2);
    await expect(checkpoints.flush()).rejects.toThrow(/EISDIR/);
    await expect(checkpoints.flush(), 'once').resolves.toBeUndefined();
    expect(new Checkpoints(run).resumed?.open?.epoch).toBe(1);
    rmSync(join(folder, 'stage2-epoch2-state.safetensors.tmp'), { recursive: true });
    await epoch(checkpoints, 3);
    await checkpoints.flush();
    new Checkpoints(run).restore('model', model());
    expect(firstOf(variables.moving)).toBe(3);
  });

  it('names what is damaged', async () => {
    const checkpoints = new Checkpoints(run);
    await epoch(checkpoints, 1);
    await checkpoints.flush();
    expect(() => checkpoints.restore('model', { moving: variables.fixed })).toThrow(/has shape \[100\] for model\/moving, expected \[1000\]/);
    expect(() => checkpoints.restore('model', { other: variables.fixed })).toThrow(/has nothing for model\/other/);
    writeFileSync(join(run, 'checkpoints', 'stage2-epoch1-weights.safetensors'), 'torn');
    expect(() => new Checkpoints(run)).toThrow(UserError);
    expect(() => new Checkpoints(run)).toThrow(/stage2-epoch1-weights.safetensors does not match its checksum/);
    writeFileSync(join(run, 'checkpoints', 'checkpoint.json'), '{"format": 3}');
    expect(() => new Checkpoints(run)).toThrow(/is damaged/);
  });
});
