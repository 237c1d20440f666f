import { describe, expect, it } from 'vitest';
import { bundled, describeWith, runNode } from './support.ts';

const answer = (module: string): string => `
import { loadNative } from ${JSON.stringify(module)};
console.log(JSON.stringify([loadNative() === null, loadNative() === loadNative()]));`;

describeWith('loadNative', ['native'], () => {
  it('is null while RELOADCTL_NO_NATIVE is not empty', async () => {
    const module = await bundled(true);
    const run = (value: string): unknown => runNode(answer(module), { env: { ...process.env, RELOADCTL_NO_NATIVE: value } });
    expect(run('1')).toEqual([true, true]);
    expect(run('')).toEqual([false, true]);
  });
});

describe('loadNative without koffi', () => {
  it('is null', async () => {
    const env = { ...process.env, RELOADCTL_NO_NATIVE: '', NODE_PATH: '' };
    expect(runNode(answer(await bundled(false)), { env })).toEqual([true, true]);
  });

  it('is null on a machine whose system call numbers are not known', async () => {
    const body = `Object.defineProperty(process, 'arch', { value: 'riscv64' });
const { loadNative } = await import(${JSON.stringify(await bundled(true))}); console.log(JSON.stringify(loadNative()));`;
    expect(runNode(body)).toBe(null);
  });
});
