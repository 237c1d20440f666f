/** What a fleet takes from deploy/ asks for metrics and labels that there are, and for the rights that the manual names. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';

const ROOT = join(import.meta.dirname, '../..');
const text = (path: string): string => readFileSync(join(ROOT, path), 'utf8');

/** By name, of the guide, which is held against what the exporter gives. */
const labels = new Map([...text('docs/guides/exporter.md').matchAll(/^\| `(reloadctl_\w+)(?:\{([\w, ]*)\})?` \|/gm)].map(([, name, list = '']) => [name!, list === '' ? [] : list.split(', ')]));
/** Prometheus adds them. */
const OF_SCRAPE = ['instance', 'job'];

interface Rule {
  alert: string;
  expr: string;
  annotations: Record<string, string>;
}
const { groups } = parse(text('deploy/prometheus/reloadctl.rules.yml')) as { groups: { rules: Rule[] }[] };
const dashboard = JSON.parse(text('deploy/grafana/reloadctl.json')) as { panels: { title: string; targets?: { expr: string; legendFormat: string }[] }[] };

const asked = [
  ...groups.flatMap(({ rules }) => rules.map(({ alert, expr, annotations }) => ({ where: `alert ${alert}`, expr, used: [...Object.values(annotations).join(' ').matchAll(/\$labels\.(\w+)/g)].map(([, label]) => label!) }))),
  ...dashboard.panels.flatMap(({ title, targets = [] }) => targets.map(({ expr, legendFormat }) => ({ where: `panel ${title}`, expr, used: [...legendFormat.matchAll(/\{\{(\w+)\}\}/g)].map(([, label]) => label!) }))),
];

describe('deploy', () => {
  it('has alerts and panels', () => {
    expect(labels.size).toBeGreaterThan(20);
    expect(asked.length).toBeGreaterThan(15);
  });

  it.each(asked)('$where asks for what there is', ({ expr, used }) => {
    const names = [...expr.matchAll(/\breloadctl_\w+/g)].map(([name]) => name);
    for (const name of names) expect([name, labels.has(name)]).toEqual([name, true]);
    if (names.length === 0) expect(expr).toMatch(/^up\{/);
    const there = new Set([...OF_SCRAPE, ...names.flatMap((name) => labels.get(name)!)]);
    expect(used.filter((label) => !there.has(label))).toEqual([]);
    for (const [, label] of expr.matchAll(/\bby \((\w+)/g)) expect(there).toContain(label);
  });

  it('asks each alert of its rules in their tests', () => {
    const { tests } = parse(text('deploy/prometheus/reloadctl.rules.test.yml')) as { tests: { alert_rule_test: { alertname: string; exp_alerts?: object[] }[] }[] };
    const fired = tests.flatMap((test) => test.alert_rule_test).filter(({ exp_alerts }) => exp_alerts);
    expect([...new Set(fired.map(({ alertname }) => alertname))].sort()).toEqual(groups.flatMap(({ rules }) => rules.map(({ alert }) => alert)).sort());
  });

  it('gives the exporter of a node the rights that the manual names, and no others', () => {
    const { spec } = (parse(text('deploy/kubernetes/daemonset.yaml')) as { spec: { template: { spec: { hostPID: boolean; hostNetwork?: boolean; containers: { args: string[]; securityContext: Record<string, unknown> }[] } } } }).spec.template;
    expect(spec).toMatchObject({ hostPID: true, automountServiceAccountToken: false });
    expect(spec.hostNetwork).toBeUndefined();
    const { securityContext } = spec.containers[0]!;
    expect(securityContext).toMatchObject({ readOnlyRootFilesystem: true, allowPrivilegeEscalation: false });
    expect(securityContext.privileged).toBeUndefined();
    const { drop, add } = securityContext.capabilities as { drop: string[]; add: string[] };
    expect(drop).toEqual(['ALL']);
    const named = [...new Set(text('docs/man/exporter.md').match(/CAP_\w+/g))].sort();
    expect(add.map((name) => `CAP_${name}`).sort()).toEqual(named);
    const unit = /^CapabilityBoundingSet=(.*)$/m.exec(text('deploy/systemd/reloadctl-exporter.service'))![1]!;
    expect(unit.split(' ').sort()).toEqual(named);
  });
});
