/** A study in a real VS Code on the packaged extension: run it, watch its table fill, look at the runs of a cell, copy it. */
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { exportStudyTable } from '../../src/core/study/studyExport.ts';
import type { StudyTable } from '../../src/core/study/studyResults.ts';
import { loadStudy, studiesFolder, studyRuns } from '../../src/core/study/studyStore.ts';
import { studyTables } from '../../src/core/study/studyTables.ts';
import { readCatalog } from '../../src/extension/catalogFile.ts';
import {
  clearNotifications, clipboardText, notification, openFile, openViewContainer, runCommand, screenshot, setTheme, treeRow, until, webviewFrame,
} from '../vscode/browser.ts';
import { root } from '../vscode/paths.ts';
import { session, type Session } from '../vscode/session.ts';

/** Longest time of a test and of the study in it, in milliseconds. */
const LONG = 1_200_000;
const STUDY = 600_000;

const study = [
  'name: weights',
  'base:',
  '  dataset: { name: synthetic-arrays, modalities: 2 }',
  '  method: { name: udi }',
  '  training: { epochs: 2, batchSize: 32, learningRate: 0.05 }',
  '  device: wasm',
  'presets: [alpha]',
  'seeds: [0, 1]',
  'parallel: 2',
  '',
].join('\n');

const folderOf = (vs: Session): string => join(studiesFolder(vs.workspace), 'weights');

/** The table of the study as its files give it. */
function stored(vs: Session): StudyTable {
  const study = loadStudy(folderOf(vs));
  assert.equal(study.state, 'finished');
  return studyTables(study.plan, studyRuns(study, readCatalog(root)), readCatalog(root))[0]!;
}

describe('a study in VS Code', function () {
  this.timeout(LONG);
  const vs = session({ files: { 'weights.udi-study.yaml': study }, size: { width: 1400, height: 1000 }, theme: 'dark' });

  it('runs the study in the editor and shows its table, in light and dark', async () => {
    await openFile(vs.page, 'weights.udi-study.yaml');
    await runCommand(vs.page, 'UDI: Run Study');
    const frame = await webviewFrame(vs.page, { selector: 'h1', contains: 'weights' });
    await until('the end', () => existsSync(folderOf(vs)) && loadStudy(folderOf(vs)).state === 'finished', STUDY);
    await notification(vs.page, /weights.*finished/);
    const { rows } = stored(vs);
    assert.deepEqual(rows.map(({ id, runs }) => [id, runs.length]), [['0,1', 2], ['1,0', 2], ['0,0', 2], ['dynamic', 2]]);
    for (const { id, cells } of rows) {
      const { mean, sd } = cells.find(({ target, metric }) => target === 'fusion' && metric === 'accuracy')!;
      const cell = frame.locator(`td[data-row="${id}"][data-target="fusion"][data-metric="accuracy"]`);
      const shown = `${(100 * mean!).toFixed(2)} ± ${(100 * sd!).toFixed(2)} (2)`;
      await cell.filter({ hasText: shown }).waitFor();
    }
    await openViewContainer(vs.page, 'UDI Lab');
    await treeRow(vs.page, 'weights').waitFor();
    await clearNotifications(vs.page);
    for (const theme of ['light', 'dark'] as const) {
      await setTheme(vs.page, vs.server, theme);
      await webviewFrame(vs.page, { selector: 'h1', contains: 'weights' });
      await screenshot(vs.page, `study-panel-${theme}`);
    }
    assert.deepEqual(vs.console.filter((line) => /Content Security Policy/i.test(line) && /udi/i.test(line)), []);
  });

  it('lists the runs of a cell, opens one, and copies the table', async () => {
    const frame = await webviewFrame(vs.page, { selector: 'h1', contains: 'weights' });
    await frame.locator('[data-details="study:alpha"] [data-export="Copy as latex"]').click();
    const expected = exportStudyTable(stored(vs), 'latex');
    await until('the table on the clipboard', async () => await clipboardText(vs.page) === expected);
    await frame.locator('td[data-row="dynamic"][data-target="fusion"][data-metric="accuracy"] button.link').click();
    const [first] = stored(vs).rows.at(-1)!.runs;
    await frame.locator(`.cell-runs [data-run="${first!}"]`).click();
    const run = await webviewFrame(vs.page, { selector: 'h1', contains: 'dynamic' });
    await run.locator('table.scores [data-value]').first().waitFor();
  });
});
