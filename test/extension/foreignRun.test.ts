import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { z } from 'zod';
import { changedKeys, scoreRows } from '../../src/core/run/compare.ts';
import { headlineOf, progressOf } from '../../src/core/run/run.ts';
import { loadRun, runFiles, runsFolder } from '../../src/core/run/runStore.ts';
import { studyTables } from '../../src/core/study/studyTables.ts';
import { Runs } from '../../src/extension/follow/runs.ts';
import { runViewOf } from '../../src/extension/panels/runView.ts';
import { createJournalJsonSchema } from '../../src/trainer/catalog.ts';
import { accuracy } from '../../webview/charts/accuracy.ts';
import { runCharts } from '../../webview/charts/index.ts';
import { finishedWith, keyOf, planWith } from '../core/studyRuns.ts';
import { skipFor } from '../skip.ts';

const silent = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };
const soon = { timeout: 20_000, interval: 20 };
const python = spawnSync('python3', ['--version']).status === 0;
const page = readFileSync(resolve(import.meta.dirname, '../../docs/journal.md'), 'utf8');
const block = (language: string): string => new RegExp(`\`\`\`${language}\\n([^]*?)\`\`\``).exec(page)![1]!;

/** Takes an epoch for every line that the test sends; the second one has a loss as Python writes it. */
const training = `
import sys
def train_one_epoch(epoch):
    sys.stdin.readline()
    return (0.5 / epoch if epoch != 2 else float("nan")), {"audio": {"accuracy": 0.4}, "fusion": {"accuracy": 0.5 + 0.1 * epoch}}
def test():
    sys.stdin.readline()
    return {"audio": {"accuracy": 0.4, "f1": 0.3}, "fusion": {"accuracy": 0.7, "f1": 0.6}}
`;

let root: string;
let runs: Runs;
let child: ChildProcess | undefined;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'udi-foreign-'));
  runs = new Runs({ log: silent, watch: () => ({ dispose: () => {} }) });
  runs.setRoots([root]);
});

afterEach(() => {
  child?.kill('SIGKILL');
  child = undefined;
  runs.dispose();
  rmSync(root, { recursive: true, force: true });
});

/** Waits until the run of the other program is seen as `check` wants it. */
async function seen(check: () => void): Promise<void> {
  await vi.waitFor(() => {
    runs.refresh();
    check();
  }, soon);
}

describe('a run that another program writes', () => {
  it('is shown live, compared and put into a study: the Python of docs/journal.md', skipFor(python ? undefined : 'there is no python3'), async () => {
    writeFileSync(join(root, 'my_training.py'), training);
    writeFileSync(join(root, 'example.py'), block('python'));
    expect(block('python').trim().split('\n').length, 'lines of the example').toBeLessThanOrEqual(32);
    child = spawn('python3', ['example.py'], { cwd: root, stdio: ['pipe', 'ignore', 'inherit'] });
    const run = () => runs.list()[0]!;
    await seen(() => expect(runs.list().map(({ state, run: { started } }) => [state, started?.name])).toEqual([['running', 'resnet']]));
    for (const epoch of [1, 2]) {
      child.stdin!.write('\n');
      await seen(() => expect(run().run.stages[0]?.epochs).toHaveLength(epoch));
      expect([run().state, progressOf(run().run)]).toMatchObject(['running', { done: epoch, planned: 3 }]);
    }
    expect(runViewOf(run(), true)).toMatchObject({
      title: 'resnet', state: 'running', config: { name: 'resnet', method: { name: 'resnet18' }, training: { learningRate: 0.01 } },
      run: { stages: [{ id: 'training', plannedEpochs: 3, epochs: [{ losses: { total: 0.5 } }, { losses: { total: NaN } }] }] },
    });
    const [plot] = accuracy.draw(runViewOf(run(), true)).plots;
    expect(plot?.kind === 'line' && plot.series.map(({ id, points }) => [id, points.map(({ y }) => y)])).toEqual([['audio', [0.4, 0.4]], ['fusion', [0.6, 0.7]]]);

    child.stdin!.write('\n\n');
    await seen(() => expect(run().state).toBe('finished'));
    for (const chart of runCharts) expect(() => chart.draw(runViewOf(run(), true))).not.toThrow();
    expect(headlineOf(run().run)).toMatchObject({ target: 'fusion', split: 'test', value: 0.7 });
    const other = finishedWith('other', { audio: 0.5, fusion: 0.65 });
    expect(scoreRows([run().run, other.run]).find(({ target }) => target === 'fusion')?.values).toEqual([0.7, 0.65]);
    expect(changedKeys([run().config!, { method: { name: 'sum' }, training: { learningRate: 0.1 } }])).toContainEqual({ key: 'training.learningRate', values: ['0.01', '0.1'] });

    const plan = planWith('methods', [{ id: 'resnet', seeds: [0] }, { id: 'sum', seeds: [0] }]);
    const [table] = studyTables(plan, new Map([[keyOf('resnet', 0), run()], [keyOf('sum', 0), other]]), { methods: [], datasets: [] });
    expect(table!.rows.map(({ id, cells }) => [id, cells.find(({ target }) => target === 'fusion')?.mean])).toEqual([['resnet', 0.7], ['sum', 0.65]]);
    expect(loadRun(run().folder)).toMatchObject({ state: 'finished' });

    const schema = z.fromJSONSchema(createJournalJsonSchema() as Parameters<typeof z.fromJSONSchema>[0]);
    const lines = readFileSync(join(run().folder, runFiles.events), 'utf8').trim().split('\n').map((line) => JSON.parse(line.replace('NaN', '"NaN"')) as object);
    for (const line of lines) expect(schema.safeParse(line)).toMatchObject({ success: true });
    expect(schema.safeParse({ ...lines[1], epoch: 'one' }).success).toBe(false);
  });

  it('needs no more than the least of docs/journal.md, and is interrupted once its journal is old', async () => {
    const folder = join(runsFolder(root), 'by-hand');
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, runFiles.config), 'method: own\n');
    const lines = block('json').trim().split('\n');
    writeFileSync(join(folder, runFiles.events), `${lines.slice(0, 2).join('\n')}\n`);
    await seen(() => expect(runs.list().map(({ state }) => state)).toEqual(['running']));
    expect(loadRun(folder).state).toBe('running');
    utimesSync(join(folder, runFiles.events), new Date(0), new Date(0));
    await seen(() => expect(runs.list()[0]!.state).toBe('interrupted'));
    expect([runs.list()[0]!.canResume, runViewOf(runs.list()[0]!, true).foreign]).toEqual([false, true]);
    writeFileSync(join(folder, runFiles.events), `${lines.join('\n')}\n`);
    await seen(() => expect(runs.list()[0]!.state).toBe('finished'));
    for (const chart of runCharts) expect(() => chart.draw(runViewOf(runs.list()[0]!, true))).not.toThrow();
    expect(readdirSync(folder).sort()).toEqual([runFiles.config, runFiles.events]);
  });
});
