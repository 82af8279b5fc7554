// What the tests of a block have said, each by its name, those that did not pass first.
import type { TestResult, Tests } from '../../core/notebook/model';
import { plural } from '../../lib/format';
import type { Tone } from '../../lib/status';
import { Status, StatusIcon } from '../../ui/status';
import { useActions } from './use-session';

const tones: Record<TestResult['status'], Tone> = { passed: 'success', failed: 'failed', error: 'failed', not_run: 'not-run' };
const words: Record<TestResult['status'], string> = { passed: 'Passed', failed: 'Failed', error: 'Raised an error', not_run: 'Not run' };

const isPassed = (result: TestResult) => result.status === 'passed';

export function TestList({ uuid, tests }: { uuid: string; tests: Tests }) {
  const actions = useActions();
  const { passed, total, results } = tests;
  const ordered = [...results.filter((result) => !isPassed(result)), ...results.filter(isPassed)];
  return (
    <>
      <p className="result-nothing">
        <Status tone={passed === total ? 'success' : 'failed'}>
          {passed} of {total} passed
        </Status>
      </p>
      <ul className="tests" aria-label={`Tests of ${uuid}`}>
        {ordered.map((result, at) => (
          <li key={`${result.name}-${at}`} className="test">
            <span className={`tone-${tones[result.status]}`}>
              <StatusIcon tone={tones[result.status]} label={words[result.status]} />
            </span>
            <span className="mono cut">{result.name}</span>
            {result.line === null ? null : (
              <button type="button" className="test-line" onClick={() => actions.enter(uuid, result.line ?? 1)}>
                line {result.line}
              </button>
            )}
            {result.message === null || isPassed(result) ? null : <pre className="test-message">{result.message}</pre>}
          </li>
        ))}
      </ul>
      {results.length > 0 && results.length < total ? <p className="result-nothing">{plural(total - results.length, 'test')} more.</p> : null}
    </>
  );
}
