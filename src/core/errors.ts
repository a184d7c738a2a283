/**
 * An error that the user can mend. `message` says what is wrong and where (file, key); `hint` says what to do.
 * Everything else that is thrown is a defect of ours, unless it is the system's (`systemError`).
 */
export class UserError extends Error {
  override readonly name = 'UserError';
  readonly hint: string | undefined;
  constructor(message: string, hint?: string) {
    super(message);
    this.hint = hint;
  }
}

/** The text of an unknown thrown value, with its hint. */
export function errorText(error: unknown): string {
  const known = knownError(error);
  if (known) return known.hint ? `${known.message}\n${known.hint}` : known.message;
  return error instanceof Error ? error.message : String(error);
}

/** The error that the user can mend, if it is one: as it is, or made of what the system said. */
export function knownError(error: unknown): UserError | undefined {
  return error instanceof UserError ? error : systemError(error);
}

/** What is said of each code of the system, and what can be done. `where` names the file, or what was tried. */
const sentences: Readonly<Record<string, (where: string) => readonly [message: string, hint: string]>> = {
  ENOENT: (where) => [`${where} does not exist.`, 'It was deleted, moved or never written; check the path.'],
  ENOTDIR: (where) => [`${where} is reached through something that is a file, not a folder.`, 'Move that file away, or choose another folder.'],
  EISDIR: (where) => [`${where} is a folder where a file is expected.`, 'Move the folder away, or name a file.'],
  EEXIST: (where) => [`${where} is there already, as something else than what is to be written.`, 'Move it away, or choose another folder.'],
  ENOTEMPTY: (where) => [`${where} is a folder that is not empty.`, 'Another program may be writing into it; try again.'],
  EACCES: (where) => [`No permission for ${where}.`, 'It may belong to somebody else: ask for the permission, or work in a folder of your own.'],
  EPERM: (where) => [`The system does not allow this with ${where}.`, 'It may belong to somebody else, or its disk may not support it; work in another folder.'],
  EROFS: (where) => [`${where} is on a disk that can only be read.`, 'Work in a folder that can be written.'],
  ENOSPC: (where) => [`No space left (disk full) for ${where}.`, 'Free some space, then go on: what was written before is intact.'],
  EDQUOT: (where) => [`No space left (quota used up) for ${where}.`, 'Free some space or ask for more, then go on: what was written before is intact.'],
  EFBIG: (where) => [`No space left (the file may not become so large) for ${where}.`, 'Raise the limit on the size of files, or free some space.'],
  EIO: (where) => [`The disk failed to read or write ${where}.`, 'Check the disk, or the connection to it, then try again.'],
  ESTALE: (where) => [`The network disk has lost ${where}.`, 'Something was replaced on its server: try again, or have the disk mounted anew.'],
  ETIMEDOUT: (where) => [`The network disk does not answer for ${where}.`, 'Check the connection, then try again.'],
  ENOTSUP: (where) => [`The disk of ${where} does not support this.`, 'Work in a folder on another disk.'],
  ENOSYS: (where) => [`The disk of ${where} does not support this.`, 'Work in a folder on another disk.'],
  EXDEV: (where) => [`${where} cannot be moved to another disk in one step.`, 'Keep the folder of the runs on one disk.'],
  EMFILE: (where) => [`Too many files are open to open ${where}.`, 'Raise the limit (ulimit -n), or run less at a time.'],
  ENFILE: (where) => [`Too many files are open on this machine to open ${where}.`, 'End other programs, then try again.'],
  ENAMETOOLONG: (where) => [`The path is too long: ${where}.`, 'Work in a folder with a shorter path.'],
  ELOOP: (where) => [`${where} is a link that leads back to itself.`, 'Remove the link.'],
  EBUSY: (where) => [`${where} is in use by another program.`, 'Close that program, then try again.'],
  ENOMEM: (where) => [`There is not enough memory for ${where}.`, 'End other programs, or use a smaller batch size.'],
  EAGAIN: (where) => [`The system has no room for another process or file now (${where}).`, 'Run less at a time, then try again.'],
};
const alias: Readonly<Record<string, string>> = { EOPNOTSUPP: 'ENOTSUP' };

/**
 * The one place where errors of the system become sentences: what is wrong, with which file, what to do. Undefined for
 * everything else. `file` is named where the system names none.
 */
export function systemError(error: unknown, file?: string): UserError | undefined {
  if (!(error instanceof Error) || error instanceof UserError || !('code' in error) || typeof error.code !== 'string') return undefined;
  const { code } = error;
  const say = sentences[alias[code] ?? code];
  const syscall = 'syscall' in error && typeof error.syscall === 'string' ? error.syscall : undefined;
  // Other errors have codes, too (ERR_INVALID_ARG_TYPE); those of the system say which call failed.
  if (!/^E[A-Z0-9]+$/.test(code) || (!say && syscall === undefined)) return undefined;
  const paths = ['path', 'dest'].map((key) => (error as unknown as Record<string, unknown>)[key]).filter((path) => typeof path === 'string');
  const where = paths.join(' → ') || (file ?? (syscall === undefined ? 'a file' : `a file (${syscall})`));
  if (say) {
    const [message, hint] = say(where);
    return new UserError(`${message.slice(0, -1)} (${code}).`, hint);
  }
  return new UserError(`The system refused "${syscall ?? ''}" for ${where} (${code}).`, 'Check the folder and its disk, then try again.');
}
