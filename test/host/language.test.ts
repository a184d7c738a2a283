import assert from 'node:assert/strict';
import * as vscode from 'vscode';
import { activated, cleanUp, openConfig, until } from './workspace.ts';

const VALID = 'dataset: { name: synthetic-digits }\nmethod:\n  name: udi\ntraining:\n  epochs: 2\n';

describe('configs in the editor', () => {
  before(() => activated());
  afterEach(() => cleanUp());

  const problems = (uri: vscode.Uri) => vscode.languages.getDiagnostics(uri).filter(({ source }) => source === 'UDI');

  it('a misspelt key is marked where it stands, with the nearest one', async () => {
    const { document } = await openConfig('language', VALID.replace('epochs', 'epochz'));
    await until('two problems', () => problems(document.uri).length === 2);
    const [misspelt] = problems(document.uri).filter(({ message }) => message.includes('epochz'));
    assert.match(misspelt!.message, /Did you mean "epochs"\?/);
    assert.deepEqual(misspelt!.range, new vscode.Range(4, 2, 4, 8));
    assert.equal(misspelt!.severity, vscode.DiagnosticSeverity.Error);
  });

  it('problems come and go while typing, before anything is saved', async () => {
    const { document, edit } = await openConfig('language', VALID).then((editor) => ({
      document: editor.document, edit: editor.edit.bind(editor),
    }));
    assert.deepEqual(problems(document.uri), []);
    await edit((change) => change.replace(new vscode.Range(2, 8, 2, 11), 'udo'));
    await until('a problem', () => problems(document.uri).length === 1);
    assert.deepEqual(problems(document.uri)[0]!.range, new vscode.Range(2, 8, 2, 11));
    await edit((change) => change.replace(new vscode.Range(2, 8, 2, 11), 'udi'));
    await until('no problem', () => problems(document.uri).length === 0);
    assert.equal(document.isDirty, true);
    await document.save();
  });

  it('a JSON config is checked too, another YAML file is not', async () => {
    const json = await openConfig('language', '{ "dataset": 3 }', 'udi.json');
    await until('problems', () => problems(json.document.uri).length > 0);
    const other = await openConfig('language', 'dataset: 3\n', 'yaml');
    assert.deepEqual(problems(other.document.uri), []);
  });

  it('Train stands above the first line, with the number of problems', async () => {
    const { document } = await openConfig('language', VALID);
    const { uri } = document;
    const lenses = async () => {
      const found = await vscode.commands.executeCommand<vscode.CodeLens[]>('vscode.executeCodeLensProvider', uri);
      return found.map(({ command, range }) => [range.start.line, command?.title, command?.command]);
    };
    assert.deepEqual(await lenses(), [[0, '$(play) Train', 'udi.train']]);
    const change = new vscode.WorkspaceEdit();
    change.replace(uri, new vscode.Range(0, 0, 1, 0), '');
    await vscode.workspace.applyEdit(change);
    assert.deepEqual((await lenses()).map(([, title]) => title), ['$(play) Train', '$(error) 1 problem']);
    await document.save();
  });

  async function completions(text: string): Promise<string[]> {
    const offset = text.indexOf('|');
    const { document } = await openConfig('language', text.replace('|', ''));
    const list = await vscode.commands.executeCommand<vscode.CompletionList>(
      'vscode.executeCompletionItemProvider', document.uri, document.positionAt(offset));
    // Other providers offer the words of the file.
    const { Property, EnumMember } = vscode.CompletionItemKind;
    return list.items.filter(({ kind }) => kind === Property || kind === EnumMember)
      .map(({ label }) => (typeof label === 'string' ? label : label.label));
  }

  it('keys and values are suggested from the catalogue', async () => {
    const top = await completions('method: { name: udi }\n|');
    assert.deepEqual(top.sort(), ['dataset', 'device', 'model', 'name', 'training']);
    assert.deepEqual(await completions(`${VALID}model:\n  fusion: |`), ['sum', 'mean', 'concat']);
    assert.deepEqual(await completions(VALID.replace('udi\n', 'udi\n  anchor: |\n')), ['auto', 'gray', 'color']);
    const keys = await completions('dataset: { name: synthetic-digits }\nmethod: { name: udi, |');
    assert.ok(keys.includes('alpha') && !keys.includes('name'), keys.join());
  });

  it('a key is explained', async () => {
    const { document } = await openConfig('language', `${VALID}  learningRate: 0.1\n`);
    const position = document.positionAt(document.getText().indexOf('learningRate') + 3);
    const hovers = await vscode.commands.executeCommand<vscode.Hover[]>(
      'vscode.executeHoverProvider', document.uri, position);
    const text = hovers.flatMap(({ contents }) => contents).map((part) => (part as vscode.MarkdownString).value).join();
    assert.match(text, /Learning rate of SGD/);
    assert.match(text, /default 0\.01/);
  });

  it('training an invalid config is refused and goes to the first problem', async () => {
    const { document: { uri } } = await openConfig('language', VALID.replace('name: udi', 'name: udo'));
    assert.equal(await vscode.commands.executeCommand('udi.train', uri), undefined);
    const editor = vscode.window.activeTextEditor;
    assert.equal(editor?.document.uri.toString(), uri.toString());
    assert.deepEqual([editor?.selection.start.line, editor?.selection.start.character], [2, 8]);
  });
});
