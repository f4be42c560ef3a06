/**
 * Prints the closing line of script/test, `N passed, N failed` with `, N skipped` where there are
 * any, from the report that vitest wrote. A test file that could not be loaded, or that left
 * something open, counts as one failed test; so does a run that failed without naming any.
 *
 * Usage: node count-tests.mjs REPORT PHASES-THAT-FAILED
 */
import { existsSync, readFileSync } from 'node:fs';

const [, , reportFile, failedPhases = ''] = process.argv;
const report = existsSync(reportFile)
  ? JSON.parse(readFileSync(reportFile, 'utf8'))
  : { numPassedTests: 0, numFailedTests: 0, numPendingTests: 0, numTodoTests: 0, testResults: [] };

const brokenFiles = report.testResults.filter(
  ({ status, assertionResults }) =>
    status === 'failed' && assertionResults.every((result) => result.status !== 'failed'),
).length;
const named = report.numFailedTests + brokenFiles;
const failed = named === 0 && failedPhases.split(' ').includes('tests') ? 1 : named;
const skipped = report.numPendingTests + report.numTodoTests;

const line = `${report.numPassedTests} passed, ${failed} failed`;
console.log(skipped > 0 ? `${line}, ${skipped} skipped` : line);
