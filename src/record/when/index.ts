/** `record --when` as a whole: the folder is tried before anything is waited for. */
import type { CommandContext, Outcome } from '../../command.ts';
import { openBundleFolder } from '../../effects/bundle-folder.ts';
import { withoutSecrets } from '../../kernel/without-secrets.ts';
import { UserError } from '../../kernel/user-error.ts';
import { FileSink } from '../../render/index.ts';
import type { Coverage } from '../../report/index.ts';
import { bytes, count, duration, plural, shellWord } from '../../report/words.ts';
import { recordTape, sourceNow, writeTape } from '../tape.ts';
import { Followed } from './followed.ts';
import type { WhenOptions } from './options.ts';
import { type Take, type Watched, watchFor } from './watch.ts';

/** Throws UserError: 2 for a target or a folder that cannot be one, 3 for a pid that is not there. */
export async function run(spec: string | undefined, asked: WhenOptions, options: Record<string, unknown>, context: CommandContext): Promise<Outcome> {
  if (spec === undefined) throw new UserError('record --when needs a target', { hints: [`reloadctl record <pid | name | unit:NAME> --when ${shellWord(asked.condition.text)} -o FOLDER`] });
  const followed = new Followed(context.evidence, spec, Boolean(options.tree));
  const folder = openFolder(asked.folder, spec);
  const full = Boolean(options.full);
  const take: Take = async (target, name) => {
    const file = await FileSink.open(name);
    try {
      const { text } = await recordTape(sourceNow(target, {}), full, {}, context);
      if (context.signal.aborted) throw new UserError('stopped by a signal', { exitCode: 3 });
      return await writeTape(file, text);
    } catch (error) {
      await file.discard();
      throw error;
    }
  };
  const watched = await watchFor(followed, asked, folder, take, context);
  const kept = folder.list();
  const { user, system } = process.cpuUsage();
  return {
    kind: 'report',
    target: { spec, label: followed.target?.name || withoutSecrets(spec), pids: followed.target?.pids ?? [] },
    findings: [],
    coverage: coverageOf(watched),
    data: {
      file: asked.folder,
      bytes: kept.reduce((sum, one) => sum + one.bytes, 0),
      open: watched.lastOpen,
      redacted: !full,
      when: { condition: asked.condition.text, samples: watched.samples, failed: watched.failed, watchedMs: watched.watchedMs, ownCpuMs: Math.round((user + system) / 1000), bundles: watched.bundles },
    },
    body: () => [
      { type: 'blank' },
      { type: 'paragraph', text: `${plural('sample', watched.samples)} in ${duration(watched.watchedMs)}: ${watched.bundles.length === 0 ? 'no tape was made' : plural('tape', watched.bundles.length)}; ${count(kept.length)} in ${asked.folder}, ${bytes(kept.reduce((sum, one) => sum + one.bytes, 0))}` },
      ...kept.slice(-1).map(({ file }) => ({ type: 'command' as const, text: `reloadctl report --from ${shellWord(file)}` })),
    ],
  };
}

function openFolder(folder: string, spec: string): ReturnType<typeof openBundleFolder> {
  try {
    return openBundleFolder(folder, spec.replace(/[^A-Za-z0-9]+/g, '-').replace(/^-|-$/g, '') || 'target', '.rctl');
  } catch (error) {
    const { code = 'EIO' } = error as NodeJS.ErrnoException;
    const what = code === 'EEXIST' || code === 'ENOTDIR' ? 'is not a folder' : code === 'EACCES' || code === 'EPERM' ? 'may not be written to' : `cannot be written to (${code})`;
    throw new UserError(`${folder}: ${what}`, { hints: ['-o FOLDER: it is made where it is not there'] });
  }
}

function coverageOf({ ended, failed, samples }: Watched): Coverage[] {
  return [
    { source: 'samples', status: samples > 0 ? 'ok' : 'absent', seen: samples, needed: true, ...(samples === 0 && { detail: 'the target was never there' }) },
    ...(ended ? [{ source: 'processes', status: 'absent' as const, detail: 'the process has ended', fix: 'name it by unit:NAME or by its name, and whoever comes after it is watched, too', needed: true }] : []),
    ...(failed > 0 ? [{ source: 'tapes', status: 'partial' as const, detail: `${plural('tape', failed)} could not be made`, needed: true }] : []),
  ];
}
