import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as vscode from 'vscode';
import { configFileOf, liveTrainer, loadRun, readRunConfig, readTrainerInfo, runFiles } from '../../src/core/run/runStore.ts';
import type { UdiApi } from '../../src/extension/extension.ts';
import { Runs } from '../../src/extension/follow/runs.ts';
import type { TrackedRun } from '../../src/extension/follow/trackedRun.ts';
import { activated, cleanUp, ENDLESS, openConfig, openPanels, until, workspaceRoot } from './workspace.ts';

const SECONDS = 300;

/** A config whose epochs take a moment; `epochs` says how long it trains. */
function tiny(epochs: number, more = ''): string {
  return [
    'dataset: { name: synthetic-arrays, modalities: 2 }',
    'method: { name: sum }',
    `training: { epochs: ${epochs}, batchSize: 16 }`,
    'device: wasm',
    more,
  ].join('\n');
}

describe('training', function () {
  this.timeout(3 * SECONDS * 1000);
  let api: UdiApi;

  before(async () => { api = await activated(); });
  beforeEach(() => cleanUp());
  afterEach(async () => {
    for (const run of api.runs.active()) {
      await vscode.commands.executeCommand('udi.cancel', run.folder);
      await until('the end of the trainer', () => !liveTrainer(run.folder), SECONDS);
    }
    await cleanUp();
  });

  async function train(text: string): Promise<TrackedRun> {
    await openConfig('train', text);
    const folder = await vscode.commands.executeCommand<string>('udi.train');
    return api.runs.get(folder)!;
  }

  const epochs = (run: TrackedRun) => run.run.stages.flatMap((stage) => stage.epochs).length;

  it('UDI: Train trains the config in the editor and shows it live', async () => {
    const run = await train(tiny(3));
    assert.equal(run.state, 'running');
    assert.match(run.title, /^train-\d+$/);
    await until('a panel', () => openPanels().includes('udi.run'));
    await until('the end', () => run.state === 'finished', SECONDS);
    assert.equal(epochs(run), 3);
    assert.deepEqual(run.run, loadRun(run.folder).run, 'what was streamed is what is stored');
    assert.ok(run.run.test?.['fusion']);
    assert.equal(configFileOf(run.folder, run.meta), join(workspaceRoot(), `${run.title}.udi.yaml`));
  });

  it('what is in the editor is saved and trained', async () => {
    const editor = await openConfig('train', tiny(1));
    await editor.edit((change) => change.insert(new vscode.Position(0, 0), 'name: from the editor\n'));
    const run = api.runs.get(await vscode.commands.executeCommand<string>('udi.train'))!;
    assert.equal(editor.document.isDirty, false);
    assert.equal(readRunConfig(run.folder).name, 'from the editor');
    await until('the end', () => run.state === 'finished', SECONDS);
  });

  it('a run stops after the epoch, resumes from there and finishes', async () => {
    const run = await train(tiny(ENDLESS));
    await until('an epoch', () => epochs(run) >= 1, SECONDS);
    await vscode.commands.executeCommand('udi.stop', run.folder);
    await until('the stop', () => run.state === 'stopped', SECONDS);
    const before = epochs(run);
    await until('the end of the process', () => !liveTrainer(run.folder), SECONDS);
    assert.equal(await vscode.commands.executeCommand('udi.resume', run.folder), run.folder);
    assert.equal(run.state, 'running');
    await until('more epochs', () => epochs(run) > before, SECONDS);
    const numbers = run.run.stages[0]!.epochs.map((each) => each.epoch);
    assert.deepEqual(numbers, numbers.map((_, index) => index + 1), 'no epoch is missing or double');
  });

  it('a run pauses and continues', async () => {
    const run = await train(tiny(ENDLESS));
    await until('an epoch', () => epochs(run) >= 1, SECONDS);
    await vscode.commands.executeCommand('udi.pause', run.folder);
    await until('the pause', () => run.state === 'paused', SECONDS);
    await vscode.commands.executeCommand('udi.continue', run.folder);
    await until('the end of the pause', () => run.state === 'running', SECONDS);
    await vscode.commands.executeCommand('udi.cancel', run.folder);
    assert.equal(run.state, 'cancelled');
  });

  it('another window finds a running training, catches up and follows it without a gap', async () => {
    const run = await train(tiny(ENDLESS));
    await until('two epochs', () => epochs(run) >= 2, SECONDS);
    const log = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };
    // The model of a second window (or of this one after a reload): it knows nothing but the folder.
    const second = new Runs({ log, watch: () => ({ dispose: () => {} }) });
    try {
      second.setRoots([workspaceRoot()]);
      const same = second.get(run.folder)!;
      assert.equal(same.state, 'running');
      const known = epochs(same);
      assert.ok(known >= 2);
      await until('live epochs', () => epochs(same) > known, SECONDS);
      assert.ok(await until('a connection', () => same.send({ type: 'stop' })));
      await until('the stop, in both', () => run.state === 'stopped' && same.state === 'stopped', SECONDS);
      assert.deepEqual(same.run, run.run);
    } finally {
      second.dispose();
    }
  });

  it('a killed trainer leaves an interrupted run, which resumes', async () => {
    const run = await train(tiny(ENDLESS));
    await until('an epoch', () => epochs(run) >= 1, SECONDS);
    process.kill(readTrainerInfo(run.folder)!.pid, 'SIGKILL');
    await until('the interruption', () => run.state === 'interrupted', SECONDS);
    const before = epochs(run);
    await vscode.commands.executeCommand('udi.resume', run.folder);
    await until('more epochs', () => epochs(run) > before && run.state === 'running', SECONDS);
  });

  it('a config that cannot be trained fails with the reason', async () => {
    // A folder that is there, and holds no MNIST.
    const dataset = 'dataset: { name: cgmnist, root: . }';
    const run = await train(tiny(1).replace(/^dataset.*/, dataset));
    await until('the failure', () => run.state === 'failed', SECONDS);
    assert.match(run.run.ended?.error?.message ?? '', /train-images-idx3-ubyte is missing/);
    assert.ok(existsSync(join(run.folder, runFiles.log)));
    const config = readRunConfig(run.folder);
    assert.equal(config.dataset['root'], '.', 'paths start at the workspace');
    await vscode.commands.executeCommand('udi.openSource', run.folder);
    assert.equal(vscode.window.activeTextEditor?.document.uri.fsPath, configFileOf(run.folder, run.meta));
    const again = api.runs.get(await vscode.commands.executeCommand<string>('udi.trainAgain', run.folder))!;
    assert.notEqual(again.folder, run.folder);
    assert.deepEqual([again.title, readRunConfig(again.folder)], [run.title, config]);
    await until('the same failure', () => again.state === 'failed', SECONDS);
  });

  it('a config whose data are not there is refused in the editor, before there is a run', async () => {
    const { document } = await openConfig('no-data', tiny(1).replace(/^dataset.*/, 'dataset: { name: cgmnist, root: ./no-such-folder }'));
    await until('a problem', () => vscode.languages.getDiagnostics(document.uri).some(({ message }) => message.includes('no-such-folder does not exist')));
    assert.equal(await vscode.commands.executeCommand('udi.train', document.uri), undefined);
  });

  it('UDI: Show Log opens what the trainer printed', async () => {
    const run = await train(tiny(1));
    await until('the end', () => run.state === 'finished', SECONDS);
    await vscode.commands.executeCommand('udi.showLog', run.folder);
    const file = join(run.folder, runFiles.log);
    assert.equal(vscode.window.activeTextEditor?.document.uri.fsPath, file);
    assert.notEqual(readFileSync(file, 'utf8'), '');
  });
});
