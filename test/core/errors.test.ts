import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { errorText, systemError, UserError } from '../../src/core/errors.ts';

const caught = (act: () => unknown): unknown => {
  try {
    act();
  } catch (error) {
    return error;
  }
  throw new Error('nothing was thrown');
};
const system = (code: string, more: object = {}): Error => Object.assign(new Error(`${code}: text of the system`), { code, syscall: 'write', errno: -1, ...more });

describe('errors of the system', () => {
  it('become sentences with the path, the code and what to do, for every code that disks and processes give', () => {
    const codes = ['ENOENT', 'ENOTDIR', 'EISDIR', 'EEXIST', 'ENOTEMPTY', 'EACCES', 'EPERM', 'EROFS', 'ENOSPC', 'EDQUOT', 'EFBIG', 'EIO', 'ESTALE', 'ETIMEDOUT',
      'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EXDEV', 'EMFILE', 'ENFILE', 'ENAMETOOLONG', 'ELOOP', 'EBUSY', 'ENOMEM', 'EAGAIN', 'EDOM'];
    for (const code of codes) {
      const found = systemError(system(code, { path: '/data/x' }))!;
      expect(found.message, code).toMatch(new RegExp(`^.*/data/x.*\\(${code}\\)\\.$`));
      expect(found.hint, code).toMatch(/\.$/);
      expect(errorText(system(code)), code).not.toMatch(/text of the system|\n\s+at /);
    }
  });

  it('name the file that the caller knows where the system names none, and both of a rename', () => {
    expect(systemError(system('ENOSPC'), '/runs/a')!.message).toBe('No space left (disk full) for /runs/a (ENOSPC).');
    expect(systemError(system('EXDEV', { path: '/a', dest: '/b' }))!.message).toContain('/a → /b');
  });

  it('are told from defects and from errors that say everything themselves', () => {
    expect(systemError(new TypeError('x'))).toBeUndefined();
    expect(systemError(Object.assign(new Error('x'), { code: 'ERR_INVALID_ARG_TYPE' }))).toBeUndefined();
    expect(systemError(Object.assign(new Error('x'), { code: 'EOTHER' }))).toBeUndefined();
    expect(systemError(new UserError('x'))).toBeUndefined();
    expect(systemError('x')).toBeUndefined();
  });

  it('are those that Node really throws', () => {
    const folder = mkdtempSync(join(tmpdir(), 'udi-errors-'));
    try {
      writeFileSync(join(folder, 'file'), '');
      expect(errorText(caught(() => readFileSync(join(folder, 'none'))))).toContain(`${join(folder, 'none')} does not exist (ENOENT).`);
      expect(errorText(caught(() => mkdirSync(join(folder, 'file', 'x'), { recursive: true })))).toMatch(/is reached through something that is a file.*ENOTDIR/);
      expect(errorText(caught(() => readFileSync(folder)))).toMatch(/a folder where a file is expected \(EISDIR\)/);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
