import { it } from 'vitest';
import { trainHere, smallConfig } from '../session.ts';
it('bench', async () => {
  for (const name of ['sum', 'sum', 'ogm', 'agm', 'mmpareto', 'greedy']) {
    const { run } = await trainHere(smallConfig({ dataset: { name: 'synthetic-digits', train: 1280, validation: 64, test: 64 }, method: { name }, training: { epochs: 2, batchSize: 64, learningRate: 0.01 } }));
    console.log(name, run.stages[0].epochs.map((e) => [e.seconds.toFixed(1), e.samplesPerSecond.toFixed(0), JSON.stringify(e.readings), e.losses.total.toFixed(3)].join(' ')).join(' | '), Object.entries(run.test).map(([k, s]) => `${k} ${s.accuracy}`).join(' '));
  }
}, 600000);
