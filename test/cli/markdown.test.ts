import { describe, expect, it } from 'vitest';
import { paintMarkdown } from '../../src/cli/markdown.ts';

const PAGE = '# fd/growth: it grows\n\nSee `ls` and #2.\n\n## Do\n```sh\n# a comment\nls `x`\n```\nend\n';

describe('paintMarkdown', () => {
  it('leaves the page alone without colour', async () => {
    expect(await paintMarkdown(PAGE, false)).toBe(PAGE);
  });

  it('paints headings and code, and keeps what is in code blocks', async () => {
    const painted = await paintMarkdown(PAGE, true);
    expect(painted).toContain('\u001b[1mfd/growth: it grows\u001b[22m\n');
    expect(painted).toContain('\u001b[1mDo\u001b[22m\n');
    expect(painted).toContain('See \u001b[36mls\u001b[39m and #2.\n');
    expect(painted).toContain('\u001b[36m# a comment\u001b[39m\n');
    expect(painted).toContain('\u001b[36mls `x`\u001b[39m\n');
    expect(painted.endsWith('\nend\n')).toBe(true);
  });
});
