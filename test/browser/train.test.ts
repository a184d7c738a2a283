/** The whole way in a real VS Code on the packaged extension: train, watch, reload, stop, resume, compare. */
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Frame } from 'playwright-core';
import { scoreOf } from '../../src/core/run/metrics.ts';
import { FUSION } from '../../src/core/run/targets.ts';
import { listRuns, loadRun, runsFolder, type StoredRun } from '../../src/core/run/runStore.ts';
import {
  clearNotifications, clipboardText, closeEditors, hasStoredEditor, notification, openFile, openViewContainer, pressIn, quickPick, runCommand, screenshot, setTheme, statusBarItem, treeRow, until,
  webviewFrame,
} from '../vscode/browser.ts';
import { root } from '../vscode/paths.ts';
import { describeWhere } from '../vscode/report.ts';
import { openWindow, reloadWindow, session, type Session } from '../vscode/session.ts';

/** Longest time of a test and of a training in it, in milliseconds; every step of a test has a limit of its own. */
const LONG = 1_200_000;
const TRAINING = 600_000;
const mnist = join(process.env['UDI_SHARED'] ?? join(root, '../shared'), 'data/mnist');

/** A config on synthetic digits; an epoch takes a second or two. */
function digits(name: string, method: string, epochs: number): string {
  return [
    `name: ${JSON.stringify(name)}`,
    'dataset: { name: synthetic-digits, train: 320, validation: 100, test: 100 }',
    `method: { name: ${method} }`,
    `training: { epochs: ${epochs}, batchSize: 16, learningRate: 0.02 }`,
    'device: wasm',
    '',
  ].join('\n');
}

/** A config that trains until a test ends it: its many epochs take a fraction of a second each. */
const endless = [
  'name: endless',
  'dataset: { name: synthetic-arrays, modalities: 2, train: 2000, signal: 1 }',
  'method: { name: sum }',
  'training: { epochs: 20000, batchSize: 16, learningRate: 0.001 }',
  'device: wasm',
  '',
].join('\n');

/** The newest run whose folder name contains `slug`, if it is there yet. */
function find(vs: Session, slug: string): StoredRun | undefined {
  const folder = listRuns(runsFolder(vs.workspace)).find((each) => each.includes(slug));
  return folder === undefined ? undefined : loadRun(folder);
}

function stored(vs: Session, slug: string): StoredRun {
  const run = find(vs, slug);
  assert.ok(run, `no run ${slug}`);
  return run;
}

const panelOf = (vs: Session, title: string): Promise<Frame> => webviewFrame(vs.page, { selector: 'h1', contains: title });

async function openRun(vs: Session, title: string): Promise<void> {
  // A panel that VS Code restores takes the focus some time after it is drawn, and a list that is open then goes: no list beside it.
  const restored = vs.page.locator('.tab .label-name').filter({ hasText: new RegExp(`^${title}$`) });
  if (await restored.count() > 0) return await restored.first().click();
  await runCommand(vs.page, 'UDI: Open Run');
  await quickPick(vs.page, title);
}

/** Exact values behind the figures of the score table, by target and metric. */
async function scoresIn(frame: Frame): Promise<Record<string, number>> {
  return frame.locator('table.scores [data-value]').evaluateAll((cells) => Object.fromEntries(cells.map((cell) => {
    const { target, metric, value } = (cell as unknown as { dataset: Record<string, string> }).dataset;
    return [`${target} ${metric}`, Number(value)];
  })));
}

async function assertPanelEqualsJournal(vs: Session, frame: Frame, slug: string): Promise<void> {
  const { run } = stored(vs, slug);
  await frame.locator('table.scores [data-value]').first().waitFor();
  const expected = Object.fromEntries(Object.entries(run.test!).flatMap(([target, scores]) =>
    (['accuracy', 'f1', 'loss', 'entropy'] as const).map((metric) => [`${target} ${metric}`, scores[metric]])));
  assert.deepEqual(await scoresIn(frame), expected);
  const shown = await frame.locator('table.scores td[data-target="fusion"][data-metric="accuracy"]').innerText();
  assert.equal(shown, `${(scoreOf(run.test![FUSION], 'accuracy')! * 100).toFixed(2)} %`);
}

const epochsOf = (vs: Session, slug: string): number[] => find(vs, slug)?.run.stages[0]?.epochs.map((each) => each.epoch) ?? [];

/** Waits until the run has more epochs than now. */
async function untilMoreEpochs(vs: Session, slug: string, more = 1): Promise<void> {
  const before = epochsOf(vs, slug).length;
  await until(`more than ${before} epochs of ${slug}`, () => epochsOf(vs, slug).length >= before + more, TRAINING);
}

