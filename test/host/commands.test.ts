import assert from 'node:assert/strict';
import * as vscode from 'vscode';
import { commandIds } from '../../src/extension/commands/ids.ts';
import { activated, cleanUp } from './workspace.ts';

describe('commands', () => {
  before(() => activated());
  afterEach(() => cleanUp('sample.udi.yaml'));

  it('are all there', async () => {
    const known = new Set(await vscode.commands.getCommands(true));
    assert.deepEqual(commandIds.filter((id) => !known.has(id)), []);
  });

  it('UDI: Create Sample Config writes a config without problems and opens it', async () => {
    const uri = await vscode.commands.executeCommand<vscode.Uri>('udi.createSampleConfig');
    assert.ok(uri.path.endsWith('/sample.udi.yaml'));
    assert.equal(vscode.window.activeTextEditor?.document.uri.toString(), uri.toString());
    assert.deepEqual(vscode.languages.getDiagnostics(uri), []);
  });

  it('UDI: Doctor shows the backends in a read-only document', async () => {
    await vscode.commands.executeCommand('udi.doctor');
    const document = vscode.window.activeTextEditor?.document;
    assert.equal(document?.uri.scheme, 'udi-report');
    assert.match(document.getText(), /## ✓ wasm/);
  });

  it('a run that is not there is refused, not thrown', async () => {
    assert.equal(await vscode.commands.executeCommand('udi.openRun', '20260101-000000-none-0000'), undefined);
    assert.equal(await vscode.commands.executeCommand('udi.stop', '20260101-000000-none-0000'), undefined);
  });
});
