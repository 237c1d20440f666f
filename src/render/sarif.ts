/**
 * SARIF 2.1.0 as GitHub's code scanning accepts it: every result has a file of the repository, or GitHub rejects all of them. What has no
 * line of its own points at an anchor, and its process stands among the logical locations.
 */
import type { Finding, Report } from '../report/types.ts';
import type { Block } from './document.ts';
import { factLines, gapWords, type Place, placeOf } from './checks.ts';
import { visible, visibleJson } from './escape.ts';
import { worstFirst } from './headline.ts';
import { pump } from './sink.ts';
import type { RenderOptions, Sink } from './types.ts';

const LEVELS = { critical: 'error', warning: 'warning', info: 'note' } as const;
const HOME = 'https://github.com/reloadctl/reloadctl';
/** GitHub takes 25,000 results of a run, and shows 5,000. */
const MOST = 5000;
const ANCHOR = 'reloadctl.yaml';

export async function renderSarif(report: Report, _body: Iterable<Block>, sink: Sink, options: RenderOptions): Promise<void> {
  await pump([`${visibleJson(JSON.stringify(logOf(report, options), null, 2))}\n`], sink);
}

function logOf(report: Report, { checked = [], anchor = ANCHOR }: RenderOptions): object {
  const findings = worstFirst(report.findings).slice(0, MOST);
  const ids = [...new Set([...checked, ...findings.map(({ id }) => id)])].sort();
  const gaps = report.coverage.filter(({ needed, status }) => needed && status !== 'ok');
  return {
    $schema: 'https://json.schemastore.org/sarif-2.1.0.json',
    version: '2.1.0',
    runs: [
      {
        tool: { driver: { name: 'reloadctl', semanticVersion: report.tool.version, informationUri: HOME, rules: ids.map((id) => ruleOf(id, findings)) } },
        // Runs of two commands are two analyses: one does not close the alerts of the other.
        automationDetails: { id: `reloadctl/${report.command}/` },
        invocations: [
          {
            executionSuccessful: gaps.length === 0,
            startTimeUtc: report.startedAt,
            toolExecutionNotifications: gaps.map((gap) => ({ level: 'error', message: { text: visible(gapWords(gap)) } })),
          },
        ],
        results: findings.map((finding) => resultOf(finding, ids, anchor)),
        columnKind: 'utf16CodeUnits',
      },
    ],
  };
}

function ruleOf(id: string, findings: readonly Finding[]): object {
  const worst = findings.find((finding) => finding.id === id);
  return {
    id,
    name: id.split(/[/-]/).map((word) => word.slice(0, 1).toUpperCase() + word.slice(1)).join(''),
    shortDescription: { text: id },
    fullDescription: { text: worst ? `${id}, as in: ${visible(worst.title)}` : `${id}: see the page of this finding.` },
    helpUri: `${HOME}/blob/main/docs/findings/${id.replace('/', '-')}.md`,
    help: { text: `reloadctl explain ${id}` },
    defaultConfiguration: { level: worst ? LEVELS[worst.severity] : 'error' },
  };
}

function resultOf(finding: Finding, ids: readonly string[], anchor: string): object {
  const place: Place = placeOf(finding, process.cwd()) ?? { file: anchor, line: 1 };
  const { subject } = finding;
  return {
    ruleId: finding.id,
    ruleIndex: ids.indexOf(finding.id),
    level: LEVELS[finding.severity],
    message: { text: [finding.title, ...factLines(finding)].map(visible).join('\n') },
    locations: [
      {
        physicalLocation: {
          artifactLocation: { uri: encodeURI(visible(place.file)).replace(/[?#]/g, encodeURIComponent) },
          region: { startLine: place.line, ...(place.column !== undefined && { startColumn: place.column }) },
        },
        logicalLocations: [{ name: visible(subject.key), fullyQualifiedName: visible(`${subject.kind} ${subject.key}`), kind: 'resource' }],
      },
    ],
    partialFingerprints: { 'reloadctl/v1': finding.fingerprint },
  };
}
