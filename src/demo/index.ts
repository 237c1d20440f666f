import type { CommandModule } from '../command.ts';
export const configure: CommandModule['configure'] = () => undefined;
export const run: CommandModule['run'] = async () => ({ kind: 'text', text: '' });
