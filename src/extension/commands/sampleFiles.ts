import * as vscode from 'vscode';

/** Writes `<stem><ending>` into a folder, or the first `<stem>-<n><ending>` that is not there yet, and opens it. */
export async function writeSample(folder: vscode.Uri, stem: string, ending: string, text: string): Promise<vscode.Uri> {
  const uri = await freeName(folder, stem, ending);
  await vscode.workspace.fs.writeFile(uri, new TextEncoder().encode(text));
  await vscode.window.showTextDocument(uri);
  return uri;
}

async function freeName(folder: vscode.Uri, stem: string, ending: string): Promise<vscode.Uri> {
  for (let index = 1; ; index++) {
    const uri = vscode.Uri.joinPath(folder, `${stem}${index === 1 ? '' : `-${index}`}${ending}`);
    try {
      await vscode.workspace.fs.stat(uri);
    } catch {
      return uri;
    }
  }
}
