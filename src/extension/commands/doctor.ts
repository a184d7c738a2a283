import * as vscode from 'vscode';
import { requireTrust } from '../trust.ts';
import type { Command } from './command.ts';
import { askDoctor, reportText } from './doctorReport.ts';

/** `UDI: Doctor`: which backends work here, why the others do not, and how to get them, as a read-only document. */
export const doctor: Command = async (services) => {
  requireTrust(vscode.workspace.isTrusted);
  const report = await vscode.window.withProgress(
    { location: vscode.ProgressLocation.Window, title: 'UDI: examining backends' },
    () => askDoctor(services.trainer),
  );
  const uri = services.reports.show('UDI Doctor.md', reportText(report));
  await vscode.window.showTextDocument(await vscode.workspace.openTextDocument(uri), { preview: true });
};