const untilState = (vs: Session, slug: string, state: string): Promise<void> =>
  until(`${slug} ${state}`, () => find(vs, slug)?.state === state, TRAINING);

describe('training in VS Code', function () {
  this.timeout(LONG);
  const files = {
    'endless.udi.yaml': endless, 'first.udi.yaml': digits('first', 'udi', 4), 'joint.udi.yaml': digits('joint', 'sum', 4),
  };
  const vs = session({ files, size: { width: 1400, height: 1000 }, theme: 'dark' });

  it('a training streams its epochs, goes on through a reload and without any window, stops after the epoch, resumes and is cancelled', async () => {
    await openFile(vs.page, 'endless.udi.yaml');
    await runCommand(vs.page, 'UDI: Train');
    await panelOf(vs, 'endless');
    await statusBarItem(vs.page, /sum · joint/).waitFor();
    await untilMoreEpochs(vs, 'endless', 2);
    await screenshot(vs.page, 'training-dark');

    // A browser's window stores its layout only every few seconds, so the panel may or may not be restored here.
    await reloadWindow(vs);
    await openRun(vs, 'endless');
    await (await panelOf(vs, 'endless')).locator('[data-state="running"]').first().waitFor();
    await vs.page.close();
    await untilMoreEpochs(vs, 'endless', 2);

    await openWindow(vs);
    await openViewContainer(vs.page, 'UDI Lab');
    await treeRow(vs.page, 'endless').waitFor();
    await openRun(vs, 'endless');
    const frame = await panelOf(vs, 'endless');
    await frame.locator('[data-state="running"]').first().waitFor();
    await runCommand(vs.page, 'UDI: Stop After Epoch');
    await untilState(vs, 'endless', 'stopped');
    await frame.locator('[data-state="stopped"]').first().waitFor();
    await screenshot(vs.page, 'stopped-dark');
    await notification(vs.page, /endless was stopped/);
    await clearNotifications(vs.page);

    await frame.getByText('Resume', { exact: true }).first().click();
    await untilState(vs, 'endless', 'running');
    await untilMoreEpochs(vs, 'endless');
    await runCommand(vs.page, 'UDI: Cancel');
    await untilState(vs, 'endless', 'cancelled');
    assert.deepEqual(epochsOf(vs, 'endless'), epochsOf(vs, 'endless').map((_, index) => index + 1), 'an epoch is missing or double');
    assert.equal(listRuns(runsFolder(vs.workspace)).length, 1, 'the command trained once');
    await frame.locator('[data-state="cancelled"]').first().waitFor();
    await clearNotifications(vs.page);
  });

  it('a finished run says so, and its panel shows the numbers of its journal', async () => {
    await openFile(vs.page, 'first.udi.yaml');
    await runCommand(vs.page, 'UDI: Train');
    await panelOf(vs, 'first');
    await untilState(vs, 'first', 'finished');
    await pressIn(await notification(vs.page, 'first finished'), 'Open');
    const frame = await panelOf(vs, 'first');
    await assertPanelEqualsJournal(vs, frame, 'first');
    const { run } = stored(vs, 'first');
    for (const stage of run.stages) assert.deepEqual(stage.epochs.map((epoch) => epoch.epoch), [1, 2, 3, 4], `${stage.id} has a gap`);
    assert.ok((await frame.locator('body').innerText()).includes(run.anchor!.anchor));
    assert.deepEqual(vs.console.filter((line) => /Content Security Policy/i.test(line) && /udi/i.test(line)), []);
  });

  it('the panel is restored after a reload, and shows the finished run in light and dark', async () => {
    const { id } = stored(vs, 'first');
    await until('the stored layout', () => hasStoredEditor(vs.page, id));
    await reloadWindow(vs);
    await assertPanelEqualsJournal(vs, await panelOf(vs, 'first'), 'first');
    await clearNotifications(vs.page);
    for (const theme of ['dark', 'light'] as const) {
      await setTheme(vs.page, vs.server, theme);
      await panelOf(vs, 'first');
      await screenshot(vs.page, `run-panel-${theme}`);
    }
    await setTheme(vs.page, vs.server, 'dark');
  });

  it('two runs are compared, and the table is copied', async () => {
    await closeEditors(vs.page);
    await openFile(vs.page, 'joint.udi.yaml');
    await runCommand(vs.page, 'UDI: Train');
    await panelOf(vs, 'joint');
    await untilState(vs, 'joint', 'finished');
    await closeEditors(vs.page);
    await openViewContainer(vs.page, 'UDI Lab');
    await treeRow(vs.page, 'first').click();
    await treeRow(vs.page, 'joint').click({ modifiers: ['ControlOrMeta'] });
    await runCommand(vs.page, 'UDI: Compare Runs');
    const frame = await webviewFrame(vs.page, { contains: /method\.name/ });
    const text = await frame.locator('body').innerText();
    for (const slug of ['first', 'joint']) {
      const accuracy = scoreOf(stored(vs, slug).run.test![FUSION], 'accuracy')!;
      assert.ok(text.includes((accuracy * 100).toFixed(2)), `fusion accuracy of ${slug}`);
    }
    assert.ok(!text.includes('training.batchSize'), 'only keys that differ are shown');
    await notification(vs.page, 'joint finished');
    await clearNotifications(vs.page);
    for (const theme of ['dark', 'light'] as const) {
      await setTheme(vs.page, vs.server, theme);
      await webviewFrame(vs.page, { contains: /method\.name/ });
      await screenshot(vs.page, `compare-${theme}`);
    }
    await setTheme(vs.page, vs.server, 'dark');
    const copied: Record<string, RegExp> = { CSV: /first[^|]*joint/s, Markdown: /^\| .*first.*joint/ms, LaTeX: /\\toprule/ };
    for (const [format, pattern] of Object.entries(copied)) {
      await (await webviewFrame(vs.page, { contains: /method\.name/ })).getByText(format, { exact: false }).first().click();
      await until(`${format} on the clipboard`, async () => pattern.test(await clipboardText(vs.page)));
    }
  });
});

