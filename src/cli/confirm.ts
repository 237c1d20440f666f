import { createInterface } from 'node:readline';

/** Asks for yes or no on the terminal. Undefined where nobody can answer: input or messages go elsewhere. Anything but yes is no. */
export async function confirm(question: string): Promise<boolean | undefined> {
  if (!process.stdin.isTTY || !process.stderr.isTTY) return undefined;
  const asker = createInterface({ input: process.stdin, output: process.stderr });
  try {
    return await new Promise<boolean>((resolve) => {
      asker.on('close', () => resolve(false));
      asker.question(`${question} [y/N] `, (answer) => resolve(/^y(?:es)?$/i.test(answer.trim())));
    });
  } finally {
    asker.close();
  }
}
