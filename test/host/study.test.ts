import assert from 'node:assert/strict';
import * as vscode from 'vscode';
import { liveTrainer } from '../../src/core/run/runStore.ts';
import { liveSupervisor } from '../../src/core/study/studyStore.ts';
import { readCatalog } from '../../src/extension/catalogFile.ts';
import type { UdiApi } from '../../src/extension/extension.ts';
import { StudyViewBuilder } from '../../src/extension/panels/studyView.ts';
import { Runs } from '../../src/extension/follow/runs.ts';
import { Studies } from '../../src/extension/follow/studies.ts';
import type { TrackedStudy } from '../../src/extension/follow/trackedStudy.ts';
import { activated, cleanUp, ENDLESS, EXTENSION, openConfig, openPanels, until, workspaceRoot, writeFile } from './workspace.ts';

const SECONDS = 300;
const ENDING = 'udi-study.yaml';

/** A study of two learning rates whose epochs take a moment; `epochs` says how long it trains. */
function tiny(epochs: number, seeds: string): string {
  return [
    'base:',
    '  dataset: { name: synthetic-arrays, modalities: 2 }',
    '  method: { name: sum }',
    `  training: { epochs: ${epochs}, batchSize: 16 }`,
    '  device: wasm',
    `seeds: ${seeds}`,
    'grid: { training.learningRate: [0.01, 0.1] }',
    'parallel: 1',
    '',
  ].join('\n');
}

