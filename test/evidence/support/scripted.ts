/** Evidence that gives prepared answers in order, whatever is asked. */
import type { Question, TapeValues } from '../../../src/evidence/tape-format.ts';
import type { Answer, Evidence } from '../../../src/evidence/types.ts';

export interface Step<Q extends Question = Question> {
  question: Q;
  key: string;
  value?: TapeValues[Q];
  errno?: string;
  at: number;
}

export function scripted(steps: readonly Step[]): Evidence {
  let next = 0;
  const give = (): Answer<never> => {
    const step = steps[next++];
    if (step === undefined) throw new Error('asked more than was prepared');
    const { errno, value, at, key } = step;
    return (errno === undefined ? { value, at, source: key } : { errno, at, source: key }) as Answer<never>;
  };
  return {
    origin: 'live',
    now: () => 0,
    sleep: async () => {},
    read: give,
    readlink: give,
    list: give,
    size: give,
    readSlow: async (paths) => paths.map(give),
    statSlow: async (_directory, names) => names.map(give),
    sockDiag: give,
    sameDescription: give,
    isEpollTarget: give,
    probeSocket: give,
    close: () => false,
  };
}

/** Puts the question of a step to any evidence. */
export async function ask(evidence: Evidence, { question, key }: Pick<Step, 'question' | 'key'>): Promise<Answer<unknown> | undefined> {
  const [a = 0, b = 0, c = 0, d = 0] = key.split(':').map(Number);
  const slash = key.lastIndexOf('/');
  switch (question) {
    case 'read': return evidence.read(key);
    case 'readlink': return evidence.readlink(key);
    case 'list': return evidence.list(key);
    case 'size': return evidence.size(key);
    case 'readSlow': return (await evidence.readSlow([key]))[0];
    case 'statSlow': return (await evidence.statSlow(key.slice(0, slash), [key.slice(slash + 1)]))[0];
    case 'sockDiag': return evidence.sockDiag(key as 'tcp' | 'unix');
    case 'sameDescription': return evidence.sameDescription(a, b, c, d);
    case 'isEpollTarget': return evidence.isEpollTarget(a, b, c, d);
    case 'probeSocket': return evidence.probeSocket(a, b);
  }
}