describe('names from files', () => {
  const name = '<img src=x onerror="document.title=\'hacked\'">';
  const vs = session({ theme: 'dark', files: { 'evil.udi.yaml': digits(name, 'sum', 1) } });

  it('never become markup: not in the panel, the tree or a notification', async function () {
    this.timeout(LONG);
    await openFile(vs.page, 'evil.udi.yaml');
    await runCommand(vs.page, 'UDI: Train');
    const frame = await panelOf(vs, name);
    await untilState(vs, 'img', 'finished');
    await notification(vs.page, '<img');
    await openViewContainer(vs.page, 'UDI Lab');
    await treeRow(vs.page, '<img').waitFor();
    assert.equal(await frame.locator('img').count(), 0);
    assert.equal(await vs.page.locator('img[src="x"]').count(), 0);
    assert.ok(!(await vs.page.title()).includes('hacked'));
    await screenshot(vs.page, 'hostile-name-dark');
  });
});

describe('UDI: Train without a config in the editor', () => {
  const vs = session({ theme: 'dark', files: { 'a.udi.yaml': digits('chosen', 'sum', 1), 'b.udi.yaml': 'dataset: { name: cgmnst }\n' } });

  it('asks which config, and jumps to the problem of an invalid one', async function () {
    this.timeout(LONG);
    await runCommand(vs.page, 'UDI: Train');
    await quickPick(vs.page, 'b.udi.yaml');
    await notification(vs.page, /b\.udi\.yaml/);
    await vs.page.locator('.tab.active[data-resource-name="b.udi.yaml"]').waitFor();
    assert.deepEqual(listRuns(runsFolder(vs.workspace)), []);
    await screenshot(vs.page, 'invalid-config-dark');
  });
});

describe('Restricted Mode', () => {
  const vs = session({ theme: 'dark', files: { 'a.udi.yaml': digits('untrusted', 'sum', 1) }, trusted: false });

  it('refuses to train', async function () {
    this.timeout(LONG);
    await openFile(vs.page, 'a.udi.yaml');
    await runCommand(vs.page, 'UDI: Train');
    await vs.page.locator('.notifications-toasts, .monaco-dialog-box').filter({ hasText: /trust/i }).first().waitFor();
    assert.deepEqual(listRuns(runsFolder(vs.workspace)), []);
  });
});

describeWhere(existsSync(mnist) ? undefined : `the MNIST files ${mnist} are absent (UDI_SHARED)`, 'CGMNIST from real MNIST files', () => {
  const config = [
    'name: real',
    `dataset: { name: cgmnist, root: ${JSON.stringify(mnist)}, limit: { train: 640, validation: 200, test: 200 } }`,
    'method: { name: udi }',
    'training: { epochs: 2, batchSize: 32, learningRate: 0.02 }',
    '',
  ].join('\n');
  const vs = session({ files: { 'cgmnist.udi.yaml': config }, size: { width: 1400, height: 1000 }, theme: 'dark' });

  it('trains UDI on a subset, and the panel shows what the journal says', async function () {
    this.timeout(LONG);
    await openFile(vs.page, 'cgmnist.udi.yaml');
    await runCommand(vs.page, 'UDI: Train');
    const frame = await panelOf(vs, 'real');
    await untilState(vs, 'real', 'finished');
    await assertPanelEqualsJournal(vs, frame, 'real');
    await screenshot(vs.page, 'cgmnist-dark');
  });
});