describe('studies', function () {
  this.timeout(3 * SECONDS * 1000);
  let api: UdiApi;

  before(async () => { api = await activated(); });
  beforeEach(() => cleanUp());
  afterEach(async () => {
    for (const study of api.studies.active()) {
      await vscode.commands.executeCommand('udi.stopStudy', study.folder);
      await until('the end of the study', () => !study.isActive, SECONDS);
    }
    await until('the end of all processes', () => processes() === 0, SECONDS);
    await cleanUp();
  });

  const processes = () => api.studies.list().filter(({ folder }) => liveSupervisor(folder)).length
    + api.runs.list().filter(({ folder }) => liveTrainer(folder)).length;

  /** Runs the study in the editor, or `target`. */
  async function run(target?: string): Promise<TrackedStudy> {
    const folder = await vscode.commands.executeCommand<string>('udi.runStudy', target);
    return api.studies.get(folder)!;
  }

  async function items(parent?: TrackedStudy): Promise<vscode.TreeItem[]> {
    return (await api.tree.getChildren(parent)).map((node) => api.tree.getTreeItem(node));
  }

  it('UDI: Run Study runs the study in the editor to its end; what is added later is run then, and nothing twice', async () => {
    const editor = await openConfig('study', tiny(1, '[0]'), ENDING);
    const study = await run();
    assert.equal(study.state, 'running');
    await until('a panel', () => openPanels().includes('udi.study'));
    await until('the end', () => study.state === 'finished' && study.counts.active === 0, SECONDS);
    assert.deepEqual(study.counts, { planned: 2, finished: 2, failed: 0, diverged: 0, active: 0 });

    const [item, ...others] = await items();
    assert.deepEqual(others, [], 'the runs of a study stand below it only');
    assert.equal(item?.contextValue, 'study.finished');
    assert.match(String(item?.description), /^2\/2 runs/);
    const children = await items(study);
    assert.deepEqual(children.map(({ contextValue }) => contextValue), ['run.finished', 'run.finished']);

    const [table] = new StudyViewBuilder({ methods: [], datasets: [] }).view(study, true).tables;
    assert.equal(table?.rows.length, 2);
    for (const { cells } of table?.rows ?? []) {
      assert.deepEqual(cells.flatMap(({ missing }) => missing), []);
      assert.ok(cells.every(({ values }) => values.length === 1));
    }

    const first = [...study.runs.values()].map(({ id }) => id);
    await until('the end of the supervisor', () => !liveSupervisor(study.folder), SECONDS);
    const line = editor.document.getText().split('\n').findIndex((text) => text.startsWith('seeds'));
    const shown = await vscode.window.showTextDocument(editor.document);
    await shown.edit((change) => change.replace(editor.document.lineAt(line).range, 'seeds: [0, 1]'));
    assert.equal((await run()).folder, study.folder);
    await until('the end', () => study.state === 'finished' && study.counts.finished === 4, SECONDS);
    const second = [...study.runs.values()].map(({ id }) => id);
    assert.equal(second.length, 4);
    assert.deepEqual(first.filter((id) => !second.includes(id)), []);
    assert.equal(api.runs.list().length, 4);
  });

  it('a study stops after the epochs and goes on from the tree, and another window follows it', async () => {
    await openConfig('study', tiny(ENDLESS, '[0]'), ENDING);
    const study = await run();
    await until('an epoch', () => [...study.runs.values()].some((each) => each.run.stages[0]?.epochs.length), SECONDS);
    const log = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };
    const watch = () => ({ dispose: () => {} });
    // The model of a second window (or of this one after a reload): it knows nothing but the folder.
    const catalog = readCatalog(vscode.extensions.getExtension(EXTENSION)!.extensionPath);
    const runs = new Runs({ log, watch });
    const studies = new Studies({ log, watch, runs, catalog });
    try {
      studies.setRoots([workspaceRoot()]);
      runs.setRoots([workspaceRoot()]);
      const same = studies.get(study.folder)!;
      assert.equal(same.state, 'running');
      await vscode.commands.executeCommand('udi.stopStudy', study.folder);
      await until('the stop, in both', () => study.state === 'stopped' && same.state === 'stopped', SECONDS);
      assert.deepEqual(same.study, study.study);
    } finally {
      studies.dispose();
      runs.dispose();
    }
    const [stopped] = study.runs.values();
    await until('the end of all processes', () => processes() === 0, SECONDS);
    const before = stopped!.run.stages[0]!.epochs.length;
    await run(study.folder);
    await until('more epochs of the same run', () => stopped!.run.stages[0]!.epochs.length > before, SECONDS);
  });

  it('a study is opened once, from the tree or its file', async () => {
    const { document } = await openConfig('study', tiny(1, '[0]'), ENDING);
    const study = await run();
    await until('a panel', () => openPanels().includes('udi.study'));
    await vscode.commands.executeCommand('udi.openStudy', study);
    await vscode.commands.executeCommand('udi.openStudy', document.uri);
    assert.deepEqual(openPanels(), ['udi.study']);
    await until('the end', () => study.state === 'finished', SECONDS);
  });

  const problems = (uri: vscode.Uri) => vscode.languages.getDiagnostics(uri).filter(({ source }) => source === 'UDI');

  it('an invalid study is marked, refused, and gone to', async () => {
    const { document: { uri } } = await openConfig('study', tiny(1, '[0]').replace('grid: {', 'grid: { training.momentun: [0],'), ENDING);
    await until('a problem', () => problems(uri).length > 0);
    assert.match(problems(uri)[0]!.message, /momentun/);
    await vscode.commands.executeCommand('workbench.action.closeAllEditors');
    assert.equal(await vscode.commands.executeCommand('udi.runStudy', uri), undefined);
    const editor = vscode.window.activeTextEditor;
    assert.equal(editor?.document.uri.toString(), uri.toString());
    assert.equal(editor?.selection.start.line, 6);
    assert.deepEqual(api.studies.list(), []);
  });

  it('a problem of the base is shown at the base, gone to in its file, and goes with it', async () => {
    const config = 'dataset: { name: synthetic-digits }\nmethod: { name: udi }\ntraining: { epochz: 1 }\n';
    const base = await writeFile('base-1.udi.yaml', config);
    const { document: { uri } } = await openConfig('study', 'base: base-1.udi.yaml\npresets: [alpha]\n', ENDING);
    await until('a problem', () => problems(uri).length > 0);
    assert.equal(problems(uri)[0]!.range.start.line, 0);
    assert.equal(await vscode.commands.executeCommand('udi.runStudy', uri), undefined);
    const editor = vscode.window.activeTextEditor!;
    assert.equal(editor.document.uri.fsPath, base.fsPath);
    assert.equal(editor.selection.start.line, 2);
    await editor.edit((change) => change.replace(editor.document.lineAt(2).range, 'training: { epochs: 1 }'));
    await editor.document.save();
    await until('no problem', () => problems(uri).length === 0);
  });

  it('commands stand above the first line, and keys and values are suggested', async () => {
    const { document } = await openConfig('study', tiny(1, '[0]'), ENDING);
    const lenses = await vscode.commands.executeCommand<vscode.CodeLens[]>('vscode.executeCodeLensProvider', document.uri);
    assert.deepEqual(lenses.map(({ command }) => command?.command), ['udi.runStudy', 'udi.openStudy']);
    const { document: other } = await openConfig('study', `${tiny(1, '[0]')}presets: []\n`, ENDING);
    const end = other.positionAt(other.getText().indexOf('[]') + 1);
    const list = await vscode.commands.executeCommand<vscode.CompletionList>('vscode.executeCompletionItemProvider', other.uri, end);
    const labels = list.items.filter(({ kind }) => kind === vscode.CompletionItemKind.EnumMember).map(({ label }) => label);
    assert.deepEqual(labels, ['methods', 'components', 'alpha', 'anchor']);
  });
});
