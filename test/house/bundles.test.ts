/** Each command finds in its bundle all that its entry in commands.ts may ever import: what is not there ends the run in the middle of a look. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';
import { describe, expect, it } from 'vitest';
import { bundleOf, isIn, WINGS } from '../../scripts/bundles.mjs';

const FILE = join(import.meta.dirname, '../../src/commands.ts');
const source = ts.createSourceFile(FILE, readFileSync(FILE, 'utf8'), ts.ScriptTarget.ES2022, true);

const functions = new Map<string, ts.Node>();
const entries = new Map<string, ts.Node>();
for (const statement of source.statements) {
  if (ts.isFunctionDeclaration(statement) && statement.name) functions.set(statement.name.text, statement);
  if (!ts.isVariableStatement(statement)) continue;
  const [table] = statement.declarationList.declarations;
  if (!table?.initializer || !ts.isArrayLiteralExpression(table.initializer)) continue;
  for (const entry of table.initializer.elements) {
    const name = ts.isObjectLiteralExpression(entry) && entry.properties.find((one) => one.name?.getText() === 'name');
    if (name && ts.isPropertyAssignment(name) && ts.isStringLiteral(name.initializer)) entries.set(name.initializer.text, entry);
  }
}

/** Paths of all import() in it, and in the functions of the file that it names. */
function importsOf(node: ts.Node, seen = new Set<ts.Node>()): string[] {
  if (seen.has(node)) return [];
  seen.add(node);
  const found: string[] = [];
  if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword) found.push((node.arguments[0] as ts.StringLiteral).text);
  const named = ts.isIdentifier(node) ? functions.get(node.text) : undefined;
  if (named) found.push(...importsOf(named, seen));
  node.forEachChild((child) => void found.push(...importsOf(child, seen)));
  return found;
}

describe('bundles', () => {
  it('are of commands that there are', () => {
    expect(entries.size).toBeGreaterThan(20);
    expect(Object.values(WINGS).flatMap(({ commands }) => commands).filter((name) => !entries.has(name))).toEqual([]);
  });

  it.each([...entries])('what %s imports is in its bundle', (name, entry) => {
    const paths = importsOf(entry);
    expect(paths.length).toBeGreaterThan(0);
    expect(paths.filter((path) => !isIn(bundleOf(name), path))).toEqual([]);
  });

  it('lack what is of other commands', () => {
    expect(importsOf(entries.get('preflight')!)).toContain('./goroutines/memory/index.ts');
    expect(isIn('preflight', './strace/index.ts')).toBe(false);
    expect(isIn('cli', './goroutines/index.ts')).toBe(false);
  });
});
