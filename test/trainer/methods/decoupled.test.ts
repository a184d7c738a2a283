import { describe, expect, it } from 'vitest';
import { decoupled } from '../../../src/trainer/methods/decoupled.ts';
import { useBackend } from '../numbers.ts';
import { metricsOf, smallConfig, trainHere } from '../session.ts';

useBackend('wasm');

describe('decoupled', () => {
  it.each(['sum', 'concat'])('is UDI with alpha (0,0), number by number (fusion %s)', async (fusion) => {
    const ours = await trainHere(smallConfig({ model: { fusion }, method: { name: 'decoupled' } }));
    const udi = await trainHere(smallConfig({ model: { fusion }, method: { name: 'udi', alpha: { consistency: 0, complementary: 0 } } }));
    expect(metricsOf(ours.run)).toEqual(metricsOf(udi.run));
    expect(ours.weights).toEqual(udi.weights);
  });

  it('takes the anchor that the config names', async () => {
    const { run } = await trainHere(smallConfig({ method: { name: 'decoupled', anchor: 'm3' } }));
    expect(run.anchor).toMatchObject({ anchor: 'm3', decidedBy: 'config' });
  });

  it('has only the settings that matter, and refuses the others', async () => {
    expect(Object.keys(decoupled.hparams)).toEqual(['anchor', 'tieTolerance']);
    await expect(trainHere(smallConfig({ method: { name: 'decoupled', estimatorWidth: 8 } }))).rejects.toThrow(/estimatorWidth/);
  });
});
