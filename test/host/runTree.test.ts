import assert from 'node:assert/strict';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as vscode from 'vscode';
import { processStart } from '../../src/core/files/processIdentity.ts';
import { runFiles } from '../../src/core/run/runStore.ts';
import type { UdiApi } from '../../src/extension/extension.ts';
import { appendEvents, events, finishedJournal, numbered, writeRun } from '../extension/runFixture.ts';
import { activated, cleanUp, openPanels, until, workspaceRoot } from './workspace.ts';

const NASTY = '<img src=x onerror=alert(1)> $(flame) [x](command:udi.doctor) **b**';

describe('runs in the side bar', () => {
  let api: UdiApi;

  before(async () => { api = await activated(); });
  beforeEach(() => cleanUp());
  afterEach(() => cleanUp());

  /** Labels and descriptions as the tree shows them. */
  async function shown(): Promise<vscode.TreeItem[]> {
    return (await api.tree.getChildren()).map((run) => api.tree.getTreeItem(run));
  }

  async function item(id: string): Promise<vscode.TreeItem> {
    return await until(`${id} in the tree`, async () => (await shown()).find((each) => each.id?.endsWith(id)));
  }

  it('a run that another program wrote appears by itself', async () => {
    const folder = writeRun(workspaceRoot(), '20260101-000000-quick-0001', finishedJournal('quick', 0.9712));
    const found = await item('quick-0001');
    assert.equal(found.label, 'quick');
    assert.match(String(found.description), /^udi · synthetic-digits · 97\.12 % · \d+ d$/);
    assert.equal(found.contextValue, 'run.finished');
    assert.equal((found.iconPath as vscode.ThemeIcon).id, 'pass');
    assert.equal(found.id, folder);
  });

  it('a run without end whose process is gone is interrupted and can be resumed', async () => {
    const journal = [events.started('quick'), events.stage('joint')];
    const folder = writeRun(workspaceRoot(), '20260101-000000-quick-0001', journal);
    const gone = { pid: 2 ** 22 - 1, start: 'gone', socket: join(folder, 'socket'), node: '' };
    writeFileSync(join(folder, runFiles.trainer), JSON.stringify(gone));
    assert.equal((await item('quick-0001')).contextValue, 'run.interrupted');
  });

  it('new journal lines are seen, and the state with them', async () => {
    const folder = writeRun(workspaceRoot(), '20260101-000000-quick-0001', [events.started('quick')]);
    // This process stands for the trainer; there is no socket, so everything comes from the files.
    const info = { pid: process.pid, start: processStart(process.pid), socket: join(folder, 'socket'), node: '' };
    writeFileSync(join(folder, runFiles.trainer), JSON.stringify(info));
    await until('running', async () => (await item('quick-0001')).contextValue === 'run.running');
    writeRun(workspaceRoot(), '20260102-000000-newer-0002', finishedJournal('newer', 0.9), 'newer');
    await item('newer-0002');
    assert.deepEqual((await shown()).map(({ label }) => label), ['quick', 'newer'], 'the running one comes first');
    appendEvents(folder, numbered([events.stage('joint'), events.epoch('joint', 1, 0.5), events.ended('finished')], 1));
    await until('finished', async () => (await item('quick-0001')).contextValue === 'run.finished');
    assert.deepEqual((await shown()).map(({ label }) => label), ['newer', 'quick'], 'then the newest');
  });

  it('names from files stay text', async () => {
    const meta = { title: `${NASTY}\nline` };
    writeRun(workspaceRoot(), '20260101-000000-nasty-0001', finishedJournal(NASTY, 0.9), NASTY, meta);
    const found = await item('nasty-0001');
    assert.equal(found.label, `${NASTY} line`);
    assert.equal(typeof found.tooltip, 'string', 'a string is shown as it is; Markdown would be rendered');
  });

  it('a run is opened once, and its panel goes with it', async () => {
    const folder = writeRun(workspaceRoot(), '20260101-000000-quick-0001', finishedJournal('quick', 0.9));
    await vscode.commands.executeCommand('udi.openRun', folder);
    await until('a panel', () => openPanels().includes('udi.run'));
    await vscode.commands.executeCommand('udi.openRun', folder);
    assert.deepEqual(openPanels(), ['udi.run']);
    await vscode.commands.executeCommand('udi.deleteRun', folder);
    await until('no panel', () => openPanels().length === 0);
  });

  it('runs are compared in one panel', async () => {
    const folders = ['0001', '0002'].map((hex) =>
      writeRun(workspaceRoot(), `20260101-000000-quick-${hex}`, finishedJournal('quick', 0.9)));
    await vscode.commands.executeCommand('udi.compareRuns', folders[0], folders);
    await until('a panel', () => openPanels().includes('udi.compare'));
    await vscode.commands.executeCommand('udi.compareRuns', folders[1], folders);
    assert.deepEqual(openPanels(), ['udi.compare']);
  });

  it('a title is shown, kept on disk, and taken back', async () => {
    const folder = writeRun(workspaceRoot(), '20260101-000000-quick-0001', finishedJournal('quick', 0.9));
    await vscode.commands.executeCommand('udi.renameRun', folder, ' best so far ');
    assert.equal((await item('quick-0001')).label, 'best so far');
    await vscode.commands.executeCommand('udi.renameRun', folder, '');
    assert.equal((await item('quick-0001')).label, 'quick');
  });

  it('a deleted run goes to the trash and comes back', async () => {
    const folder = writeRun(workspaceRoot(), '20260101-000000-quick-0001', finishedJournal('quick', 0.9));
    const trashed = await vscode.commands.executeCommand<string[]>('udi.deleteRun', folder);
    assert.equal(existsSync(folder), false);
    assert.equal(existsSync(join(trashed[0]!, runFiles.events)), true);
    await until('an empty tree', async () => (await shown()).length === 0);
    // What the button *Undo* of the notification runs.
    await vscode.commands.executeCommand('udi.restoreRun', trashed);
    assert.equal((await item('quick-0001')).contextValue, 'run.finished');
  });

  it('a run that is being trained is not deleted', async () => {
    const folder = writeRun(workspaceRoot(), '20260101-000000-quick-0001', [events.started('quick')]);
    const info = { pid: process.pid, start: processStart(process.pid), socket: join(folder, 'socket'), node: '' };
    writeFileSync(join(folder, runFiles.trainer), JSON.stringify(info));
    await until('running', async () => (await item('quick-0001')).contextValue === 'run.running');
    await vscode.commands.executeCommand('udi.deleteRun', folder);
    assert.equal(existsSync(folder), true);
  });
});
