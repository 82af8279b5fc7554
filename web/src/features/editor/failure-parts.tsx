// What went wrong, the message first; then the lines of the user's own code that led to it.
import type { ReactNode } from 'react';

import type { Failure, Frame } from '../../core/notebook/model';
import { CodeLine } from '../../ui/code-line';
import { StatusIcon } from '../../ui/status';

/** `ValueError: no such day` as its type and what follows. */
export function messageParts(failure: Failure): { type: string | null; first: string; rest: string } {
  const [first = '', ...rest] = failure.message.split('\n');
  const type = failure.exception;
  const said = type !== null && first.startsWith(`${type}:`) ? first.slice(type.length + 1).trim() : first;
  return { type, first: said, rest: rest.join('\n').trim() };
}

/** `label` is what the icon says; the children stand between the message and what could be done about it. */
export function FailureHead({ failure, label, children }: { failure: Failure; label: string; children?: ReactNode }) {
  const { type, first } = messageParts(failure);
  return (
    <div className="error-head">
      <StatusIcon tone="failed" label={label} />
      <div className="error-said">
        <p className="mono">
          {type === null ? null : <b className="error-type">{type}: </b>}
          {first}
        </p>
        {children}
        {failure.hint === null ? null : <p className="text-table">{failure.hint}</p>}
      </div>
    </div>
  );
}

/** Lines of `file` can be gone to; those of other files say whose they are. */
export function Frames({ frames, file, onLine }: { frames: readonly Frame[]; file: string | null; onLine: (line: number) => void }) {
  return (
    <ol className="frames">
      {frames.map((frame, at) => {
        const isHere = frame.file === file;
        return (
          <li key={`${frame.file}:${frame.line}:${frame.function}:${at}`}>
            <button
              type="button"
              className={`frame-line ${at === frames.length - 1 ? 'frame-last' : ''}`}
              aria-disabled={!isHere}
              onClick={() => {
                if (isHere) onLine(frame.line);
              }}
            >
              <span className="frame-where">
                {isHere ? '' : `${frame.file} `}line {frame.line}
                {frame.function === '<module>' ? '' : ` in ${frame.function}`}
              </span>
              <CodeLine code={frame.code} caret={frame.caret} />
            </button>
          </li>
        );
      })}
    </ol>
  );
}
