// The difference between two texts: what goes and what comes, with some lines around.
import { difference, excerpt } from '../notebook/difference';
import './versions.css';

const signs = { same: '', gone: '−', new: '+' } as const;

export function Changes({ before, after, beforeLabel, afterLabel }: { before: string; after: string; beforeLabel: string; afterLabel: string }) {
  const lines = excerpt(difference(before, after));
  return (
    <div className="changes">
      <p className="text-meta text-3">
        <span className="changes-gone">− {beforeLabel}</span> <span className="changes-new">+ {afterLabel}</span>
      </p>
      <pre className="changes-lines">
        {lines.map((line, at) =>
          line === null ? (
            <span key={`gap-${at}`} className="changes-line changes-gap">
              ⋯
            </span>
          ) : (
            <span key={`${line.kind}-${line.number}`} className={`changes-line changes-line-${line.kind}`}>
              <span className="changes-number">{line.number}</span>
              <span className="changes-sign">{signs[line.kind]}</span>
              {line.text}
            </span>
          ),
        )}
      </pre>
    </div>
  );
}
