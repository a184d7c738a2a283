import * as vscode from 'vscode';
import type { Catalog } from '../../core/catalog.ts';
import { Disposable } from '../disposable.ts';
import { ConfigCodeLens } from './codeLens.ts';
import { ConfigCompletion } from './completion.ts';
import { ConfigChecker, configSelector } from './configFile.ts';
import { ConfigHelp } from './configSchema.ts';
import { ConfigDiagnostics } from './diagnostics.ts';
import { ConfigHover } from './hover.ts';

/** An extension that completes and explains YAML by our schema already; two of each would be one too many. */
const YAML_EXTENSION = 'redhat.vscode-yaml';
const yamlSelector = configSelector.map((filter) => ({ ...filter, language: 'yaml' }));

/** Everything that the editor knows about configs. */
export class ConfigLanguage extends Disposable {
  constructor(catalog: Catalog) {
    super();
    const checker = new ConfigChecker(catalog);
    this.register(new ConfigDiagnostics(checker));
    this.register(vscode.languages.registerCodeLensProvider(configSelector, new ConfigCodeLens(checker)));
    // JSON files get both from VS Code itself, by `jsonValidation`.
    if (vscode.extensions.getExtension(YAML_EXTENSION)) return;
    const help = new ConfigHelp(catalog);
    const completion = new ConfigCompletion(help);
    this.register(vscode.languages.registerCompletionItemProvider(yamlSelector, completion, ' ', '{', ','));
    this.register(vscode.languages.registerHoverProvider(yamlSelector, new ConfigHover(help)));
  }
}
