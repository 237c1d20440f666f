/** Logs of a newer strace than distributions have (7.2), in its other styles: of a program that opens 40 files, copies 14 and leaves one open. */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { analyseFiles } from './support/analyse.ts';

const FOLDER = join(import.meta.dirname, '../../fixtures/strace/formats');

it.each(readdirSync(FOLDER))('%s is understood line by line', async (name) => {
  const { data } = await analyseFiles([join(FOLDER, name)], { all: true });
  expect([data.unclassified, data.repairs]).toEqual([0, 0]);
  const opened = data.sites.filter(({ site }) => site.includes('/d/f'));
  const sum = (pick: (site: (typeof opened)[number]) => number): number => opened.reduce((total, site) => total + pick(site), 0);
  expect([sum((site) => site.opened), sum((site) => site.open)]).toEqual([54, 1]);
});
